import HTTPTrace
import Testing

@testable import Transport

// Go: TestConfHostLookupOrder (net/conf_test.go).
@Suite("Who is asked for a name")
struct NameSourcesTests {
    private func sources(
        _ name: String = "x.com", nsswitch: String? = "hosts: files dns",
        _ change: (inout NamingFacts) -> Void = { _ in }
    ) -> NameSources {
        var facts = NamingFacts(nsswitch: nsswitch, hostName: "here")
        change(&facts)
        return NameSources.forName(name, facts)
    }

    static let orders: [(text: String, order: [NameSources.Ours])] = [
        ("hosts: files dns", [.hostsFile, .dns]), ("hosts: dns files", [.dns, .hostsFile]),
        ("hosts: dns", [.dns]), ("hosts: files", [.hostsFile]),
        ("passwd: files\nhosts:\tfiles dns # for us", [.hostsFile, .dns]),
        ("hosts: files [notfound=continue success=return] dns", [.hostsFile, .dns]),
        ("passwd: files", [.hostsFile, .dns]),
        ("hosts: files mdns4_minimal dns", [.hostsFile, .dns]), ("hosts: files myhostname dns", [.hostsFile, .dns]),
    ]

    @Test(arguments: orders)
    func `what we can do ourselves is done in the order of the file`(text: String, order: [NameSources.Ours]) {
        #expect(sources(nsswitch: text) == .ours(order))
    }

    @Test func `without nsswitch.conf the hosts file comes before DNS`() {
        #expect(sources(nsswitch: nil) == .ours([.hostsFile, .dns]))
    }

    static let foreign: [(text: String, why: String)] = [
        ("hosts: files ldap dns", "nsswitch.conf says ldap"),
        ("hosts: resolve [!UNAVAIL=return] dns", "nsswitch.conf says resolve"),
        ("hosts: files [NOTFOUND=return] dns", "nsswitch.conf has conditions for files"),
        ("hosts: wins\u{1B}[31m", "nsswitch.conf says wins?"),
    ]

    @Test(arguments: foreign)
    func `sources that only the C library knows are left to it`(text: String, why: String) {
        #expect(sources(nsswitch: text) == .system(because: why))
    }

    @Test func `names of multicast DNS are left to the C library`() {
        #expect(sources("printer.local") == .system(because: "it ends in .local"))
        #expect(sources("PRINTER.LOCAL.") == .system(because: "it ends in .local"))
        #expect(sources("notlocal") == .ours([.hostsFile, .dns]))
        #expect(
            sources(nsswitch: "hosts: files mdns4 dns") { $0.hasMulticastList = true }
                == .system(because: "there is an mdns.allow"))
    }

    @Test(arguments: ["here", "HERE", "localhost", "db.localhost", "_gateway"])
    func `this machine's own names are left to the C library where it makes them up`(name: String) {
        #expect(
            sources(name, nsswitch: "hosts: files myhostname dns") == .system(because: "nsswitch.conf says myhostname"))
        #expect(sources(name) == .ours([.hostsFile, .dns]))
    }

    @Test func `what changes the C library's behaviour leaves the name to it`() {
        #expect(sources { $0.unknownOption = "inet6" } == .system(because: "resolv.conf says \"inet6\""))
        #expect(sources { $0.resolverVariable = "RES_OPTIONS" } == .system(because: "RES_OPTIONS is set"))
    }
}

// Go: TestDNSReadConfig, TestDNSDefaultSearch (net/dnsconfig_unix_test.go).
@Suite("resolv.conf")
struct ResolverSettingsTests {
    @Test func `servers, search domains and options are read`() {
        let settings = ResolverSettings(
            parsing: """
                # a comment
                ; another
                nameserver 192.0.2.1
                nameserver 2001:db8::1
                nameserver not.an.address
                search lan.test. Example.COM
                options ndots:99 timeout:0 attempts:3 rotate single-request use-vc trust-ad
                """)
        #expect(settings.servers.map(\.description) == ["192.0.2.1:53", "[2001:db8::1]:53"])
        #expect(settings.searchDomains == ["lan.test", "example.com"])
        #expect(settings.dots == 15)
        #expect(settings.timeout == .seconds(1))
        #expect(settings.tries == 3)
        #expect(settings.rotates && settings.asksOneByOne && settings.usesTCP)
        #expect(settings.unknownOption == nil)
    }

    @Test func `an empty file asks this machine`() {
        let settings = ResolverSettings(parsing: "")
        #expect(settings.servers == ResolverSettings.defaultServers)
        #expect(settings == ResolverSettings())
        #expect(settings.dots == 1 && settings.tries == 2 && settings.timeout == .seconds(5))
    }

