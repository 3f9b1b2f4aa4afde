internal import HTTPTrace
public import HTTPTypes

// Which proxy for which origin, and how it is used:
//
//      target   http(s) proxy          SOCKS proxy
//      http     forward, or tunnel     tunnel
//      https    tunnel                 tunnel

/// Which origins are reached through which proxy.
public struct ProxyRules: Equatable, Sendable {
    /// For targets of this scheme; nil reaches them directly.
    public var http, https: Proxy?
    public var exceptions = ProxyExceptions()
    /// Whether `localhost` and loopback addresses are reached directly whatever else is said, as Go has it for proxies
    /// that the environment names.
    public var sparesLoopback = false
    /// Whether http targets go through a tunnel too: curl's `--proxytunnel`.
    public var tunnelsAlways = false
    /// For the proxy alone: sent with CONNECT, and with requests it is to make.
    public var fields = HTTPFields()
    /// In a CGI program HTTP_PROXY may have been sent by the client, as its `Proxy` field; http targets fail then.
    public var refusesPlain = false
    /// Variables of the environment whose value names no proxy: they count as unset, as in Go.
    public private(set) var ignored: [String: Proxy.Problem] = [:]

    /// No proxy.
    public init() {}

    /// One proxy for all origins.
    public init(_ proxy: Proxy) { (http, https) = (proxy, proxy) }

    /// The variables that `init(environment:)` looks at.
    public static let variables = [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
        "REQUEST_METHOD",
    ]

    /// What the environment asks for: HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms as Go reads them, and
    /// curl's ALL_PROXY where the first two are not set.
    ///
    /// - Parameter environment: Of the process, most likely.
    public init(environment: [String: String]) {
        let all = read(["ALL_PROXY", "all_proxy"], environment)
        http = read(["HTTP_PROXY", "http_proxy"], environment) ?? all
        https = read(["HTTPS_PROXY", "https_proxy"], environment) ?? all
        exceptions = ProxyExceptions(Self.first(["NO_PROXY", "no_proxy"], environment)?.value ?? "")
        sparesLoopback = true
        refusesPlain = environment["REQUEST_METHOD"]?.isEmpty == false
    }

    private mutating func read(_ names: [String], _ environment: [String: String]) -> Proxy? {
        guard let (name, value) = Self.first(names, environment) else { return nil }
        do throws(Proxy.Problem) { return try Proxy.parse(value) } catch {
            ignored[name] = error
            return nil
        }
    }

    private static func first(_ names: [String], _ environment: [String: String]) -> (name: String, value: String)? {
        for name in names { if let value = environment[name], !value.isEmpty { return (name, value) } }
        return nil
    }
}

extension ProxyRules {
    /// The proxy for `origin`; nil to reach it directly.
    ///
    /// - Throws: Where a proxy may not be used and going without it would be just as wrong.
    func proxy(for origin: Origin) throws(Failure) -> Proxy? {
        guard let proxy = origin.scheme == .http ? http : https else { return nil }
        if refusesPlain, origin.scheme == .http {
            throw Failure(
                .proxy, "HTTP_PROXY is not used in a CGI environment (REQUEST_METHOD is set), where a client may set it"
            )
        }
        if sparesLoopback, origin.host == "localhost" || IPAddress(origin.host)?.isLoopback == true { return nil }
        return exceptions.contains(origin) ? nil : proxy
    }

    /// Which connections may serve `origin`.
    func key(for origin: Origin) throws(Failure) -> ConnectionKey {
        // Nearly everybody.
        guard http != nil || https != nil, let proxy = try proxy(for: origin) else {
            return ConnectionKey(origin: origin)
        }
        // No credentials in the key: one origin has one proxy, and who we are to that doesn't change.
        if origin.scheme == .http, !proxy.server.kind.isSOCKS, !tunnelsAlways {
            return ConnectionKey(forwardedBy: proxy.server)
        }
        return ConnectionKey(origin: origin, way: .tunnelled(through: proxy.server))
    }

    /// What a proxy is told besides the request: our own fields, and who we are. For http(s) proxies.
    func fields(for origin: Origin) -> HTTPFields {
        var all = fields
        if all[.proxyAuthorization] == nil, let credentials = try? proxy(for: origin)?.credentials {
            all[.proxyAuthorization] = credentials.basic
        }
        return all
    }
}
