import HTTPTrace
import TestSupport
import Testing

@testable import Transport

// A lookup whose families arrive apart, and what the race makes of it.
@Suite("Dialing while the lookup runs", .timeLimit(.minutes(5)))
struct DialLookupTests {
    @Test func `the family that has arrived is tried while the other is awaited, and wins`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let part = part([listener.address])
            let log = Log()
            let dialer = Dialer(resolver: Parts([part], then: nil))
            let stream = try await dialer.dial(origin, timeout: nil, record: log.record)
            #expect(stream.remoteAddress == listener.address)
            // Nobody waits for the rest: the lookup's done tells what was known.
            #expect(
                log.events == [
                    .dnsStart(host: "apart.test"), .dnsAnswered(part.records),
                    .connectStart(attempt: 1, listener.address),
                    .dnsDone(DNSAnswer(addresses: [listener.address], source: .dns)),
                    .connectDone(attempt: 1, listener.address, nil),
                ])
        }.value
    }

    @Test func `addresses that come with the end are tried too, those that came before only once`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let closed = closedAddress()
            let parts = [part([closed])]
            let whole = Resolution(addresses: [closed, listener.address], source: .dns)
            let log = Log()
            let dialer = Dialer(resolver: Parts(parts, then: .success(whole)))
            _ = try await dialer.dial(origin, timeout: nil, record: log.record)
            let started = log.events.compactMap { if case .connectStart(_, let address) = $0 { address } else { nil } }
            #expect(started == [closed, listener.address])
        }.value
    }

    @Test func `a family that failed is told, and the other decides`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            var failed = part([])
            failed.records.problem = "no answer"
            let whole = Resolution(addresses: [listener.address], source: .dns)
            let log = Log()
            let dialer = Dialer(resolver: Parts([failed, part([listener.address])], then: .success(whole)))
            _ = try await dialer.dial(origin, timeout: nil, record: log.record)
            #expect(log.events.prefix(2) == [.dnsStart(host: "apart.test"), .dnsAnswered(failed.records)])
            #expect(log.events.contains(.dnsDone(DNSAnswer(addresses: [listener.address], source: .dns))))
        }.value
    }

    @Test func `what a lookup told before it failed is good, and its attempts come to their end`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let failure = ResolverError.serverFailed(nil, words: "went away")
            let log = Log()
            let good = Dialer(resolver: Parts([part([listener.address])], then: .failure(failure)))
            let stream = try await good.dial(origin, timeout: nil, record: log.record)
            #expect(stream.remoteAddress == listener.address)
            #expect(log.events.contains(.dnsDone(DNSAnswer(addresses: [listener.address], source: .dns))))
            #expect(log.events.contains(.connectDone(attempt: 1, listener.address, nil)))

            let closed = closedAddress()
            let bad = Dialer(resolver: Parts([part([closed])], then: .failure(failure)))
            let error = await #expect(throws: DialError.self) {
                try await bad.dial(origin, timeout: nil, record: { _ in })
            }
            guard case .refused(let attempts) = error else {
                Issue.record("\(error!)")
                return
            }
            #expect(attempts.map(\.address) == [closed])
        }.value
    }

    @Test func `a deadline ends attempt and lookup together`() async throws {
        try await Task.onNetwork {
            let hole = try await BlackHole()
            let log = Log()
            let dialer = Dialer(resolver: Parts([part([hole.address])], then: nil))
            let error = await #expect(throws: DialError.self) {
                try await dialer.dial(origin, timeout: .seconds(1), record: log.record)
            }
            guard case .timedOut(.seconds(1), "apart.test", let attempts) = error else {
                Issue.record("\(error!)")
                return
            }
            // A network thread that stands still for the whole second starts none.
            #expect(attempts.count == log.events.filter { if case .connectStart = $0 { true } else { false } }.count)
            guard case .dnsDone? = log.events.last else {
                Issue.record("the lookup has no end: \(log.events)")
                return
            }
        }.value
    }

    @Test func `a cancelled dial ends attempt and lookup together`() async throws {
        try await Task.onNetwork {
            let hole = try await BlackHole()
            let log = Log()
            let dialer = Dialer(resolver: Parts([part([hole.address])], then: nil))
            let dial = Task.onNetwork { try await dialer.dial(origin, timeout: nil, record: log.record) }
            while log.events.count < 3 { await Task.yield() }
            dial.cancel()
            await #expect(throws: DialError.cancelled) { try await dial.value }
            #expect(log.events.count == 5)
            #expect(log.events.contains(.dnsDone(DNSAnswer(addresses: [hole.address], source: .dns))))
        }.value
    }

    // TestTransportEventTraceRealDNS, with servers of our own
    @Test func `from a server's answer to the connection, every step is told`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let server = DNSServer([
                "www.test": [.alias("www.test", to: "a.test"), .address("a.test", at: "127.0.0.1")]
            ])
            let log = Log()
            let origin = Origin(scheme: .http, host: "www.test", port: listener.address.port)
            let dialer = Dialer(resolver: MachineResolver(servers: [server.address]))
            _ = try await dialer.dial(origin, timeout: .seconds(60), record: log.record)
            let families = log.events.compactMap {
                if case .dnsAnswered(let records) = $0 { records.family } else { nil }
            }
            #expect(Set(families).isSubset(of: [.ip4, .ip6]) && families.contains(.ip4))
            #expect(log.events.first == .dnsStart(host: "www.test"))
            #expect(log.events.contains(.dnsDone(DNSAnswer(addresses: [listener.address], source: .dns))))
            #expect(log.events.contains(.connectDone(attempt: 1, listener.address, nil)))

            let unknown = Log()
            let error = await #expect(throws: DialError.self) {
                try await dialer.dial(Origin(scheme: .http, host: "nosuch.test"), timeout: nil, record: unknown.record)
            }
            #expect(error?.description == "no such host: nosuch.test")
            guard case .dnsDone(let answer) = unknown.events.last else {
                Issue.record("\(unknown.events)")
                return
            }
            #expect(answer.addresses.isEmpty && answer.failure?.kind == .dns)
        }.value
    }
}

private let origin = Origin(scheme: .http, host: "apart.test")

private func part(_ addresses: [NetworkAddress]) -> ResolvedPart {
    ResolvedPart(
        records: DNSRecords(family: .ip4, addresses: addresses, server: nil, duration: .milliseconds(1)),
        addresses: addresses)
}

/// Tells its parts at once; then ends, or never does.
private final class Parts: Resolver {
    private let parts: [ResolvedPart]
    private let end: Result<Resolution, ResolverError>?

    init(_ parts: [ResolvedPart], then end: Result<Resolution, ResolverError>?) {
        self.parts = parts
        self.end = end
    }

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        for part in parts { tell(part) }
        if let end { return try end.get() }
        try? await Task.sleep(for: .seconds(3_600))
        throw .cancelled
    }
}
