import ArgumentParser
import HTTPClient
import HTTPTrace
import Transport

/// Where connections go and how names become addresses, in curl's words. Shared by every subcommand that sends.
struct DialingOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Take these addresses for a host and port, without a lookup; * stands for any host. May be repeated.",
            valueName: "host:port:addr[,addr]"))
    var resolve: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Connect to another host and port, without changing the request. May be repeated.",
            valueName: "host1:port1:host2:port2"))
    var connectTo: [String] = []

    @Flag(name: [.customShort("4"), .customLong("ipv4")], help: "Use a name's IPv4 addresses only.")
    var ip4 = false

    @Flag(name: [.customShort("6"), .customLong("ipv6")], help: "Use a name's IPv6 addresses only.")
    var ip6 = false

    @Option(help: ArgumentHelp("DNS servers to ask instead of the machine's.", valueName: "addr[:port],..."))
    var dnsServers: String?

    @Option(
        name: .customLong("happy-eyeballs-timeout-ms"),
        help: ArgumentHelp("How long an address is tried alone before the next one too.", valueName: "milliseconds"))
    var attemptDelay: Int?

    @Option(
        name: .customLong("interface"),
        help: ArgumentHelp("Connect from this address or network device.", valueName: "name"))
    var localEnd: String?

    func validate() throws {
        guard !ip4 || !ip6 else { throw ValidationError("-4 and -6 exclude each other.") }
        if let attemptDelay, !(1...60_000).contains(attemptDelay) {
            throw ValidationError("--happy-eyeballs-timeout-ms takes 1 to 60000; \(attemptDelay) is not that.")
        }
        _ = try options()
        _ = try servers()
    }

    func apply(to configuration: inout ClientConfiguration) throws {
        configuration.dialing = try options()
        let servers = try servers()
        if !servers.isEmpty { configuration.resolver = MachineResolver(servers: servers) }
    }

    /// What is not as it always is, for the interface's line of standing options.
    var words: [String] {
        var words: [String] = []
        if ip4 { words.append("IPv4 only") }
        if ip6 { words.append("IPv6 only") }
        if !resolve.isEmpty { words.append("\(resolve.count) pinned") }
        if !connectTo.isEmpty { words.append("\(connectTo.count) redirected") }
        if let dnsServers { words.append("DNS \(dnsServers)") }
        if let localEnd { words.append("from \(localEnd)") }
        return words
    }

    private func options() throws -> DialOptions {
        var options = DialOptions()
        if ip4 { options.families = .ip4 }
        if ip6 { options.families = .ip6 }
        if let attemptDelay { options.attemptDelay = .milliseconds(attemptDelay) }
        do throws(DialOptionProblem) {
            for text in resolve { options.pins.append(try AddressPin.parse(text)) }
            for text in connectTo { options.detours.append(try Detour.parse(text)) }
            if let localEnd { options.localEnd = try LocalEnd.parse(localEnd) }
        } catch {
            throw ValidationError(error.description)
        }
        return options
    }

    private func servers() throws -> [NetworkAddress] {
        guard let dnsServers else { return [] }
        do throws(DialOptionProblem) {
            return try MachineResolver.parseServers(dnsServers)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
