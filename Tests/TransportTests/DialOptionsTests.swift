import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Options of a dial", .timeLimit(.minutes(5)))
struct DialOptionsTests {
    // MARK: --resolve

    @Test func `a pin names a host, a port and its addresses`() throws {
        let pin = try AddressPin.parse("Example.com:443:192.0.2.1,[2001:db8::1],2001:db8::2")
        #expect(pin.host == "example.com" && pin.port == 443)
        #expect(pin.addresses.map(\.description) == ["192.0.2.1:443", "[2001:db8::1]:443", "[2001:db8::2]:443"])
        #expect(try AddressPin.parse("Bücher.example:80:192.0.2.1").host == "xn--bcher-kva.example")
        #expect(try AddressPin.parse("+*:80:::1").host == nil)
        #expect(try AddressPin.parse("+*:80:::1").addresses.map(\.ip) == ["::1"])
    }

    @Test func `the last pin counts, and a name more than a star`() throws {
        let pins = try ["a.test:80:192.0.2.1", "a.test:80:192.0.2.2", "*:80:192.0.2.3", "a.test:81:192.0.2.4"]
            .map(AddressPin.parse)
        #expect(pins.addresses(of: "a.test", port: 80)?.map(\.ip) == ["192.0.2.2"])
        #expect(pins.addresses(of: "b.test", port: 80)?.map(\.ip) == ["192.0.2.3"])
        #expect(pins.addresses(of: "b.test", port: 82) == nil)
    }

    static let badPins: [(text: String, words: String)] = [
        ("a.test", "--resolve takes HOST:PORT:ADDR[,ADDR]...; \"a.test\" is not that."),
        ("a.test:80:", "--resolve takes HOST:PORT:ADDR[,ADDR]...; \"a.test:80:\" is not that."),
        ("-a.test:80", "--resolve takes HOST:PORT:ADDR[,ADDR]...; \"-a.test:80\" is not that."),
        ("a.test:0:192.0.2.1", "--resolve: \"0\" is no port; a port is 1 to 65535."),
        ("a.test:+80:192.0.2.1", "--resolve: \"+80\" is no port; a port is 1 to 65535."),
        ("a.test:80:b.test", "--resolve: \"b.test\" is no IP address."),
        ("a.test:80:192.0.2.1,", "--resolve: \"\" is no IP address."),
    ]

    @Test(arguments: badPins)
    func `a pin that is none says why`(text: String, words: String) {
        let problem = #expect(throws: DialOptionProblem.self) { try AddressPin.parse(text) }
        #expect(problem?.description == words)
    }

