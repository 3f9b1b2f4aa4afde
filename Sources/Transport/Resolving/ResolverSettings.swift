internal import HTTPTrace

/// How DNS servers are asked: what resolv.conf(5) says, or its defaults.
struct ResolverSettings: Equatable, Sendable {
    /// In the order in which they are asked.
    var servers: [NetworkAddress] = []
    /// Appended in turn to names with few dots.
    var searchDomains: [String] = []
    /// Names with fewer dots than this are tried with the search domains first.
    var dots = 1
    /// How long the first question waits for its answer; each round waits twice as long.
    var timeout = Duration.seconds(5)
    /// How often each server is asked. Two is also what the C library and Go do.
    var tries = 2
    /// Whether each lookup starts at another server.
    var rotates = false
    /// Whether the second family is asked for only when the first has answered: some routers drop the second question.
    var asksOneByOne = false
    /// Whether datagrams are not tried at all.
    var usesTCP = false
    /// The first option that nobody told us the meaning of; such a file is left to the C library.
    var unknownOption: String?

    /// The C library takes three; more are told apart by nobody, and a limit must be.
    static let serverLimit = 8
    static let domainLimit = 16

    /// Where the file names no server: a resolver on this machine.
    static let defaultServers = [
        NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 53), NetworkAddress(family: .ip6, ip: "::1", port: 53),
    ]

    init() { servers = Self.defaultServers }

    /// - Parameters:
    ///   - text: Of resolv.conf. Lines that make no sense are passed over, as everybody does.
    ///   - hostName: This machine's; what follows its first dot is the search domain where none is given.
    init(parsing text: String, hostName: String = "") {
        if let dot = hostName.firstIndex(of: ".") {
            searchDomains = [String(hostName[hostName.index(after: dot)...])].filter { !$0.isEmpty }
        }
        for line in text.split(whereSeparator: \.isNewline) {
            // Comments stand at the start of a line only.
            guard let first = line.first, first != "#", first != ";" else { continue }
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver": addServer(words.dropFirst().first)
            case "domain": searchDomains = words.dropFirst().prefix(1).map(Self.domain)
            case "search": searchDomains = words.dropFirst().prefix(Self.domainLimit).map(Self.domain)
            case "options": for option in words.dropFirst() { set(option) }
            // "sortlist" is for IPv4 networks of the eighties; the C library has it, and Go leaves it there too.
            default: unknownOption = unknownOption ?? String(keyword)
            }
        }
        searchDomains.removeAll(where: \.isEmpty)
        if servers.isEmpty { servers = Self.defaultServers }
    }

    private mutating func addServer(_ text: Substring?) {
        guard let text, servers.count < Self.serverLimit,
            let address = SocketAddress.literal(String(text), port: 53)
        else { return }
        servers.append(address)
    }

    private static func domain(_ text: Substring) -> String {
        String(text.hasSuffix(".") ? text.dropLast() : text).lowercased()
    }

    private mutating func set(_ option: Substring) {
        let parts = option.split(separator: ":", maxSplits: 1)
        let value = parts.count == 2 ? Int(parts[1]) : nil
        switch parts.first {
        // The limits are the C library's (resolv.conf(5)).
        case "ndots": dots = min(max(value ?? 1, 0), 15)
        case "timeout": timeout = .seconds(min(max(value ?? 5, 1), 30))
        case "attempts": tries = min(max(value ?? 2, 1), 5)
        case "rotate": rotates = true
        case "single-request", "single-request-reopen": asksOneByOne = true
        case "use-vc", "usevc", "tcp": usesTCP = true
        // For the C library's own use, or about what we don't look at.
        case "trust-ad", "edns0", "no-reload": break
        default: unknownOption = unknownOption ?? String(option)
        }
    }
}
