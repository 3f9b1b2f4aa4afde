/// The schemes this client speaks.
public enum Scheme: String, Hashable, Sendable, CaseIterable, Codable {
    case http, https

    /// RFC 9110 §4.2: 80 and 443.
    public var defaultPort: UInt16 { self == .http ? 80 : 443 }
}

/// The scheme, host and port of a URL: requests with equal origins may share connections (RFC 6454 §4).
public struct Origin: Hashable, Sendable, Codable {
    public var scheme: Scheme
    /// Lower case, without brackets for IPv6: `::1`.
    public var host: String
    /// Always present; the scheme's default when the URL names none.
    public var port: UInt16

    public init(scheme: Scheme, host: String, port: UInt16? = nil) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
    }

    /// The host in brackets when it is an IPv6 literal, as it stands in a URL.
    public var bracketedHost: String {
        let bytes = host.utf8.span
        for index in bytes.indices where bytes[index] == UInt8(ascii: ":") { return "[\(host)]" }
        return host
    }

    /// `host:port`, always with the port: Go's `hostPort`, and what CONNECT asks for.
    public var hostPort: String {
        // Every request asks; appending takes a third of the time of an interpolation.
        var text = bracketedHost
        text += ":"
        text += String(port)
        return text
    }

    /// `host[:port]`, the port only when it is not the scheme's own: the Host field (RFC 9110 §7.2).
    public var authority: String { port == scheme.defaultPort ? bracketedHost : hostPort }
}

extension Origin: CustomStringConvertible {
    public var description: String { scheme.rawValue + "://" + authority }
}
