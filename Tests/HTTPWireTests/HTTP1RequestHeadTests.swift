import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Writing requests")
struct HTTP1RequestHeadTests {
    @Test func `fields stand in Go's order, the caller's own in theirs`() throws {
        let fields: HTTPFields = [
            HTTPField.Name("x-Two")!: "2", .accept: "*/*", .connection: "close", .userAgent: "me",
            HTTPField.Name("X-Two")!: "3",
        ]
        let head = HTTP1RequestHead(request(.post, fields: fields), body: .length(5))
        #expect(
            try write(head) == """
                POST /a?b HTTP/1.1\r
                Host: example.com:8080\r
                User-Agent: me\r
                Connection: close\r
                Content-Length: 5\r
                x-Two: 2\r
                Accept: */*\r
                X-Two: 3\r
                \r

                """)
        #expect(
            try head.writtenFields() == [
                WrittenField(name: "Host", values: ["example.com:8080"]),
                WrittenField(name: "User-Agent", values: ["me"]),
                WrittenField(name: "Connection", values: ["close"]),
                WrittenField(name: "Content-Length", values: ["5"]),
                WrittenField(name: "x-Two", values: ["2", "3"]), WrittenField(name: "Accept", values: ["*/*"]),
            ])
    }

    @Test(
        arguments: [
            (.get, "/", .origin, "GET / HTTP/1.1"), (.get, nil, .origin, "GET / HTTP/1.1"),
            (.get, "", .origin, "GET / HTTP/1.1"),
            (.get, "/a", .absolute, "GET http://example.com:8080/a HTTP/1.1"),
            (.get, nil, .absolute, "GET http://example.com:8080/ HTTP/1.1"),
            (.options, "*", .origin, "OPTIONS * HTTP/1.1"),
            (.options, "*", .absolute, "OPTIONS http://example.com:8080 HTTP/1.1"),
            (.connect, nil, .origin, "CONNECT example.com:8080 HTTP/1.1"),
            (.connect, nil, .absolute, "CONNECT example.com:8080 HTTP/1.1"),
        ] as [(HTTPRequest.Method, String?, HTTP1RequestHead.TargetForm, String)])
    func `the target has the form its receiver needs`(
        method: HTTPRequest.Method, path: String?, form: HTTP1RequestHead.TargetForm, line: String
    ) throws {
        let text = try write(HTTP1RequestHead(request(method, path: path), form: form))
        #expect(text == line + "\r\nHost: example.com:8080\r\n\r\n")
    }

    @Test(
        arguments: [
            (.get, .none, nil), (.post, .none, "Content-Length: 0"), (.put, .none, "Content-Length: 0"),
            (.patch, .none, "Content-Length: 0"),
            (.delete, .none, nil), (.get, .length(0), "Content-Length: 0"), (.get, .length(7), "Content-Length: 7"),
            (.post, .length(.max), "Content-Length: 9223372036854775807"),
            (.post, .chunked, "Transfer-Encoding: chunked"),
        ] as [(HTTPRequest.Method, BodyFraming, String?)])
    func `the framing field follows the body`(method: HTTPRequest.Method, body: BodyFraming, line: String?) throws {
        let text = try write(HTTP1RequestHead(request(method), body: body))
        #expect(text == "\(method) /a?b HTTP/1.1\r\nHost: example.com:8080\r\n\(line.map { $0 + "\r\n" } ?? "")\r\n")
    }

    // TestTransportPersistConnLeakShortBody: there a length that is too short shows while the body is written.
    @Test func `a framing field of the caller's own is kept when true and refused when not`() throws {
        let spelled: HTTPFields = [HTTPField.Name("content-length")!: "5"]
        #expect(
            try write(HTTP1RequestHead(request(.post, fields: spelled), body: .length(5))).contains(
                "\r\ncontent-length: 5\r\n"))
        for (field, body) in [
            (HTTPField(name: .contentLength, value: "6"), .length(5)),
            (HTTPField(name: .contentLength, value: "5"), .none),
            (HTTPField(name: .contentLength, value: "5"), .chunked),
            (HTTPField(name: .transferEncoding, value: "chunked"), .length(5)),
            (HTTPField(name: .transferEncoding, value: "gzip, chunked"), .chunked),
            (HTTPField(name: .transferEncoding, value: "chunked"), .none),
        ] as [(HTTPField, BodyFraming)] {
            expectRefusal(
                HTTP1RequestHead(request(.post, fields: HTTPFields([field])), body: body), .conflictingFraming)
        }
        let twice: HTTPFields = [.contentLength: "5", .contentLength: "5"]
        expectRefusal(HTTP1RequestHead(request(.post, fields: twice), body: .length(5)), .conflictingFraming)
    }

    @Test func `the caller may ask for another host`() throws {
        let host = HTTPField.Name("host")!
        #expect(
            try write(HTTP1RequestHead(request(fields: [host: "other"]))) == "GET /a?b HTTP/1.1\r\nhost: other\r\n\r\n")
        expectRefusal(HTTP1RequestHead(request(fields: [host: "a", host: "b"])), .badHost)
    }

    @Test(arguments: ["/ HTTP/1.1\r\nX: y", "/a b", "/a\tb", "/\u{0}b", "/\u{7F}b", "a", "*"])
    func `a path that would split or change the request line is refused`(path: String) {
        // HTTPTypes turns line ends into spaces, which is no better here.
        expectRefusal(HTTP1RequestHead(request(path: path)), .badRequestTarget)
    }

    @Test(arguments: ["a b", "a/b", "u@a", "a\r\nX: y", "a,b", "\u{E9}"])
    func `an authority that is none is refused`(authority: String) {
        var request = request()
        request.authority = authority
        expectRefusal(HTTP1RequestHead(request), .badHost)
    }

    @Test func `control characters in a value are refused`() {
        let field = HTTPField(name: .accept, lenientValue: [UInt8]("a\u{1}b".utf8))
        expectRefusal(HTTP1RequestHead(request(fields: HTTPFields([field]))), .badFieldValue)
    }

    @Test func `what is refused is not told where it may be a secret`() {
        let field = HTTPField(name: .authorization, lenientValue: [UInt8]("Bearer S3CRET\u{1}".utf8))
        var buffer: [UInt8] = []
        let valued = HTTP1RequestHead(request(fields: HTTPFields([field])))
        let ofValue = #expect(throws: WireError.self) { try valued.append(to: &buffer) }
        #expect(ofValue?.evidence == "Authorization")
        let targeted = HTTP1RequestHead(request(path: "/a?token=S3CRET x"))
        let ofTarget = #expect(throws: WireError.self) { try targeted.append(to: &buffer) }
        #expect(ofTarget?.evidence == "/a?...")
    }

    @Test func `what cannot be repaired by HTTPTypes reaches no wire`() throws {
        // CR and LF become spaces in `HTTPField`: one field stays one field.
        let text = try write(HTTP1RequestHead(request(fields: [.accept: "a\r\nX: y"])))
        #expect(text.hasSuffix("\r\nAccept: a  X: y\r\n\r\n"))
    }

    @Test func `what is written is read back unchanged`() throws {
        let value = HTTPField(name: HTTPField.Name("X-Raw")!, value: [0xE9, 0x20, 0xFF] as [UInt8])
        var request = request(.post, path: "/p%20q?r=\u{FC}", fields: [.userAgent: "me", .accept: "a, b", .accept: ""])
        request.headerFields.append(value)
        for body in [BodyFraming.none, .length(0), .length(12), .chunked] {
            var bytes: [UInt8] = []
            try HTTP1RequestHead(request, body: body).append(to: &bytes)
            var reader = HTTP1RequestReader()
            guard case .head(let head, let framing) = try reader.next(bytes.span).event else {
                Issue.record("no head"); return
            }
            #expect(framing == (body == .none ? .length(0) : body))
            let read = head.request(scheme: "http")
            #expect(read.method == request.method && read.path == request.path && read.authority == request.authority)
            for field in request.headerFields {
                #expect(read.headerFields[fields: field.name] == request.headerFields[fields: field.name])
            }
        }
    }

    private func request(
        _ method: HTTPRequest.Method = .get, path: String? = "/a?b", fields: HTTPFields = [:]
    ) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "http", authority: "example.com:8080", path: path, headerFields: fields)
    }

    private func write(_ head: HTTP1RequestHead) throws -> String {
        var buffer = "before ".bytes
        try head.append(to: &buffer)
        return String(String(latin1: buffer).dropFirst(7))
    }

    private func expectRefusal(
        _ head: HTTP1RequestHead, _ kind: WireError.Kind, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var buffer = "before".bytes
        let error = #expect(throws: WireError.self, sourceLocation: sourceLocation) { try head.append(to: &buffer) }
        #expect(error?.kind == kind && error?.fault == .ours, sourceLocation: sourceLocation)
        #expect(buffer == "before".bytes, sourceLocation: sourceLocation)
    }
}
