public import HTTPTrace
public import HTTPTypes

// The cookies of one session: taken from responses, given to requests (RFC 6265bis §5.7 and §5.8). A value: whoever owns it
// brings the time, and may keep it, compare it or write it to a file.

/// Keeps cookies.
public struct CookieJar: Sendable, Equatable {
    private struct Kept: Equatable {
        var cookie: Cookie
        /// Smaller for those first set earlier.
        let order: Int
    }

    // By domain: a request looks at its own few, however many others a hostile server has set. Each list in order.
    private var kept: [String: [Kept]] = [:]
    private var count = 0
    private var lastOrder = 0
    private let suffixes: PublicSuffixes

    /// Per response, and per request together with the bytes: curl's.
    public static let responseLimit = 50
    public static let requestLimit = 150
    public static let requestBytes = 8_190
    /// A domain's, and all. RFC 6265bis §5.7 asks for 50 and 3,000 at least.
    public static let domainLimit = 180
    public static let totalLimit = 3_000

    /// - Parameters:
    ///   - suffixes: With none, each cookie is kept for the host that set it alone.
    ///   - cookies: From a file, say. Of equal ones the last counts.
    public init(suffixes: PublicSuffixes = .none, cookies: [Cookie] = []) {
        self.suffixes = suffixes
        for cookie in cookies { keep(cookie) }
    }

    /// In the order in which they were first set.
    public var cookies: [Cookie] { kept.values.joined().sorted { $0.order < $1.order }.map(\.cookie) }

    // MARK: - From responses

    /// Takes in the Set-Cookie fields of a response from `url`.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: Why some were not taken, in their order.
    @discardableResult
    public mutating func take(_ fields: HTTPFields, from url: RequestURL, at now: Int64) -> [CookieRefusal] {
        var refusals: [CookieRefusal] = []
        var number = 0
        for field in fields where field.name == .setCookie {
            number += 1
            if number == 1 { dropExpired(at: now) }
            guard number <= CookieJar.responseLimit else {
                refusals.append(.tooMany(limit: CookieJar.responseLimit))
                break
            }
            do throws(CookieRefusal) {
                try take(SetCookie(field.value), from: url, at: now)
            } catch { refusals.append(error) }
        }
        return refusals
    }

    private mutating func take(_ set: SetCookie, from url: RequestURL, at now: Int64) throws(CookieRefusal) {
        let host = url.origin.host
        var cookie = Cookie(
            name: set.name, value: set.value, domain: host, path: set.path ?? CookieJar.defaultPath(of: url),
            expires: set.maxAge.map { $0 > .max - now ? .max : now + $0 } ?? set.expires,
            isSecure: set.isSecure, isHTTPOnly: set.isHTTPOnly, sameSite: set.sameSite)
        if let domain = set.domain { try widen(&cookie, to: domain, host) }
        try checkPromises(cookie, set, url)
        if !url.origin.isTrustworthy, standsInForSecureOne(cookie) { throw .insecure }
        let place = place(of: cookie)
        // An end in the past is how servers take cookies back.
        if let expires = cookie.expires, expires <= now {
            if let place { remove(at: place, of: cookie.domain) }
        } else {
            keep(cookie)
        }
    }

    /// Makes it one for all hosts below `domain`, as far as that is safe.
    private func widen(_ cookie: inout Cookie, to domain: String, _ host: String) throws(CookieRefusal) {
        guard host.isHost(within: domain) else { throw .foreignDomain(domain) }
        // Nobody knows whose names are below it, or there are none: the host itself may always have it.
        guard !suffixes.isEmpty, !host.isAddress else { return }
        if suffixes.contains(domain) {
            guard domain == host else { throw .publicSuffix(domain) }
            return
        }
        cookie.domain = domain
        cookie.isHostOnly = false
    }

    private func checkPromises(_ cookie: Cookie, _ set: SetCookie, _ url: RequestURL) throws(CookieRefusal) {
        if cookie.isSecure, !url.origin.isTrustworthy { throw .insecure }
        if cookie.sameSite == .unrestricted, !cookie.isSecure { throw .sameSite }
        // A nameless one would be sent as its value alone, which may look like a promise too.
        let name = (cookie.name.isEmpty ? cookie.value : cookie.name).lowercased()
        if name.hasPrefix("__secure-"), !cookie.isSecure { throw .prefix }
        if name.hasPrefix("__host-"), !cookie.isSecure || set.domain != nil || set.path != "/" { throw .prefix }
        if cookie.name.isEmpty, name.hasPrefix("__secure-") || name.hasPrefix("__host-") { throw .prefix }
    }

