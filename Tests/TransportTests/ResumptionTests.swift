import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Resuming TLS sessions", .timeLimit(.minutes(5)))
struct ResumptionTests {
    private static func server(
        _ version: TLSVersion, _ change: (inout TLSContext.ServerConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        var configuration = TLSContext.ServerConfiguration.localhost
        configuration.newestVersion = version
        change(&configuration)
        return try TLSContext(server: configuration)
    }

    /// Connects `count` times and says what the client's facts are each time.
    @NetworkActor
    private static func facts(
        of count: Int, _ client: TLSContext, _ server: TLSContext, key: String? = "localhost:443"
    ) async throws -> [TLSFacts] {
        var all: [TLSFacts] = []
        for _ in 0..<count {
            let pair = try await TLSPair(client, server, resuming: key)
            try await pair.connect()
            all.append(pair.client.facts)
            pair.client.close()
            pair.server.close()
        }
        return all
    }

    @Test(arguments: TLSVersion.allCases)
    func `the second connection resumes the first one's session`(version: TLSVersion) async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let facts = try await Self.facts(of: 3, client, Self.server(version))
            #expect(facts.map(\.version) == Array(repeating: version.rawValue, count: 3))
            #expect(facts.map(\.resumption) == [.notOffered, .resumed, .resumed])
            // No certificate was shown again; the session knows whose it is, and that it was good.
            #expect(facts[1].certificates == facts[0].certificates && !facts[1].certificates.isEmpty)
            #expect(facts[1].verificationProblem == nil && facts[1].signature == nil)
            #expect(facts[0].signature == "ECDSA SHA256" && facts[0].trustAnchor == "CN=Tests of roundtrip")
        }.value
    }

    @Test func `a resumed handshake has no certificate in it`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let server = try Self.server(.tls13)
            _ = try await Self.facts(of: 1, client, server)
            let pair = try await TLSPair(client, server, resuming: "localhost:443")
            try await pair.connect()
            #expect(
                pair.words == [
                    "> ClientHello", "< ServerHello", "< EncryptedExtensions", "< Finished",
                    "> Finished", "< NewSessionTicket",
                ])
        }.value
    }

    @Test(arguments: TLSVersion.allCases)
    func `switched off, nothing is offered`(version: TLSVersion) async throws {
        try await Task.onNetwork {
            var configuration = TestCertificates.trusting
            configuration.resumesSessions = false
            let facts = try await Self.facts(of: 2, TLSContext(client: configuration), Self.server(version))
            #expect(facts.map(\.resumption) == [.notOffered, .notOffered])
        }.value
    }

    @Test(arguments: TLSVersion.allCases)
    func `a server that gives no tickets is not offered any`(version: TLSVersion) async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let facts = try await Self.facts(of: 2, client, Self.server(version) { $0.tickets = 0 })
            #expect(facts.map(\.resumption) == [.notOffered, .notOffered])
        }.value
    }

    @Test(arguments: TLSVersion.allCases)
    func `a server that forgot the session declines it, and all goes well`(version: TLSVersion) async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            _ = try await Self.facts(of: 1, client, Self.server(version))
            // Another context has other ticket keys, as after a restart.
            let facts = try await Self.facts(of: 1, client, Self.server(version))
            #expect(facts.map(\.resumption) == [.declined])
            #expect(facts[0].verificationProblem == nil && facts[0].signature != nil)
        }.value
    }

    @Test func `another port's session is not offered, nor one without a key`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let server = try Self.server(.tls13)
            _ = try await Self.facts(of: 1, client, server, key: "localhost:443")
            #expect(try await Self.facts(of: 1, client, server, key: "localhost:8443")[0].resumption == .notOffered)
            #expect(try await Self.facts(of: 1, client, server, key: nil)[0].resumption == .notOffered)
            #expect(try await Self.facts(of: 1, client, server, key: "localhost:443")[0].resumption == .resumed)
        }.value
    }

    @Test func `a ticket of TLS 1.3 is offered once, and a full handshake follows when none is left`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let server = try Self.server(.tls13) { $0.tickets = 1 }
            _ = try await Self.facts(of: 1, client, server)
            // Two at once: the one ticket goes to the first.
            let first = try await TLSPair(client, server, resuming: "localhost:443")
            let second = try await TLSPair(client, server, resuming: "localhost:443")
            try await first.connect()
            try await second.connect()
            #expect(first.client.facts.resumption == .resumed)
            #expect(second.client.facts.resumption == .notOffered)
        }.value
    }

    @Test func `a session whose certificate was not good stays marked`() async throws {
        try await Task.onNetwork {
            var configuration = TestCertificates.trusting
            configuration.verify = false
            let client = try TLSContext(client: configuration)
            let server = try Self.server(.tls13) { $0.identity = TestCertificates.authority.issue(for: ["other.test"]) }
            let facts = try await Self.facts(of: 2, client, server)
            #expect(facts.map(\.resumption) == [.notOffered, .resumed])
            #expect(facts.map(\.isUnverified) == [true, true])
            #expect(facts.map(\.verificationProblem) == ["hostname mismatch", "hostname mismatch"])
        }.value
    }

    @Test func `tickets are forgotten past a limit of hosts, oldest first`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            _ = try await Self.facts(of: 1, client, Self.server(.tls12), key: "first:443")
            let tickets = try #require(client.tickets)
            // A session of TLS 1.2 may be taken any number of times.
            for number in 1..<SessionTickets.keyLimit {
                tickets.keep(try #require(tickets.take(for: "first:443")).session, for: "host\(number):443")
            }
            let ticket = try #require(tickets.take(for: "first:443"))
            tickets.keep(ticket.session, for: "last:443")
            #expect(tickets.take(for: "first:443")?.session == nil)
            #expect(tickets.take(for: "host1:443")?.session != nil && tickets.take(for: "last:443")?.session != nil)
        }.value
    }
}
