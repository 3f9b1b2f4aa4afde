/// A URL that can be requested: an origin and a request target. Made by `TypedURL.parse`, good ever after.
public struct RequestURL: Hashable, Sendable {
    public var origin: Origin
    /// The request target in origin form (RFC 9112 §3.2.1): starts with `/`, holds the query, never a fragment.
    /// Or `*`, for OPTIONS about the server as such (§3.2.4): whoever sends that sets it, no URL says it.
    public var target: String
    /// `user:password` of the URL, percent-decoded; nil without one. Sent as Basic authorization, never shown.
    public var userInfo: String?

    public init(origin: Origin, target: String = "/", userInfo: String? = nil) {
        precondition(target.hasPrefix("/"), "a request target in origin form starts with a slash: \(target)")
        self.origin = origin
        self.target = target
        self.userInfo = userInfo
    }

    /// The path without the query.
    public var path: Substring { target.prefix { $0 != "?" } }

    /// What follows the first `?`; nil without one.
    public var query: Substring? {
        // By bytes: as Characters, a mark and an accent behind it are one.
        target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[target.utf8.index(after: $0)...] }
    }

    /// The URL without its scheme, as a list shows it: `example.com/users`.
    public var withoutScheme: String { origin.authority + target }
}

extension RequestURL: CustomStringConvertible {
    /// The URL as sent, without user information and fragment. The asterisk stands behind a slash: else it would be part
    /// of the host or port.
    public var description: String { origin.description + (target == "*" ? "/*" : target) }
}
