/// A proxy, as far as everybody may know it: its credentials are kept elsewhere.
public struct ProxyServer: Hashable, Sendable {
    /// How it is spoken to.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case http
        /// HTTP inside TLS.
        case https
        /// RFC 1928. Names are looked up here; the proxy is given addresses.
        case socks5
        /// The same, and the proxy looks names up.
        case socks5h

        public var isSOCKS: Bool { self == .socks5 || self == .socks5h }
    }

    public var kind: Kind
    /// Lower case, without brackets for IPv6.
    public var host: String
    public var port: UInt16

    public init(_ kind: Kind, host: String, port: UInt16) {
        self.kind = kind
        self.host = host
        self.port = port
    }

    /// Where it is dialed.
    public var origin: Origin { Origin(scheme: kind == .https ? .https : .http, host: host, port: port) }
}

extension ProxyServer: CustomStringConvertible {
    /// `http://proxy.example:3128`, always with the port.
    public var description: String { "\(kind.rawValue)://\(origin.hostPort)" }
}
