import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Responses")
struct HTTP1ResponseReaderTests {
    @Test func `a response with a length ends after that many bytes`() {
        let seen = readResponse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Case: a, b\r\n\r\nhello")
        let fields: HTTPFields = [.contentLength: "5", HTTPField.Name("X-Case")!: "a, b"]
        #expect(seen == [.response(200, fields, .length(5)), .body("hello"), .end(.reusable)])
    }

    @Test func `interim responses come before the head, each by itself`() {
        let seen = readResponse(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        )
        #expect(
            seen == [
                .informational(100, [:]), .informational(103, [HTTPField.Name("Link")!: "</a>"]),
                .response(204, [:], .none),
                .end(.reusable),
            ])
    }

    @Test func `bytes after the end stay unread`() {
        let seen = readResponse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 408 Too Late\r\n\r\n")
        #expect(seen.last == .unread("HTTP/1.1 408 Too Late\r\n\r\n"))
    }

    @Test func `the head keeps its raw bytes, order and case`() throws {
        let text = "HTTP/1.1 200 Fine\r\nx-B: 1\r\nX-a:2 \r\nx-b:\t3\r\n\r\n"
        var reader = HTTP1ResponseReader()
        reader.begin(requestMethod: .head)
        let head = try #require(try reader.next(text: text).event?.head)
        #expect(head.bytes == text.bytes)
        #expect(head.status == 200 && head.reason == "Fine" && head.version == .http11)
        #expect(head.fields.map(\.description) == ["x-B: 1", "X-a: 2", "x-b: 3"])
        #expect(head.firstValue("x-b") == "1" && head.values("x-b") == ["1", "3"] && head.firstValue("x-c") == nil)
        #expect(head.response.status == .init(code: 200, reasonPhrase: "Fine"))
    }

    @Test func `a body until the close ends well at the close`() {
        let text = "HTTP/1.1 200 OK\r\n\r\nall of it"
        let head = Seen.response(200, [:], .untilClose)
        #expect(readResponse(text) == [head, .body("all of it")])
        #expect(
            readResponse(text, .init(closes: true)) == [head, .body("all of it"), .end(.notReusable(.bodyUntilClose))])
    }

    @Test func `a chunked body has trailers of its own`() {
        let seen = readResponse(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n"
        )
        #expect(
            seen == [
                .response(200, [.transferEncoding: "chunked"], .chunked), .body("hello world"),
                .trailers([HTTPField.Name("X-Sum")!: "1", .contentLength: "9"]), .end(.reusable),
            ])
    }

    @Test func `lines may end in LF alone, and a reason may be missing`() {
        #expect(
            readResponse("HTTP/1.1 200\nContent-Length: 2\r\nA: b\n\nhi")
                == [
                    .response(200, [.contentLength: "2", HTTPField.Name("A")!: "b"], .length(2)), .body("hi"),
                    .end(.reusable),
                ])
        #expect(readResponse("HTTP/1.1 204 \n\n").end == .reusable)
    }

    @Test func `control characters other than CR and NUL are kept for whoever looks`() throws {
        var reader = HTTP1ResponseReader()
        reader.begin(requestMethod: .get)
        let step = try reader.next(text: "HTTP/1.1 204 \u{1}\r\nA: \u{1B}[31m\u{FF}\r\n\r\n")
        let head = try #require(step.event?.head)
        #expect(head.fields.first?.withUnsafeBytesOfValue { Array($0) } == "\u{1B}[31m\u{FF}".bytes)
    }

    @Test func `a 101 that was asked for leaves the rest to the new protocol`() {
        let text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nContent-Length: 9\r\n\r\nframes"
        #expect(
            readResponse(text, offersUpgrade: true).suffix(2) == [.end(.notReusable(.upgraded)), .unread("frames")])
        #expect(readResponse(text) == [.failed(.unaskedUpgrade)])
    }

    @Test func `after a granted CONNECT everything belongs to the tunnel`() {
        let granted = "HTTP/1.1 200 OK\r\nContent-Length: +7\r\nTransfer-Encoding: chunked\r\n\r\n\u{16}\u{3}"
        #expect(
            readResponse(granted, to: .connect).suffix(2) == [.end(.notReusable(.upgraded)), .unread("\u{16}\u{3}")])
    }

    // TestTransportCONNECTRejected
    @Test func `after a refused CONNECT the connection is not kept`() {
        let refused = "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"
        #expect(readResponse(refused, to: .connect).end == .notReusable(.tunnelRefused))
    }

    @Test func `a close before the first byte is told apart from one inside the head`() {
        let closed = Delivery(closes: true)
        #expect(readResponse("", closed) == [.failed(.closedBeforeResponse)])
        #expect(readResponse("H", closed) == [.failed(.truncated(.head))])
        #expect(readResponse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", closed) == [.failed(.truncated(.head))])
        #expect(readResponse("HTTP/1.1 100 Continue\r\n\r\n", closed).failure == .truncated(.head))
    }

    @Test(
        arguments: [
            ("Content-Length: 6\r\n\r\nhello", .body), ("Content-Length: 6\r\n\r\n", .body),
            ("Transfer-Encoding: chunked\r\n\r\n", .body), ("Transfer-Encoding: chunked\r\n\r\n5\r\nhel", .body),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .body),
            ("Transfer-Encoding: chunked\r\n\r\n0\r\n", .trailers),
            ("Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n", .trailers),
        ] as [(String, WireError.MessagePart)])
    func `a body cut short is never taken for a whole one`(rest: String, part: WireError.MessagePart) {
        for late in [false, true] {
            let seen = readResponse("HTTP/1.1 200 OK\r\n" + rest, .init(closes: true, closesLate: late))
            #expect(seen.failure == .truncated(part))
        }
    }

    @Test func `one reader reads the responses of one connection after each other`() throws {
        var reader = HTTP1ResponseReader()
        for _ in 1...3 {
            reader.begin(requestMethod: .get)
            #expect(reader.isMidMessage && !reader.hasStarted)
            #expect(try reader.next(text: "HTTP/1.1 204 X\r").event == nil)
            #expect(reader.isMidMessage && reader.hasStarted)
            #expect(try reader.next(text: "\n\r\n").consumed == 3)
            #expect(try reader.next(text: "").event == .end(.reusable))
            #expect(!reader.isMidMessage && !reader.hasStarted)
        }
    }

    @Test(
        arguments: [
            ([:], .reusable), ([.connection: "x, Close"], .notReusable(.connectionClose(by: .client))),
            ([.upgrade: "websocket"], .notReusable(.upgraded)),
        ] as [(HTTPFields, HTTP1End)])
    func `what the request asked for is taken from its head`(fields: HTTPFields, end: HTTP1End) throws {
        let request = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/", headerFields: fields)
        var reader = HTTP1ResponseReader()
        reader.begin(after: HTTP1RequestHead(request))
        let status = end == .notReusable(.upgraded) ? 101 : 204
        _ = try reader.next(text: "HTTP/1.1 \(status) X\r\n\r\n")
        #expect(try reader.next(text: "").event == .end(end))
    }
}
