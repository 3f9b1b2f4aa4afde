import Glibc
import HTTPTrace
import Synchronization
import TestSupport
import Testing

@testable import Transport

// Go: TestGoLookupIPWithResolverConfig, TestGoLookupIPOrderFallbackToFile (net/dnsclient_unix_test.go).
@Suite("The machine's resolver", .timeLimit(.minutes(5)))
struct MachineResolverTests {
    @Test func `a name of the hosts file needs no server`() async throws {
        let etc = try Etc(hosts: "192.0.2.7 box.test\n::1 box.test\n")
        let resolution = try await etc.resolve("box.test")
        #expect(Set(resolution.addresses.map(\.ip)) == ["192.0.2.7", "::1"])
        #expect(resolution.source == .hostsFile)
        #expect(try await etc.resolve("box.test", .ip4).addresses.map(\.ip) == ["192.0.2.7"])
        #expect(etc.server.questions.isEmpty)
    }

    @Test func `other names are asked for where resolv.conf says`() async throws {
        let etc = try Etc(hosts: "192.0.2.7 box.test\n")
        let resolution = try await etc.resolve("a.test")
        #expect(resolution.addresses.map(\.ip) == ["127.0.0.1"])
        #expect(resolution.source == .dns)
        // The hosts file has no IPv6 address for it, so a server may.
        await #expect(throws: ResolverError.noAddresses(.ip6, server: etc.server.address)) {
            try await etc.resolve("box.test", .ip6)
        }
    }

    @Test func `localhost is this machine whatever servers say`() async throws {
        let etc = try Etc(hosts: "")
        for name in ["localhost", "a.localhost", "LOCALHOST."] {
            let resolution = try await etc.resolve(name)
            #expect(Set(resolution.addresses.map(\.ip)) == ["127.0.0.1", "::1"])
            #expect(resolution.source == .localhostRule)
        }
        #expect(etc.server.questions.isEmpty)
    }

    @Test func `a hosts file that changes counts at once`() async throws {
        let etc = try Etc(hosts: "192.0.2.7 box.test\n")
        _ = try await etc.resolve("box.test")
        try etc.folder.write("hosts", Array("192.0.2.70 box.test\n".utf8))
        #expect(try await etc.resolve("box.test").addresses.map(\.ip) == ["192.0.2.70"])
    }

    @Test func `a hosts file of any length is searched`() async throws {
        let lines = (0..<20_000).map { "0.0.0.0 ads\($0).test" } + ["192.0.2.7 box.test"]
        let etc = try Etc(hosts: lines.joined(separator: "\n"))
        #expect(try await etc.resolve("box.test").addresses.map(\.ip) == ["192.0.2.7"])
    }

    @Test func `the order of nsswitch.conf is kept`() async throws {
        let etc = try Etc(hosts: "192.0.2.7 a.test\n", nsswitch: "hosts: dns files\n")
        #expect(try await etc.resolve("a.test").source == .dns)
        try etc.folder.write("hosts", Array("192.0.2.7 only.test\n".utf8))
        #expect(try await etc.resolve("only.test").source == .hostsFile)
    }

    @Test func `what only the C library can do is left to it, and told`() async throws {
        let etc = try Etc(hosts: "", nsswitch: "hosts: files ldap\n")
        let resolution = try await etc.resolve("a.test")
        #expect(resolution.addresses.map(\.ip) == ["192.0.2.99"])
        #expect(resolution.source == .system(because: "nsswitch.conf says ldap"))
        #expect(etc.server.questions.isEmpty)
    }

    @Test func `servers that were given are asked instead`() async throws {
        let other = DNSServer(["a.test": [.address("a.test", at: "192.0.2.50")]])
        let etc = try Etc(hosts: "192.0.2.7 box.test\n", nsswitch: "hosts: files ldap\n", servers: [other.address])
        #expect(try await etc.resolve("a.test").addresses.map(\.ip) == ["192.0.2.50"])
        #expect(try await etc.resolve("box.test").source == .hostsFile)
        #expect(etc.server.questions.isEmpty)
    }

    // TestResolverLookupIPWithEmptyHost
    @Test func `an empty name is an error`() async throws {
        let etc = try Etc(hosts: "")
        await #expect(throws: ResolverError.unknownName(server: nil)) { try await etc.resolve("") }
    }

    @Test func `a cancelled lookup asks nobody`() async throws {
        let etc = try Etc(hosts: "")
        let lookup = Task.onNetwork {
            while !Task.isCancelled { await Task.yield() }
            return try await etc.resolver.resolve("a.test", port: 80)
        }
        lookup.cancel()
        await #expect(throws: ResolverError.cancelled) { try await lookup.value }
        #expect(etc.server.questions.isEmpty)
    }
}

/// A folder like /etc, with a DNS server of its own that knows a.test.
private final class Etc: Sendable {
    let folder: TemporaryFolder
    let server: DNSServer
    let resolver: MachineResolver

    init(hosts: String, nsswitch: String? = nil, servers: [NetworkAddress] = []) throws {
        folder = try TemporaryFolder()
        server = DNSServer(["a.test": [.address("a.test", at: "127.0.0.1")], "box.test": []])
        try folder.write("hosts", Array(hosts.utf8))
        try folder.write("resolv.conf", Array("nameserver 127.0.0.1\noptions timeout:30\n".utf8))
        if let nsswitch { try folder.write("nsswitch.conf", Array(nsswitch.utf8)) }
        let system = SystemResolver { _, _ in
            .success(Resolution(addresses: [NetworkAddress(family: .ip4, ip: "192.0.2.99", port: 0)]))
        }
        resolver = MachineResolver(
            servers: servers, folder: folder.path, system: system, serverPort: server.address.port)
    }

    func resolve(_ host: String, _ families: AddressFamilies = .any) async throws -> Resolution {
        try await Task.onNetwork { [resolver] in
            try await resolver.resolve(NameQuery(host: host, port: 80, families: families)) { _ in }
        }.value
    }
}
