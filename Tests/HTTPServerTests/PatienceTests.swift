import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

@Suite("Slow clients, limits, stopping", .timeLimit(.minutes(5)))
@NetworkActor
struct PatienceTests {
    private let log = StateLog()

    private func server(
        _ change: (inout ServerConfiguration) -> Void,
        handler: @escaping ServerHandler = { _, responder in try await responder.send(.text(), Array("ok".utf8)) }
    ) async throws -> Server {
        var configuration = ServerConfiguration()
        change(&configuration)
        return try await Server.logged(log, configuration, handler: handler)
    }

    @Test func `a client that sends nothing is closed silently`() async throws {
        // TestServerTimeouts
        let server = try await server { $0.timeouts.head = .milliseconds(20) }
        let client = try await RawClient.connect(to: server)
        #expect(try await client.rest() == "")
        #expect(await log.closing() == .timedOut(.head))
        #expect(log.states() == [.new, .closed])
        server.close()
    }

    @Test func `a client that stops within its head is told so`() async throws {
        // TestServerReadTimeout
        let server = try await server { _ in }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHo")
        await log.reaches(.new)
        let connection = try #require(server.connections.values.first)
        // A real limit might be reached before these bytes are.
        while !connection.input.isMidMessage { await Task.yield() }
        connection.timedOut(.head)
        #expect(try await client.rest().hasPrefix("HTTP/1.1 408 "))
        #expect(await log.closing() == .timedOut(.head))
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `an idle connection is closed after the idle limit, not the head's`() async throws {
        // TestServerIdleTimeout
        let server = try await server {
            $0.timeouts.head = .seconds(30)
            $0.timeouts.idle = .milliseconds(20)
        }
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        #expect(try await client.rest() == "")
        #expect(await log.closing() == .timedOut(.nextRequest))
        #expect(log.states() == [.new, .active, .idle, .closed])
        server.close()
    }

    @Test func `the head's limit begins with a request's first bytes, not while the connection is idle`() async throws {
        // TestServerCancelsReadHeaderTimeoutWhenIdle
        let server = try await server { _ in }
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        let connection = try #require(server.connections.values.first)
        while connection.watchdog.wait != .nextRequest { await Task.yield() }
        try await client.send("GET / HTTP/1.1\r\n")
        while connection.watchdog.wait != .head { await Task.yield() }
        try await client.send("Host: localhost\r\n\r\n")
        #expect(try await client.answer().body == "ok")
        server.close()
    }

    @Test func `a body that stops coming fails the handler's read`() async throws {
        // TestServerReadTimeout
        let server = try await server({ $0.timeouts.body = .milliseconds(20) }) { request, responder in
            while try await request.readBody() != nil {}
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
        #expect(await log.closing() == .timedOut(.body))
        server.close()
    }

    @Test func `a client that takes nothing of its response is given up`() async throws {
        // TestServerWriteTimeout, TestOnlyWriteTimeout, TestServerKeepAliveAfterWriteError
        let server = try await server({ $0.timeouts.write = .milliseconds(50) }) { _, responder in
            try await responder.start(.binary(), .length(1 << 30))
            try await PlaygroundRoute.writePattern(1 << 30, responder)
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(await log.closing() == .timedOut(.write))
        #expect(log.states() == [.new, .active, .closed])
        server.close()
    }

    @Test func `a body that stops coming is given up also while its answer is taken slowly`() async throws {
        let server = try await server({ $0.timeouts.body = .seconds(1) }) { request, responder in
            let reading = Task.onNetwork { while try await request.readBody() != nil {} }
            // More than there is room for on the way to somebody who doesn't read.
            try await responder.send(HTTPResponse(status: .ok), Array(repeating: 7, count: 32 << 20))
            try await reading.value
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
        #expect(await log.closing() == .timedOut(.body))
        client.close()
        server.close()
    }

    @Test func `two who write at once to a client that takes nothing wait their turn`() async throws {
        let server = try await server({ _ in }) { _, responder in
            let hint: HTTPFields = [HTTPField.Name("Link")!: String(repeating: "x", count: 8 << 10)]
            let other = Task.onNetwork { for _ in 0..<1_500 { try await responder.inform(.earlyHints, hint) } }
            for _ in 0..<1_500 { try await responder.inform(.earlyHints, hint) }
            try await other.value
            try await responder.send(.text(), Array("ok".utf8))
        }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await log.reaches(.active)
        let connection = try #require(server.connections.values.first)
        while connection.writeWait?.others.count != 1 { await Task.yield() }
        #expect(try await client.rest().hasSuffix("\r\n\r\nok"))
        server.close()
    }

    @Test func `what is still on its way when a connection has ended sets no limit for it`() {
        let watchdog = Watchdog { _ in Issue.record("nobody is left to be told") }
        watchdog.watch(.write, for: .seconds(1))
        watchdog.stop()
        watchdog.watch(.write, for: .zero)
        #expect(watchdog.wait == nil)
    }

    @Test func `a handler may take longer than any of these limits`() async throws {
        // TestServerCancelsReadTimeoutWhenIdle, TestServerReadHeaderTimeoutIsCleared, TestWriteDeadlineExtendedOnNewRequest
        let server = try await server({
            $0.timeouts.body = .milliseconds(10)
            $0.timeouts.write = .milliseconds(10)
            $0.timeouts.idle = .milliseconds(10)
        }) { _, responder in
            try await Pause.wait(for: .milliseconds(60))
            try await responder.send(.text(), Array("ok".utf8))
        }
        let client = try await RawClient.connect(to: server)
        #expect(try await client.get("/").body == "ok")
        server.close()
    }

    @Test func `beyond the connection limit the next one waits until one goes`() async throws {
        let server = try await server { $0.limits.connections = 1 }
        let first = try await RawClient.connect(to: server)
        #expect(try await first.get("/").body == "ok")
        let second = try await RawClient.connect(to: server)
        try await second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(log.states(of: 2) == [])
        first.close()
        #expect(try await second.answer().body == "ok")
        #expect(log.changes.prefix(5).map(\.connection.number) == [1, 1, 1, 1, 2])
        server.close()
    }

    @Test func `shutdown lets a busy connection finish and closes it then`() async throws {
        // TestServerShutdown
        let gate = Gate()
        let server = try await server({ _ in }) { _, responder in
            await gate.passes()
            try await responder.send(.text(), Array("finished".utf8))
        }
        let idle = try await RawClient.connect(to: server)
        let busy = try await RawClient.connect(to: server)
        try await busy.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.active, 2)

        async let isInTime = server.shutdown()
        // The listener is gone before anything else is waited for.
        while !server.isStopping { await Task.yield() }
        await #expect(throws: StreamError.self) { try await RawClient.connect(to: server) }
        gate.open()
        let answer = try await busy.answer()
        #expect(answer.body == "finished")
        #expect(answer.fields[.connection] == "close")
        idle.close()
        #expect(await isInTime)
        #expect(log.states(of: 2) == [.new, .active, .closed])
        #expect(await log.closing(of: 2) == .serverStopped)
    }

    @Test func `shutdown closes idle connections at once`() async throws {
        // TestServerShutdown
        let server = try await server { _ in }
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        await log.reaches(.idle)
        #expect(await server.shutdown())
        #expect(log.states() == [.new, .active, .idle, .closed])
        #expect(try await client.rest() == "")
    }

    @Test func `shutdown spares a connection that has sent nothing, but not for long`() async throws {
        // TestServerShutdownStateNew
        let server = try await server { $0.timeouts.untouched = .milliseconds(30) }
        let client = try await RawClient.connect(to: server)
        await log.reaches(.new)
        #expect(await server.shutdown())
        #expect(log.states() == [.new, .closed])
        client.close()
    }

    @Test func `shutdown gives up on what doesn't finish in time`() async throws {
        let server = try await server({ _ in }) { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.active)
        #expect(await server.shutdown(within: .milliseconds(20)) == false)
        #expect(await log.closing() == .serverStopped)
    }

    @Test func `close ends everything at once, and twice is no different`() async throws {
        // TestServerCloseDeadlock, TestServerCloseListenerOnce
        let server = try await server({ _ in }) { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.active)
        server.close()
        server.close()
        #expect(await log.closing() == .serverStopped)
        #expect(try await client.rest() == "")
    }
}
