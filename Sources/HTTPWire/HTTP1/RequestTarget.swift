/// The target of a request taken apart (RFC 9112 §3.2).
///
///     /path?query                 origin-form: everything but proxies
///     http://host/path?query      absolute-form: to a proxy
///     host:port                   authority-form: CONNECT
///     *                           asterisk-form: OPTIONS about the server as such
struct RequestTarget: Equatable {
    var scheme: String?
    var authority: String?
    /// Nil for authority-form.
    var path: String?

    /// - Parameter target: One that `suits` its method.
    init(_ target: String, isConnect: Bool) {
        if isConnect {
            authority = target
        } else if target.utf8.first == UInt8(ascii: "/") || target == "*" {
            path = target
        } else if let colon = target.utf8.firstIndex(of: .colon) {
            scheme = target[..<colon].lowercased()
            let rest = target[colon...].utf8.dropFirst(3)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            authority = String(target[rest.startIndex..<end])
            let tail = String(target[end...])
            path = tail.utf8.first == UInt8(ascii: "/") ? tail : "/" + tail
        }
    }

    /// Whether a request line may carry this target.
    static func suits(_ target: Span<UInt8>, method: Span<UInt8>) -> Bool {
        if method.isExactly("CONNECT") { return target.isHostAndPort }
        if target[0] == UInt8(ascii: "/") { return true }
        if target.count == 1, target[0] == UInt8(ascii: "*") { return method.isExactly("OPTIONS") }
        return target.isAbsolute
    }
}

extension Span<UInt8> {
    /// Case counts: methods are case-sensitive (RFC 9110 §9.1).
    fileprivate func isExactly(_ word: StaticString) -> Bool { count == word.utf8CodeUnitCount && agrees(with: word) }

    /// `host:port` with neither part empty.
    fileprivate var isHostAndPort: Bool {
        var digits = 0
        while digits < count, self[count - 1 - digits].isDigit { digits += 1 }
        return digits > 0 && digits <= 5 && count > digits + 1 && self[count - 1 - digits] == .colon && isAuthority
    }

    /// `http://authority…` or `https://authority…`; other schemes are not for an HTTP server.
    fileprivate var isAbsolute: Bool {
        for scheme in ["http://", "https://"] as [StaticString] where count > scheme.utf8CodeUnitCount {
            guard extracting(0..<scheme.utf8CodeUnitCount).isWord(scheme) else { continue }
            var end = scheme.utf8CodeUnitCount
            while end < count, self[end] != UInt8(ascii: "/"), self[end] != UInt8(ascii: "?") { end += 1 }
            let authority = extracting(scheme.utf8CodeUnitCount..<end)
            return !authority.isEmpty && authority.isAuthority
        }
        return false
    }
}
