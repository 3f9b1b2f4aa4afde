import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Limits of HTTP/1 framing")
struct HTTP1LimitsTests {
    private var small: HTTP1Limits {
        var limits = HTTP1Limits()
        limits.headBytes = 100
        limits.fieldCount = 3
        limits.trailerBytes = 50
        limits.chunkLineBytes = 20
        limits.chunkOverheadBytes = 40
        return limits
    }

    @Test func `a head may have exactly as many bytes as allowed`() {
        let frame = "HTTP/1.1 204 \r\nA: \r\n\r\n"
        for (padding, failure) in [(100, nil), (101, WireError.Kind.tooLarge(.headBytes))] {
            let text = "HTTP/1.1 204 \r\nA: " + String(repeating: "a", count: padding - frame.utf8.count) + "\r\n\r\n"
            #expect(readResponse(text, limits: small).failure == failure)
            #expect(readResponse(text, limits: small, .init(cuts: Array(1..<text.utf8.count))).failure == failure)
        }
    }

    @Test func `a head that never ends is given up at the limit, with or without lines`() {
        let flood = "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 1_000)
        #expect(readResponse(flood, limits: small).failure == .tooLarge(.fieldCount))
        #expect(
            readResponse("HTTP/1.1 200 " + String(repeating: "K", count: 200), limits: small) == [
                .failed(.tooLarge(.headBytes))
            ])
        #expect(
            readRequests("GET /" + String(repeating: "a", count: 200), limits: small) == [
                .failed(.tooLarge(.headBytes))
            ])
    }

    @Test func `interim responses count against the head's limit`() {
        let interim = String(repeating: "HTTP/1.1 100 Go on\r\n\r\n", count: 5)
        let seen = readResponse(interim, limits: small)
        #expect(seen == Array(repeating: .informational(100, [:]), count: 4) + [.failed(.tooLarge(.headBytes))])
    }

    @Test func `the next response begins to count anew`() throws {
        var reader = HTTP1ResponseReader(limits: small)
        let text = "HTTP/1.1 204 No Content at all, and this line is long enough\r\n\r\n"
        for _ in 1...3 {
            reader.begin(requestMethod: .get)
            #expect(try reader.next(text: text).consumed == text.utf8.count)
            #expect(try reader.next(text: "").event == .end(.reusable))
        }
    }

    @Test func `fields are counted`() {
        #expect(readResponse("HTTP/1.1 204 \r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits: small).end == .reusable)
        #expect(
            readResponse("HTTP/1.1 204 \r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", limits: small).failure
                == .tooLarge(.fieldCount))
    }

    @Test func `trailers are limited by themselves`() {
        let head = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        #expect(readResponse(head + "A: b\r\n\r\n", limits: small).end == .reusable)
        let flood = "A: " + String(repeating: "b", count: 60) + "\r\n\r\n"
        #expect(readResponse(head + flood, limits: small).failure == .tooLarge(.trailerBytes))
    }

    @Test func `a chunk's line and what all lines cost together are limited`() {
        let head = "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(
            readResponse(head + "1;" + String(repeating: "a", count: 30), limits: small).failure
                == .tooLarge(.chunkLineBytes))
        // Each line: 20 bytes and 2 after the data, for which 18 are allowed. Ten times 4 is the limit of 40.
        let costly = "1;" + String(repeating: "a", count: 16) + "\r\nx\r\n"
        #expect(readResponse(head + String(repeating: costly, count: 10), limits: small).failure == nil)
        #expect(
            readResponse(head + String(repeating: costly, count: 11), limits: small).failure
                == .tooLarge(.chunkOverheadBytes))
        let cheap = String(repeating: "1\r\nx\r\n", count: 1_000)
        #expect(readResponse(head + cheap + "0\r\n\r\n", limits: small).end == .reusable)
    }
}
