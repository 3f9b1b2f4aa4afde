// One Set-Cookie field, read as RFC 6265bis §5.6 has it, by bytes, and bounded as browsers do. What the attributes mean
// for the host that sent them is the jar's business.

/// A Set-Cookie field.
struct SetCookie: Equatable {
    var name: String
    var value: String
    /// Lower case, without a dot in front; nil when absent or empty.
    var domain: String?
    /// Nil when absent, or when it is no absolute path.
    var path: String?
    /// Seconds since 1970.
    var expires: Int64?
    /// Seconds from now; wins over `expires`.
    var maxAge: Int64?
    var isSecure = false
    var isHTTPOnly = false
    var sameSite: Cookie.SameSite?

    /// Name and value together; each attribute's value. The limits of RFC 6265bis §5.6.
    static let pairLimit = 4_096
    static let attributeLimit = 1_024

    init(_ text: String) throws(CookieRefusal) {
        // Tabs are allowed there and can't be kept in a cookie file; no server is known to send any.
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .badText }
        var parts = text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)[...]
        let pair = parts.removeFirst()
        if let equals = pair.firstIndex(of: UInt8(ascii: "=")) {
            name = SetCookie.trimmed(pair[..<equals])
            value = SetCookie.trimmed(pair[pair.index(after: equals)...])
        } else {
            name = ""
            value = SetCookie.trimmed(pair)
        }
        guard !name.isEmpty || !value.isEmpty else { throw .empty }
        guard name.utf8.count + value.utf8.count <= SetCookie.pairLimit else {
            throw .tooLarge(limit: SetCookie.pairLimit)
        }
        for part in parts { take(part) }
    }

    private mutating func take(_ attribute: Substring.UTF8View) {
        let equals = attribute.firstIndex(of: UInt8(ascii: "="))
        let name = SetCookie.trimmed(attribute[..<(equals ?? attribute.endIndex)]).lowercased()
        let text = equals.map { SetCookie.trimmed(attribute[attribute.index(after: $0)...]) } ?? ""
        guard text.utf8.count <= SetCookie.attributeLimit else { return }
        // The last of a name counts, also when it says nothing.
        switch name {
        case "expires": if let time = CookieDate.read(text) { expires = time }
        case "max-age": if let seconds = SetCookie.seconds(text) { maxAge = seconds }
        case "domain":
            let host = (text.utf8.first == UInt8(ascii: ".") ? String(text.dropFirst()) : text).lowercased()
            domain = host.isEmpty ? nil : host
        case "path": path = text.utf8.first == UInt8(ascii: "/") ? text : nil
        case "secure": isSecure = true
        case "httponly": isHTTPOnly = true
        case "samesite": sameSite = Cookie.SameSite(rawValue: text.lowercased())
        default: break
        }
    }

    /// Digits, perhaps with a minus; past any number that counts it is far away.
    private static func seconds(_ text: String) -> Int64? {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = text.utf8.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return isNegative ? 0 : Int64(String(digits)!) ?? .max
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var text = text
        while text.first == 0x20 { text.removeFirst() }
        while text.last == 0x20 { text.removeLast() }
        return String(text)!
    }
}
