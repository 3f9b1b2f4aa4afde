import HTTPTrace
import TestSupport
import Testing

@testable import Transport

// What a person is told when it does not work. Bad certificates are in `TLSStreamTests`, client certificates in
// `ClientCertificateTests`.

@Suite("Handshakes that fail", .timeLimit(.minutes(5)))
struct HandshakeFailureTests {
    private static func pair(
        client: (inout TLSContext.ClientConfiguration) -> Void = { _ in },
        server: (inout TLSContext.ServerConfiguration) -> Void = { _ in }
    ) async throws -> TLSPair {
        var ours = TestCertificates.trusting
        client(&ours)
        var theirs = TLSContext.ServerConfiguration.localhost
        server(&theirs)
        return try await TLSPair(TLSContext(client: ours), TLSContext(server: theirs))
    }

    @Test func `no version in common: the alert says so, and the facts say what was offered`() async throws {
        try await Task.onNetwork {
            let pair = try await Self.pair {
                $0.newestVersion = .tls12
            } server: {
                $0.oldestVersion = .tls13
            }
            let problems = await pair.failure()
            #expect(problems.client == .alert(code: 70, "protocol version"))
            #expect(problems.server == .failed("unsupported protocol"))
            let facts = pair.client.facts
            #expect(facts.version == "" && facts.cipher == "")
            #expect(facts.offer?.versions == ["TLSv1.2"])
            #expect(facts.offer?.ciphers.contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256") == true)
        }.value
    }

    @Test func `no cipher in common: likewise`() async throws {
        try await Task.onNetwork {
            let pair = try await Self.pair { client in
                client.tls13Ciphers = "TLS_AES_128_GCM_SHA256"
                client.oldestVersion = .tls13
            } server: {
                $0.tls13Ciphers = "TLS_CHACHA20_POLY1305_SHA256"
            }
            #expect(await pair.failure().client == .alert(code: 40, "handshake failure"))
            #expect(pair.client.facts.offer?.ciphers == ["TLS_AES_128_GCM_SHA256"])
        }.value
    }

    @Test func `a peer that hangs up half-way through its answer`() async throws {
        try await Task.onNetwork {
            let below = try await LoopbackPair()
            let client = try TLSStream(
                over: below.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            let handshake = Task.onNetwork { try await client.handshake() }
            _ = try await below.server.readSome()
            // A record of a ServerHello that promises 122 bytes and brings four.
            try await below.server.writeAll([0x16, 3, 3, 0, 0x7A, 2, 0, 0, 0x76])
            below.server.close()
            await #expect(throws: TLSError.closedByPeer) { try await handshake.value }
        }.value
    }

    @Test func `a peer that breaks the rules is told which, and so are we`() async throws {
        try await Task.onNetwork {
            let below = try await LoopbackPair()
            let client = try TLSStream(
                over: below.client, client: TLSContext(client: TestCertificates.trusting), host: "localhost")
            var words: [String] = []
            client.onMessage = { words.append($0.name) }
            let handshake = Task.onNetwork { try await client.handshake() }
            _ = try await below.server.readSome()
            // Finished, where a ServerHello was due.
            try await below.server.writeAll([0x16, 3, 3, 0, 4, 20, 0, 0, 0])
            await #expect(throws: TLSError.failed("unexpected message")) { try await handshake.value }
            #expect(words.last == "alert: unexpected message")
        }.value
    }

    @Test func `a pinned key is asked for also where nothing else is checked`() async throws {
        try await Task.onNetwork {
            let wrong = try await Self.pair { client in
                client.verify = false
                client.pinnedKeys = [[UInt8](repeating: 7, count: 32)]
            }
            #expect(await wrong.failure().client == .notPinned("its public key is not one of those pinned"))
        }.value
    }

    @Test func `versions and ciphers that make no sense are named before anything is sent`() {
        var configuration = TestCertificates.trusting
        configuration.oldestVersion = .tls13
        configuration.newestVersion = .tls12
        #expect(throws: TLSError.unusable("no version is at least TLSv1.3 and at most TLSv1.2")) {
            try TLSContext(client: configuration)
        }
        configuration = TestCertificates.trusting
        configuration.ciphers = "ROT13"
        #expect(throws: TLSError.unknownCiphers("using the ciphers ROT13: no cipher match")) {
            try TLSContext(client: configuration)
        }
        configuration = TestCertificates.trusting
        configuration.caFile = "/nonexistent/ca.pem"
        let missing = "reading certificates from /nonexistent/ca.pem: No such file or directory"
        #expect(throws: TLSError.unusable(missing)) { try TLSContext(client: configuration) }
        configuration = TestCertificates.trusting
        configuration.groups = "circle"
        #expect(throws: TLSError.self) { try TLSContext(client: configuration) }
    }
}
