import CLinux
import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("TLS", .timeLimit(.minutes(5)))
struct TLSStreamTests {
    @Test func `a handshake tells what was agreed on and what the peer showed`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken(host: "localhost")
            let facts = client.facts
            #expect(facts.version == "TLSv1.3")
            #expect(facts.cipher.hasPrefix("TLS_"))
            #expect(facts.alpn == "http/1.1")
            #expect(facts.serverName == "localhost" && server.facts.serverName == "localhost")
            #expect(facts.verificationProblem == nil && !facts.isUnverified && !facts.isResumed)
            let leaf = try #require(facts.certificates.first)
            #expect(leaf.subject == "CN=localhost" && leaf.issuer == "CN=Tests of roundtrip")
            #expect(leaf.names == ["localhost", "127.0.0.1", "::1"])
            #expect(leaf.key == "EC P-256" && leaf.sha256.count == 64)
            #expect(leaf.notAfter - leaf.notBefore == 86_460)
        }.value
    }

    @Test func `bytes go both ways, and are counted before encryption`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken()
            try await client.write("question")
            #expect(try await server.readSome() == Array("question".utf8))
            try await server.write("answer!")
            #expect(try await client.readSome() == Array("answer!".utf8))
            #expect(client.bytesSent == 8 && client.bytesReceived == 7)
        }.value
    }

    @Test func `an address literal is verified, and not asked for by name`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken(host: "127.0.0.1")
            #expect(client.facts.verificationProblem == nil)
            #expect(client.facts.serverName == nil && server.facts.serverName == nil)
        }.value
    }

    @Test func `a trailing dot is neither sent nor compared`() async throws {
        try await Task.onNetwork {
            let (_, server) = try await handshaken(host: "localhost.")
            #expect(server.facts.serverName == "localhost")
        }.value
    }

    struct BadCertificate: CustomTestStringConvertible, Sendable {
        var host = "localhost"
        var identity: TLSIdentity
        var problem: String
        var testDescription: String { problem }
    }

    static let badCertificates = [
        BadCertificate(
            identity: TestCertificates.authority.issue(for: ["localhost"], from: .seconds(-99), to: .seconds(-9)),
            problem: "certificate has expired"),
        BadCertificate(
            identity: TestCertificates.authority.issue(for: ["localhost"], from: .seconds(999)),
            problem: "certificate is not yet valid"),
        BadCertificate(
            identity: TestCertificates.authority.issue(for: ["other.test"]), problem: "hostname mismatch"),
        BadCertificate(
            host: "127.0.0.1", identity: TestCertificates.authority.issue(for: ["localhost"]),
            problem: "IP address mismatch"),
        // Browsers stopped looking at the common name in 2017.
        BadCertificate(
            identity: TestCertificates.authority.issue(for: [], commonName: "localhost"), problem: "hostname mismatch"),
        BadCertificate(
            identity: CertificateAuthority(name: "stranger").issue(for: ["localhost"]),
            problem: "unable to get local issuer certificate"),
    ]

    @Test(arguments: badCertificates)
    func `a bad certificate is refused in words, and the peer is told`(bad: BadCertificate) async throws {
        try await Task.onNetwork {
            let (client, server) = try await streams(host: bad.host, identity: bad.identity)
            let serving = Task.onNetwork { try await server.handshake() }
            await #expect(throws: TLSError.untrusted(bad.problem)) { try await client.handshake() }
            #expect(
                client.facts.certificates.first?.names.isEmpty == (bad.identity == Self.badCertificates[4].identity))
            #expect(client.facts.verificationProblem == bad.problem)
            client.close()
            await #expect(throws: (any Error).self) { try await serving.value }
        }.value
    }

    @Test(arguments: badCertificates)
    func `with verification off a bad certificate is accepted and still reported`(bad: BadCertificate) async throws {
        try await Task.onNetwork {
            var configuration = TestCertificates.trusting
            configuration.verify = false
            let (client, server) = try await streams(host: bad.host, identity: bad.identity, configuration)
            async let serving = server.handshake()
            let facts = try await client.handshake()
            _ = try await serving
            #expect(facts.isUnverified && facts.verificationProblem == bad.problem)
        }.value
    }

    @Test func `the peer's alert is kept in words`() async throws {
        try await Task.onNetwork {
            var configuration = TestCertificates.trusting
            configuration.applicationProtocols = ["h2"]
            let (client, server) = try await streams(host: "localhost", configuration)
            let serving = Task.onNetwork { try await server.handshake() }
            let error = await #expect(throws: TLSError.self) { try await client.handshake() }
            #expect(error == .alert(code: 120, "no application protocol"))
            _ = await serving.result
        }.value
    }

    @Test(arguments: [
        (["h2", "http/1.1"], ["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], ["h2", "http/1.1"], "h2"),
        (["http/1.1"], ["h2", "http/1.1"], "http/1.1"), (["h2"], [], nil), ([], ["h2"], nil),
    ])
    func `of what the client offers the server takes its own favourite`(
        offer: [String], choice: [String], agreed: String?
    ) async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let client = try TLSStream(
                over: pair.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost",
                applicationProtocols: offer)
            let server = try TLSStream(
                over: pair.server,
                server: TLSContext(server: TestCertificates.localhost, applicationProtocols: choice))
            async let serving = server.handshake()
            #expect(try await client.handshake().alpn == agreed)
            #expect(try await serving.alpn == agreed)
        }.value
    }

    @Test func `what is no protocol's name is refused before anything is sent`() {
        #expect(throws: TLSError.unusable("\"\" is no application protocol")) {
            try TLSContext(server: TestCertificates.localhost, applicationProtocols: ["h2", ""])
        }
        var configuration = TestCertificates.trusting
        configuration.applicationProtocols = [String(repeating: "x", count: 256)]
        #expect(throws: TLSError.self) { try TLSContext(client: configuration) }
    }

    @Test func `a client that refuses our certificate tells the server why`() async throws {
        try await Task.onNetwork {
            let stranger = CertificateAuthority(name: "stranger").issue(for: ["localhost"])
            let (client, server) = try await streams(host: "localhost", identity: stranger)
            let serving = Task.onNetwork { try await server.handshake() }
            _ = try? await client.handshake()
            await #expect(throws: TLSError.alert(code: 48, "unknown CA")) { try await serving.value }
        }.value
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.test ESMTP\r\n", "SSH-2.0-OpenSSH_9.2\r\n"])
    func `a port that speaks something else is told from broken TLS`(greeting: String) async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let client = try TLSStream(
                over: pair.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            try await pair.server.write(greeting)
            await #expect(throws: TLSError.notTLS) { try await client.handshake() }
        }.value
    }

    @Test func `a peer that hangs up during the handshake is named as the one who did`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let client = try TLSStream(
                over: pair.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            let handshake = Task.onNetwork { try await client.handshake() }
            _ = try await pair.server.readSome()
            pair.server.close()
            await #expect(throws: TLSError.closedByPeer) { try await handshake.value }
        }.value
    }

    @Test func `closing ends a handshake at once`() async throws {
        try await Task.onNetwork {
            let pair = try await LoopbackPair()
            let client = try TLSStream(
                over: pair.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            let handshake = Task.onNetwork { try await client.handshake() }
            _ = try await pair.server.readSome()
            client.close()
            await #expect(throws: TLSError.stream(.closed)) { try await handshake.value }
        }.value
    }

    @Test func `an end without close_notify is truncation, one with it is an end`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken()
            try await server.write("all of it")
            server.closeWrite()
            #expect(try await client.readAll() == Array("all of it".utf8))

            let pair = try await LoopbackPair()
            let (cutOff, cutter) = try await handshaken(over: pair)
            try await cutter.write("half of")
            pair.server.close()
            #expect(try await cutOff.readSome() == Array("half of".utf8))
            await #expect(throws: StreamError.truncated) { try await cutOff.readSome() }
        }.value
    }

    @Test func `an alert that an idle connection's owner came upon is told to whoever reads, and is no end`()
        async throws
    {
        try await Task.onNetwork {
            var asking = TLSContext.ServerConfiguration(identity: TestCertificates.localhost)
            asking.clientCertificates = .required(authorities: TestCertificates.authority.certificatePEM)
            let pair = try await LoopbackPair()
            let client = try TLSStream(
                over: pair.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            let server = try TLSStream(over: pair.server, server: TLSContext(server: asking))
            let serving = Task.onNetwork { try await server.handshake() }
            try await client.handshake()
            var told = 0
            client.onReadableWhileIdle = { told += 1 }
            while told == 0 { await Task.yield() }
            for _ in 1...2 {
                await #expect(throws: StreamError.tls(.alert(code: 116, "certificate required"))) {
                    try await client.readSome()
                }
            }
            _ = await serving.result
        }.value
    }

    @Test func `megabytes go both ways at once`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken()
            try await exchange(client, server, size: 3_000_000)
        }.value
    }

    @Test func `TLS runs over TLS`() async throws {
        try await Task.onNetwork {
            let (outerClient, outerServer) = try await handshaken()
            let client = try TLSStream(
                over: outerClient, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            let server = try TLSStream(over: outerServer, server: TLSContext(server: TestCertificates.localhost))
            async let serving = server.handshake()
            #expect(try await client.handshake().verificationProblem == nil)
            _ = try await serving
            try await exchange(client, server, size: 500_000)
        }.value
    }

    @Test func `session tickets are no business of an idle connection's owner, bytes and ends are`() async throws {
        try await Task.onNetwork {
            let (client, server) = try await handshaken()
            // The server's tickets are on their way since the handshake.
            var told = 0
            client.onReadableWhileIdle = { told += 1 }
            for _ in 0..<200 { await Task.yield() }
            #expect(told == 0)
            try await server.write("unasked")
            while told == 0 { await Task.yield() }
            #expect(try await client.readSome() == Array("unasked".utf8))
            told = 0
            server.close()
            while told == 0 { await Task.yield() }
            #expect(try await client.readSome() == nil)
        }.value
    }

    @Test func `a file of roots that can't be read is named`() {
        var configuration = TLSContext.ClientConfiguration()
        configuration.caFile = "/nonexistent/roots.pem"
        let error = #expect(throws: TLSError.self) { try TLSContext(client: configuration) }
        #expect(error?.description.contains("/nonexistent/roots.pem") == true)
    }

    @Test func `a key that does not belong to the certificate is refused`() {
        let other = TestCertificates.authority.issue(for: ["other.test"])
        let mixed = TLSIdentity(certificatePEM: TestCertificates.localhost.certificatePEM, keyPEM: other.keyPEM)
        #expect(throws: TLSError.self) { try TLSContext(server: mixed) }
        #expect(throws: TLSError.self) {
            try TLSContext(server: TLSIdentity(certificatePEM: Array("nonsense".utf8), keyPEM: []))
        }
    }

    // MARK: Helpers

    @NetworkActor
    private func streams(
        over pair: LoopbackPair? = nil, host: String, identity: TLSIdentity = TestCertificates.localhost,
        _ configuration: TLSContext.ClientConfiguration = TestCertificates.trusting
    ) async throws -> (client: TLSStream, server: TLSStream) {
        let below: LoopbackPair
        if let pair { below = pair } else { below = try await LoopbackPair() }
        return (
            try TLSStream(over: below.client, client: TLSContext(client: configuration), host: host),
            try TLSStream(over: below.server, server: TLSContext(server: identity))
        )
    }

    @NetworkActor
    private func handshaken(
        over pair: LoopbackPair? = nil, host: String = "localhost"
    ) async throws -> (client: TLSStream, server: TLSStream) {
        let (client, server) = try await streams(over: pair, host: host)
        async let serving = server.handshake()
        try await client.handshake()
        _ = try await serving
        return (client, server)
    }

    /// Both sides write `size` bytes, read the other's, and end.
    @NetworkActor
    private func exchange(_ client: TLSStream, _ server: TLSStream, size: Int) async throws {
        let fromClient = [UInt8](repeating: 1, count: size)
        let fromServer = [UInt8](repeating: 2, count: size)
        let clientReads = Task.onNetwork { try await client.readAll() }
        let serverReads = Task.onNetwork { try await server.readAll() }
        let clientWrites = Task.onNetwork {
            try await client.writeAll(fromClient)
            client.closeWrite()
        }
        try await server.writeAll(fromServer)
        server.closeWrite()
        try await clientWrites.value
        #expect(try await clientReads.value == fromServer)
        #expect(try await serverReads.value == fromClient)
    }
}
