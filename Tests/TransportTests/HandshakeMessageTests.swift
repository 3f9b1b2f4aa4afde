import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Messages of a handshake", .timeLimit(.minutes(5)))
struct HandshakeMessageTests {
    /// TLS 1.3's first handshake; the tickets come with the first bytes.
    static let full = [
        "> ClientHello", "< ServerHello", "< EncryptedExtensions", "< Certificate",
        "< CertificateVerify", "< Finished", "> Finished", "< NewSessionTicket",
        "< NewSessionTicket",
    ]

    @Test func `each message of TLS 1.3 is told in order, with the tickets that come after it`() async throws {
        try await Task.onNetwork {
            let pair = try await TLSPair(TLSContext(client: TestCertificates.trusting), TLSContext(server: .localhost))
            let before = SystemTime().now
            try await pair.connect()
            #expect(pair.words == Self.full)
            let times = pair.messages.map(\.time)
            #expect(times == times.sorted() && times.allSatisfy { $0 >= before && $0 <= SystemTime().now })
            #expect(pair.messages.allSatisfy { $0.bytes > 0 })
            // Nothing more is told once bytes have come: OpenSSL would call for every record.
            #expect(pair.client.onMessage == nil)
        }.value
    }

    @Test func `each message of TLS 1.2 is told`() async throws {
        try await Task.onNetwork {
            var server = TLSContext.ServerConfiguration.localhost
            server.newestVersion = .tls12
            let pair = try await TLSPair(TLSContext(client: TestCertificates.trusting), TLSContext(server: server))
            try await pair.connect()
            #expect(
                pair.words == [
                    "> ClientHello", "< ServerHello", "< Certificate", "< ServerKeyExchange", "< ServerHelloDone",
                    "> ClientKeyExchange", "> Finished", "< NewSessionTicket",
                    "< Finished",
                ])
        }.value
    }

    @Test func `a server that wants another key share costs a round trip, and is named for it`() async throws {
        try await Task.onNetwork {
            var client = TestCertificates.trusting
            client.groups = "X25519:P-256"
            var server = TLSContext.ServerConfiguration.localhost
            server.groups = "P-256"
            let pair = try await TLSPair(TLSContext(client: client), TLSContext(server: server))
            try await pair.connect()
            #expect(
                pair.words.prefix(4) == [
                    "> ClientHello", "< HelloRetryRequest", "> ClientHello", "< ServerHello",
                ])
            #expect(pair.client.facts.hasRetriedHello)
            #expect(pair.client.facts.group == "secp256r1")
        }.value
    }

    @Test func `alerts are told with their words, both ways`() async throws {
        try await Task.onNetwork {
            let stranger = CertificateAuthority(name: "stranger").issue(for: ["localhost"])
            let sends = try await TLSPair(
                TLSContext(client: TestCertificates.trusting), TLSContext(server: stranger))
            _ = await sends.failure()
            #expect(sends.words.last == "> alert: unknown CA")
            guard case .alert(TLSAlert(code: 48, isFatal: true))? = sends.messages.last?.kind else {
                Issue.record("\(sends.messages)")
                return
            }

            var client = TestCertificates.trusting
            client.applicationProtocols = ["h2"]
            let receives = try await TLSPair(TLSContext(client: client), TLSContext(server: .localhost))
            _ = await receives.failure()
            #expect(receives.words.last == "< alert: no application protocol")
        }.value
    }

    @Test func `nothing is kept where nobody listens`() async throws {
        try await Task.onNetwork {
            let pair = try await TLSPair(TLSContext(client: TestCertificates.trusting), TLSContext(server: .localhost))
            pair.client.onMessage = nil
            try await pair.connect()
            #expect(pair.messages.isEmpty)
        }.value
    }

    @Test(arguments: [(0, "close notify"), (42, "bad certificate"), (116, "certificate required"), (200, "number 200")])
    func `an alert has words`(code: UInt8, words: String) {
        #expect(TLSAlert(code: code, isFatal: true).words == words)
    }
}
