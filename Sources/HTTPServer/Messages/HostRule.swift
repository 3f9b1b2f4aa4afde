internal import HTTPTrace

/// Whether a Host names this machine by a name that cannot be made to point at it from outside.
enum HostRule {
    /// Loopback addresses, `localhost` and names below it (RFC 6761 §6.3), each with any port.
    static func isLoopback(authority: String) -> Bool {
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
            return host == "::1"
        }
        host = authority.prefix { $0 != ":" }
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") || isLoopback4(name)
    }

    /// Whether a listening address takes connections from this machine only.
    static func isLoopback(_ address: NetworkAddress) -> Bool {
        address.family == .ip6 ? address.ip == "::1" : isLoopback4(address.ip)
    }

    // 127.0.0.0/8, in plain decimal: browsers write no other form.
    private static func isLoopback4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
