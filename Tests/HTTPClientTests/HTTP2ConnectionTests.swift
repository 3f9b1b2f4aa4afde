import HTTPServer
import HTTPTrace
import HTTPTypes
import TestSupport
import Testing
import Transport

@testable import HTTPClient

// HTTP/2 connections that break early, that nobody uses, or that nobody may use again, and which version is spoken at all.
// Comments name Go's own tests.

@NetworkActor
@Suite("HTTP/2 connections")
struct HTTP2ConnectionTests {
    private func client(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws -> TestClient {
        try TestClient {
            $0.tls = try! TLSContext(client: TestCertificates.trusting)
            // A gate holds handshakes up, and on a busy machine for longer than the standard limit.
            $0.tlsHandshakeTimeout = nil
            configure(&$0)
        }
    }

    // MARK: - Never used

    /// Has a request dial and go away before the handshake, so that the connection stands and nobody has used it.
    private func leaveUnused(_ peer: HTTP2Peer, _ gate: Gate, _ test: TestClient) async {
        let task = Task.onNetwork { await test.failure(of: ClientRequest(url: peer.url())) }
        await until { test.events.words.contains("tlsHandshakeStart") }
        task.cancel()
        #expect(await task.value == Failure(.cancelled, phase: .tls, "the request was cancelled"))
        gate.open()
        await until { test.connections.words.contains("connectionIdle") }
        test.events.removeAll()
    }

    // TestTransportUnusedConnOK
    @Test func `a connection whose request went away is there for the next one`() async throws {
        let gate = Gate()
        let peer = try HTTP2Peer(secure: true, behind: gate)
        let test = try client()
        await leaveUnused(peer, gate, test)
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words.contains("gotConn(c1 reused idle)"))
        #expect(peer.connections.count == 1)
    }

