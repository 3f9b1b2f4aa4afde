import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Requests")
struct HTTP1RequestReaderTests {
    @Test func `pipelined requests come one after another`() {
        let host: HTTPFields = [HTTPField.Name("Host")!: "a"]
        let seen = readRequests("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(
            seen == [
                .request("GET /1 HTTP/1.1", host, .none), .end(.reusable), .request("GET /2 HTTP/1.0", host, .none),
                .end(.notReusable(.http10)),
            ])
    }

    @Test func `a close between requests is proper, inside one it is not`() throws {
        #expect(readRequests("", .init(closes: true)) == [])
        #expect(readRequests("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n", .init(closes: true)).failure == nil)
        #expect(readRequests("G", .init(closes: true)) == [.failed(.truncated(.head))])
        #expect(
            readRequests("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", .init(closes: true)).failure
                == .truncated(.body))
    }

    @Test(arguments: [
        ("GET /a?token=S3CRET HTTP/1.1\n", "GET /a?... HTTP/1.1"),
        ("GET /a;sid=S3CRET x HTTP/1.1\r\n", "GET /a;... HTTP/1.1"),
        ("GET http://me:S3CRET@a/ HTTP/1.1\n", "GET ... HTTP/1.1"), ("GET /a HTTP/9\r\n", "GET /a HTTP/9"),
        ("GET / HTTP/1.1\r\nCookie: a=S3CRET\n", "Cookie: ..."),
        ("GET / HTTP/1.1\r\nHost: me:S3CRET@a\r\n\r\n", "..."),
    ])
    func `an error shows the line at fault without query, user information and value`(text: String, evidence: String) {
        var reader = HTTP1RequestReader()
        let error = #expect(throws: WireError.self) { try reader.next(text: text) }
        #expect(error?.evidence == evidence)
    }

    @Test func `the server knows when it is between requests`() throws {
        var reader = HTTP1RequestReader()
        #expect(!reader.isMidMessage)
        _ = try reader.next(text: "\r\n")
        #expect(!reader.isMidMessage)
        _ = try reader.next(text: "G")
        #expect(reader.isMidMessage)
        _ = try reader.next(text: "ET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(reader.isMidMessage)
        #expect(try reader.next(text: "").event == .end(.reusable))
        #expect(!reader.isMidMessage)
    }

    @Test(
        arguments: [
            ("GET /a?b HTTP/1.1\r\nHost: h:1\r\n\r\n", "http", "h:1", "/a?b"),
            ("GET https://x:2/a?b HTTP/1.1\r\nHost: h:1\r\n\r\n", "https", "x:2", "/a?b"),
            ("GET HTTP://x?b HTTP/1.1\r\nHost: h\r\n\r\n", "http", "x", "/?b"),
            ("GET http://x HTTP/1.1\r\nHost: h\r\n\r\n", "http", "x", "/"),
            ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "http", "h", "*"),
            ("CONNECT x:443 HTTP/1.1\r\nHost: h\r\n\r\n", "http", "x:443", nil),
            ("CONNECT [::1]:443 HTTP/1.1\r\nHost: h\r\n\r\n", "http", "[::1]:443", nil),
            ("GET / HTTP/1.0\r\n\r\n", "http", nil, "/"),
        ] as [(String, String, String?, String?)])
    func `the target and Host become authority and path`(
        text: String, scheme: String, authority: String?, path: String?
    ) throws {
        var reader = HTTP1RequestReader()
        let head = try #require(try reader.next(text: text).event?.head)
        let request = head.request(scheme: "http")
        #expect(request.scheme == scheme && request.authority == authority && request.path == path)
    }

    @Test(arguments: [
        ("100-continue", "1.1", true), ("100-Continue", "1.1", true), ("100-continue", "1.0", false),
        ("x", "1.1", false),
    ])
    func `a client that waits for 100 is noticed`(value: String, version: String, expects: Bool) throws {
        var reader = HTTP1RequestReader()
        let text = "PUT / HTTP/\(version)\r\nHost: a\r\nExpect: \(value)\r\nContent-Length: 1\r\n\r\n"
        let head = try #require(try reader.next(text: text).event?.head)
        #expect(head.expectsContinue == expects)
    }
}