    @Test func `the machine's own domain is searched where none is given, and the last line wins`() {
        #expect(ResolverSettings(parsing: "", hostName: "here.lan.test").searchDomains == ["lan.test"])
        #expect(ResolverSettings(parsing: "domain a.test\nsearch b.test c.test").searchDomains == ["b.test", "c.test"])
        #expect(ResolverSettings(parsing: "search .\n", hostName: "here.lan.test").searchDomains == [])
    }

    @Test func `what is not understood is told, as the C library may know better`() {
        #expect(ResolverSettings(parsing: "options ndots:2 inet6").unknownOption == "inet6")
        #expect(ResolverSettings(parsing: "sortlist 130.155.160.0").unknownOption == "sortlist")
    }

    @Test func `a list of servers has an end`() {
        let text = (1...40).map { "nameserver 192.0.2.\($0)" }.joined(separator: "\n")
        #expect(ResolverSettings(parsing: text).servers.count == ResolverSettings.serverLimit)
    }
}

// Go: TestLookupStaticHost (net/hosts_test.go).
@Suite("Hosts file")
struct HostsFileTests {
    private let text = """
        255.255.255.255\tbroadcasthost
        127.0.0.2\todin
        127.0.0.3\todin  # inline comment
        ::2             odin
        127.1.1.1\tthor
        # aliases
        127.1.1.2\tullr ullrhost
        fe80::1%lo\tlocalhost
        not.an.address  odin
        \t127.0.0.9  Odin\r
        """

    private func ips(_ host: String) -> [String] {
        HostsFile.addresses(of: host, in: Array(text.utf8).span).map(\.ip)
    }

    @Test func `every line that names it counts, once, in order`() {
        #expect(ips("odin") == ["127.0.0.2", "127.0.0.3", "::2", "127.0.0.9"])
        #expect(ips("ODIN.") == ips("odin"))
        #expect(ips("ullrhost") == ["127.1.1.2"])
        #expect(ips("localhost") == ["fe80::1%lo"])
    }

    @Test func `comments and parts of names are no names`() {
        #expect(ips("inline") == [])
        #expect(ips("comment") == [])
        #expect(ips("od") == [])
        #expect(ips("aliases") == [])
        #expect(ips("") == [])
    }
}

// Go: TestSortByRFC6724 (net/addrselect_test.go), whose rows these are.
@Suite("Order of addresses")
struct AddressOrderTests {
    /// Addresses with the source each would be reached from (none: there is no way), and the order they are tried in.
    /// Spelled out, since the compiler takes minutes to find this type by itself.
    typealias Row = (pairs: [(String, String)], expected: [String])
    static let rows: [Row] = [
        // Examples of RFC 6724 §10.2.
        (
            [("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "2001:db8:1::2")],
            ["2001:db8:1::1", "198.51.100.121"]
        ),
        ([("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")], ["198.51.100.121", "2001:db8:1::1"]),
        ([("10.1.2.3", "10.1.2.4"), ("2001:db8:1::1", "2001:db8:1::2")], ["2001:db8:1::1", "10.1.2.3"]),
        ([("2001:db8:1::1", "2001:db8:1::2"), ("fe80::1", "fe80::2")], ["fe80::1", "2001:db8:1::1"]),
        (
            [("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")],
            ["2002:c633:6401::1", "2001:db8:1::1"]
        ),
        // Unreachable ones go last.
        ([("2001:db8:1::1", ""), ("198.51.100.121", "198.51.100.117")], ["198.51.100.121", "2001:db8:1::1"]),
        // IPv4 is not sorted by prefix (golang/go#13283).
        (
            [("54.83.193.112", "10.0.0.5"), ("184.72.238.214", "10.0.0.5"), ("10.0.0.77", "10.0.0.5")],
            ["54.83.193.112", "184.72.238.214", "10.0.0.77"]
        ),
        // Unique local addresses lose to IPv4 unless we have one too.
        ([("fd11::1", "2001:db8::9"), ("198.51.100.121", "198.51.100.117")], ["198.51.100.121", "fd11::1"]),
        ([("fd11::1", "fd11::2"), ("198.51.100.121", "198.51.100.117")], ["198.51.100.121", "fd11::1"]),
    ]

    @Test(arguments: rows.indices)
    func `the best way comes first`(row: Int) {
        let (pairs, expected) = Self.rows[row]
        let choices = pairs.map { pair in
            var choice = AddressChoice(address: SocketAddress.literal(pair.0, port: 80)!, source: nil)
            choice.source = SocketAddress.literal(pair.1, port: 0)
            return choice
        }
        #expect(AddressChoice.sorted(choices).map(\.address.ip) == expected)
    }

    @Test func `the kernel says from where loopback is reached, and that nothing leads to nowhere`() {
        let own = AddressChoice(NetworkAddress(family: .ip4, ip: "127.0.0.7", port: 80))
        #expect(own.source?.ip == "127.0.0.1" || own.source?.ip == "127.0.0.7")
        #expect(AddressChoice(NetworkAddress(family: .ip6, ip: "ff02::1%nowhere", port: 80)).source == nil)
    }
}
