import Glibc
import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Transport

@testable import HTTPClient

// The client over HTTP/2. Comments name Go's own tests; H2 stands for net/http/internal/http2.

private let dialed = ["requestStarted", "getConn", "queued(dialing, 0)", "connectStart(1)", "connectDone(1)"]
private let answered = [
    "wroteHeaders", "wroteRequest", "flushed", "gotFirstResponseByte", "responseHead(200)", "bodyBytes(5)",
    "bodyEnded(complete 5)", "requestFinished",
]

@NetworkActor
@Suite("HTTP/2 client")
struct HTTP2ClientTests {
    private func secureClient(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws -> TestClient {
        try TestClient {
            $0.tls = try! TLSContext(client: TestCertificates.trusting)
            configure(&$0)
        }
    }

    private func plainClient(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws -> TestClient {
        try TestClient {
            $0.versions = .http2Only
            configure(&$0)
        }
    }

    // MARK: - Sequences

    // TestTransportGetGotConnHooks_Client, TestTransportGetGotConnHooks_HTTP2Transport; go-semantics 4.i
    @Test func `a new connection by ALPN, and the next request on it`() async throws {
        let peer = try HTTP2Peer(secure: true)
        let test = try secureClient()
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        let handshake = ["tlsHandshakeStart", "tlsHandshakeDone", "dequeued(dialed)", "gotConn(c1)"]
        #expect(test.events.words.filter { !$0.hasPrefix("tlsMessage") } == dialed + handshake + answered)
        test.events.removeAll()
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words == ["requestStarted", "getConn", "gotConn(c1 reused idle)"] + answered)
        #expect(
            test.connections.words == [
                "connectionDialing", "connectionOpened", "connectionActive(1)", "connectionStreamEnded(0)",
                "connectionIdle", "connectionActive(2)", "connectionStreamEnded(0)", "connectionIdle",
            ])
        guard case .connectionOpened(let facts)? = test.connections.all.dropFirst().first?.event else { return }
        #expect(facts.applicationProtocol == "h2")
    }

