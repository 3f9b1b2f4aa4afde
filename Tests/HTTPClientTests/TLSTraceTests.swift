import HTTPClient
import HTTPTrace
import TestSupport
import Testing
import Transport

// What a request's trace tells of TLS. Comments name Go's own tests.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Traces of TLS", .timeLimit(.minutes(5)))
struct TLSTraceTests {
    private func server(
        _ scripts: [Step]..., identity: TLSIdentity = TestCertificates.localhost,
        _ change: (inout TLSContext.ServerConfiguration) -> Void = { _ in }
    ) throws -> ScriptedServer {
        var configuration = TLSContext.ServerConfiguration(identity: identity)
        change(&configuration)
        return try ScriptedServer(scripts: scripts, tls: TLSContext(server: configuration))
    }

    private func client(_ configure: (inout ClientConfiguration) -> Void = { _ in }) throws -> TestClient {
        let trusting = try TLSContext(client: TestCertificates.trusting)
        return try TestClient {
            $0.tls = trusting
            configure(&$0)
        }
    }

    private func facts(_ log: EventLog) -> [TLSFacts] {
        log.all.compactMap { if case .tlsHandshakeDone(let facts, _) = $0.event { facts } else { nil } }
    }

    // TestTransportEventTraceTLSVerify
    @Test func `a certificate for somebody else: one start, one done, and the names it is for`() async throws {
        let server = try server([.awaitClose], identity: TestCertificates.authority.issue(for: ["example.com"]))
        let test = try client()
        let failure = try #require(await test.failure(of: ClientRequest(url: server.url())))
        #expect(failure.kind == .tls && failure.phase == .tls && failure.isCertificate)
        #expect(
            failure.message == "the certificate can't be trusted: IP address mismatch"
                + ": it is for example.com, not for 127.0.0.1")
        let words = test.events.words
        #expect(words.count { $0 == "tlsHandshakeStart" } == 1)
        #expect(words.filter { $0.hasPrefix("tlsHandshakeDone") } == ["tlsHandshakeDone(tls)"])
        // What Go leaves empty (golang/go#48152): who it was, and what we would have spoken.
        let facts = try #require(facts(test.events).first)
        #expect(facts.certificates.first?.names == ["example.com"] && facts.problemDepth == 0)
        #expect(facts.offer?.versions == ["TLSv1.2", "TLSv1.3"])
    }

    // TestTransportMaxConnsPerHost
    @Test func `ten requests through one allowed connection shake hands once`() async throws {
        let gate = Gate()
        let ten = (0..<10).flatMap { _ in [Step.readHead, .send(ok)] }
        let server = try server(ten + [.wait(gate), .close], [.readHead, .send(ok), .awaitClose])
        let test = try client { $0.pool.openPerHost = 1 }
        let tasks = (0..<10).map { _ in Task.onNetwork { try await test.fetch(server.url()) } }
        for task in tasks { #expect(try await task.value.status == 200) }
        #expect(test.events.words.count { $0 == "tlsHandshakeStart" } == 1)
        #expect(test.events.words.count { $0 == "gotConn(c1)" } == 1)
        #expect(test.connections.words.count { $0 == "connectionOpened" } == 1)

        // And once more for the one that breaks.
        gate.open()
        await until { test.client.poolSnapshot.hosts.isEmpty }
        #expect(try await test.fetch(server.url()).status == 200)
        #expect(test.events.words.count { $0 == "tlsHandshakeStart" } == 2)
        #expect(test.events.words.filter { $0.hasPrefix("gotConn") && !$0.contains("reused") }.count == 2)
        #expect(test.connections.words.count { $0 == "connectionOpened" } == 2)
    }

    // TestTransportTLSHandshakeTimeout
    @Test func `a handshake that is not answered ends with the limit's name and value`() async throws {
        let server = try ScriptedServer([.awaitClose])
        var url = server.url()
        url.origin.scheme = .https
        let test = try client { $0.tlsHandshakeTimeout = .milliseconds(50) }
        let failure = await test.failure(of: ClientRequest(url: url))
        #expect(failure == Failure(.timeout, phase: .tls, "the TLS handshake took longer than 50 ms"))
        #expect(
            test.events.words.suffix(5) == [
                "tlsHandshakeStart", "tlsMessage(sent ClientHello)", "tlsHandshakeDone(timeout)", "dequeued(failed)",
                "requestFinished(timeout)",
            ])
    }

    @Test func `a second connection resumes the session, which its facts and its messages show`() async throws {
        let script: [Step] = [.readHead, .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")]
        let server = try server(script, script)
        let test = try client()
        try await test.fetch(server.url())
        let first = test.events.words
        test.events.removeAll()
        try await test.fetch(server.url())
        #expect(first.contains("tlsMessage(received Certificate)"))
        #expect(first.count { $0 == "tlsMessage(received NewSessionTicket)" } == 2)
        #expect(facts(test.events).map(\.resumption) == [.resumed])
        #expect(!test.events.words.contains("tlsMessage(received Certificate)"))
    }

    @Test func `messages carry their own times, in order with all other events`() async throws {
        let server = try server([.readHead, .send(ok), .awaitClose])
        let test = try client()
        try await test.fetch(server.url())
        let times = test.events.all.map(\.time)
        #expect(times == times.sorted())
        for case .tlsMessage(let message) in test.events.all.map(\.event) { #expect(times.contains(message.time)) }
    }

    @Test func `a server that wanted a certificate and got none is quoted, in TLS 1.2 with what it asked for`()
        async throws
    {
        for version in TLSVersion.allCases {
            let server = try server([.readHead, .send(ok)]) {
                $0.clientCertificates = .required(authorities: TestCertificates.authority.certificatePEM)
                $0.newestVersion = version
            }
            let test = try client()
            let failure = try #require(await test.failure(of: ClientRequest(url: server.url())))
            if version == .tls12 {
                #expect(failure.kind == .tls && failure.phase == .tls)
                #expect(failure.message.hasSuffix("it asked for a client certificate and got none"))
            } else {
                // The handshake was over on our side. The alert may be overtaken by the reset that follows it.
                #expect(failure.kind == .tls || failure.kind == .reset, "\(failure)")
            }
            #expect(facts(test.events).first?.clientCertificate == .askedInVain)
        }
    }
}