/// Everything two recipients have been known to read in two ways.
@Suite("Smuggled requests")
struct SmugglingTests {
    static let lines: [(String, WireError.Kind)] = [
        ("GET /\r\n", .unsupportedVersion), ("GET / HTTP/2.0\r\n", .unsupportedVersion),
        ("PRI * HTTP/2.0\r\n", .unsupportedVersion),
        ("GET / HTTP/0.9\r\n", .unsupportedVersion), ("GET / HTTP/1.1 \r\n", .badRequestLine),
        ("GET / http/1.1\r\n", .badRequestLine),
        ("GET  / HTTP/1.1\r\n", .badRequestLine), ("GET /  HTTP/1.1\r\n", .badRequestLine),
        ("GET\t/ HTTP/1.1\r\n", .badRequestLine),
        ("GET /a b HTTP/1.1\r\n", .badRequestLine), ("GET /\u{0} HTTP/1.1\r\n", .badRequestLine),
        ("GET /\r HTTP/1.1\r\n", .badRequestLine),
        ("G(T / HTTP/1.1\r\n", .badRequestLine), ("GET\r\n", .badRequestLine), ("\u{16}\u{3}\u{1}", .notHTTP),
        (" GET / HTTP/1.1\r\n", .notHTTP),
        ("\r\n\r\nGET / HTTP/1.1\r\n", .notHTTP), ("\rGET / HTTP/1.1\r\n", .bareCarriageReturn),
        ("\nGET / HTTP/1.1\r\n", .notHTTP),
        ("GET a HTTP/1.1\r\n", .badRequestTarget), ("GET * HTTP/1.1\r\n", .badRequestTarget),
        ("GET ftp://a/ HTTP/1.1\r\n", .badRequestTarget),
        ("GET http:/// HTTP/1.1\r\n", .badRequestTarget), ("GET http://u@a/ HTTP/1.1\r\n", .badRequestTarget),
        ("CONNECT / HTTP/1.1\r\n", .badRequestTarget), ("CONNECT a HTTP/1.1\r\n", .badRequestTarget),
        ("CONNECT a: HTTP/1.1\r\n", .badRequestTarget), ("CONNECT :1 HTTP/1.1\r\n", .badRequestTarget),
        ("get / HTTP/1.1\n", .bareLineFeed),
    ]

    @Test(arguments: lines)
    func `a request line has one reading or none`(line: String, kind: WireError.Kind) { expectFailure(line, kind) }

    static let fields: [(String, WireError.Kind)] = [
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", .conflictingFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", .conflictingFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: x", .conflictingFraming),
        ("Transfer-Encoding: identity", .badTransferEncoding),
        ("Transfer-Encoding: chunked, identity", .badTransferEncoding),
        ("Transfer-Encoding: chunked, chunked", .badTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", .badTransferEncoding),
        ("Transfer-Encoding: ,chunked", .badTransferEncoding),
        ("Transfer-Encoding: xchunked", .badTransferEncoding), ("Transfer-Encoding: \"chunked\"", .badTransferEncoding),
        ("Transfer-Encoding: chunked;a", .badTransferEncoding), ("Transfer-Encoding:", .badTransferEncoding),
        ("Transfer-Encoding: gzip, chunked", .unsupportedTransferCoding),
        ("Transfer-Encoding: \u{B}chunked", .badFieldValue),
        ("Transfer-Encoding : chunked", .spaceBeforeColon), ("Transfer-Encoding\r\n : chunked", .badFieldName),
        ("Content-Length: 3\r\nContent-Length: 3", .badContentLength), ("Content-Length: 3, 3", .badContentLength),
        ("Content-Length: 3\r\nContent-Length: 4", .badContentLength), ("Content-Length: +3", .badContentLength),
        ("Content-Length: 3 ,", .badContentLength), ("Content-Length: 0x3", .badContentLength),
        ("Content-Length: ", .badContentLength),
        ("X: y\r\n Transfer-Encoding: chunked", .obsoleteFolding), ("X: y\nTransfer-Encoding: chunked", .bareLineFeed),
        ("X: y\rTransfer-Encoding: chunked", .bareCarriageReturn), ("X: \u{0}", .badFieldValue),
        ("X: \u{7F}", .badFieldValue),
        ("X\u{0}: y", .badFieldName), ("Host: b", .badHost),
    ]

    @Test(arguments: fields)
    func `a head has one reading or none`(field: String, kind: WireError.Kind) {
        expectFailure("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n3\r\nabc\r\n0\r\n\r\n", kind)
    }

    @Test(arguments: [
        "", "Host: a, b\r\n", "Host: a b\r\n", "Host: u@a\r\n", "Host: a/b\r\n", "Host: \u{E9}\r\n",
        "Host: a\r\nHost: a\r\n",
    ])
    func `there is one Host and it is an authority`(field: String) {
        expectFailure("GET / HTTP/1.1\r\n\(field)\r\n", .badHost)
    }

    @Test func `a chunked request of HTTP 1.0 is refused`() {
        expectFailure("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .conflictingFraming)
    }

    @Test(
        arguments: [
            (.tooLarge(.headBytes), 431), (.unsupportedVersion, 505), (.unsupportedTransferCoding, 501),
            (.badHost, 400), (.truncated(.body), nil),
        ] as [(WireError.Kind, Int?)])
    func `each refusal has its answer`(kind: WireError.Kind, status: Int?) {
        #expect(WireError(kind).answer?.code == status)
    }

    private func expectFailure(
        _ text: String, _ kind: WireError.Kind, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(readRequests(text).failure == kind, sourceLocation: sourceLocation)
        let byteByByte = Delivery(cuts: Array(1..<text.bytes.count))
        #expect(readRequests(text, byteByByte).failure == kind, sourceLocation: sourceLocation)
    }
}
