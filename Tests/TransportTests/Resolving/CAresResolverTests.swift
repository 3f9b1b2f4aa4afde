import Glibc
import HTTPTrace
import Synchronization
import TestSupport
import Testing

@testable import Transport

// Of Go's tests of lookups and dials (internal/singleflight, net/lookup_test.go, net/dnsclient_unix_test.go,
// net/dial_test.go), those that apply are named at ours, here and in DialRaceTests and DialOptionsTests; for the others see
// Tests/GoParity.md.

@Suite("DNS servers", .timeLimit(.minutes(5)))
struct CAresResolverTests {
    @Test func `a name has the addresses of both families, with life, server and time`() async throws {
        let server = DNSServer([
            "a.test": [.address("a.test", at: "127.0.0.1"), .address("a.test", at: "::1", seconds: 7)]
        ])
        let lookup = try await look(up: "a.test", at: server)
        #expect(Set(lookup.resolution.addresses) == [ip4("127.0.0.1"), ip6("::1")])
        #expect(lookup.resolution.source == .dns)
        #expect(!lookup.resolution.isCoalesced)
        #expect(Set(lookup.parts.map(\.records.family)) == [.ip4, .ip6])
        let v6 = try #require(lookup.parts.first { $0.records.family == .ip6 }).records
        #expect(v6.addresses == [ip6("::1")])
        #expect(v6.timeToLive == .seconds(7))
        #expect(v6.server == server.address)
        #expect(v6.tries == 1 && !v6.isOverTCP && v6.problem == nil)
        #expect(v6.duration > .zero)
        #expect(Set(server.questions) == [.init(name: "a.test", family: .ip4), .init(name: "a.test", family: .ip6)])
    }

