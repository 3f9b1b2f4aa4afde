import HTTPTypes
import Testing

@testable import HTTPWire

/// What servers and attackers send that must not be taken for a response, one by one, whole and byte by byte.
@Suite("Hostile responses")
struct HostileResponseTests {
    static let startLines: [(String, WireError.Kind)] = [
        ("SSH-2.0-OpenSSH_9.6\r\n", .notHTTP), ("\u{15}\u{3}\u{1}\u{0}\u{2}", .notHTTP), ("<html>", .notHTTP),
        ("ICY 200 OK\r\n", .notHTTP),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", .notHTTP), (" HTTP/1.1 200 OK\r\n\r\n", .notHTTP),
        ("http/1.1 200 OK\r\n\r\n", .notHTTP),
        ("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion), ("HTTP/0.9 200 OK\r\n\r\n", .unsupportedVersion),
        ("HTTP/1.2 200 OK\r\n\r\n", .unsupportedVersion), ("HTTP/1.10 200 OK\r\n\r\n", .badStatusLine),
        ("HTTP/11 200 OK\r\n\r\n", .unsupportedVersion), ("HTTP/1.1\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 \r\n\r\n", .badStatusLine), ("HTTP/1.1 20 OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 099 OK\r\n\r\n", .badStatusLine), ("HTTP/1.1 -20 OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 2x0 OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", .badStatusLine), ("HTTP/1.1\t200 OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 200OK\r\n\r\n", .badStatusLine),
        ("HTTP/1.1 200 O\rK\r\n\r\n", .bareCarriageReturn), ("HTTP/1.1 200 O\u{0}K\r\n\r\n", .badFieldValue),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .unaskedUpgrade),
    ]

    @Test(arguments: startLines)
    func `what does not begin like a response is refused`(text: String, kind: WireError.Kind) {
        expectFailure(text, kind)
    }

    static let fields: [(String, WireError.Kind)] = [
        ("Content-Length : 3", .spaceBeforeColon), ("Content-Length\t: 3", .spaceBeforeColon),
        ("X Y: 3", .badFieldName),
        (" X: folded", .obsoleteFolding), ("\tX: folded", .obsoleteFolding), ("A: b\r\n c", .obsoleteFolding),
        (" ", .obsoleteFolding),
        (": no name", .badFieldName), ("no colon", .badFieldName), ("X(Y): z", .badFieldName),
        ("X\u{0}: z", .badFieldName),
        ("X\u{E9}: z", .badFieldName), ("A: b\rc", .bareCarriageReturn), ("A\r: b", .bareCarriageReturn),
        ("A: b\r", .bareCarriageReturn),
        ("\r", .bareCarriageReturn), ("A: b\u{0}c", .badFieldValue),
    ]

    @Test(arguments: fields)
    func `a malformed field line is refused when its line ends, not when the head does`(
        line: String, kind: WireError.Kind
    ) {
        expectFailure("HTTP/1.1 200 OK\r\n\(line)\r\n", kind)
    }

    static let lengths = [
        "+5", "-5", "0x5", "1_0", "5, 6", "5,", ",", "", "5 5", "5;", "5.0", "1e3", "\"5\"", "\u{B2}",
        "9223372036854775808",
        "99999999999999999999999", "5\r\nContent-Length: 6", "5\r\nContent-Length:", "18446744073709551621",
    ]

    @Test(arguments: lengths)
    func `a length that is not one number is refused`(value: String) {
        for method in [HTTPRequest.Method.get, .head] {
            let seen = readResponse("HTTP/1.1 200 OK\r\nContent-Length: \(value)\r\n\r\nhello world", to: method)
            #expect(seen == [.failed(.badContentLength)])
        }
    }

    @Test(arguments: ["5, 5", "5\r\nContent-Length: 5", "005", "5\r\ncontent-length: 0005"])
    func `equal lengths count once`(value: String) {
        let seen = readResponse("HTTP/1.1 200 OK\r\nContent-Length: \(value)\r\n\r\nhello")
        #expect(seen.dropFirst() == [.body("hello"), .end(.reusable)])
    }

    @Test(arguments: [
        "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked", "chunked;q=1", "", ",", "chunked chunked",
        "\u{B}chunked", "(chunked)",
    ])
    func `a transfer encoding that could be read in two ways is refused`(value: String) {
        let seen = readResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(value)\r\n\r\n0\r\n\r\n")
        #expect(seen == [.failed(.badTransferEncoding)])
    }

