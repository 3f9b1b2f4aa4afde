import HTTPTypes
import Testing

@testable import HTTPWire

/// TCP cuts anywhere. Where it does must not show.
@Suite("Bytes in pieces")
struct SplitTests {
    static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\nConnection: close\n\nhelloHTTP/1.1 200",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: a\r\n\r\n"
            + "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nA: b\r\nC:d\r\n\r\nrest",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the close",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\nETag: \"a\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntoo short",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
    ]

    @Test(arguments: responses)
    func `a response is the same wherever it is cut`(text: String) {
        let bytes = text.bytes
        for delivery in [Delivery(), Delivery(closes: true), Delivery(closes: true, closesLate: true)] {
            let whole = readResponse(bytes, Delivery(closes: delivery.closes))
            for cuts in Self.cuts(of: bytes.count) {
                let pieces = readResponse(
                    bytes, Delivery(cuts: cuts, closes: delivery.closes, closesLate: delivery.closesLate))
                if pieces != whole { Issue.record("cut at \(cuts): \(pieces) instead of \(whole)") }
            }
        }
    }

    static let requests = [
        "GET /a?b HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n",
        "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n"
            + "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"
            + "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nGET",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]

    @Test(arguments: requests)
    func `requests are the same wherever they are cut`(text: String) {
        let bytes = text.bytes
        for delivery in [Delivery(), Delivery(closes: true), Delivery(closes: true, closesLate: true)] {
            let whole = readRequests(bytes, Delivery(closes: delivery.closes))
            for cuts in Self.cuts(of: bytes.count) {
                let pieces = readRequests(
                    bytes, Delivery(cuts: cuts, closes: delivery.closes, closesLate: delivery.closesLate))
                if pieces != whole { Issue.record("cut at \(cuts): \(pieces) instead of \(whole)") }
            }
        }
    }

    /// Every single cut, every pair of neighbouring cuts with a few in between, and all cuts at once.
    static func cuts(of count: Int) -> [[Int]] {
        var cuts = (0...count).map { [$0] }
        for first in 0..<count {
            for second in [first, first + 1, first + 2, (first + count) / 2] where first <= second && second <= count {
                cuts.append([first, second])
            }
        }
        cuts.append(Array(1..<count))
        return cuts
    }
}
