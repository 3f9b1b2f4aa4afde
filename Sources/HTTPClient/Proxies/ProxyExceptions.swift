internal import HTTPTrace

// NO_PROXY and `--noproxy`: what is reached directly. The grammar is Go's (golang.org/x/net/http/httpproxy):
//
//      *                        everything
//      192.0.2.0/24  fe80::/10  addresses in a network
//      192.0.2.1     [::1]:80   an address, perhaps at one port
//      example.com[:443]        a name and all names below it
//      .example.com             only the names below it; also *.example.com
//
// Separated by commas or, as curl has it, blanks. What makes no sense matches nothing.

/// Origins to reach without a proxy.
public struct ProxyExceptions: Equatable, Sendable {
    private enum Rule: Equatable, Sendable {
        case everything
        case network(IPAddress, length: Int)
        case address(IPAddress, port: UInt16?)
        /// `suffix` begins with a dot.
        case names(suffix: String, includesItself: Bool, port: UInt16?)
    }

    private var rules: [Rule] = []

    /// - Parameter text: As NO_PROXY has it; empty for no exception.
    public init(_ text: String = "") {
        rules = text.split { $0 == "," || $0.isWhitespace }.compactMap { Self.rule($0.lowercased()) }
    }

    func contains(_ origin: Origin) -> Bool {
        guard !rules.isEmpty else { return false }
        let address = IPAddress(origin.host)
        return rules.contains { rule in
            switch (rule, address) {
            case (.everything, _): true
            case (.network(let network, let length), let address?): address.shares(length, bitsWith: network)
            case (.address(let one, let port), let address?): one == address && (port ?? origin.port) == origin.port
            case (.names(let suffix, let includesItself, let port), nil):
                (origin.host.hasSuffix(suffix) || (includesItself && origin.host == suffix.dropFirst()))
                    && (port ?? origin.port) == origin.port
            default: false
            }
        }
    }

    private static func rule(_ text: String) -> Rule? {
        if text == "*" { return .everything }
        if let slash = text.firstIndex(of: "/") {
            guard let network = IPAddress(text[..<slash]), let length = Int(digits: text[slash...].dropFirst()),
                (0...network.bytes.count * 8).contains(length)
            else { return nil }
            return .network(network, length: length)
        }
        var (host, port) = split(text)
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if let address = IPAddress(host) { return .address(address, port: port) }
        if host.hasPrefix("*.") { host = host.dropFirst() }
        // As URLs have their hosts.
        guard let name = InternationalName.ascii(host), !name.isEmpty, name != "." else { return nil }
        let includesItself = !name.hasPrefix(".")
        return .names(suffix: includesItself ? ".\(name)" : name, includesItself: includesItself, port: port)
    }

    /// Host and port, unless the colons are those of a bare IPv6 address.
    private static func split(_ text: String) -> (Substring, UInt16?) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(digits: text[colon...].dropFirst()),
            text.hasPrefix("[") ? text[..<colon].hasSuffix("]") : text.firstIndex(of: ":") == colon
        else { return (text[...], nil) }
        return (text[..<colon], port)
    }
}
