import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing
import Transport

@testable import HTTPServer

@Suite("Requests that no handler sees", .timeLimit(.minutes(5)))
@NetworkActor
struct RefusalTests {
    private let log = StateLog()

    /// The status line's code of what `request` is answered with, and that the connection ends with it.
    private func status(of request: String, _ configuration: ServerConfiguration = ServerConfiguration()) async throws
        -> Int
    {
        let server = try await Server.logged(log, configuration) { request, responder in
            while try await request.readBody() != nil {}
            Issue.record("a handler saw \(request.target)")
        }
        let client = try await RawClient.connect(to: server)
        try await client.send(request)
        let answer = try await client.answer()
        #expect(answer.fields[.connection] == "close")
        #expect(try await client.rest() == "")
        client.close()
        let reason = await log.closing()
        if case .refused(let status, _)? = reason {
            #expect(status.code == answer.status)
        } else {
            Issue.record("closed: \(reason as Any)")
        }
        server.close()
        return answer.status
    }

    @Test(arguments: [
        ("bogus\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length : 3\r\n\r\nabc", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +3\r\n\r\nabc", 400),
        ("GET / HTTP/1.1\nHost: localhost\n\n", 400),
        ("\u{16}\u{3}\u{1} a TLS hello on a plain port", 400),
        ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        ("GET /\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: a-miracle\r\n\r\n", 417),
    ]) func `what can be misread is refused`(request: String, expected: Int) async throws {
        #expect(try await status(of: request) == expected)
    }

    @Test func `a refused HEAD gets the head alone`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        try await client.send("HEAD / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        let answer = try await client.rest()
        #expect(answer.hasPrefix("HTTP/1.1 421 ") && answer.hasSuffix("\r\n\r\n"))
        server.close()
    }

    @Test func `a head with a control character in it is not sent, and another may be`() async throws {
        let server = try await Server.logged(log) { _, responder in
            // As a peer sent it: a field of our own making would have a blank for it.
            let field = HTTPField(name: HTTPField.Name("X-Hostile")!, lenientValue: Array("a\u{1B}b".utf8))
            let hostile = HTTPResponse(status: .ok, headerFields: HTTPFields([field]))
            await #expect(throws: ServerError.self) { try await responder.start(hostile, .length(6)) }
            await #expect(throws: ServerError.self) { try await responder.send(hostile, Array("hello\n".utf8)) }
            try await responder.send(HTTPResponse(status: .badGateway), Array("no\n".utf8))
        }
        let client = try await RawClient.connect(to: server)
        let answer = try await client.get("/")
        #expect(answer.status == 502 && answer.body == "no\n")
        server.close()
    }

    @Test func `a head beyond the limit is refused with 431, although nobody reads the rest`() async throws {
        var configuration = ServerConfiguration()
        configuration.limits.http1.headBytes = 1000
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n"
        #expect(try await status(of: request, configuration) == 431)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ])
    func `a name that somebody pointed at this machine is refused with 421`(request: String) async throws {
        #expect(try await status(of: request) == 421)
    }

    @Test func `any Host passes when the check is off`() async throws {
        var configuration = ServerConfiguration()
        configuration.refusesForeignHosts = false
        let server = try await Server.logged(log, configuration)
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        #expect(try await client.answer().status == 200)
        server.close()
    }

    @Test func `chunks that make no sense fail the handler's read and are answered with 400`() async throws {
        let server = try await Server.logged(log) { request, responder in
            while try await request.readBody() != nil {}
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        #expect(try await client.answer().status == 400)
        client.close()
        _ = await log.closing()
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test(arguments: ReadingHandler.allCases)
    func `what follows chunks that make no sense is no request, however they are read`(handler: ReadingHandler)
        async throws
    {
        // TestRequestBodyReadErrorClosesConnection
        var targets: [String] = []
        let server = try await Server.logged(log) { request, responder in
            targets.append(request.target)
            switch handler {
            case .failing: while try await request.readBody() != nil {}
            case .forgiving: while (try? await request.readBody()) != nil {}
            case .indifferent: break
            }
            try await responder.send(.text())
        }
        let client = try await RawClient.connect(to: server)
        let head = "POST /public HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await client.send(head + "hax\r\nGET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try await client.answer()
        client.close()
        _ = await log.closing()
        #expect(targets == ["/public"])
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    enum ReadingHandler: CaseIterable {
        case failing, forgiving, indifferent
    }
}
