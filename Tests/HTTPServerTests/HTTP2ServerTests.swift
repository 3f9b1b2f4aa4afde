import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing
import Transport

@testable import HTTPServer

// Go's rule for HTTP/2 (go-semantics §10): active while streams are open, idle while none is. And what nobody should
// send, sent.

@Suite("HTTP/2 server", .timeLimit(.minutes(5)))
@NetworkActor
struct HTTP2ServerTests {
    private let log = ServerEventLog()

    private func server(
        _ change: @escaping (inout ServerConfiguration) -> Void = { _ in }, _ handler: @escaping ServerHandler
    ) async throws -> Server {
        var configuration = ServerConfiguration()
        configuration.observer = log.observer
        change(&configuration)
        return try await Server.start(configuration, handler: handler)
    }

    private static let ok: ServerHandler = { _, responder in try await responder.send(.text(), Array("ok".utf8)) }

    private func states(_ number: Int = 1) -> [String] {
        log.words(of: number).filter { ConnectionState(rawValue: $0) != nil || $0.hasPrefix("closed") }
    }

    // MARK: other people's clients

    @Test func `curl with prior knowledge: new, active, idle, active, idle, closed`() async throws {
        let server = try await server({ _ in }, Self.ok)
        let outcome = try await Program.curl(
            "--http2-prior-knowledge", "-w", "%{http_version}", "http://127.0.0.1:\(server.address.port)/")
        #expect(outcome.output == "ok2", "\(outcome.errors)")
        await log.closing()
        #expect(states() == ["new", "active", "idle", "active", "idle", "closed: client closed it"])
        #expect(
            log.words().filter { $0.hasPrefix("r1") } == [
                // What is answered in one turn of the loop leaves together, at the turn's end.
                "r1 byte", "r1 head GET / #1", "r1 end 0", "r1 handler", "r1 response 200", "r1 handled", "r1 first",
                "r1 last 2", "r1 finished",
            ])
        server.close()
    }

    @Test func `an answer without a body has its first and its last byte too`() async throws {
        let server = try await server({ _ in }) { _, responder in try await responder.send(.text(), []) }
        let outcome = try await Program.curl(
            "--http2-prior-knowledge", "-d", "x", "-w", "%{http_code}", "http://127.0.0.1:\(server.address.port)/")
        #expect(outcome.output == "200", "\(outcome.errors)")
        await log.closing()
        let words = log.words().filter { $0.hasPrefix("r1") }
        #expect(words.contains("r1 first") && words.contains("r1 last 0"))
        #expect(words.count { $0 == "r1 finished" } == 1)
        server.close()
    }

    @Test func `a handler that says close ends the connection with GOAWAY, and the request is answered`() async throws {
        let server = try await server({ _ in }) { _, responder in
            try await responder.send(.text(.ok, [.connection: "close"]), Array("last".utf8))
        }
        let outcome = try await Program.run(
            "/usr/bin/env", ["nghttp", "-v", "http://127.0.0.1:\(server.address.port)/"])
        #expect(outcome.output.contains("recv GOAWAY frame") && outcome.output.contains("last"))
        await log.closing()
        #expect(states().last == "closed: we said Connection: close")
        server.close()
    }

    @Test func `curl over TLS agrees on h2, and on HTTP 1_1 when it wants that`() async throws {
        let playground = try await Playground.start()
        for (option, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
            let outcome = try await Program.curl(
                "-k", option, "-o", "/dev/null", "-w", "%{http_version}", "\(playground.secureOrigin)/json")
            #expect(outcome.output == version, "\(outcome.errors)")
        }
        playground.close()
    }

    @Test(
        arguments: PlaygroundRoute.all.filter {
            $0.outcome == .status(200)
                && !["/http10", "/slow-head", "/close-unsaid", "/stray-bytes", "/close", "/two-lengths"].contains(
                    $0.path)
        }.map(\.example))
    func `the playground's routes say the same over HTTP 2`(example: String) async throws {
        let playground = try await Playground.start()
        let answer = try await Program.curl(
            "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code} %{http_version}",
            "\(playground.origin)\(example)")
        #expect(answer.output == "200 2", "\(answer.errors)")
        playground.close()
    }

    @Test func `bodies of every size cross both ways`() async throws {
        let playground = try await Playground.start()
        let body = String(repeating: "x", count: 5_000_000)
        let up = try await Program.curl(
            "--http2-prior-knowledge", "--data-binary", "@-", "\(playground.origin)/upload", input: body)
        #expect(up.output.contains(#""bytes":5000000,"announcedBytes":5000000"#), "\(up.errors)")
        let down = try await Program.run(
            "/bin/sh",
            ["-c", "curl -sS --http2-prior-knowledge '\(playground.origin)/bytes/30000000' | md5sum"])
        let expected = try await Program.run(
            "/bin/sh", ["-c", "curl -sS '\(playground.origin)/bytes/30000000' | md5sum"])
        #expect(down.output == expected.output)
        playground.close()
    }

    @Test func `nghttp asks for many at once: active until the last is answered`() async throws {
        let server = try await server({ _ in }) { _, responder in
            try await Pause.wait(for: .milliseconds(50))
            try await responder.send(.text(), Array("ok".utf8))
        }
        let base = "http://127.0.0.1:\(server.address.port)"
        let urls = (1...10).map { "\(base)/\($0)" }
        let outcome = try await Program.run("/usr/bin/env", ["nghttp", "-n"] + urls)
        #expect(outcome.status == 0, "\(outcome.errors)")
        await log.closing()
        #expect(states() == ["new", "active", "idle", "active", "idle", "closed: client closed it"])
        #expect(log.words().count { $0.hasSuffix(" finished") } == 10)
        server.close()
    }

    @Test func `h2load loses no request`() async throws {
        let server = try await server({ _ in }, Self.ok)
        let outcome = try await Program.run(
            "/usr/bin/env",
            ["h2load", "-n", "2000", "-c", "10", "-m", "20", "http://127.0.0.1:\(server.address.port)/"])
        #expect(outcome.output.contains("2000 succeeded, 0 failed"), "\(outcome.output)\(outcome.errors)")
        server.close()
    }

    @Test func `100 Continue is sent when the handler begins to read`() async throws {
        // TestServer_Response_Automatic100Continue
        let server = try await server({ _ in }) { request, responder in
            while try await request.readBody() != nil {}
            try await responder.send(.text(), Array("ok".utf8))
        }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        try await client.send(Self.frame(1, 4, 1, Self.get + [0x0F, 0x14, 12] + Array("100-continue".utf8)))
        #expect(try await client.reads(.headers, on: 1))
        #expect(log.words().contains("r1 100") && !log.words().contains { $0.hasPrefix("r1 response") })
        try await client.send(Self.frame(0, 1, 1, Array("hello".utf8)))
        #expect(try await client.reads(.data, on: 1))
        client.close()
        server.close()
    }

    @Test func `an answer that began before the body was asked for is not interrupted by 100 Continue`() async throws {
        // TestExpect100ContinueAfterHandlerWrites
        let server = try await server({ _ in }) { request, responder in
            try await responder.start(.text())
            try await responder.write(Array("Hello".utf8))
            await #expect(throws: ServerError.bodyNotInvited) { try await request.readBody() }
            try await responder.write(Array("World".utf8))
        }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        try await client.send(Self.frame(1, 4, 1, Self.get + [0x0F, 0x14, 12] + Array("100-continue".utf8)))
        #expect(try await client.reads(.data, on: 1))
        await log.until { $0.contains { if case .responseLastByte(10) = $0.event { true } else { false } } }
        #expect(!log.words().contains("r1 100") && log.words().contains("r1 handled"))
        client.close()
        server.close()
    }

    @Test func `an answer that breaks off says how much of it had gone`() async throws {
        let server = try await server({ _ in }) { _, responder in
            try await responder.start(.text())
            try await responder.write(Array("Hello".utf8))
            responder.abort()
        }
        let client = try await HTTP2RawClient.connect(to: server)
        _ = try await client.ask("/")
        #expect(try await client.reads(.resetStream))
        await log.until { $0.contains { if case .requestFinished = $0.event { true } else { false } } }
        #expect(log.words().contains("r1 broken 5"))
        client.close()
        server.close()
    }

    @Test func `curl shows interim responses`() async throws {
        // TestServerSendsEarlyHints
        let playground = try await Playground.start()
        let outcome = try await Program.curl("--http2-prior-knowledge", "-i", "\(playground.origin)/interim")
        #expect(
            outcome.output.hasPrefix(
                "HTTP/2 102 \r\n\r\nHTTP/2 103 \r\nlink: </image>; rel=preload\r\n\r\n"
                    + "HTTP/2 103 \r\nlink: </json>; rel=preload\r\n\r\nHTTP/2 200 \r\n"))
        playground.close()
    }

    @Test func `a broken response is a reset stream, and the connection lives on`() async throws {
        let playground = try await Playground.start()
        // Over TLS, since curl 7.88 fails on its second request where HTTP/2 is known beforehand.
        let outcome = try await Program.curl(
            "-k", "\(playground.secureOrigin)/truncated", "-o", "/dev/null", "--next", "-k", "-w",
            "%{http_code} %{num_connects}", "-o", "/dev/null", "\(playground.secureOrigin)/json")
        #expect(outcome.errors.contains("INTERNAL_ERROR"), "\(outcome.errors)")
        #expect(outcome.output == "200 0")
        playground.close()
    }

    @Test func `an answer that does not wait for the body arrives whole, and only then the rest is refused`()
        async throws
    {
        let server = try await server({ _ in }) { _, responder in
            try await responder.send(.text(), Array("twenty bytes of body".utf8))
        }
        let window = Self.frame(4, 0, 0, [0, 4, 0, 0, 0, 10])
        let head = Self.frame(1, 4, 1, Self.get)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + window + head)
        #expect(try await client.reads(.data, on: 1))
        await log.until { $0.contains { $0.event == .handlerDone(nil) } }
        try await client.send(Self.frame(8, 0, 1, [0, 0, 0, 100]))
        #expect(try await client.reads(.data, on: 1))
        #expect(try await client.reads(.resetStream, on: 1))
        client.close()
        server.close()
    }

    @Test func `a body that comes byte by byte is one piece for a reader who is late`() async throws {
        let gate = Gate()
        let server = try await server({ _ in }) { request, responder in
            await gate.passes()
            let piece = try await request.readBody() ?? []
            try await responder.send(.text(), Array("\(piece.count)".utf8))
        }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        let bytes = (0..<1_000).flatMap { _ in Self.frame(0, 0, 1, [1]) }
        try await client.send(Self.frame(1, 4, 1, Self.get) + bytes)
        await log.until { records in
            records.count { if case .requestBody = $0.event { true } else { false } } == 1_000
        }
        gate.open()
        // 1000.
        await log.until { $0.contains { $0.event == .responseLastByte(bytes: 4) } }
        client.close()
        server.close()
    }

    @Test func `a head tells whether a body follows, as far as it knows`() async throws {
        let server = try await server({ _ in }) { request, responder in
            while try await request.readBody() != nil {}
            try await responder.send(.text(), Array("ok".utf8))
        }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        try await client.send(Self.frame(1, 5, 1, Self.get) + Self.frame(1, 4, 3, Self.get) + Self.frame(0, 1, 3, [1]))
        await log.until { $0.count { $0.event == .requestFinished(nil) } == 2 }
        var lengths: [Int?] = []
        for record in log.records {
            if case .requestHead(let head, _) = record.event { lengths.append(head.bodyBytes) }
        }
        #expect(lengths == [0, nil])
        client.close()
        server.close()
    }

    // MARK: patience and stopping

    @Test func `a connection at rest is told to go away`() async throws {
        // TestServerIdleTimeout, TestServerIdleTimeout_AfterRequest
        let server = try await server({ $0.timeouts.idle = .milliseconds(30) }, Self.ok)
        // The request comes with the preface: the connection has no time to rest before it.
        let request = Self.frame(1, 5, 1, Self.get)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings + request)
        #expect(try await client.reads(.headers, on: 1))
        #expect(try await client.reads(.goAway))
        client.close()
        await log.closing()
        #expect(states().last == "closed: waited too long for the next request")
        server.close()
    }

    @Test func `the preface has the head's time`() async throws {
        // TestServerUnencryptedHTTP2HeaderTimeout
        // Long enough for what is sent to be read before.
        let server = try await server({ $0.timeouts.head = .seconds(3) }, Self.ok)
        let client = try await RawClient.connect(to: server)
        try await client.send("PRI * HTTP/2.0\r\n")
        #expect(try await client.rest() == "")
        await log.closing()
        // Go: a new connection of which any byte was read is active for the moment before it closes.
        #expect(states() == ["new", "active", "closed: waited too long for the request head"])
        server.close()
    }

    @Test func `shutdown lets streams finish and then says goodbye`() async throws {
        // TestServerGracefulShutdown
        let gate = Gate()
        let server = try await server({ _ in }) { _, responder in
            await gate.passes()
            try await responder.send(.text(), Array("finished".utf8))
        }
        async let answer = Program.curl("--http2-prior-knowledge", "http://127.0.0.1:\(server.address.port)/")
        await log.until { $0.contains { $0.event == .handlerStart } }
        async let isInTime = server.shutdown()
        await log.until { $0.contains { if case .shutdownWaits(_, 1) = $0.event { true } else { false } } }
        gate.open()
        #expect(try await answer.output == "finished")
        #expect(await isInTime)
        #expect(states().last == "closed: server stopped")
    }

    @Test func `a body that comes after the server's goodbye is still taken, and nobody did wrong`() async throws {
        // TestNoErrorLoggedOnPostAfterGOAWAY
        let server = try await server({ _ in }) { request, responder in
            while try await request.readBody() != nil {}
            try await responder.send(.text(), Array("ok".utf8))
        }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        try await client.send(Self.frame(1, 4, 1, Self.get))
        await log.until { $0.contains { $0.event == .handlerStart } }
        async let isInTime = server.shutdown()
        #expect(try await client.reads(.goAway))
        try await client.send(Self.frame(0, 1, 1, Array("some content".utf8)))
        #expect(try await client.reads(.data, on: 1))
        #expect(await isInTime)
        #expect(log.words().contains("r1 end 12") && log.words().contains("r1 finished"))
        #expect(states().last == "closed: server stopped")
        client.close()
    }

    @Test func `without keep-alive a connection ends with its streams, and says why`() async throws {
        let server = try await server({ _ in }, Self.ok)
        server.keepsConnections = false
        let client = try await HTTP2RawClient.connect(to: server)
        _ = try await client.ask("/")
        #expect(try await client.reads(.goAway))
        client.close()
        await log.closing()
        #expect(states().last == "closed: keep-alive is off" && log.words().contains("r1 finished"))
        server.close()
    }

    @Test func `shutdown ends a connection that has not said yet what it speaks`() async throws {
        let server = try await server({ $0.timeouts.untouched = .seconds(600) }, Self.ok)
        let client = try await HTTP2RawClient.connect(to: server, opening: Array(Self.preface.prefix(8)))
        await log.until { !$0.isEmpty }
        let connection = try #require(server.connections.values.first)
        while connection.tcp.bytesReceived == 0 { await Task.yield() }
        async let isInTime = server.shutdown(within: .seconds(60))
        while !server.isStopping { await Task.yield() }
        try await client.send(Array(Self.preface.dropFirst(8)) + Self.settings)
        // The answer to the ping, with which the client knows.
        #expect(try await client.reads(.ping))
        try await client.send(Self.frame(6, 1, 0, Array(repeating: 0, count: 8)))
        #expect(await isInTime)
        #expect(states().last == "closed: server stopped")
        client.close()
    }

    @Test func `what comes after the goodbye changes nothing of its reason`() async throws {
        let server = try await server({ $0.timeouts.idle = .milliseconds(30) }, Self.ok)
        let request = Self.frame(1, 5, 1, Self.get)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings + request)
        #expect(try await client.reads(.goAway))
        // Each is answered, but for the end that has gone.
        for _ in 0..<10 { try? await client.send(Self.frame(6, 0, 0, Array(repeating: 0, count: 8))) }
        client.close()
        await log.closing()
        #expect(states().last == "closed: waited too long for the next request")
        server.close()
    }

    @Test func `a client that was slow once has all the time afterwards`() async throws {
        let gate = Gate()
        let server = try await server({ _ in }) { _, responder in
            try await responder.start(.binary())
            try await PlaygroundRoute.writePattern(32 << 20, responder)
            await gate.passes()
            try await responder.write(Array("end".utf8))
        }
        let windows = Self.frame(4, 0, 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]) + Self.frame(8, 0, 0, [0x7F, 0xFF, 0, 0])
        let client = try await HTTP2RawClient.connect(
            to: server, opening: Self.preface + windows + Self.frame(1, 5, 1, Self.get))
        await log.until { $0.contains { $0.event == .handlerStart } }
        let connection = try #require(server.connections.values.first)
        while connection.watchdog.wait != .write { await Task.yield() }
        async let isWhole = client.readsEnd(of: 1)
        while connection.watchdog.wait == .write { await Task.yield() }
        gate.open()
        #expect(try await isWhole)
        client.close()
        server.close()
    }

    @Test func `a client that opens no window for an answer is given up`() async throws {
        let server = try await server({ $0.timeouts.write = .milliseconds(50) }) { _, responder in
            try await responder.send(.text(), Array("twenty bytes of body".utf8))
        }
        let window = Self.frame(4, 0, 0, [0, 4, 0, 0, 0, 10])
        let client = try await HTTP2RawClient.connect(
            to: server, opening: Self.preface + window + Self.frame(1, 5, 1, Self.get))
        #expect(try await client.reads(.data, on: 1))
        #expect(try await client.reads(.goAway))
        client.close()
        await log.closing()
        #expect(states().last == "closed: waited too long for the client to take the response")
        server.close()
    }

    @Test func `a client that gives a stream up cancels its handler, and no other`() async throws {
        let cancelled = Gate()
        let server = try await server({ _ in }) { request, responder in
            guard request.target == "/slow" else { return try await responder.send(.text(), Array("ok".utf8)) }
            do { try await Pause.wait(for: .seconds(600)) } catch {
                cancelled.open()
                throw error
            }
        }
        let client = try await HTTP2RawClient.connect(to: server)
        let slow = try await client.ask("/slow")
        await log.until { $0.contains { $0.event == .handlerStart } }
        try await client.reset(slow)
        await cancelled.passes()
        try await client.get("/")
        client.close()
        await log.closing()
        #expect(log.words().contains { $0.hasPrefix("r1 finished: client ended the stream") })
        #expect(log.words().contains("r2 finished"))
        server.close()
    }

    // MARK: hostile clients

    /// Frames by hand: nine bytes of head and a payload.
    nonisolated private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = [])
        -> [UInt8]
    {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
    }

    nonisolated private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    nonisolated private static let settings = frame(4, 0, 0)
    /// `GET http / localhost`, as literals without Huffman.
    nonisolated private static let get: [UInt8] = [0x82, 0x86, 0x84, 0x01, 9] + Array("localhost".utf8)

    nonisolated private static let hostile: [(String, [UInt8])] = [
        ("a first frame that is no SETTINGS", frame(6, 0, 0, Array(repeating: 0, count: 8))),
        ("DATA on stream 0", settings + frame(0, 0, 0, [1])),
        ("DATA on an idle stream", settings + frame(0, 0, 1, [1])),
        ("HEADERS on an even stream", settings + frame(1, 5, 2, get)),
        ("HEADERS inside a head", settings + frame(1, 0, 1, get) + frame(1, 5, 3, get)),
        ("CONTINUATION of nothing", settings + frame(9, 4, 1, get)),
        ("broken header compression", settings + frame(1, 5, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])),
        ("a frame larger than allowed", settings + [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]),
        ("SETTINGS of a wrong length", frame(4, 0, 0, [1, 2, 3])),
        ("SETTINGS on a stream", frame(4, 0, 1)),
        ("an ACK with a payload", settings + frame(4, 1, 0, [0, 0, 0, 0, 0, 1])),
        ("PING of a wrong length", settings + frame(6, 0, 0, [1])),
        ("WINDOW_UPDATE of zero", settings + frame(8, 0, 0, [0, 0, 0, 0])),
        ("a window beyond 2^31-1", settings + frame(8, 0, 0, [0x7F, 0xFF, 0xFF, 0xFF])),
        ("RST_STREAM on an idle stream", settings + frame(3, 0, 7, [0, 0, 0, 8])),
        ("PUSH_PROMISE from a client", settings + frame(5, 4, 1, [0, 0, 0, 2] + get)),
        ("padding longer than its frame", settings + frame(0, 8, 1, [200, 1])),
        ("ENABLE_PUSH of 2", frame(4, 0, 0, [0, 2, 0, 0, 0, 2])),
    ]

    @Test(arguments: hostile.map(\.0))
    func `what breaks the protocol ends the connection, with GOAWAY`(name: String) async throws {
        let bytes = try #require(Self.hostile.first { $0.0 == name }).1
        let server = try await server({ _ in }, Self.ok)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface)
        try await client.send(bytes)
        #expect(try await client.reads(.goAway))
        client.close()
        await log.closing()
        #expect(server.connectionCount == 0)
        server.close()
    }

    nonisolated private static let malformed: [(String, [UInt8])] = [
        ("no :path", [0x82, 0x86, 0x01, 9] + Array("localhost".utf8)),
        ("an upper case name", get + [0x00, 1] + Array("X".utf8) + [1] + Array("y".utf8)),
        ("Connection", get + [0x00, 10] + Array("connection".utf8) + [5] + Array("close".utf8)),
        ("Transfer-Encoding", get + [0x00, 17] + Array("transfer-encoding".utf8) + [7] + Array("chunked".utf8)),
        ("a pseudo-field after a field", [0x82, 0x86, 0x00, 1] + Array("a".utf8) + [1] + Array("b".utf8) + [0x84]),
        ("a response's pseudo-field", get + [0x88]),
        ("two paths", get + [0x84]),
        ("a body that is not as long as it says", get + [0x0F, 0x0D, 1] + Array("5".utf8)),
    ]

    @Test(arguments: malformed.map(\.0))
    func `a malformed request is reset, and the connection lives on`(name: String) async throws {
        let block = try #require(Self.malformed.first { $0.0 == name }).1
        let server = try await server({ _ in }, Self.ok)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        try await client.send(Self.frame(1, 5, 1, block))
        #expect(try await client.reads(.resetStream, on: 1))
        try await client.send(Self.frame(1, 5, 3, Self.get))
        #expect(try await client.reads(.headers, on: 3))
        client.close()
        server.close()
    }

    @Test func `a flood of resets is answered with GOAWAY`() async throws {
        // CVE-2023-44487
        let server = try await server({ _ in }) { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        var flood: [UInt8] = []
        for number in 0..<2_500 {
            let stream = UInt32(1 + 2 * number)
            flood += Self.frame(1, 5, stream, Self.get) + Self.frame(3, 0, stream, [0, 0, 0, 8])
        }
        try? await client.send(flood)
        #expect((try? await client.reads(.goAway)) != false)
        client.close()
        await log.closing()
        server.close()
    }

    @Test func `a head without end is refused`() async throws {
        // CVE-2024-27316
        let server = try await server({ _ in }, Self.ok)
        let client = try await HTTP2RawClient.connect(to: server, opening: Self.preface + Self.settings)
        let field: [UInt8] = [0x00, 1] + Array("a".utf8) + [100] + Array(repeating: UInt8(ascii: "b"), count: 100)
        let block = Array(repeating: field, count: 100).flatMap { $0 }
        try await client.send(Self.frame(1, 1, 1, Self.get))
        for _ in 0..<100 {
            guard (try? await client.send(Self.frame(9, 0, 1, block))) != nil else { break }
        }
        #expect((try? await client.reads(.goAway)) != false)
        client.close()
        await log.closing()
        server.close()
    }

    @Test func `what only begins like the preface is HTTP 1`() async throws {
        let server = try await server({ _ in }, Self.ok)
        let client = try await RawClient.connect(to: server)
        for piece in ["P", "R", "I /x HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
            try await client.send(piece)
            try await Pause.wait(for: .milliseconds(20))
        }
        #expect(try await client.answer().body == "ok")
        client.close()
        await log.closing()
        #expect(log.words().contains("r1 head PRI /x #1"))
        server.close()
    }
}