    @Test func `a pinned name is dialed without a lookup, and told so`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let (dialer, log) = (try dialer { try $0.pin("pinned.test", listener.address) }, Log())
            let origin = Origin(scheme: .http, host: "pinned.test", port: listener.address.port)
            let stream = try await dialer.dial(origin, timeout: nil, record: log.record)
            #expect(stream.remoteAddress == listener.address)
            #expect(
                log.events == [
                    .addressPinned(host: "pinned.test", [listener.address]),
                    .connectStart(attempt: 1, listener.address), .connectDone(attempt: 1, listener.address, nil),
                ])
        }.value
    }

    @Test func `a pin to addresses of the unwanted family leaves none`() async throws {
        try await Task.onNetwork {
            let dialer = try dialer {
                try $0.pin("pinned.test", NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 80))
                $0.families = .ip6
            }
            let error = await #expect(throws: DialError.self) {
                try await dialer.dial(Origin(scheme: .http, host: "pinned.test"), timeout: nil) { _ in }
            }
            #expect(error?.description == "pinned.test: the name has no IPv6 address")
        }.value
    }

    // MARK: --connect-to

    @Test func `a detour matches what it names and changes what it names`() throws {
        let detours = try ["a.test:80:b.test:8080", "[::1]::[::2]:", "::gate.test:", ":443::8443"].map(Detour.parse)
        func goal(_ host: String, _ port: UInt16) -> String {
            detours.destination(of: Origin(scheme: .http, host: host, port: port)).hostPort
        }
        #expect(goal("a.test", 80) == "b.test:8080")
        #expect(goal("::1", 99) == "[::2]:99")
        // The first that matches decides, so the fourth never does.
        #expect(goal("a.test", 443) == "gate.test:443")
        #expect([Detour]().destination(of: Origin(scheme: .http, host: "a")) == Origin(scheme: .http, host: "a"))
    }

    @Test(arguments: ["a.test", "a.test:80", "a.test:80:b.test", "[::1:80:b.test:80"])
    func `a detour that is none says so`(text: String) {
        #expect(throws: DialOptionProblem.malformed(.connectTo, text)) { try Detour.parse(text) }
    }

    @Test func `a detour with a bad port says so`() {
        #expect(throws: DialOptionProblem.badPort(.connectTo, "http")) { try Detour.parse("a.test:http:b.test:80") }
        #expect(throws: DialOptionProblem.badPort(.connectTo, "+80")) { try Detour.parse("a.test:80:b.test:+80") }
    }

    @Test func `a dial that is led elsewhere tells from where to where`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let dialer = try dialer { try $0.detours = [Detour.parse("a.test::127.0.0.1:\(listener.address.port)")] }
            let log = Log()
            _ = try await dialer.dial(Origin(scheme: .https, host: "a.test"), timeout: nil, record: log.record)
            #expect(log.events.first == .dialRedirected(from: "a.test:443", to: listener.address.description))
            #expect(log.events.count == 3)
        }.value
    }

    // MARK: --interface, --dns-servers

    // TestDialerLocalAddr
    @Test func `every attempt starts from the chosen address`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let dialer = try dialer {
                try $0.pin("a.test", closedAddress(), listener.address)
                $0.localEnd = try LocalEnd.parse("127.0.0.5")
            }
            let origin = Origin(scheme: .http, host: "a.test", port: listener.address.port)
            let stream = try await dialer.dial(origin, timeout: nil) { _ in }
            #expect(stream.localAddress.ip == "127.0.0.5")
            let literal = Origin(scheme: .http, host: "127.0.0.1", port: listener.address.port)
            #expect(try await dialer.dial(literal, timeout: nil) { _ in }.localAddress.ip == "127.0.0.5")
        }.value
    }

    @Test func `an address of the other family is no place to start from`() async throws {
        try await Task.onNetwork {
            let dialer = try dialer { $0.localEnd = try LocalEnd.parse("::1") }
            let error = await #expect(throws: DialError.self) {
                try await dialer.dial(Origin(scheme: .http, host: "127.0.0.1", port: 1), timeout: nil) { _ in }
            }
            #expect(error?.description.contains("127.0.0.1:1 failed (Address family not supported") == true)
        }.value
    }

    @Test func `a local end is an address or a device`() throws {
        #expect(try LocalEnd.parse("lo") == .device("lo"))
        #expect(throws: DialOptionProblem.unknownLocalEnd("nosuch0")) { try LocalEnd.parse("nosuch0") }
    }

    @Test func `DNS servers are addresses, with a port or without`() throws {
        let servers = try MachineResolver.parseServers("192.0.2.1,192.0.2.2:5353,[2001:db8::1]:54,2001:db8::2,[::1]")
        #expect(
            servers.map(\.description) == [
                "192.0.2.1:53", "192.0.2.2:5353", "[2001:db8::1]:54", "[2001:db8::2]:53", "[::1]:53",
            ])
        #expect(throws: DialOptionProblem.noAddress(.servers, "dns.test")) {
            try MachineResolver.parseServers("dns.test")
        }
        #expect(throws: DialOptionProblem.badPort(.servers, "0")) { try MachineResolver.parseServers("192.0.2.1:0") }
        #expect(throws: DialOptionProblem.badPort(.servers, "+1")) { try MachineResolver.parseServers("192.0.2.1:+1") }
    }
}

/// Knows no names.
@NetworkActor
private func dialer(_ change: (inout DialOptions) throws -> Void) throws -> Dialer {
    var options = DialOptions()
    try change(&options)
    return Dialer(resolver: NamesOnly([:]), options: options)
}

extension DialOptions {
    fileprivate mutating func pin(_ host: String, _ addresses: NetworkAddress...) throws {
        pins.append(AddressPin(host: host, port: addresses.last!.port, addresses: addresses))
    }
}
