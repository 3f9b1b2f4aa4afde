/// A cookie as HAR lists it.
struct HARCookie: Equatable {
    var name: String
    var value: String
    var path: String?
    var domain: String?
    /// ISO 8601.
    var expires: String?
    var isHTTPOnly = false
    var isSecure = false
    var sameSite: String?

    /// The pairs of a `Cookie` field (RFC 6265 §4.2).
    static func sent(_ value: String) -> [HARCookie] {
        value[...].parts(between: ";").map(\.trimmed).filter { !$0.isEmpty }.map { HARCookie(pair: $0) }
    }

    /// A `Set-Cookie` field; nil when it is empty.
    init?(setCookie: String) {
        let parts = setCookie[...].parts(between: ";").map(\.trimmed)
        guard let pair = parts.first, !pair.isEmpty else { return nil }
        self.init(pair: pair)
        for part in parts.dropFirst() {
            let (attribute, value) = part.nameAndValue
            let text = String((value ?? "").trimmed)
            switch attribute.trimmed.lowercased() {
            case "path": path = text
            case "domain": domain = text
            case "expires": expires = ISODate.text(cookieDate: text[...])
            case "httponly": isHTTPOnly = true
            case "secure": isSecure = true
            case "samesite": sameSite = text
            default: break  // Max-Age has no place in HAR; the field itself is in the headers.
            }
        }
    }

    // A pair without "=" is a value without a name (RFC 6265bis §5.6).
    private init(pair: Substring) {
        let (first, second) = pair.nameAndValue
        name = second == nil ? "" : String(first.trimmed)
        value = String((second ?? first).trimmed)
    }
}