    @Test func `a chain of names is told with the life of each step, and limits the answer's`() async throws {
        let server = DNSServer([
            "www.test": [
                .alias("www.test", to: "cdn.test"), .alias("cdn.test", to: "edge.test", seconds: 20),
                .address("edge.test", at: "127.0.0.1", seconds: 600), .address("evil.test", at: "127.0.0.66"),
            ]
        ])
        let records = try await look(up: "www.test", .ip4, at: server).parts[0].records
        #expect(
            records.aliases == [
                DNSAlias(name: "www.test", target: "cdn.test", timeToLive: .seconds(300)),
                DNSAlias(name: "cdn.test", target: "edge.test", timeToLive: .seconds(20)),
            ])
        #expect(records.addresses == [ip4("127.0.0.1")])
        #expect(records.timeToLive == .seconds(20))
    }

    @Test func `the family that answers first is told first, and the other ends the lookup`() async throws {
        let gate = Gate()
        let server = DNSServer { question in
            if question.family == .ip6 { gate.wait() }
            return .records([.address("slow.test", at: "127.0.0.1"), .address("slow.test", at: "::1")])
        }
        let told = Mutex<[NetworkAddress.Family]>([])
        let lookup = lookup(of: "slow.test", at: server) { part in told.withLock { $0.append(part.records.family) } }
        try await wait(for: "the first family") { told.withLock { $0 } == [.ip4] }
        gate.open()
        #expect(try await lookup.value.addresses.count == 2)
        #expect(told.withLock { $0 } == [.ip4, .ip6])
    }

    @Test func `an answer too long for a datagram is asked for again over TCP`() async throws {
        let server = DNSServer { question in
            question.isTCP ? .records([.address("long.test", at: "127.0.0.1")]) : .truncated
        }
        let records = try await look(up: "long.test", .ip4, at: server).parts[0].records
        #expect(records.addresses == [ip4("127.0.0.1")])
        #expect(records.isOverTCP)
        #expect(records.tries == 2)
        #expect(server.questions.map(\.isTCP) == [false, true])
    }

    @Test func `a name that does not exist is said by its server`() async {
        let server = DNSServer([:])
        let error = await failure(of: "nosuch.test", at: server)
        #expect(error == .unknownName(server: server.address))
        #expect(error?.description == "no such name (NXDOMAIN from \(server.address))")
    }

    @Test func `a name without addresses is told from one that does not exist`() async {
        let server = DNSServer(["mail.test": []])
        let error = await failure(of: "mail.test", at: server)
        #expect(error == .noAddresses(.any, server: server.address))
        #expect(error?.isUnknownName == true)
        let ip6 = await failure(of: "mail.test", .ip6, at: server)
        #expect(ip6?.description == "the name has no IPv6 address (says \(server.address))")
    }

    static let codes: [(code: UInt8, words: String)] = [
        (2, "could not find out (SERVFAIL)"), (5, "refused to answer (REFUSED)"),
        (4, "does not know such questions (NOTIMP)"), (1, "did not understand the question (FORMERR)"),
    ]

    @Test(arguments: codes)
    func `a server that fails is named with what it said`(code: UInt8, words: String) async {
        let server = DNSServer { _ in .code(code) }
        let error = await failure(of: "broken.test", .ip4, at: server)
        #expect(error?.description == "DNS server \(server.address) \(words)")
        #expect(error?.isUnknownName == false)
    }

    // TestStrictErrorsLookupIP, not strict
    @Test func `one family that fails leaves the other's addresses`() async throws {
        let server = DNSServer { question in
            question.family == .ip6 ? .code(2) : .records([.address("half.test", at: "127.0.0.1")])
        }
        let lookup = try await look(up: "half.test", at: server)
        #expect(lookup.resolution.addresses == [ip4("127.0.0.1")])
        let problems = lookup.parts.compactMap(\.records.problem)
        #expect(problems == ["DNS server \(server.address) could not find out (SERVFAIL)"])
    }

    // TestDNSFlood
    @Test func `many lookups at once at a server that never answers all end, each with its own error`() async throws {
        let server = DNSServer { _ in .silence }
        let resolver = CAresResolver()
        var settings = ResolverSettings(server)
        settings.timeout = .milliseconds(250)
        let lookups = (0..<200).map { number in
            Task.onNetwork { [settings] in
                try await resolver.resolve(
                    NameQuery(host: "\(number).test", port: 80, families: .ip4), settings: settings, tell: { _ in })
            }
        }
        for lookup in lookups {
            let error = await #expect(throws: ResolverError.self) { try await lookup.value }
            guard case .noAnswer(let servers, _, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(servers == [server.address])
        }
    }

    // TestRetryTimeout
    @Test func `a server that never answers is asked again, then named`() async {
        let server = DNSServer { _ in .silence }
        var settings = ResolverSettings(server)
        settings.timeout = .milliseconds(250)
        let error = await failure(of: "hung.test", .ip4, settings)
        guard case .noAnswer(let servers, 2, let time) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(servers == [server.address])
        #expect(time >= .milliseconds(500))
        #expect(error?.description.hasPrefix("no answer from \(server.address) within ") == true)
        #expect(server.questions.count == 2)
    }

    @Test func `the next server is asked when one is silent, and where nobody listens`() async throws {
        let silent = DNSServer { _ in .silence }
        let good = DNSServer(["b.test": [.address("b.test", at: "127.0.0.1")]])
        var settings = ResolverSettings(silent)
        settings.timeout = .milliseconds(200)
        settings.servers = [closedAddress(), silent.address, good.address]
        let records = try await look(up: "b.test", .ip4, settings).parts[0].records
        #expect(records.server == good.address)
        #expect(records.tries >= 2)
    }

    @Test func `when nobody listens anywhere, the reason is said`() async {
        var settings = ResolverSettings()
        settings.servers = [closedAddress()]
        let error = await failure(of: "a.test", .ip4, settings)
        #expect(error?.description == "DNS server 127.0.0.1:1 can't be asked: Connection refused")
    }

    @Test func `names with few dots are tried below the search domains`() async throws {
        let server = DNSServer(["box.lan.test": [.address("box.lan.test", at: "127.0.0.1")]])
        var settings = ResolverSettings(server)
        settings.searchDomains = ["nowhere.test", "lan.test"]
        let records = try await look(up: "box", .ip4, settings).parts[0].records
        #expect(records.addresses == [ip4("127.0.0.1")])
        #expect(server.questions.map(\.name) == ["box.nowhere.test", "box.lan.test"])
        #expect(records.tries == 2)
        // A dot at the end says that the name is whole.
        #expect(await failure(of: "box.", .ip4, settings) == .unknownName(server: server.address))
        #expect(server.questions.last?.name == "box")
    }

    // TestSingleRequestLookup
    @Test func `families are asked one by one where resolv.conf says so`() async throws {
        let server = DNSServer(["a.test": [.address("a.test", at: "127.0.0.1"), .address("a.test", at: "::1")]])
        var settings = ResolverSettings(server)
        settings.asksOneByOne = true
        #expect(try await look(up: "a.test", .any, settings).parts.map(\.records.family) == [.ip6, .ip4])
        #expect(server.questions.map(\.family) == [.ip6, .ip4])
    }

    // TestRotate
    @Test func `servers take turns where resolv.conf says so`() async throws {
        let zone: [String: [DNSServer.Record]] = ["a.test": [.address("a.test", at: "127.0.0.1")]]
        let servers = [DNSServer(zone), DNSServer(zone)]
        var settings = ResolverSettings(servers[0])
        settings.servers = servers.map(\.address)
        settings.rotates = true
        let resolver = CAresResolver()
        for _ in 0..<4 { _ = try await look(up: "a.test", .ip4, settings, resolver) }
        #expect(servers.map { $0.questions.count } == [2, 2])
    }

    @Test func `answers that make no sense are an error and never an address`() async {
        let cut = DNSServer { _ in .bytes([0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 200, 127], records: 1) }
        let error = await failure(of: "cut.test", .ip4, at: cut)
        #expect(error?.description == "DNS server \(cut.address) sent an answer that makes no sense")

        let garbage = DNSServer { _ in .garbage }
        var settings = ResolverSettings(garbage)
        settings.timeout = .milliseconds(250)
        let silence = await failure(of: "garbage.test", .ip4, settings)
        guard case .noAnswer = silence else {
            Issue.record("\(String(describing: silence))")
            return
        }
    }

    @Test func `a name that DNS can't carry is refused without asking`() async {
        let server = DNSServer([:])
        let error = await failure(of: String(repeating: "a", count: 64) + ".test", .ip4, at: server)
        #expect(error?.description.hasSuffix("this is no name that DNS can carry") == true)
        #expect(server.questions.isEmpty)
    }

    // MARK: Sharing

    // TestDo, TestDoDupSuppress
    @Test func `equal lookups in flight are one, and each hears that, with its own port`() async throws {
        let gate = Gate()
        let server = DNSServer { _ in
            gate.wait()
            return .records([.address("a.test", at: "127.0.0.1")])
        }
        let resolver = CAresResolver()
        let first = lookup(of: "a.test", .ip4, at: server, resolver)
        try await wait(for: "the first question") { !server.questions.isEmpty }
        let second = lookup(of: "a.test", .ip4, at: server, resolver, port: 443)
        await Task.onNetwork { await Task.yield() }.value
        gate.open()
        let results = [try await first.value, try await second.value]
        #expect(results.map { $0.addresses[0].port } == [80, 443])
        #expect(results.map(\.isCoalesced) == [true, true])
        #expect(server.questions.count == 1)
    }

    // TestDoErr
    @Test func `equal lookups in flight share what went wrong too`() async throws {
        let gate = Gate()
        let server = DNSServer { _ in
            gate.wait()
            return .code(2)
        }
        let resolver = CAresResolver()
        let first = lookup(of: "a.test", .ip4, at: server, resolver)
        try await wait(for: "the first question") { !server.questions.isEmpty }
        let second = lookup(of: "a.test", .ip4, at: server, resolver)
        await Task.onNetwork { await Task.yield() }.value
        gate.open()
        for lookup in [first, second] {
            let error = await #expect(throws: ResolverError.self) { try await lookup.value }
            #expect(error?.description == "DNS server \(server.address) could not find out (SERVFAIL)")
        }
        // As often as one of them alone.
        let other = DNSServer { _ in .code(2) }
        _ = await failure(of: "a.test", .ip4, at: other)
        #expect(server.questions.count == other.questions.count)
    }

    // TestLookupContextCancel
    @Test func `one that is cancelled leaves the others running, and ends at once`() async throws {
        let gate = Gate()
        let server = DNSServer { _ in
            gate.wait()
            return .records([.address("a.test", at: "127.0.0.1")])
        }
        let resolver = CAresResolver()
        let patient = lookup(of: "a.test", .ip4, at: server, resolver)
        let impatient = lookup(of: "a.test", .ip4, at: server, resolver)
        await Task.onNetwork { await Task.yield() }.value
        impatient.cancel()
        await #expect(throws: ResolverError.cancelled) { try await impatient.value }
        gate.open()
        #expect(try await patient.value.addresses == [ip4("127.0.0.1")])
    }

    // TestLookupIPAddrConcurrentCallsForNetworks
    @Test func `lookups of different families are not shared`() async throws {
        let gate = Gate()
        let server = DNSServer { _ in
            gate.wait()
            return .records([.address("a.test", at: "127.0.0.1"), .address("a.test", at: "::1")])
        }
        let resolver = CAresResolver()
        let lookups = [AddressFamilies.any, .ip4, .ip6].map { lookup(of: "a.test", $0, at: server, resolver) }
        try await wait(for: "four questions") { server.questions.count == 4 }
        gate.open()
        for lookup in lookups { #expect(try await !lookup.value.isCoalesced) }
    }

    // TestLookupHostCancel
    @Test func `six hundred cancelled lookups leave no socket, and the next one works`() async throws {
        let server = DNSServer {
            $0.name == "good.test" ? .records([.address("good.test", at: "127.0.0.1")]) : .silence
        }
        let resolver = CAresResolver()
        let before = openDescriptors()
        for batch in 0..<20 {
            let lookups = (0..<30).map { lookup(of: "\(batch)-\($0).test", .ip4, at: server, resolver) }
            await Task.onNetwork { await Task.yield() }.value
            for lookup in lookups { lookup.cancel() }
            for lookup in lookups { await #expect(throws: ResolverError.cancelled) { try await lookup.value } }
        }
        _ = try await look(up: "good.test", .ip4, ResolverSettings(server), resolver)
        // Other tests open and close sockets meanwhile.
        try await wait(for: "the sockets to be closed") { openDescriptors() < before + 300 }
    }

    @Test func `a hung server delays no lookup at another`() async throws {
        let hung = DNSServer { _ in .silence }
        let good = DNSServer(["a.test": [.address("a.test", at: "127.0.0.1")]])
        let resolver = CAresResolver()
        let waiting = (0..<50).map { lookup(of: "\($0).test", at: hung, resolver) }
        try await wait(for: "the questions") { hung.questions.count >= 100 }
        _ = try await look(up: "a.test", .any, ResolverSettings(good), resolver)
        for lookup in waiting { lookup.cancel() }
    }
}

private func ip4(_ ip: String, port: UInt16 = 80) -> NetworkAddress { NetworkAddress(family: .ip4, ip: ip, port: port) }
private func ip6(_ ip: String, port: UInt16 = 80) -> NetworkAddress { NetworkAddress(family: .ip6, ip: ip, port: port) }

extension ResolverSettings {
    init(_ server: DNSServer) {
        self.init()
        servers = [server.address]
        // A busy machine may take its time; nothing here waits for it to pass.
        timeout = .seconds(30)
    }
}

private struct Outcome: Sendable {
    var resolution: Resolution
    var parts: [ResolvedPart]
}

private func lookup(
    of host: String, _ families: AddressFamilies = .any, at server: DNSServer,
    _ resolver: CAresResolver = CAresResolver(),
    port: UInt16 = 80, tell: @escaping @Sendable @NetworkActor (ResolvedPart) -> Void = { _ in }
) -> Task<Resolution, any Error> {
    Task.onNetwork {
        try await resolver.resolve(
            NameQuery(host: host, port: port, families: families), settings: ResolverSettings(server), tell: tell)
    }
}

private func look(
    up host: String, _ families: AddressFamilies = .any, at server: DNSServer
) async throws -> Outcome {
    try await look(up: host, families, ResolverSettings(server))
}

private func look(
    up host: String, _ families: AddressFamilies = .any, _ settings: ResolverSettings,
    _ resolver: CAresResolver = CAresResolver()
) async throws -> Outcome {
    try await Task.onNetwork {
        var parts: [ResolvedPart] = []
        let query = NameQuery(host: host, port: 80, families: families)
        let resolution = try await resolver.resolve(query, settings: settings) { parts.append($0) }
        return Outcome(resolution: resolution, parts: parts)
    }.value
}

private func failure(
    of host: String, _ families: AddressFamilies = .any, at server: DNSServer
) async -> ResolverError? {
    await failure(of: host, families, ResolverSettings(server))
}

private func failure(
    of host: String, _ families: AddressFamilies = .any, _ settings: ResolverSettings
) async -> ResolverError? {
    await #expect(throws: ResolverError.self) { try await look(up: host, families, settings) }
}

private func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}