    // TestTransportUnusedConnImmediateFailureUsed: Go has the request fail, we send it again.
    @Test func `a request that runs into the end of an unused connection is sent again on another`() async throws {
        let gate = Gate()
        let peer = try HTTP2Peer(secure: true, behind: gate)
        let test = try client()
        await leaveUnused(peer, gate, test)
        await until { peer.connections.count == 1 }
        let hook = ClientTrace {
            $0.gotConn = { got in
                guard got.isReused else { return }
                NetworkActor.assumeIsolated { peer.connections[0].close() }
            }
        }
        #expect(try await withClientTrace(hook) { try await test.fetch(peer.url()) } == (200, "hello"))
        #expect(
            test.events.words.filter { $0.hasPrefix("gotConn") || $0.hasPrefix("attempt") } == [
                "gotConn(c1 reused idle)", "attemptRetried(reset, 2)", "gotConn(c2)",
            ])
    }

    // TestTransportTLSNextProtoConnImmediateFailureUnused
    @Test func `an unused connection that ends is forgotten before anybody runs into it`() async throws {
        let gate = Gate()
        let peer = try HTTP2Peer(secure: true, behind: gate)
        let test = try client()
        await leaveUnused(peer, gate, test)
        await until { peer.connections.count == 1 }
        peer.connections[0].close()
        await until { test.connections.words.last == "connectionClosed(peerClosedIdle)" }
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words.filter { $0.hasPrefix("gotConn") } == ["gotConn(c2)"])
    }

    // TestTransportUnusedConnIdleTimoutBeforeUse
    @Test func `an unused connection is idle, and closed when it has been for long enough`() async throws {
        let gate = Gate()
        let peer = try HTTP2Peer(secure: true, behind: gate)
        let test = try client { $0.pool.idleTimeout = .milliseconds(30) }
        await leaveUnused(peer, gate, test)
        await until { test.connections.words.last == "connectionClosed(idleTimeout)" }
        #expect(try await test.fetch(peer.url()) == (200, "hello"))
        #expect(test.events.words.filter { $0.hasPrefix("gotConn") } == ["gotConn(c2)"])
    }

    // MARK: - Not to be used again

    // TestDontCacheBrokenHTTP2Conn
    @Test func `a connection that breaks right after its handshake is nobody else's`() async throws {
        let peer = try HTTP2Peer(secure: true)
        peer.connectionsToBreak = 4
        let test = try client()
        var failures = 0
        while failures < 10, await test.failure(of: ClientRequest(url: peer.url())) != nil { failures += 1 }
        #expect(failures > 0)
        #expect(
            test.events.words.filter { $0.hasPrefix("gotConn") } == (1...5).map { "gotConn(c\($0))" })
        #expect(test.connections.words.last == "connectionIdle")
    }

    // TestTransportDisableKeepAlives_Concurrency: Go lets them share, here each has its own.
    @Test func `without keep-alive many at once are all answered, and every connection closed`() async throws {
        let peer = try HTTP2Peer(secure: true)
        let test = try client { $0.pool.keepsAlive = false }
        let statuses = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 { group.addTask { try? await test.fetch(peer.url()).status } }
            var all: [Int?] = []
            for await one in group { all.append(one) }
            return all
        }
        #expect(statuses == Array(repeating: 200, count: 20))
        #expect(peer.connections.count == 20)
        await until { test.connections.words.count { $0 == "connectionClosed(keepAliveOff)" } == 20 }
    }

    // MARK: - Which version

    // TestTransportServerProtocols
    @Test(arguments: Offer.all)
    func `what both speak is spoken, HTTP-2 if there is a choice`(offer: Offer) async throws {
        var configuration = ServerConfiguration()
        configuration.speaksHTTP2 = offer.server.contains("h2")
        if offer.scheme == .https {
            configuration.tls = try TLSContext(
                server: TestCertificates.localhost, applicationProtocols: offer.server)
        }
        let server = try await Server.start(configuration) { _, responder in
            try await responder.send(HTTPResponse(status: .ok))
        }
        let test = try client { $0.versions = offer.client }
        _ = await test.failure(of: ClientRequest(url: RequestURL(origin: server.origin)))
        var spoken: String?
        for case .responseHead(let head) in test.events.all.map(\.event) where head.status == 200 {
            spoken = head.version
        }
        #expect(spoken == offer.spoken)
        server.close()
    }

    struct Offer: Sendable, CustomTestStringConvertible {
        var scheme: Scheme
        var server: [String]
        var client: HTTPVersions
        /// Nil when they don't understand each other.
        var spoken: String?

        var testDescription: String { "\(scheme), \(server), \(client)" }

        static let all: [Offer] = [
            Offer(scheme: .http, server: ["h2", "http/1.1"], client: .http1Only, spoken: "HTTP/1.1"),
            Offer(scheme: .http, server: ["h2", "http/1.1"], client: .http2Preferred, spoken: "HTTP/1.1"),
            Offer(scheme: .http, server: ["h2", "http/1.1"], client: .http2Only, spoken: "HTTP/2"),
            Offer(scheme: .http, server: ["http/1.1"], client: .http2Only, spoken: nil),
            Offer(scheme: .https, server: ["h2", "http/1.1"], client: .http1Only, spoken: "HTTP/1.1"),
            Offer(scheme: .https, server: ["h2", "http/1.1"], client: .http2Preferred, spoken: "HTTP/2"),
            Offer(scheme: .https, server: ["h2", "http/1.1"], client: .http2Only, spoken: "HTTP/2"),
            Offer(scheme: .https, server: ["http/1.1"], client: .http2Preferred, spoken: "HTTP/1.1"),
            Offer(scheme: .https, server: ["http/1.1"], client: .http2Only, spoken: nil),
            Offer(scheme: .https, server: ["h2"], client: .http1Only, spoken: nil),
            Offer(scheme: .https, server: ["h2"], client: .http2Preferred, spoken: "HTTP/2"),
        ]
    }
}
