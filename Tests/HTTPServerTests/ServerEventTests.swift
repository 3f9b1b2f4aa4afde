import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

// What golang/go#38270 and #18997 ask for: every step of every request, with ids, and the connection's beside them.

@Suite("Server events", .timeLimit(.minutes(5)))
@NetworkActor
struct ServerEventTests {
    private let log = ServerEventLog()

    private func server(
        tls: TLSContext? = nil,
        handler: @escaping ServerHandler = { _, responder in try await responder.send(.text(), Array("ok".utf8)) }
    ) async throws -> Server {
        var configuration = ServerConfiguration()
        configuration.observer = log.observer
        configuration.tls = tls
        return try await Server.start(configuration, handler: handler)
    }

    /// A request without a body that is answered `ok`, as events.
    private func plain(_ request: Int, use: Int) -> [String] {
        [
            "byte", "head GET / #\(use)", nil, "end 0", "handler", "response 200", "first", "last 2", "handled",
            "finished",
        ].map { $0.map { "r\(request) \($0)" } ?? "active" } + ["idle"]
    }

    @Test func `two requests on one connection, step by step`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        _ = try await client.get("/")
        client.close()
        await log.closing()
        #expect(
            log.words() == ["accepted http", "new", "http/1.1"] + plain(1, use: 1) + plain(2, use: 2) + [
                "closed: client closed it"
            ])
        #expect(log.records.map(\.time) == log.records.map(\.time).sorted())
        server.close()
    }

    @Test func `requests are numbered over all connections`() async throws {
        let server = try await server()
        let clients = [try await RawClient.connect(to: server), try await RawClient.connect(to: server)]
        for client in clients { _ = try await client.get("/") }
        #expect(log.words(of: 2).contains("r2 head GET / #1"))
        server.close()
    }

    @Test func `pipelined requests each have their steps`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try await client.send(request + request)
        for _ in 0..<2 { _ = try await client.answer() }
        client.close()
        await log.closing()
        #expect(
            log.words() == ["accepted http", "new", "http/1.1"] + plain(1, use: 1) + plain(2, use: 2) + [
                "closed: client closed it"
            ])
        server.close()
    }

    @Test func `an upload that waits to be invited shows when it was`() async throws {
        let server = try await server { request, responder in
            while try await request.readBody() != nil {}
            try await responder.inform(.init(code: 103, reasonPhrase: "Early Hints"))
            try await responder.start(.text(), .chunked)
            try await responder.write(Array("one".utf8))
            try await responder.write(Array("three".utf8))
        }
        let client = try await RawClient.connect(to: server)
        try await client.send(
            "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
        )
        await log.until { $0.contains { $0.event == .sent100Continue } }
        try await client.send("hello")
        #expect(try await client.rest().contains("three"))
        client.close()
        await log.closing()
        #expect(
            log.words() == [
                "accepted http", "new", "http/1.1", "r1 byte", "r1 head POST / #1", "active", "r1 handler", "r1 100",
                "r1 body 5", "r1 end 5", "r1 103", "r1 response 200", "r1 first", "r1 handled", "r1 last 8",
                "r1 finished", "closed: client said Connection: close",
            ])
        server.close()
    }

    @Test func `a handler whose client went away failed with that`() async throws {
        let server = try await server { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.until { $0.contains { $0.event == .handlerStart } }
        client.close()
        await log.closing()
        let gone = ServerCloseReason.clientGone.failure
        #expect(log.records.contains { $0.event == .handlerDone(gone) })
        #expect(log.records.contains { $0.event == .requestFinished(gone) })
        server.close()
    }

    @Test func `a head that can't be read is a request that failed`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        try await client.send("bogus\r\n\r\n")
        #expect(try await client.answer().status == 400)
        client.close()
        await log.closing()
        let words = log.words()
        #expect(Array(words.prefix(4)) == ["accepted http", "new", "http/1.1", "r1 byte"])
        #expect(words.contains { $0.hasPrefix("r1 finished: refused with 400") })
        #expect(words.count { $0.contains("finished") } == 1)
        let answered = words.filter { $0.hasPrefix("r1 ") }.dropFirst().dropLast()
        #expect(answered.prefix(3) == ["r1 unreadable bogus", "r1 response 400", "r1 first"] && answered.count == 4)
        #expect(answered.last?.hasPrefix("r1 last ") == true)
        server.close()
    }

    @Test func `of a head that can't be read the first line is told, in however many pieces it comes`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        try await client.send("\r\nGET /ho")
        await log.until { $0.contains { $0.request?.number == 2 } }
        try await client.send("ok HTTP/1.1\r\nX-Secret: 1\r\n\r\n")
        #expect(try await client.answer().status == 400)
        client.close()
        await log.closing()
        #expect(log.words().contains("r2 unreadable GET /hook HTTP/1.1"))
        server.close()
    }

    @Test func `what no handler sees, and what one fails to answer, has its answer's events`() async throws {
        struct Oops: Error {}
        let server = try await server { _, _ in throw Oops() }
        for (number, method, host, status, bytes) in [
            (1, "GET", "evil.example", 421, 61), (2, "HEAD", "evil.example", 421, 0), (3, "GET", "localhost", 500, 19),
        ] {
            let client = try await RawClient.connect(to: server)
            try await client.send("\(method) / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            _ = try await client.rest()
            client.close()
            await log.closing(of: number)
            let words = log.words(of: number).suffix(5).dropLast()
            let answer = ["r\(number) response \(status)", "r\(number) first", "r\(number) last \(bytes)"]
            #expect(Array(words.prefix(3)) == answer)
            #expect(words.last?.hasPrefix("r\(number) finished: ") == true)
        }
        server.close()
    }

    @Test func `a connection that says nothing has no request`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        await log.until { $0.count == 2 }
        client.close()
        await log.closing()
        #expect(log.words() == ["accepted http", "new", "closed: client closed it"])
        server.close()
    }

    @Test func `a handler that fails, and one that breaks its response off`() async throws {
        struct Oops: Error {}
        let server = try await server { request, responder in
            if request.target == "/late" { try await responder.start(.text(), .length(10)) }
            throw Oops()
        }
        for (number, target) in [(1, "/"), (2, "/late")] {
            let client = try await RawClient.connect(to: server)
            try await client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try await client.rest()
            client.close()
            await log.closing(of: number)
        }
        for number in 1...2 {
            #expect(log.words(of: number).contains("r\(number) handler failed"))
            #expect(log.words(of: number).contains("r\(number) finished: handler failed: Oops()"))
        }
        #expect(log.words(of: 2).contains("r2 broken 0"))
        server.close()
    }

    @Test func `an answer that breaks off says how much of it had gone`() async throws {
        let server = try await server { request, responder in
            try await responder.start(.binary(), .length(1 << 30))
            if request.target == "/short" { return try await responder.write([1, 2, 3]) }
            try await PlaygroundRoute.writePattern(1 << 30, responder)
        }
        let short = try await RawClient.connect(to: server)
        try await short.send("GET /short HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try await short.rest()
        await log.closing()
        #expect(log.words().suffix(3).prefix(2) == ["r1 broken 3", "r1 finished: \(Self.cutShort)"])
        // One that leaves after the first of many bytes.
        let leaving = try await RawClient.connect(to: server)
        try await leaving.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try await leaving.text(through: "\r\n\r\n")
        leaving.close()
        await log.closing(of: 2)
        let counts = log.records.compactMap { record -> Int? in
            if case .responseBroken(let bytes) = record.event { bytes } else { nil }
        }
        #expect(counts.count == 2 && (1..<1 << 30).contains(counts[1]))
        server.close()
    }

    private static let cutShort = ServerCloseReason.responseCutShort.failure

    @Test func `a connection that was taken over is followed to its end, with its bytes`() async throws {
        let server = try await server { _, responder in
            let (stream, received) = try await responder.switchProtocols(
                HTTPResponse(status: .switchingProtocols, headerFields: [.connection: "upgrade", .upgrade: "echo"]))
            #expect(received == Array("ping".utf8))
            try await stream.writeAll(Array("pong".utf8))
            stream.close()
        }
        let client = try await RawClient.connect(to: server)
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
        try await client.send(request + "ping")
        let answer = try await client.rest()
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n") && answer.hasSuffix("\r\n\r\npong"))
        await log.closing()
        #expect(
            log.words() == [
                "accepted http", "new", "http/1.1", "r1 byte", "r1 head GET / #1", "active", "r1 end 0", "r1 handler",
                "r1 response 101", "r1 first", "hijacked", "r1 finished", "closed: ended after it was taken over",
                "r1 handled",
            ])
        let closed = log.records.first { if case .closed = $0.event { true } else { false } }
        #expect(
            closed?.event
                == .closed(.hijackEnded, received: request.utf8.count + 4, sent: answer.utf8.count))
        server.close()
    }

    @Test func `a stream that its handler drops has ended too`() async throws {
        let server = try await server { _, responder in _ = responder.hijack() }
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await client.rest() == "")
        await log.closing()
        #expect(log.words().suffix(3).contains("closed: ended after it was taken over"))
        server.close()
    }

    @Test func `TLS: the handshake stands before the protocol and the first byte`() async throws {
        let authority = CertificateAuthority()
        let tls = try TLSContext(server: authority.issue(for: ["localhost"]))
        let server = try await server(tls: tls)
        let outcome = try await Program.curl("-k", "https://localhost:\(server.address.port)/")
        #expect(outcome.output == "ok", "\(outcome.errors)")
        await log.closing()
        #expect(
            log.words() == ["accepted https", "new", "tls", "tls done", "http/1.1"] + plain(1, use: 1) + [
                "closed: client closed it"
            ])
        server.close()
    }

    @Test func `plain http on a TLS port is a handshake that failed`() async throws {
        let authority = CertificateAuthority()
        let tls = try TLSContext(server: authority.issue(for: ["localhost"]))
        let server = try await server(tls: tls)
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _ = try? await client.rest()
        await log.closing()
        #expect(log.words().prefix(4) == ["accepted https", "new", "tls", "tls failed"])
        server.close()
    }

    @Test func `while the observer can't follow, nobody is accepted and no request over HTTP/2 is taken`()
        async throws
    {
        let lag = Lag()
        var configuration = ServerConfiguration()
        configuration.observer = log.observer
        configuration.observerPace = ObserverPace(isBehind: { lag.isBehind }, ready: { await lag.ready() })
        let server = try await Server.start(configuration) { _, responder in
            try await responder.send(.text(), Array("ok".utf8))
        }
        let multiplexed = try await HTTP2RawClient.connect(to: server)
        let first = try await multiplexed.ask("/")
        #expect(try await multiplexed.readsEnd(of: first))
        lag.isBehind = true
        // The one that the server waited for already; then it looks whether it may go on.
        let accepted = try await RawClient.connect(to: server)
        let late = try await RawClient.connect(to: server)
        try await late.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let second = try await multiplexed.ask("/")
        while lag.waiting.count < 2 { await Task.yield() }
        #expect(try await accepted.get("/").body == "ok")
        #expect(log.words(of: 3).isEmpty && !log.words().contains { $0.contains("head GET / #2") })
        lag.catchUp()
        #expect(try await multiplexed.readsEnd(of: second))
        #expect(try await late.answer().body == "ok")
        server.close()
    }

    /// An observer's being behind, and those who wait for it.
    @NetworkActor
    private final class Lag {
        var isBehind = false
        private(set) var waiting: [WaitingPlace] = []

        func ready() async {
            let place = WaitingPlace()
            waiting.append(place)
            await place.wait()
        }

        func catchUp() {
            isBehind = false
            for place in waiting { place.wake() }
        }
    }

    @Test func `the gauge counts states and the time spent in them`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        await log.until { $0.last?.event == .state(.idle) }
        let other = try await RawClient.connect(to: server)
        await log.until { $0.contains { $0.connection?.number == 2 } }
        #expect(server.gauge[.idle].now == 1 && server.gauge[.new].now == 1 && server.gauge.open == 2)
        #expect(server.gauge[.active].entered == 1 && server.gauge[.active].spent > .zero)
        client.close()
        other.close()
        await log.closing(of: 1)
        await log.closing(of: 2)
        #expect(server.gauge.open == 0 && server.gauge[.closed].now == 2)
        #expect(server.gauge[.idle].mean != nil)
        server.close()
    }

    @Test func `a shutdown says who it waits for and why`() async throws {
        // testServerCloseBlocking (httptest)
        let gate = Gate()
        let server = try await server { _, responder in
            await gate.passes()
            try await responder.send(.text(), Array("ok".utf8))
        }
        let untouched = try await RawClient.connect(to: server)
        let busy = try await RawClient.connect(to: server)
        try await busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let reading = try await RawClient.connect(to: server)
        try await reading.send("GET / HT")
        await log.until { $0.contains { $0.connection?.number == 3 && $0.event == .requestFirstByte } }
        await log.until { $0.contains { $0.connection?.number == 2 && $0.event == .handlerStart } }

        async let isInTime = server.shutdown()
        await log.until { $0.contains { if case .shutdownWaits = $0.event { true } else { false } } }
        guard case .shutdownWaits(let waiting, count: 3)? = log.records.last?.event else {
            Issue.record("\(log.records.last!)")
            return
        }
        #expect(waiting.map(\.connection.number) == [1, 2, 3])
        guard case .untouched = waiting[0].reason else { throw Unexpected() }
        #expect(waiting[1].reason == .answering(1, oldest: "GET /slow"))
        #expect(waiting[1].description.hasSuffix("GET /slow is being answered"))
        #expect(waiting[2].reason == .readingHead)
        gate.open()
        untouched.close()
        reading.close()
        _ = try await busy.answer()
        busy.close()
        #expect(await isInTime)
        #expect(log.records.last?.event == .shutdownDone(isInTime: true))
        let counts = log.records.compactMap { record -> Int? in
            if case .shutdownWaits(_, let count) = record.event { count } else { nil }
        }
        #expect(counts.last == 0 && counts == counts.sorted(by: >))
    }

    private struct Unexpected: Error {}

    @Test func `switching keep-alive off closes idle connections and says close on the others`() async throws {
        // TestServerSetKeepAlivesEnabledClosesConns, TestServerKeepAlivesEnabledResultClose
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        _ = try await client.get("/")
        await log.until { $0.last?.event == .state(.idle) }
        server.keepsConnections = false
        await log.closing()
        #expect(log.words().last == "closed: keep-alive is off")
        let next = try await RawClient.connect(to: server)
        #expect(try await next.get("/").fields[.connection] == "close")
        next.close()
        await log.closing(of: 2)
        #expect(!log.words(of: 2).contains("idle"))
        server.close()
    }
}