/// An HTTP/2 client that can be made to send anything, and sees frames.
@NetworkActor
final class HTTP2RawClient {
    private let stream: TCPStream
    private var received: [UInt8] = []
    private var next: UInt32 = 1

    private init(_ stream: TCPStream) { self.stream = stream }

    static func connect(to server: Server, opening: [UInt8]? = nil) async throws -> HTTP2RawClient {
        let client = HTTP2RawClient(try await TCPStream.connect(to: server.address))
        let usual = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        try await client.send(opening ?? usual)
        return client
    }

    func send(_ bytes: [UInt8]) async throws { try await stream.writeAll(bytes) }

    /// Sends a GET.
    func ask(_ target: String) async throws -> UInt32 {
        let number = next
        next += 2
        let block: [UInt8] =
            [0x82, 0x86, 0x04, UInt8(target.utf8.count)] + Array(target.utf8) + [0x01, 9] + Array("localhost".utf8)
        try await send(
            [0, 0, UInt8(block.count), 1, 5, 0, 0, UInt8(number >> 8), UInt8(number & 255)] + block)
        return number
    }

    /// Sends a GET and waits for the end of the answer.
    func get(_ target: String) async throws {
        let number = try await ask(target)
        while true {
            let frame = try await frame()
            if frame.stream == number, frame.flags & 1 != 0, frame.type <= 1 { return }
        }
    }