    /// Whether a server may take it for one with `Secure`, because it would replace that or be sent beside it (RFC 6265bis §5.7).
    private func standsInForSecureOne(_ cookie: Cookie) -> Bool {
        kept.contains { domain, others in
            (domain.isHost(within: cookie.domain) || cookie.domain.isHost(within: domain))
                && others.contains {
                    $0.cookie.isSecure && $0.cookie.name == cookie.name && $0.cookie.matches(path: cookie.path[...])
                }
        }
    }

    /// Where the one is that `cookie` replaces; nil when there is none.
    private func place(of cookie: Cookie) -> Int? {
        kept[cookie.domain]?.firstIndex { $0.cookie.isNamed(like: cookie) }
    }

    private mutating func keep(_ cookie: Cookie) {
        // In its old place: the order of first setting is the order of sending.
        if let place = place(of: cookie) { return kept[cookie.domain]![place].cookie = cookie }
        if let own = kept[cookie.domain], own.count >= CookieJar.domainLimit { remove(at: 0, of: cookie.domain) }
        if count >= CookieJar.totalLimit,
            let oldest = kept.min(by: { $0.value[0].order < $1.value[0].order })?.key
        {
            remove(at: 0, of: oldest)
        }
        lastOrder += 1
        count += 1
        kept[cookie.domain, default: []].append(Kept(cookie: cookie, order: lastOrder))
    }

    private mutating func remove(at place: Int, of domain: String) {
        kept[domain]!.remove(at: place)
        if kept[domain]!.isEmpty { kept[domain] = nil }
        count -= 1
    }

    private mutating func dropExpired(at now: Int64) {
        for (domain, cookies) in kept where cookies.contains(where: { $0.cookie.isOver(at: now) }) {
            let left = cookies.filter { !$0.cookie.isOver(at: now) }
            count -= cookies.count - left.count
            kept[domain] = left.isEmpty ? nil : left
        }
    }

    /// RFC 6265bis §5.1.4: the path up to its last slash.
    private static func defaultPath(of url: RequestURL) -> String {
        let path = url.path
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    // MARK: - For requests

    /// The Cookie field for a request; nil when there is nothing to send.
    ///
    /// - Parameters:
    ///   - firstOrigin: Where the chain of redirects began that led here; nil for a request of its own.
    ///   - now: Seconds since 1970.
    public func header(
        for url: RequestURL, method: HTTPRequest.Method = .get, redirectedFrom firstOrigin: Origin? = nil,
        at now: Int64
    ) -> String? {
        guard count > 0 else { return nil }
        let isCrossSite = firstOrigin.map { !isSameSite($0, url.origin) } ?? false
        let isSafe = method == .get || method == .head || method == .options || method == .trace
        let path = url.path
        let chosen = domains(above: url.origin.host).flatMap { kept[$0] ?? [] }.filter { entry in
            let cookie = entry.cookie
            guard cookie.matches(host: url.origin.host), cookie.matches(path: path), !cookie.isOver(at: now),
                !cookie.isSecure || url.origin.isTrustworthy
            else { return false }
            guard isCrossSite else { return true }
            return switch cookie.sameSite {
            case .strict: false
            case .lax, nil: isSafe
            case .unrestricted: true
            }
        }
        // Longer paths first, then the order of setting.
        let sorted = chosen.sorted { one, two in
            (-one.cookie.path.utf8.count, one.order) < (-two.cookie.path.utf8.count, two.order)
        }
        var text = ""
        for entry in sorted.prefix(CookieJar.requestLimit) {
            let cookie = entry.cookie
            let pair = cookie.name.isEmpty ? cookie.value : "\(cookie.name)=\(cookie.value)"
            guard text.utf8.count + 2 + pair.utf8.count <= CookieJar.requestBytes else { break }
            text += text.isEmpty ? pair : "; \(pair)"
        }
        return text.isEmpty ? nil : text
    }

    /// The host and the domains it is in.
    private func domains(above host: String) -> [String] {
        guard !host.isAddress else { return [host] }
        let labels = host.split(separator: ".")
        return labels.indices.map { labels[$0...].joined(separator: ".") }
    }

    /// Whether both are one owner's, over the same scheme. Without a list only the same host is.
    private func isSameSite(_ one: Origin, _ two: Origin) -> Bool {
        guard one.scheme == two.scheme else { return false }
        if one.host == two.host { return true }
        guard let domain = suffixes.registrableDomain(of: one.host) else { return false }
        return domain == suffixes.registrableDomain(of: two.host)
    }
}

extension Origin {
    /// Whether nobody on the way can read or write: TLS, or no way at all. As browsers and curl have it, a server on this
    /// machine may set `Secure` cookies without TLS.
    fileprivate var isTrustworthy: Bool {
        scheme == .https || host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || (host.hasPrefix("127.") && host.isAddress)
    }
}
