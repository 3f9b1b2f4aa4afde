/// A cookie as it is kept (RFC 6265bis §5.7).
public struct Cookie: Sendable, Equatable {
    public enum SameSite: String, Sendable { case strict, lax, unrestricted = "none" }

    /// Untrusted text, as the value.
    public var name: String
    public var value: String
    /// Lower case, without a dot in front.
    public var domain: String
    /// Sent to `domain` alone, and to no host below it.
    public var isHostOnly: Bool
    /// Starts with a slash.
    public var path: String
    /// Seconds since 1970; nil for the session.
    public var expires: Int64?
    public var isSecure: Bool
    public var isHTTPOnly: Bool
    /// Nil when the server did not say.
    public var sameSite: SameSite?

    public init(
        name: String, value: String, domain: String, isHostOnly: Bool = true, path: String = "/",
        expires: Int64? = nil, isSecure: Bool = false, isHTTPOnly: Bool = false, sameSite: SameSite? = nil
    ) {
        self.name = name
        self.value = value
        self.domain = domain
        self.isHostOnly = isHostOnly
        self.path = path
        self.expires = expires
        self.isSecure = isSecure
        self.isHTTPOnly = isHTTPOnly
        self.sameSite = sameSite
    }

    func isOver(at now: Int64) -> Bool { expires.map { $0 <= now } ?? false }

    /// Whether another one would replace it.
    func isNamed(like other: Cookie) -> Bool {
        name == other.name && domain == other.domain && path == other.path && isHostOnly == other.isHostOnly
    }

    func matches(path requested: Substring) -> Bool {
        guard requested.utf8.starts(with: path.utf8) else { return false }
        // RFC 6265bis §5.1.4: `/a` is for `/a` and `/a/b`, not for `/ab`.
        let rest = requested.utf8.dropFirst(path.utf8.count)
        return rest.isEmpty || path.utf8.last == UInt8(ascii: "/") || rest.first == UInt8(ascii: "/")
    }

    func matches(host: String) -> Bool { isHostOnly ? host == domain : host.isHost(within: domain) }
}

/// Why a cookie was not taken.
public enum CookieRefusal: Error, Equatable, Sendable {
    case tooLarge(limit: Int)
    case tooMany(limit: Int)
    /// Characters that no cookie may have.
    case badText
    case empty
    /// It is for another host.
    case foreignDomain(String)
    /// It would be for everybody below a domain where anybody gets names.
    case publicSuffix(String)
    /// `Secure` from an address anybody on the way can write to; or in place of a secure one.
    case insecure
    /// `__Host-` or `__Secure-` without what that promises.
    case prefix
    /// `SameSite=None` without `Secure`.
    case sameSite
}

extension String {
    /// Whether it is `domain` or a host below it. Both in lower case; never by parts of an address.
    func isHost(within domain: String) -> Bool {
        if self == domain { return true }
        guard utf8.count > domain.utf8.count, utf8.suffix(domain.utf8.count).elementsEqual(domain.utf8), !isAddress
        else { return false }
        return utf8.dropLast(domain.utf8.count).last == UInt8(ascii: ".")
    }

    /// Whether it is an IP address and no name.
    var isAddress: Bool {
        if utf8.contains(UInt8(ascii: ":")) { return true }
        // No top-level domain is a number (RFC 3696 §2).
        return split(separator: ".").last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? false
    }
}