    func reset(_ number: UInt32) async throws {
        try await send([0, 0, 4, 3, 0, 0, 0, UInt8(number >> 8), UInt8(number & 255), 0, 0, 0, 8])
    }

    /// Whether a frame of that type comes, before the end.
    func reads(_ type: HTTP2Frame.Kind, on stream: UInt32? = nil) async throws -> Bool {
        do {
            while true {
                let frame = try await frame()
                if frame.type == type.rawValue, stream == nil || frame.stream == stream { return true }
            }
        } catch is End {
            return false
        }
    }

    /// Whether a stream's last frame comes, before the connection's end.
    func readsEnd(of number: UInt32) async throws -> Bool {
        do {
            while true {
                let frame = try await frame()
                if frame.stream == number, frame.flags & 1 != 0, frame.type <= 1 { return true }
            }
        } catch is End {
            return false
        }
    }

    func close() { stream.close() }

    private struct End: Error {}

    private func frame() async throws -> (type: UInt8, flags: UInt8, stream: UInt32) {
        while true {
            if received.count >= 9 {
                let length = Int(received[0]) << 16 | Int(received[1]) << 8 | Int(received[2])
                if received.count >= 9 + length {
                    let head = Array(received[..<9])
                    received.removeFirst(9 + length)
                    let stream = head[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                    return (head[3], head[4], stream)
                }
            }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
            defer { buffer.deallocate() }
            let count = try await stream.read(into: buffer)
            guard count > 0 else { throw End() }
            received += buffer[..<count]
        }
    }
}
