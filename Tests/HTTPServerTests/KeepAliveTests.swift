import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

@Suite("Keeping connections", .timeLimit(.minutes(5)))
@NetworkActor
struct KeepAliveTests {
    private let log = StateLog()

    @Test func `requests on one connection are counted`() async throws {
        let server = try await Server.logged(log) { request, responder in
            try await responder.send(.text(), Array("\(request.connection) \(request.number)".utf8))
        }
        let client = try await RawClient.connect(to: server)
        #expect(try await client.get("/").body == "s1 1")
        #expect(try await client.get("/").body == "s1 2")
        server.close()
    }

    @Test func `an HTTP 1_0 client that asks for it keeps its connection`() async throws {
        // TestHTTP10KeepAlive204Response and its like, TestServeHTTP10Close
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        for _ in 0..<2 {
            try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try await client.answer().fields[.connection] == "keep-alive")
        }
        server.close()
    }

    @Test func `HEAD is answered with GET's length and no body`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        try await client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await client.answer(to: .head).fields[.contentLength] == "2")
        #expect(try await client.get("/").body == "ok")
        server.close()
    }

    @Test func `a handler that answers nothing has answered 200`() async throws {
        let server = try await Server.logged(log) { _, _ in }
        let client = try await RawClient.connect(to: server)
        let answer = try await client.get("/")
        #expect(answer.status == 200)
        #expect(answer.fields[.contentLength] == "0")
        server.close()
    }

    @Test func `a status without a phrase gets the standard's`() async throws {
        let server = try await Server.logged(log) { _, responder in
            try await responder.send(HTTPResponse(status: .init(code: 503)))
        }
        let outcome = try await Program.curl("-i", "http://127.0.0.1:\(server.address.port)/")
        #expect(outcome.output.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        server.close()
    }

    @Test func `a small unread body is discarded and the connection kept`() async throws {
        // TestServerUnreadRequestBodyLittle, TestServerConnectionReuse, TestHandlerBodyClose
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        let body = String(repeating: "x", count: 200 << 10)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(try await client.answer().fields[.connection] == nil)
        #expect(try await client.get("/").body == "ok")
        server.close()
    }

    @Test func `a large unread body costs the connection, and the response says so`() async throws {
        // TestServerUnreadRequestBodyLarge, TestServerGracefulClose, TestServerConnectionReuse, TestHandlerBodyClose
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n")
        try await client.send(String(repeating: "x", count: 100_000))
        #expect(try await client.answer().fields[.connection] == "close")
        client.close()
        #expect(await log.closing() == .bodyNotRead)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `a large body in chunks that nobody reads costs the connection, too`() async throws {
        // TestHandlerBodyClose
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        let chunk = "10000\r\n" + String(repeating: "x", count: 64 << 10) + "\r\n"
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        try await client.send(head + String(repeating: chunk, count: 6))
        #expect(try await client.answer().status == 200)
        #expect(try await client.rest() == "")
        client.close()
        #expect(await log.closing() == .bodyNotRead)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `after its last response the server closes its side first, and waits for the client's`() async throws {
        // TestCloseWrite
        var configuration = ServerConfiguration()
        configuration.timeouts.linger = .seconds(600)
        let server = try await Server.logged(log, configuration)
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n")
        #expect(try await client.rest().hasSuffix("\r\n\r\nok"))
        #expect(log.states() == [.new, .active])
        try await client.send("more")
        client.close()
        #expect(await log.closing() == .bodyNotRead)
        server.close()
    }

    @Test func `100 Continue is sent when the handler begins to read`() async throws {
        // TestServerExpect, TestServerConnectionReuse
        let gate = Gate()
        let server = try await Server.logged(log) { request, responder in
            await gate.passes()
            var body: [UInt8] = []
            while let piece = try await request.readBody() { body += piece }
            try await responder.send(.text(), body)
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        await log.reaches(.active)
        #expect(client.stream.bytesReceived == 0)
        gate.open()
        #expect(try await client.text(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        try await client.send("abc")
        #expect(try await client.answer().body == "abc")
        #expect(try await client.get("/").status == 200)
        server.close()
    }

    @Test func `a handler that answers without reading spares the upload and closes`() async throws {
        // TestIssue11549_Expect100, TestServerExpect100ContinueUnreadBody, TestServerConnectionReuse
        let server = try await Server.logged(log) { request, responder in
            try await responder.send(.text(.contentTooLarge))
            await #expect(throws: ServerError.bodyNotInvited) { try await request.readBody() }
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        let answer = try await client.answer()
        #expect(answer.status == 413)
        #expect(answer.fields[.connection] == "close")
        client.close()
        #expect(await log.closing() == .bodyNotRead)
        server.close()
    }

    @Test func `Expect is a field like others where its body came along`() async throws {
        // TestIssue13893_Expect100
        let server = try await Server.logged(log) { request, responder in
            try await responder.send(.text(), Array((request.firstValue("expect") ?? "nothing").utf8))
        }
        let client = try await RawClient.connect(to: server)
        let head = "PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
        try await client.send(head + "HelloWorld")
        #expect(try await client.answer().body == "100-continue")
        server.close()
    }

    @Test func `trailers that can't be sent leave the body to be ended without them`() async throws {
        let server = try await Server.logged(log) { _, responder in
            try await responder.start(.text(), .chunked)
            try await responder.write(Array("hello".utf8))
            await #expect(throws: ServerError.self) { try await responder.finish(trailers: [.contentLength: "7"]) }
        }
        let client = try await RawClient.connect(to: server)
        for _ in 0..<2 { #expect(try await client.get("/").body == "hello") }
        server.close()
    }

    @Test func `a body that comes in chunks is handed on without them, trailers last`() async throws {
        let server = try await Server.logged(log) { request, responder in
            var body: [UInt8] = []
            while let piece = try await request.readBody() { body += piece }
            try await responder.send(.text(.ok, request.trailers ?? [:]), body)
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        try await client.send("2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n")
        let answer = try await client.answer()
        #expect(answer.body == "abcde")
        #expect(answer.fields[HTTPField.Name("X-Sum")!] == "5")
        server.close()
    }

    @Test func `a response can begin before the request has ended`() async throws {
        // TestConcurrentReadWriteReqBody
        let server = try await Server.logged(log) { request, responder in
            try await responder.start(.text())
            while let piece = try await request.readBody() { try await responder.write(piece) }
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        #expect(try await client.text(through: "3\r\nabc\r\n").hasPrefix("HTTP/1.1 200 OK"))
        try await client.send("1\r\nd\r\n0\r\n\r\n")
        #expect(try await client.text(through: "0\r\n\r\n") == "1\r\nd\r\n0\r\n\r\n")
        await log.reaches(.idle)
        server.close()
    }

    @Test func `a client that goes away cancels the handler`() async throws {
        // TestCloseNotifier, TestServerDuplicateBackgroundRead
        let server = try await Server.logged(log) { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.active)
        client.close()
        #expect(await log.closing() == .clientGone)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }
}
