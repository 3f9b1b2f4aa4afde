// The cookie file that Netscape invented and curl, wget and browsers' exporters write: a line a cookie, seven fields
// between tabs, `#HttpOnly_` before the domain where it applies, 0 as the end of a session's cookie.

/// Cookies as a file.
public enum CookieFile {
    /// The lines of a file that are read, and the bytes of each.
    public static let lineLimit = 10_000
    public static let lineBytes = 8_192

    /// Reads a file's text.
    ///
    /// - Returns: Its cookies, expired ones too, and how many lines were none.
    public static func read(_ text: [UInt8]) -> (cookies: [Cookie], badLines: Int) {
        var cookies: [Cookie] = []
        var badLines = 0
        for line in text.split(separator: UInt8(ascii: "\n")).prefix(lineLimit) {
            var line = line.last == 13 ? line.dropLast() : line
            let isHTTPOnly = line.starts(with: "#HttpOnly_".utf8)
            if isHTTPOnly { line = line.dropFirst("#HttpOnly_".utf8.count) }
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            if let cookie = cookie(line, isHTTPOnly) { cookies.append(cookie) } else { badLines += 1 }
        }
        return (cookies, badLines)
    }

    private static func cookie(_ line: ArraySlice<UInt8>, _ isHTTPOnly: Bool) -> Cookie? {
        guard line.count <= lineBytes, let text = String(validating: line, as: UTF8.self),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 9 })
        else { return nil }
        var fields = text.utf8.split(separator: 9, omittingEmptySubsequences: false).map { String($0)! }
        // curl leaves an empty value's tab away at times.
        if fields.count == 6 { fields.append("") }
        guard fields.count == 7, let includesHosts = flag(fields[1]), let isSecure = flag(fields[3]),
            let expires = Int64(fields[4]), expires >= 0, fields[2].utf8.first == UInt8(ascii: "/"),
            !fields[5].isEmpty || !fields[6].isEmpty,
            fields[5].utf8.count + fields[6].utf8.count <= SetCookie.pairLimit,
            !fields[5].utf8.contains(where: ";=".utf8.contains), !fields[6].utf8.contains(UInt8(ascii: ";"))
        else { return nil }
        let domain = (fields[0].utf8.first == UInt8(ascii: ".") ? String(fields[0].dropFirst()) : fields[0])
            .lowercased()
        guard !domain.isEmpty else { return nil }
        return Cookie(
            name: fields[5], value: fields[6], domain: domain, isHostOnly: !includesHosts, path: fields[2],
            expires: expires == 0 ? nil : expires, isSecure: isSecure, isHTTPOnly: isHTTPOnly)
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// The file's text.
    public static func text(_ cookies: [Cookie]) -> [UInt8] {
        var text = "# Netscape HTTP Cookie File\n# Secrets: whoever has these is whoever they were given to.\n\n"
        for cookie in cookies {
            let domain = cookie.isHostOnly ? cookie.domain : ".\(cookie.domain)"
            let fields = [
                (cookie.isHTTPOnly ? "#HttpOnly_" : "") + domain, cookie.isHostOnly ? "FALSE" : "TRUE", cookie.path,
                cookie.isSecure ? "TRUE" : "FALSE", "\(cookie.expires ?? 0)", cookie.name, cookie.value,
            ]
            text += fields.joined(separator: "\t") + "\n"
        }
        return Array(text.utf8)
    }
}
