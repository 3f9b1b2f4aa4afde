import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

// The rows of Go's TestServerConnState and what go-semantics §10 adds, over loopback.

@Suite("Connection states on the wire", .timeLimit(.minutes(5)))
@NetworkActor
struct ConnectionStateTests {
    private let log = StateLog()

    @Test func `a client that closes after a kept response: new, active, idle, closed`() async throws {
        // TestServerConnState: keep-alive then client closes
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        #expect(try await client.get("/").body == "ok")
        await log.reaches(.idle)
        client.close()
        #expect(await log.closing() == .clientClosed)
        #expect(log.states() == [.new, .active, .idle, .closed])
        server.close()
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"])
    func `a last request on a kept connection: new, active, idle, active, closed`(last: String) async throws {
        // TestServerConnState: keep-alive then close, from either side; TestClientCanClose
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        try await client.send(last)
        #expect(try await client.rest().contains("\r\nConnection: close\r\n"))
        #expect(await log.closing() == (last.contains("1.0") ? .http10 : .clientSaidClose))
        #expect(log.states() == [.new, .active, .idle, .active, .closed])
        server.close()
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ])
    func `a handler that says close: new, active, closed`(request: String) async throws {
        // TestServerConnState: connect-close; TestHandlersCanSetConnectionClose10, TestHandlersCanSetConnectionClose11
        let server = try await Server.logged(log) { _, responder in
            try await responder.send(.text(.ok, [.connection: "close"]), Array("bye".utf8))
        }
        let client = try await RawClient.connect(to: server)
        try await client.send(request)
        #expect(try await client.answer().fields[.connection] == "close")
        #expect(try await client.rest() == "")
        #expect(await log.closing() == .weSaidClose)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `a client that connects and closes: new, closed`() async throws {
        // TestServerConnState: connect-close; TestServerConnStateNew
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        await log.reaches(.new)
        client.close()
        #expect(await log.closing() == .clientClosed)
        #expect(log.states() == [.new, .closed])
        server.close()
    }

    @Test func `a request that breaks off in its head: new, active, closed`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HT")
        client.close()
        #expect(await log.closing() == .clientGone)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `nonsense: new, active, closed, with 400`() async throws {
        // TestServerConnState: bogus request
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        try await client.send("bogus\r\n\r\n")
        #expect(try await client.answer().status == 400)
        client.close()
        _ = await log.closing()
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `nonsense in one piece on a kept connection is answered and yet never active`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        try await client.send("bogus\r\n\r\n")
        #expect(try await client.answer().status == 400)
        client.close()
        _ = await log.closing()
        #expect(log.states() == [.new, .active, .idle, .closed])
        server.close()
    }

    @Test func `pipelined requests: idle is reported between them`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try await client.send(request + request + request)
        for _ in 0..<3 { #expect(try await client.answer().body == "ok") }
        await log.until { $0.count == 7 }
        client.close()
        _ = await log.closing()
        #expect(log.states() == [.new, .active, .idle, .active, .idle, .active, .idle, .closed])
        server.close()
    }

    @Test func `a request that waits behind the one being answered does not cancel it`() async throws {
        // TestCloseNotifierPipelined
        let gate = Gate()
        let server = try await Server.logged(log) { _, responder in
            await gate.passes()
            try await responder.send(.text(), Array((Task.isCancelled ? "cancelled" : "ok").utf8))
        }
        let client = try await RawClient.connect(to: server)
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try await client.send(request)
        await log.reaches(.active)
        let connection = try #require(server.connections.values.first)
        try await client.send(request)
        while connection.input.restCount == 0 { await Task.yield() }
        gate.open()
        for _ in 0..<2 { #expect(try await client.answer().body == "ok") }
        server.close()
    }

    @Test func `a hijacked connection: new, active, hijacked, and the rest is the handler's`() async throws {
        // TestServerConnState: hijack; TestServerHijackGetsBackgroundByte
        let server = try await Server.logged(log) { _, responder in
            let (stream, received) = responder.hijack()
            try await stream.writeAll(received + Array(" yourself".utf8))
            stream.close()
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nhello")
        #expect(try await client.rest() == "hello yourself")
        #expect(log.states() == [.new, .active, .hijacked])
        server.close()
    }

    @Test(arguments: [8 << 10, 100 << 10])
    func `all that a client sent is there for who takes the connection over`(size: Int) async throws {
        // TestServerHijackGetsBackgroundByte_big, TestServerHijackGetsFullBody
        let server = try await Server.logged(log) { _, responder in
            var (stream, received) = responder.hijack()
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
            defer { buffer.deallocate() }
            while case let count = try await stream.read(into: buffer), count > 0 { received += buffer[..<count] }
            let isWhole = received == [UInt8](repeating: UInt8(ascii: "x"), count: size)
            try await stream.writeAll(Array((isWhole ? "whole" : "\(received.count) bytes").utf8))
            stream.close()
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + String(repeating: "x", count: size))
        client.stream.closeWrite()
        #expect(try await client.rest() == "whole")
        server.close()
    }

    @Test func `a hijacked connection outlives its server`() async throws {
        // TestCloseHijackedConnection (httptest)
        let gate = Gate()
        let server = try await Server.logged(log) { _, responder in
            let (stream, _) = responder.hijack()
            await gate.passes()
            try await stream.writeAll(Array("still here".utf8))
            stream.close()
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.hijacked)
        #expect(await server.shutdown())
        server.close()
        gate.open()
        #expect(try await client.rest() == "still here")
    }

    @Test func `a handler that hijacks and throws changes nothing more`() async throws {
        // TestServerConnState: hijack and panic
        struct Oops: Error {}
        let server = try await Server.logged(log) { _, responder in
            _ = responder.hijack()
            throw Oops()
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await client.rest() == "")
        #expect(server.connectionCount == 0)
        #expect(log.states() == [.new, .active, .hijacked])
        server.close()
    }

    @Test func `a handler that throws answers 500 and the connection is closed`() async throws {
        // TestServerConnState: panic
        struct Oops: Error {}
        let server = try await Server.logged(log) { _, _ in throw Oops() }
        let client = try await RawClient.connect(to: server)
        #expect(try await client.get("/").status == 500)
        client.close()
        #expect(await log.closing() == .handlerFailed("Oops()"))
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `changes carry increasing times, the client's address and a reason only at the end`() async throws {
        let server = try await Server.logged(log)
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        client.close()
        _ = await log.closing()
        #expect(log.changes.map(\.time) == log.changes.map(\.time).sorted())
        #expect(log.changes.allSatisfy { $0.client == client.stream.localAddress })
        #expect(log.changes.map { $0.closeReason != nil } == [false, false, false, true])
        server.close()
    }

    @Test(arguments: [true, false])
    func `a response cut short on purpose or by mistake: new, active, closed`(isOnPurpose: Bool) async throws {
        let server = try await Server.logged(log) { _, responder in
            try await responder.start(.text(), .length(10))
            try await responder.write(Array("half".utf8))
            if isOnPurpose { responder.abort() }
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await client.rest().hasSuffix("\r\n\r\nhalf"))
        #expect(await log.closing() == (isOnPurpose ? .handlerClosed : .responseCutShort))
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `a reset is one`() async throws {
        let server = try await Server.logged(log) { _, responder in responder.reset() }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        do {
            _ = try await client.rest()
            Issue.record("no reset")
        } catch let error as StreamError {
            #expect(error.isReset)
        }
        #expect(await log.closing() == .handlerClosed)
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }
}