    @Test(
        arguments: [
            ("chunked", .chunked), ("Chunked", .chunked), ("gzip, chunked", .chunked),
            ("gzip\r\nTransfer-Encoding: chunked", .chunked),
            (", chunked,", .chunked), ("gzip", .untilClose), ("identity", .untilClose), ("chunked, gzip", .untilClose),
            ("xchunked", .untilClose),
        ] as [(String, BodyFraming)])
    func `a response is chunked when that is its last coding, else it lasts until the close`(
        value: String, framing: BodyFraming
    ) {
        #expect(readResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(value)\r\n\r\n").framing == framing)
    }

    @Test func `with both framings the chunks win and the connection is given up`() {
        let seen = readResponse(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1")
        #expect(seen.suffix(3) == [.body("a"), .end(.notReusable(.ambiguousFraming)), .unread("HTTP/1.1")])
        let old = readResponse(
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        #expect(old.end == .notReusable(.ambiguousFraming))
    }

    static let chunks: [(String, WireError.Kind)] = [
        ("00000000000000005\r\nhello\r\n", .badChunkSize), ("ffffffffffffffff\r\n", .badChunkSize),
        ("8000000000000000\r\n", .badChunkSize),
        ("-5\r\n", .badChunkSize), ("+5\r\n", .badChunkSize), ("0x5\r\n", .badChunkSize), (" 5\r\n", .badChunkSize),
        ("5_0\r\n", .badChunkSize),
        ("\r\n", .badChunkSize), (";a\r\n", .badChunkSize), ("g\r\n", .badChunkSize), ("5\nhello", .bareLineFeed),
        ("5;a\nhello", .bareLineFeed),
        ("5\rhello", .badChunkSize), ("5;a\u{0}\r\n", .badChunkSize), ("5;\r\r\n", .badChunkSize),
        ("5\r\nhello!\r\n", .badChunkEnd),
        ("5\r\nhello\n", .badChunkEnd), ("5\r\nhello\r\r\n", .badChunkEnd), ("5\r\nhello0\r\n\r\n", .badChunkEnd),
        ("0\r\n\n", .bareLineFeed), ("0\r\nA: b\n\r\n", .bareLineFeed), ("0\r\nA : b\r\n", .spaceBeforeColon),
        ("0\r\n A: b\r\n", .obsoleteFolding), ("0\r\nA: \u{1}\r\n", .badFieldValue), ("0\r\n0\r\n\r\n", .badFieldName),
    ]

    @Test(arguments: chunks)
    func `malformed chunks are refused`(body: String, kind: WireError.Kind) {
        expectFailure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(body)", kind)
    }

    @Test(arguments: ["5", "05", "5 ", "5\t", "5 ;a", "5;a=\"b\";c", "5;\u{E9}", "0000000000000005"])
    func `chunk sizes may be padded and extended`(size: String) {
        let seen = readResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\nhello\r\n0\r\n\r\n")
        #expect(seen.dropFirst() == [.body("hello"), .end(.reusable)])
    }

    @Test func `statuses beyond 599 are final and harmless`() {
        #expect(readResponse("HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n").end == .reusable)
    }

    @Test func `the evidence in an error cannot control a terminal`() throws {
        var reader = HTTP1ResponseReader()
        reader.begin(requestMethod: .get)
        let error = #expect(throws: WireError.self) {
            try reader.next(text: "HTTP/1.1 200 OK\r\n\u{1B}[2J\u{9B}: x\r\n")
        }
        #expect(error?.description == #"field name is not a token: "\x1B[2J\x9B: ...""#)
        #expect(error?.fault == .peer)
    }

    static let secretLines = [
        ("Set-Cookie : sid=S3CRET", "Set-Cookie : ..."), ("Set-Cookie sid=S3CRET", "Set-Cookie ..."),
        ("Set-Cookie: sid=\rS3CRET", "Set-Cookie: ..."), ("Set-Cookie: S3CRET\u{0}", "Set-Cookie: ..."),
        ("Set-Cookie: sid=\r\n S3CRET", "Set-Cookie: ..."), ("sid=S3CRET; Path=/", "sid..."),
        ("0123456789abcdefS3CRET", "0123456789abcdef..."),
    ]

    @Test(arguments: secretLines)
    func `an error names the field at fault and keeps its value to itself`(line: String, evidence: String) {
        var reader = HTTP1ResponseReader()
        reader.begin(requestMethod: .get)
        let error = #expect(throws: WireError.self) { try reader.next(text: "HTTP/1.1 200 OK\r\n\(line)\r\n") }
        #expect(error?.evidence == evidence)
    }

    private func expectFailure(
        _ text: String, _ kind: WireError.Kind, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(readResponse(text).failure == kind, sourceLocation: sourceLocation)
        let byteByByte = Delivery(cuts: Array(1..<text.bytes.count))
        #expect(readResponse(text, byteByByte).failure == kind, sourceLocation: sourceLocation)
    }
}
