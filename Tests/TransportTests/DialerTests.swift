import Glibc
import HTTPTrace
import Synchronization
import TestSupport
import Testing

@testable import Transport

@Suite("Dialer", .timeLimit(.minutes(5)))
struct DialerTests {
    @Test func `an address literal is dialed without a lookup`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let log = Log()
            let origin = Origin(scheme: .http, host: "127.0.0.1", port: listener.address.port)
            let stream = try await Dialer(resolver: NamesOnly([:])).dial(origin, timeout: nil, record: log.record)
            #expect(stream.remoteAddress == listener.address)
            #expect(
                log.events == [
                    .connectStart(attempt: 1, listener.address), .connectDone(attempt: 1, listener.address, nil),
                ])
        }.value
    }

    @Test func `what the kernel knows of the new connection is told`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let log = Log()
            let origin = Origin(scheme: .http, host: "127.0.0.1", port: listener.address.port)
            _ = try await Dialer(resolver: NamesOnly([:])).dial(origin, timeout: nil, record: log.record)
            let facts = try #require(log.tcpFacts.first)
            #expect(log.tcpFacts.count == 1 && facts.moment == .dial)
            #expect(facts.roundTrip > .zero && facts.congestionWindow > 0 && facts.segmentBytes > 0)
            #expect(facts.bytesSent == 0 && facts.bytesAcked == 0 && facts.bytesReceived == 0)
            #expect(facts.exchange == nil)
        }.value
    }

    @Test func `an unknown name says so`() async {
        await Task.onNetwork {
            let log = Log()
            let origin = Origin(scheme: .http, host: "nosuch.invalid")
            let error = await #expect(throws: DialError.self) {
                try await Dialer(resolver: NamesOnly([:])).dial(origin, timeout: nil, record: log.record)
            }
            #expect(error?.description == "no such host: nosuch.invalid")
            #expect(
                log.events == [
                    .dnsStart(host: "nosuch.invalid"),
                    .dnsDone(
                        DNSAnswer(
                            addresses: [], failure: Failure(.dns, phase: .dns, "no such host: nosuch.invalid"))),
                ])
        }.value
    }

    @Test func `an address that never answers is timed out`() async throws {
        try await Task.onNetwork {
            let hole = try await BlackHole()
            let origin = Origin(scheme: .http, host: hole.address.ip, port: hole.address.port)
            let log = Log()
            let error = await #expect(throws: DialError.self) {
                try await Dialer().dial(origin, timeout: .milliseconds(100), record: log.record)
            }
            guard case .timedOut(.milliseconds(100), "127.0.0.1", let attempts) = error else {
                Issue.record("\(error!)")
                return
            }
            #expect(attempts.map(\.code) == [ETIMEDOUT])
            #expect(log.events.count == 2)
        }.value
    }

    @Test func `a lookup that never ends is timed out`() async {
        await Task.onNetwork {
            let log = Log()
            let origin = Origin(scheme: .http, host: "hung.test")
            let expected = DialError.timedOut(after: .milliseconds(20), host: "hung.test", [])
            await #expect(throws: expected) {
                try await Dialer(resolver: Hung()).dial(origin, timeout: .milliseconds(20), record: log.record)
            }
            #expect(expected.description == "looking up hung.test timed out after 20 ms")
            #expect(log.events.count == 2)
        }.value
    }

    @Test func `a resolver that finds nothing leaves no name to dial`() async {
        await Task.onNetwork {
            let log = Log()
            let origin = Origin(scheme: .http, host: "empty.test")
            let error = await #expect(throws: DialError.self) {
                try await Dialer(resolver: NamesOnly(["empty.test": []])).dial(origin, timeout: nil, record: log.record)
            }
            #expect(error?.description == "no such host: empty.test")
            #expect(log.events.count == 2)
        }.value
    }

    // TestDialContext
    @Test(arguments: ["hung.test", "hole.test"])
    func `a cancelled dial ends at once, with a done for every start`(host: String) async throws {
        try await Task.onNetwork {
            let hole = try await BlackHole()
            let resolver: any Resolver = host == "hung.test" ? Hung() : NamesOnly([host: [hole.address]])
            let log = Log()
            let dial = Task.onNetwork {
                try await Dialer(resolver: resolver).dial(
                    Origin(scheme: .http, host: host), timeout: nil, record: log.record)
            }
            while log.events.count < (host == "hung.test" ? 1 : 3) { await Task.yield() }
            dial.cancel()
            await #expect(throws: DialError.cancelled) { try await dial.value }
            if host == "hung.test" {
                let failure = Failure(.cancelled, phase: .dns, "the dial was cancelled")
                #expect(log.events == [.dnsStart(host: host), .dnsDone(DNSAnswer(addresses: [], failure: failure))])
            } else {
                let failure = Failure(.cancelled, phase: .connect, "the dial was cancelled")
                #expect(log.events.suffix(1) == [.connectDone(attempt: 1, hole.address, failure)])
            }
        }.value
    }
}

