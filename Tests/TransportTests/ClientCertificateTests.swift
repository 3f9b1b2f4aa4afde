import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Client certificates", .timeLimit(.minutes(5)))
struct ClientCertificateTests {
    private static let authority = CertificateAuthority(name: "Clients")
    private static let alice = authority.issue(for: [], commonName: "alice", use: .client)

    private static func client(_ identity: TLSIdentity?) throws -> TLSContext {
        var configuration = TestCertificates.trusting
        configuration.identity = identity
        return try TLSContext(client: configuration)
    }

    private static func server(_ version: TLSVersion, isRequired: Bool) throws -> TLSContext {
        var configuration = TLSContext.ServerConfiguration.localhost
        configuration.newestVersion = version
        configuration.clientCertificates =
            isRequired
            ? .required(authorities: authority.certificatePEM) : .requested(authorities: authority.certificatePEM)
        return try TLSContext(server: configuration)
    }

    @Test(arguments: TLSVersion.allCases)
    func `it is shown to a server that asks, and the server knows who we are`(version: TLSVersion) async throws {
        try await Task.onNetwork {
            let pair = try await TLSPair(Self.client(Self.alice), Self.server(version, isRequired: true))
            try await pair.connect()
            #expect(pair.client.facts.clientCertificate == .sent)
            #expect(pair.server.facts.certificates.map(\.subject) == ["CN=alice"])
        }.value
    }

    @Test func `it is not shown to a server that does not ask`() async throws {
        try await Task.onNetwork {
            let pair = try await TLSPair(Self.client(Self.alice), TLSContext(server: .localhost))
            try await pair.connect()
            #expect(pair.client.facts.clientCertificate == .notAsked)
            #expect(pair.server.facts.certificates.isEmpty)
        }.value
    }

    @Test func `a server that only asks is content without`() async throws {
        try await Task.onNetwork {
            let pair = try await TLSPair(Self.client(nil), Self.server(.tls13, isRequired: false))
            try await pair.connect()
            #expect(pair.client.facts.clientCertificate == .askedInVain)
        }.value
    }

    @Test func `without one TLS 1.2 fails in the handshake, TLS 1.3 at the first read, both in words`() async throws {
        try await Task.onNetwork {
            let old = try await TLSPair(Self.client(nil), Self.server(.tls12, isRequired: true))
            let problems = await old.failure()
            #expect(problems.client == .alert(code: 40, "handshake failure"))
            #expect(problems.server == .failed("peer did not return a certificate"))
            #expect(old.client.facts.clientCertificate == .askedInVain)

            let new = try await TLSPair(Self.client(nil), Self.server(.tls13, isRequired: true))
            let serving = Task.onNetwork { try await new.server.handshake() }
            try await new.client.handshake()
            await #expect(throws: StreamError.tls(.alert(code: 116, "certificate required"))) {
                try await new.client.readSome()
            }
            #expect(new.words.last == "< alert: certificate required")
            _ = await serving.result
        }.value
    }

    @Test func `one that the server's authorities do not vouch for is refused, and the server says why`() async throws {
        try await Task.onNetwork {
            let mallory = CertificateAuthority(name: "others").issue(for: [], commonName: "mallory", use: .client)
            let pair = try await TLSPair(Self.client(mallory), Self.server(.tls12, isRequired: true))
            let problems = await pair.failure()
            #expect(problems.client == .alert(code: 48, "unknown CA"))
            #expect(problems.server == .untrusted("unable to get local issuer certificate"))
        }.value
    }

    @Test func `a key that is encrypted needs its password, and the error says which`() throws {
        var locked = Self.authority.issue(for: [], commonName: "alice", use: .client, password: "open sesame")
        #expect(throws: TLSError.unusable("the private key is encrypted and there is no password for it")) {
            try Self.client(locked)
        }
        locked.password = "guess"
        #expect(throws: TLSError.unusable("the password does not open the private key")) { try Self.client(locked) }
        locked.password = "open sesame"
        #expect(throws: Never.self) { try Self.client(locked) }
        locked.keyPEM = Self.alice.certificatePEM
        #expect(throws: TLSError.unusable("there is no private key in the PEM")) { try Self.client(locked) }
    }
}
