public import HTTPTrace

/// A proxy, and who we are to it.
public struct Proxy: Equatable, Sendable {
    public var server: ProxyServer
    /// Nil for nobody in particular. HTTP proxies are told by Basic authentication, SOCKS5 ones by RFC 1929.
    public var credentials: Credentials?

    public init(_ server: ProxyServer, credentials: Credentials? = nil) {
        self.server = server
        self.credentials = credentials
    }

    /// A user and password. Never part of an event, an error or a description.
    public struct Credentials: Equatable, Sendable {
        public var user: String
        public var password: String

        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }

        /// Reads `user:password`, as curl's `--proxy-user` has it; without a colon the password is empty.
        public init(_ text: some StringProtocol) {
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
            self.init(user: String(text[..<colon]), password: String(text[colon...].dropFirst()))
        }

        /// The value of a Proxy-Authorization field (RFC 7617).
        var basic: String { "Basic " + base64("\(user):\(password)".utf8) }
    }
}

extension Proxy.Credentials: CustomStringConvertible, CustomReflectable {
    public var description: String { "(credentials)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension Proxy {
    /// Why a text names no proxy.
    public enum Problem: Error, Equatable, Sendable {
        case unknownScheme(String)
        case badAddress(TypedURL.Problem)
    }

    /// Reads `[scheme://][user:password@]host[:port]`. What follows the port is ignored.
    ///
    /// - Parameter defaultPort: For http proxies without a port: 80 as in Go, 1080 as with curl's `-x`. The others' are
    ///   443 for https and 1080 for SOCKS in both.
    public static func parse(_ text: String, defaultPort: UInt16 = 80) throws(Problem) -> Proxy {
        var rest = text[...]
        var kind = ProxyServer.Kind.http
        if let separator = text.firstRange(of: "://") {
            let name = text[..<separator.lowerBound].lowercased()
            guard let named = ProxyServer.Kind(rawValue: name) else { throw .unknownScheme(name) }
            kind = named
            rest = text[separator.upperBound...]
        }
        let url: RequestURL
        // The rules for host and port are those of any URL.
        let address = "http://\(rest)"
        do throws(TypedURL.Problem) { url = try TypedURL.parse(address) } catch {
            throw .badAddress(address[...].mayEndInsidePassword ? error.withoutQuotation : error)
        }
        let port = hasPort(rest) ? url.origin.port : kind == .https ? 443 : kind == .http ? defaultPort : 1080
        return Proxy(
            ProxyServer(kind, host: url.origin.host, port: port), credentials: url.userInfo.map { Credentials($0) })
    }

    private static func hasPort(_ text: Substring) -> Bool {
        let authority = text.utf8.prefix { !"/?#\\".utf8.contains($0) }
        let start = authority.lastIndex(of: UInt8(ascii: "@")).map { authority.index(after: $0) }
        let hostPort = authority[(start ?? authority.startIndex)...]
        let bracket = hostPort.lastIndex(of: UInt8(ascii: "]")) ?? hostPort.startIndex
        guard let colon = hostPort[bracket...].firstIndex(of: UInt8(ascii: ":")) else { return false }
        return hostPort[colon...].dropFirst().first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
    }
}

extension Proxy.Problem: CustomStringConvertible {
    /// A sentence for the person who typed it.
    public var description: String {
        switch self {
        case .unknownScheme(let name):
            "\(name):// is no proxy spoken to here; http://, https://, socks5:// and socks5h:// are."
        case .badAddress(let problem): problem.description
        }
    }
}