@Suite("Dial errors")
struct DialErrorTests {
    private let v6 = NetworkAddress(family: .ip6, ip: "2001:db8::1", port: 443)
    private let v4 = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 443)

    @Test func `the sentence tells of every attempt`() {
        let attempts = [
            DialError.Attempt(address: v6, code: ECONNREFUSED, duration: .milliseconds(1)),
            DialError.Attempt(address: v4, code: ETIMEDOUT, duration: .seconds(3)),
        ]
        #expect(
            DialError.refused(attempts).description == "[2001:db8::1]:443 refused, 192.0.2.1:443 timed out after 3 s")
        #expect(DialError.refused([attempts[0]]).description == "[2001:db8::1]:443 refused the connection")
    }

    @Test func `a lookup that broke is told from a name that does not exist`() {
        let broken = ResolverError.failed(code: EAI_AGAIN, words: "Temporary failure in name resolution")
        #expect(
            DialError.unresolved(host: "a.test", broken).description
                == "looking up a.test failed: Temporary failure in name resolution")
    }
}

@Suite("System resolver", .timeLimit(.minutes(5)))
struct SystemResolverTests {
    private static let answer = [NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 0)]

    @Test func `localhost has an address, with the port that was asked for`() async throws {
        let resolution = try await SystemResolver.shared.resolve("localhost", port: 81)
        #expect(resolution.addresses.contains { ["127.0.0.1", "::1"].contains($0.ip) && $0.port == 81 })
        #expect(!resolution.isCoalesced)
    }

    @Test func `equal lookups in flight are one, and each asker gets its own port`() async throws {
        let gate = Gate()
        let asked = Atomic<Int>(0)
        let resolver = SystemResolver { _, _ in
            asked.add(1, ordering: .relaxed)
            gate.wait()
            return .success(Resolution(addresses: Self.answer))
        }
        let first = Task.onNetwork { try await resolver.resolve("a.test", port: 80) }
        let second = Task.onNetwork { try await resolver.resolve("a.test", port: 443) }
        await Task.onNetwork { await Task.yield() }.value
        gate.open()
        let results = [try await first.value, try await second.value]
        #expect(results.map { $0.addresses[0].port } == [80, 443])
        #expect(results.map(\.isCoalesced) == [true, true])
        #expect(asked.load(ordering: .relaxed) == 1)
    }

    @Test func `who gives up on a hung lookup goes at once, and the others still get the answer`() async throws {
        let gate = Gate()
        let resolver = SystemResolver { _, _ in
            gate.wait()
            return .success(Resolution(addresses: Self.answer))
        }
        let patient = Task.onNetwork { try await resolver.resolve("a.test", port: 80) }
        let impatient = Task.onNetwork { try await resolver.resolve("a.test", port: 80) }
        await Task.onNetwork { await Task.yield() }.value
        impatient.cancel()
        await #expect(throws: ResolverError.cancelled) { try await impatient.value }
        gate.open()
        #expect(try await patient.value.addresses.map(\.ip) == ["192.0.2.1"])
    }

    @Test func `more lookups than threads wait in line, and cancelled ones never cost a thread`() async throws {
        let gate = Gate()
        let asked = Mutex<Set<String>>([])
        let resolver = SystemResolver { host, _ in
            _ = asked.withLock { $0.insert(host) }
            gate.wait()
            return .success(Resolution(addresses: Self.answer))
        }
        let lookups = (0..<40).map { number in
            Task.onNetwork { try await resolver.resolve("\(number).test", port: 80) }
        }
        while asked.withLock({ $0.count }) < SystemResolver.threadLimit { await Task.yield() }
        let unlucky = lookups[39]
        unlucky.cancel()
        await #expect(throws: ResolverError.cancelled) { try await unlucky.value }
        gate.open()
        for lookup in lookups.dropLast() { _ = try await lookup.value }
        #expect(asked.withLock { $0 } == Set((0..<39).map { "\($0).test" }))
    }

    @Test func `a lookup that was cancelled before it began asks nobody`() async {
        let resolver = SystemResolver { _, _ in
            Issue.record("nobody wants to know")
            return .failure(.cancelled)
        }
        let lookup = Task.onNetwork {
            while !Task.isCancelled { await Task.yield() }
            return try await resolver.resolve("a.test", port: 80)
        }
        lookup.cancel()
        await #expect(throws: ResolverError.cancelled) { try await lookup.value }
    }
}
