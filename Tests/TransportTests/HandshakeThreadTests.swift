import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Many handshakes at once", .serialized, .timeLimit(.minutes(5)))
struct HandshakeThreadTests {
    private static let rsa = TestCertificates.authority.issue(for: ["localhost"], key: .rsa2048)

    @Test func `most of their arithmetic is done on helper threads, and all is well`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let server = try TLSContext(server: Self.rsa)
            var pairs: [TLSPair] = []
            for _ in 0..<100 { pairs.append(try await TLSPair(client, server)) }
            let before = HandshakeThreads.steps
            let turns = EventLoop.shared.turns
            let tasks = pairs.map { pair in Task.onNetwork { try await pair.connect() } }
            for task in tasks { try await task.value }
            let after = HandshakeThreads.steps
            // Two steps a side. What runs on the loop is one a turn, whatever else goes on.
            #expect(after.onLoop + after.onThreads - before.onLoop - before.onThreads >= 400)
            #expect(after.onLoop - before.onLoop <= EventLoop.shared.turns - turns + 1)
            #expect(after.onThreads > before.onThreads)
            #expect(Set(pairs.map(\.words)) == [HandshakeMessageTests.full])
            #expect(Set(pairs.map { $0.client.facts.signature }) == ["RSA-PSS SHA256"])
            #expect(pairs.allSatisfy { $0.messages.map(\.time) == $0.messages.map(\.time).sorted() })
        }.value
    }

    @Test func `streams that are closed meanwhile end at once, and nothing else happens`() async throws {
        try await Task.onNetwork {
            let client = try TLSContext(client: TestCertificates.trusting)
            let server = try TLSContext(server: Self.rsa)
            var pairs: [TLSPair] = []
            for _ in 0..<50 { pairs.append(try await TLSPair(client, server)) }
            let tasks = pairs.map { pair in Task.onNetwork { await pair.failure() } }
            // Some close before they begin, some in the middle of a step, some after it.
            for pair in pairs {
                await Task.yield()
                pair.client.close()
                pair.server.close()
            }
            for task in tasks {
                let problems = await task.value
                #expect(problems.client == nil || problems.client == .stream(.closed))
            }
        }.value
    }
}