    // TestTransportH2c
    @Test func `a new connection by prior knowledge`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient()
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words == dialed + ["dequeued(dialed)", "gotConn(c1)"] + answered)
        for case .responseHead(let head) in test.events.all.map(\.event) { #expect(head.version == "HTTP/2") }
        for case .wroteHeaders(let head) in test.events.all.map(\.event) {
            #expect(
                head.lines.map(\.name) == [":authority", ":method", ":path", ":scheme", "user-agent"])
        }
    }

    @Test(arguments: [false, true])
    func `what comes is stamped when it arrived, however late it is read`(isSecure: Bool) async throws {
        var answeredAt = Timestamp.zero
        let peer = try HTTP2Peer(secure: isSecure) { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.respond(id)
            // After the answer has gone, in the same turn: the client can't read meanwhile.
            Task.onNetwork {
                answeredAt = EventLoop.shared.now
                usleep(200_000)
            }
        }
        let test = try isSecure ? secureClient() : plainClient()
        // The kernel begins to stamp soon after the first socket has asked for it, not at once.
        var isStamped = false
        for _ in 0..<50 where !isStamped {
            test.events.removeAll()
            #expect(try await test.fetch(peer.url()) == (200, "hello"))
            let told = test.events.all.filter { record in
                switch record.event {
                case .gotFirstResponseByte, .responseHead, .bodyBytes, .bodyEnded: true
                default: false
                }
            }
            #expect(told.count == 4)
            isStamped = told.allSatisfy { $0.time < answeredAt + .milliseconds(100) }
        }
        #expect(isStamped)
    }

    @Test func `two first requests share the handshake`() async throws {
        let peer = try HTTP2Peer(secure: true)
        let test = try secureClient()
        async let one = test.fetch(peer.url("/1"))
        async let two = test.fetch(peer.url("/2"))
        #expect(try await [one.status, two.status] == [200, 200])
        #expect(peer.connections.count == 1)
        #expect(test.events.words.filter { $0.hasPrefix("tlsHandshakeStart") }.count == 1)
        #expect(test.events.words.contains("queued(sharedDial, 1)"))
        #expect(test.events.words.contains("gotConn(c1 reused shared)"))
    }

    @Test func `where HTTP-1 is negotiated both first requests have a connection soon`() async throws {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let tls = try TLSContext(server: TestCertificates.localhost)
        let gate = Gate()
        let server = try ScriptedServer(
            [.readHead, .wait(gate), .send(ok), .awaitClose], [.readHead, .wait(gate), .send(ok), .awaitClose], tls: tls
        )
        let test = try secureClient()
        async let one = test.fetch(server.url())
        async let two = test.fetch(server.url())
        await until { server.received.count == 2 && server.received.allSatisfy { !$0.isEmpty } }
        gate.open()
        #expect(try await [one.status, two.status] == [200, 200])
        #expect(test.events.words.filter { $0 == "tlsHandshakeDone" }.count == 2)
    }

    @Test func `told to speak HTTP-1 only, the client offers nothing else`() async throws {
        let peer = try HTTP2Peer(secure: true)
        let test = try secureClient { $0.versions = .http1Only }
        #expect(await test.failure(of: ClientRequest(url: peer.url()))?.kind == .tls)
    }

    // MARK: - Messages

    @Test func `an upload goes out as the server's windows allow, and trailers come back`() async throws {
        let checksum = HTTPField.Name("checksum")!
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.session.submit(try! HTTP2ResponseHead(status: 200, fields: [:]), hasBody: true, on: id)
            let text = "\(connection.received[id] ?? 0)"
            connection.session.write(Array(text.utf8), ends: true, trailers: [checksum: "1"], on: id)
        }
        let test = try plainClient()
        let request = ClientRequest(method: .put, url: peer.url(), body: [UInt8](repeating: 7, count: 3_000_000))
        let response = try await test.client.send(request)
        #expect(String(decoding: try await response.body.collect(upTo: 100), as: UTF8.self) == "3000000")
        #expect(response.body.trailers == [checksum: "1"])
    }

    @Test func `a head of several frames is sent with its last one`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient()
        let long = String(repeating: "x", count: 40_000)
        #expect(try await test.fetch(ClientRequest(url: peer.url(), fields: [.userAgent: long])) == (200, "hello"))
        // An x has seven bits.
        let sent = test.events.all.compactMap { if case .flushed(let bytes) = $0.event { bytes } else { nil } }
        #expect(sent.count == 1 && sent[0] > 35_000)
        #expect(Array(test.events.words.dropFirst(7)) == answered)
    }

    @Test func `a body that comes piece by piece goes out as the server takes it`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.respond(id, body: "\(connection.received[id] ?? 0)")
        }
        let test = try plainClient()
        for length in [nil, 3_000_000] {
            var left = 30
            var request = ClientRequest(method: .put, url: peer.url())
            request.bodyStream = RequestBodyStream(length: length) {
                left -= 1
                return left < 0 ? nil : [UInt8](repeating: 7, count: 100_000)
            }
            #expect(try await test.fetch(request) == (200, "3000000"))
            guard case .flushed(let bytes)? = test.events.all.map(\.event).last(where: { $0.isFlushed }) else {
                continue
            }
            #expect(bytes > 3_000_000 && bytes < 3_001_000)
        }
    }

    @Test func `a body whose source breaks off is no whole body for the server`() async throws {
        struct SourceFailed: Error {}
        var isWhole = false
        let peer = try HTTP2Peer { _, event in
            if case .streamEnded = event { isWhole = true }
        }
        let test = try plainClient()
        var request = ClientRequest(method: .put, url: peer.url())
        var isFirst = true
        request.bodyStream = RequestBodyStream(length: nil) {
            defer { isFirst = false }
            guard isFirst else { throw SourceFailed() }
            return [1, 2, 3]
        }
        let failure = await test.failure(of: request)
        #expect(failure?.message.contains("broke off") == true)
        await until { peer.connections[0].session.openStreams == 0 }
        #expect(!isWhole)
    }

    @Test func `a download larger than every window arrives whole`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.respond(id, body: String(repeating: "x", count: 20_000_000))
        }
        let test = try plainClient()
        let response = try await test.client.send(ClientRequest(url: peer.url()))
        #expect(try await response.body.collect(upTo: 1 << 25).count == 20_000_000)
    }

    @Test func `a reader who waits holds the sender back, and no other request`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.respond(id, body: String(repeating: "x", count: id.number == 1 ? 10_000_000 : 5))
        }
        let test = try plainClient()
        let slow = try await test.client.send(ClientRequest(url: peer.url()))
        for _ in 0..<5 { #expect(try await test.fetch(peer.url()).status == 200) }
        let unsent = peer.connections[0].session.unsentBytes(of: HTTP2StreamID(1))
        #expect(unsent > 7_000_000)
        #expect(try await slow.body.collect(upTo: 1 << 24).count == 10_000_000)
        #expect(peer.connections.count == 1)
    }

    // TestEarlyHintsRequest, TestTransport1xxLimits
    @Test func `interim responses reach the hook, and its error ends the request`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.inform(id, 103, [.accept: "x"])
            connection.respond(id)
        }
        let test = try plainClient()
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words.contains("got1xxResponse(103)"))
        struct Enough: Error {}
        let trace = ClientTrace { $0.got1xxResponse = { _, _ in throw Enough() } }
        let failure = await withClientTrace(trace) { await test.failure(of: ClientRequest(url: peer.url())) }
        #expect(failure?.kind == .cancelled)
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(peer.connections.count == 1)
    }

    @Test func `a hook that has ended the request hears of no further interim response`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            for status in [102, 103] {
                connection.session.submitInformational(try! HTTP2ResponseHead(status: status, fields: [:]), on: id)
            }
            connection.respond(id)
        }
        struct Enough: Error {}
        let heard = OrderLog()
        let trace = ClientTrace {
            $0.got1xxResponse = { status, _ in
                heard.add("\(status)")
                throw Enough()
            }
        }
        let test = try plainClient()
        let failure = await withClientTrace(trace) { await test.failure(of: ClientRequest(url: peer.url())) }
        #expect(failure?.kind == .cancelled)
        #expect(heard.all == ["102"])
    }

    // TestTransport1xxLimits: its four rows.
    @Test(arguments: [false, true])
    func `interim responses count together against a head's limit, unless a hook is told of each`(isTold: Bool)
        async throws
    {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            for _ in 0..<10 { connection.inform(id, 103, [.accept: String(repeating: "a", count: 1_000)]) }
            connection.respond(id)
        }
        let trace = ClientTrace { if isTold { $0.got1xxResponse = { _, _ in } } }
        try await withClientTrace(trace) {
            let usual = try plainClient()
            #expect(try await usual.fetch(peer.url()) == (200, "hello"))
            let strict = try plainClient { $0.http2Limits.headBytes = 8_000 }
            let failure = await strict.failure(of: ClientRequest(url: peer.url()))
            #expect(failure?.kind == (isTold ? nil : .tooLarge))
        }
    }

    // TestTransportExpectContinue (H2); go-semantics 4.f
    @Test func `a body waits for the 100 it asked for`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .head(let id, _) = event { connection.inform(id, 100) }
            if case .streamEnded(let id) = event { connection.respond(id) }
        }
        let test = try plainClient { $0.expectContinueTimeout = .seconds(60) }
        let request = ClientRequest(
            method: .put, url: peer.url(), fields: [.expect: "100-continue"], body: Array("body!".utf8))
        #expect(try await test.fetch(request) == (200, "hello"))
        #expect(
            test.events.words.dropFirst(7) == [
                "wroteHeaders", "wait100Continue", "gotFirstResponseByte", "got1xxResponse(100)", "got100Continue",
                "wroteRequest", "flushed", "responseHead(200)", "bodyBytes(5)", "bodyEnded(complete 5)",
                "requestFinished",
            ])
        #expect(peer.connections[0].received[HTTP2StreamID(1)] == 5)
    }

    // go-semantics 1: over HTTP/1 it is told.
    @Test func `a body whose 100 there is no time to wait for goes out at once, and no wait is told`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient { $0.expectContinueTimeout = .zero }
        let request = ClientRequest(
            method: .put, url: peer.url(), fields: [.expect: "100-continue"], body: Array("body!".utf8))
        #expect(try await test.fetch(request) == (200, "hello"))
        #expect(Array(test.events.words.dropFirst(7)) == answered)
        #expect(peer.connections[0].received[HTTP2StreamID(1)] == 5)
    }

    // TestTransportServerResetStreamAtHeaders: Go's server resets what it does not want to read.
    @Test(arguments: [false, true])
    func `a body that is refused is not sent, and the connection lives on`(isReset: Bool) async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .head(let id, let head) = event, head.method == "PUT" {
                connection.respond(id, 403)
                // RST_STREAM of the first one, without error.
                if isReset { connection.send(raw: [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0]) }
            }
            if case .streamEnded(let id) = event { connection.respond(id) }
        }
        let test = try plainClient { $0.expectContinueTimeout = .seconds(60) }
        let request = ClientRequest(
            method: .put, url: peer.url(), fields: [.expect: "100-continue"], body: Array("body!".utf8))
        #expect(try await test.fetch(request) == (403, "hello"))
        #expect(test.events.words.contains("wroteRequest(cancelled)"))
        #expect(peer.connections[0].received.isEmpty)
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(peer.connections.count == 1)
    }

    @Test func `an answer before the upload's end is taken, and the upload stopped`() async throws {
        let peer = try HTTP2Peer { connection, event in
            connection.consumes = false
            if case .head(let id, let head) = event, head.method == "PUT" { connection.respond(id, 413) }
            if case .streamEnded(let id) = event { connection.respond(id) }
        }
        let test = try plainClient()
        let request = ClientRequest(method: .put, url: peer.url(), body: [UInt8](repeating: 7, count: 30_000_000))
        #expect(try await test.fetch(request) == (413, "hello"))
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(peer.connections.count == 1)
    }

    // MARK: - Refusals and farewells

    // TestTransportRetryAfterRefusedStream
    @Test func `a refused request is sent again, whatever its method`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            if id.number == 1 { connection.session.reset(id, .refusedStream) } else { connection.respond(id) }
        }
        let test = try plainClient()
        #expect(try await test.fetch(ClientRequest(method: .post, url: peer.url(), body: [1])) == (200, "hello"))
        #expect(test.events.words.contains("attemptRetried(reset, 2)"))
        #expect(test.events.words.contains("gotConn(c1 reused idle)"))
    }

    // TestTransportRetryAfterGOAWAYRetry
    @Test func `a request that a GOAWAY left out goes to a new connection`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            if connection.number > 0 { return connection.respond(id) }
            // Last stream 0, no error.
            connection.send(raw: [0, 0, 8, 7, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8))
        }
        let test = try plainClient()
        #expect(try await test.fetch(ClientRequest(method: .post, url: peer.url(), body: [1])) == (200, "hello"))
        #expect(peer.connections.count == 2)
        #expect(test.events.words.contains("attemptRetried(reset, 2)"))
        #expect(test.connections.words.contains("connectionClosed(peerSaidGoAway)"))
    }

    // TestTransportRetryAfterGOAWAYSecondRequest
    @Test func `a later request that a GOAWAY left out goes to a new connection, too`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            if id.number == 1 { return connection.respond(id) }
            // Last stream 1, no error.
            connection.send(raw: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
        }
        let test = try plainClient()
        for _ in 0..<2 { #expect(try await test.fetch(peer.url()) == (200, "hello")) }
        #expect(
            test.events.words.filter { $0.hasPrefix("gotConn") } == [
                "gotConn(c1)", "gotConn(c1 reused idle)", "gotConn(c2)",
            ])
    }

    // TestTransportRetryHasLimit: how often is in RetryRuleTests.
    @Test func `the pause before a refused request is sent again ends with the request`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event { connection.session.reset(id, .refusedStream) }
        }
        let test = try plainClient()
        let task = Task.onNetwork { await test.failure(of: ClientRequest(url: peer.url())) }
        // Sent again at once, and then after a pause.
        await until { test.events.words.contains("attemptRetried(reset, 3)") }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
    }

    @Test func `a request that is refused each time fails, and says how often it was`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event { connection.session.reset(id, .refusedStream) }
        }
        let test = try plainClient()
        let failure = try #require(await test.failure(of: ClientRequest(url: peer.url())))
        #expect(failure.kind == .reset)
        #expect(failure.message.hasSuffix(", 4 times in all"))
        #expect(test.events.words.filter { $0.hasPrefix("gotConn") }.count == 4)
    }

    @Test func `a request under way when the server says GOAWAY comes to its end there`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            if connection.number == 0 { connection.session.goAway() }
            connection.respond(id)
        }
        let test = try plainClient()
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(peer.connections.count == 2)
        #expect(!test.events.words.contains { $0.hasPrefix("attemptRetried") })
    }

    // TestTransportRetryAfterGOAWAYNoRetry
    @Test func `a GOAWAY that finds fault with the first request of a connection is an answer to it`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded = event else { return }
            // Last stream 0, INTERNAL_ERROR.
            connection.send(raw: [0, 0, 8, 7, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 2])
        }
        let test = try plainClient()
        let failure = await test.failure(of: ClientRequest(url: peer.url()))
        #expect(failure?.kind == .reset && failure?.message.contains("INTERNAL_ERROR") == true)
        #expect(peer.connections.count == 1)
    }

    @Test func `a request that the server knew when it said GOAWAY is not sent twice`() async throws {
        var asked = 0
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded = event else { return }
            asked += 1
            // Last stream 1, no error.
            connection.send(raw: [0, 0, 8, 7, 0, 0, 0, 0, 0] + [0, 0, 0, 1, 0, 0, 0, 0])
            Task.onNetwork {
                await connection.flush()
                connection.close()
            }
        }
        let test = try plainClient()
        let failure = await test.failure(of: ClientRequest(method: .post, url: peer.url(), body: [1]))
        #expect(failure?.phase == .wait)
        #expect(asked == 1)
        #expect(test.connections.words.last == "connectionClosed(peerSaidGoAway)")
    }

    @Test func `a reset with another reason is a failure that names it`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event { connection.session.reset(id, .internalError) }
        }
        let failure = await (try plainClient()).failure(of: ClientRequest(url: peer.url()))
        #expect(failure?.kind == .reset && failure?.detail == .http2Stream)
        #expect(failure?.message.contains("INTERNAL_ERROR") == true)
    }

    // TestTransportRequestsLowServerLimit
    @Test func `a server that allows one request at once has them all answered`() async throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 1
        for waits in [false, true] {
            let peer = try HTTP2Peer(limits: limits)
            let test = try plainClient { $0.pool.waitsForStreams = waits }
            #expect(try await test.fetch(peer.url()).status == 200)
            let statuses = await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<8 { group.addTask { try? await test.fetch(peer.url()).status } }
                var all: [Int?] = []
                for await one in group { all.append(one) }
                return all
            }
            #expect(statuses == Array(repeating: 200, count: 8))
            if waits {
                #expect(peer.connections.count == 1)
                #expect(test.events.words.contains { $0.hasPrefix("queued(streamLimit(1)") })
            }
        }
    }

    // MARK: - Ends

    // TestTransportCancelRequest (H2 mode)
    @Test func `a cancelled request resets its stream and nobody else's`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event, id.number > 1 { connection.respond(id) }
        }
        let test = try plainClient()
        let task = Task.onNetwork { await test.failure(of: ClientRequest(url: peer.url())) }
        await until { test.events.words.contains("flushed") }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(peer.connections.count == 1)
        await until { peer.connections[0].session.openStreams == 0 }
    }

    @Test func `a body dropped before its end resets the stream, and the connection is kept`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.respond(id, body: String(repeating: "x", count: id.number == 1 ? 10_000_000 : 5))
        }
        let test = try plainClient()
        try await withClientTrace(test.events.trace) {
            _ = try await test.client.send(ClientRequest(url: peer.url()))
        }
        await until { peer.connections[0].session.openStreams == 0 }
        #expect(test.events.words.suffix(1) == ["requestFinished"])
        #expect(test.events.words.contains { $0.hasPrefix("bodyEnded(closedEarly") })
        #expect(try await test.fetch(peer.url()).body == "xxxxx")
        #expect(peer.connections.count == 1)
    }

    // TestTransportResponseHeaderTimeout_Body (H2)
    @Test func `the time for a response head begins when the whole body was sent`() async throws {
        let peer = try HTTP2Peer { _, _ in }
        let test = try plainClient { $0.responseHeaderTimeout = .milliseconds(50) }
        let request = ClientRequest(method: .post, url: peer.url(), body: [UInt8](repeating: 7, count: 4 << 20))
        let failure = await test.failure(of: request)
        #expect(failure?.kind == .timeout && failure?.phase == .wait)
        #expect(test.events.words.contains("flushed"))
        await until { peer.connections[0].received[HTTP2StreamID(1)] == 4 << 20 }
    }

    // TestTransportResponseHeaderTimeout_NoBody (H2)
    @Test func `a response head that does not come in time ends the request, not the connection`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event, id.number > 1 { connection.respond(id) }
        }
        let test = try plainClient { $0.responseHeaderTimeout = .milliseconds(50) }
        let failure = await test.failure(of: ClientRequest(url: peer.url()))
        #expect(failure?.kind == .timeout && failure?.phase == .wait)
        // What each phase took stands behind it, as over HTTP/1.
        #expect(failure?.message.hasPrefix("no response head came within 50 ms of sending (queued ") == true)
        #expect(failure?.message.contains(", wait ") == true)
        await until { peer.connections[0].session.openStreams == 0 }
        #expect(peer.connections.count == 1 && !peer.connections[0].isClosed)
    }

    @Test func `a connection lost in a body is no success, and what it cut is told`() async throws {
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            connection.session.submit(try! HTTP2ResponseHead(status: 200, fields: [:]), hasBody: true, on: id)
            connection.session.write(Array("half".utf8), ends: false, on: id)
            Task.onNetwork {
                await connection.flush()
                connection.close()
            }
        }
        let failure = await (try plainClient()).failure(of: ClientRequest(url: peer.url()))
        #expect(failure?.kind == .truncated && failure?.phase == .receive)
    }

    @Test func `a body shorter than its length is no success`() async throws {
        let peer = try HTTP2Peer { connection, event in
            if case .streamEnded(let id) = event { connection.respond(id, 200, [.contentLength: "9"]) }
        }
        let failure = await (try plainClient()).failure(of: ClientRequest(url: peer.url()))
        #expect(failure?.kind == .protocol)
        #expect(failure?.message.contains("Content-Length") == true)
    }

    @Test func `a server that speaks HTTP-1 where HTTP-2 is known to be spoken is told apart`() async throws {
        let server = try ScriptedServer([.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let failure = await (try plainClient()).failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == .protocol)
        #expect(failure?.message.contains("not HTTP/2") == true)
    }

    // TestTransportServerClosingUnexpectedly (H2 mode), TestTransportRemovesDeadIdleConnections
    @Test func `a connection that closes while idle leaves the pool without a request`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient()
        #expect(try await test.fetch(peer.url()).status == 200)
        peer.connections[0].close()
        await until { test.connections.words.last == "connectionClosed(peerClosedIdle)" }
        #expect(try await test.fetch(peer.url()).status == 200)
        #expect(peer.connections.count == 2)
    }

    // TestIdleConnTimeout (H2)
    @Test func `an idle connection is closed at its time, with a farewell`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient { $0.pool.idleTimeout = .milliseconds(30) }
        #expect(try await test.fetch(peer.url()).status == 200)
        await until { test.connections.words.last == "connectionClosed(idleTimeout)" }
        await until { peer.connections[0].isClosed }
    }

    // TestTransportReusesConns, TestTransportDisableKeepAlives (H2)
    @Test func `a request that asks to close has the connection closed after it`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient()
        let request = ClientRequest(url: peer.url(), fields: [.connection: "close"])
        #expect(try await test.fetch(request).status == 200)
        #expect(test.connections.words.last == "connectionClosed(weSaidClose)")
        let off = try plainClient { $0.pool.keepsAlive = false }
        #expect(try await off.fetch(peer.url()).status == 200)
        #expect(try await off.fetch(peer.url()).status == 200)
        #expect(peer.connections.count == 3)
    }

    // TestTransportCloseAfterLostPing
    @Test func `a silent server is asked for a sign of life, and given up without one`() async throws {
        let silence = try TCPListener(.loopback)
        let url = RequestURL(origin: Origin(scheme: .http, host: "127.0.0.1", port: silence.address.port), target: "/")
        let test = try plainClient {
            $0.pingInterval = .milliseconds(20)
            $0.pingTimeout = .milliseconds(30)
        }
        let failure = await test.failure(of: ClientRequest(url: url))
        #expect(failure == Failure(.timeout, phase: .wait, "the server did not answer a PING within 30 ms"))
        silence.close()
    }

    // TestTransportPingWhenReadingMultiplePings
    @Test func `a slow server that answers pings is waited for`() async throws {
        let gate = Gate()
        let peer = try HTTP2Peer { connection, event in
            guard case .streamEnded(let id) = event else { return }
            Task.onNetwork {
                await gate.pass()
                connection.respond(id)
            }
        }
        let test = try plainClient {
            $0.pingInterval = .milliseconds(10)
            $0.pingTimeout = .seconds(60)
            $0.observesFrames = true
        }
        async let answer = test.fetch(peer.url())
        await until { test.connections.words.filter { $0 == "frameReceived(PING)" }.count >= 2 }
        gate.open()
        #expect(try await answer.status == 200)
    }

    @Test func `frames are told of where somebody asked for them, and not by hooks`() async throws {
        let peer = try HTTP2Peer()
        let test = try plainClient { $0.observesFrames = true }
        #expect(try await test.fetch(peer.url()).status == 200)
        let frames = test.connections.words.filter { $0.hasPrefix("frame") }
        // The server's own SETTINGS may come before or after our first request.
        #expect(frames.prefix(2) == ["frameSent(SETTINGS)", "frameSent(WINDOW_UPDATE)"])
        #expect(frames.contains("frameSent(HEADERS)"))
        #expect(frames.contains("frameReceived(SETTINGS)") && frames.contains("frameReceived(DATA)"))
        #expect(!test.events.words.contains { $0.hasPrefix("frame") })
        // Whose they are, where they are a stream's.
        let asked = test.events.all.first?.exchange
        for record in test.connections.all {
            switch record.event {
            case .frameSent(let frame) where frame.type == .headers: #expect(record.exchange == asked && asked != nil)
            case .frameReceived(let frame) where frame.type == .settings: #expect(record.exchange == nil)
            default: break
            }
        }
        let silent = try plainClient()
        #expect(try await silent.fetch(peer.url()).status == 200)
        #expect(!silent.connections.words.contains { $0.hasPrefix("frame") })
    }

    @Test func `shutting the client down ends requests under way and says why`() async throws {
        let peer = try HTTP2Peer { _, _ in }
        let test = try plainClient()
        let task = Task.onNetwork { await test.failure(of: ClientRequest(url: peer.url())) }
        await until { test.events.words.contains("flushed") }
        test.client.shutDown()
        #expect(await task.value != nil)
        #expect(test.connections.words.last == "connectionClosed(clientClosed)")
    }
}

extension TraceEvent {
    fileprivate var isFlushed: Bool { if case .flushed = self { true } else { false } }
}
