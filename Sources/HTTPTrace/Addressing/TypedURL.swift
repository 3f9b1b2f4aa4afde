// What a person types becomes a `RequestURL` once, here; everything after this point holds a good one.
//
//   example.com/a b?q=ü#top   ──▶   http://example.com/a%20b?q=%C3%BC
//
// Lenient where a browser's address line is (scheme, spaces, letters outside ASCII in the path), strict where leniency
// would send a request somewhere else than the person read: host and port.

/// Reads URLs as people type them.
public enum TypedURL {
    /// Why a text is no URL we can request.
    public enum Problem: Error, Equatable, Sendable {
        case empty
        case unknownScheme(String)
        case noHost
        case badHost(String)
        case badPort(String)
        case tooLong(limit: Int)
    }

    /// 64 KiB, curl's limit too (`robustness`: Location and URL).
    public static let lengthLimit = 65_536

    /// Reads `text` as a URL.
    ///
    /// Without a scheme `http` is taken, `https` when the port is 443 or 8443. Spaces around are cut off; inside the path
    /// they and everything outside ASCII are percent-encoded; a fragment is dropped. Host names are lower-cased, and labels
    /// outside ASCII written as `xn--…`.
    ///
    /// - Throws: What is wrong, in the words of `Problem.description`.
    public static func parse(_ text: String) throws(Problem) -> RequestURL {
        let trimmed = trim(text)
        guard !trimmed.isEmpty else { throw .empty }
        guard trimmed.utf8.count <= lengthLimit else { throw .tooLong(limit: lengthLimit) }

        let (namedScheme, rest) = try splitScheme(trimmed)
        // By bytes, here and below: as Characters, "#" and a combining accent are one, and would no longer end the host.
        let authorityEnd = rest.utf8.firstIndex(where: "/?#\\".utf8.contains) ?? rest.endIndex
        let (userInfo, hostPort) = splitUserInfo(rest[..<authorityEnd])
        let (host, port) = try splitPort(hostPort)
        // "http:/example.com" lost a slash; what stands before the colon is no host to send anything to.
        if namedScheme == nil, port == nil, hostPort.utf8.last == UInt8(ascii: ":"),
            Scheme(rawValue: host.lowercased()) != nil
        {
            throw .noHost
        }
        let scheme = namedScheme ?? ((port == 443 || port == 8443) ? .https : .http)

        return RequestURL(
            origin: Origin(scheme: scheme, host: try checkHost(host), port: port),
            target: requestTarget(rest[authorityEnd...]),
            userInfo: userInfo.flatMap { $0.isEmpty ? nil : percentDecoded($0) })
    }

    private static func trim(_ text: String) -> Substring {
        let isBlank: (Character) -> Bool = { $0.isWhitespace || $0.isNewline }
        var rest = text.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }

    private static func splitScheme(_ text: Substring) throws(Problem) -> (Scheme?, Substring) {
        guard let separator = text.firstRange(of: "://") else { return (nil, text) }
        let name = text[..<separator.lowerBound]
        // "host/redirect?to=http://other" has no scheme of its own.
        guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }) else {
            return (nil, text)
        }
        guard let scheme = Scheme(rawValue: name.lowercased()) else { throw .unknownScheme(String(name)) }
        return (scheme, text[separator.upperBound...])
    }

    private static func splitUserInfo(_ authority: Substring) -> (Substring?, Substring) {
        guard let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) else { return (nil, authority) }
        return (authority[..<at], authority[authority.utf8.index(after: at)...])
    }

    private static func splitPort(_ hostPort: Substring) throws(Problem) -> (Substring, UInt16?) {
        let bytes = hostPort.utf8
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { throw .badHost(String(hostPort)) }
            let afterClose = bytes.index(after: close)
            let host = hostPort[..<afterClose]
            guard afterClose < bytes.endIndex else { return (host, nil) }
            guard bytes[afterClose] == UInt8(ascii: ":") else { throw .badHost(String(hostPort)) }
            return (host, try parsePort(hostPort[bytes.index(after: afterClose)...]))
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return (hostPort, nil) }
        // Two colons without brackets: somebody typed a bare IPv6 address, which needs brackets to have a port.
        guard bytes.lastIndex(of: UInt8(ascii: ":")) == colon else { throw .badHost(String(hostPort)) }
        return (hostPort[..<colon], try parsePort(hostPort[bytes.index(after: colon)...]))
    }

    private static func parsePort(_ text: Substring) throws(Problem) -> UInt16? {
        guard !text.isEmpty else { return nil }
        guard let port = UInt16(digits: text), port > 0 else { throw .badPort(String(text)) }
        return port
    }

    private static func checkHost(_ host: Substring) throws(Problem) -> String {
        guard !host.isEmpty else { throw .noHost }
        if host.utf8.first == UInt8(ascii: "[") { return try checkAddress(host) }
        let ascii = host.utf8.allSatisfy { $0 < 0x80 } ? host.lowercased() : InternationalName.ascii(host)
        guard let name = ascii, name.unicodeScalars.allSatisfy({ isNameScalar($0) }), name.utf8.count <= 253,
            !name.hasPrefix("."), !name.contains("..")
        else {
            throw .badHost(String(host))
        }
        return name
    }

    // The zone stands in the Host field and goes to if_nametoindex(3): letters and digits only, and its case is kept.
    private static func checkAddress(_ bracketed: Substring) throws(Problem) -> String {
        let inner = bracketed.dropFirst().dropLast()
        let address = inner.prefix { $0 != "%" }
        // RFC 6874 writes the zone's percent sign as %25; people write it plain.
        let zone = inner[address.endIndex...].dropFirst()
        let plainZone = zone.hasPrefix("25") && zone.utf8.count > 2 ? zone.dropFirst(2) : zone
        let isAddress =
            address.utf8.contains(UInt8(ascii: ":"))
            && address.utf8.allSatisfy("0123456789abcdefABCDEF:.".utf8.contains)
        guard isAddress, zone.unicodeScalars.allSatisfy({ isNameScalar($0) }),
            inner.endIndex == address.endIndex || !zone.isEmpty
        else { throw .badHost(String(bracketed)) }
        return plainZone.isEmpty ? address.lowercased() : "\(address.lowercased())%\(plainZone)"
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_": true
        default: false
        }
    }

    private static func requestTarget(_ rest: Substring) -> String {
        let withoutFragment = rest.utf8.prefix { $0 != UInt8(ascii: "#") }
        var target = withoutFragment.first == UInt8(ascii: "/") ? "" : "/"
        for byte in withoutFragment {
            switch byte {
            case 0x21...0x7E where !unsafeInTarget.contains(byte): target.unicodeScalars.append(Unicode.Scalar(byte))
            default: target += percentEncoded(byte)
            }
        }
        return target
    }

    // What RFC 3986 leaves out of path and query, minus "%": what is already encoded stays as it was typed.
    private static let unsafeInTarget = Set("\"<>\\^`{|}".utf8)

    private static func percentEncoded(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
    }

    private static func percentDecoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            // `UInt8` would take a sign for a digit.
            if byte == UInt8(ascii: "%"), digits.count == 2, !digits.contains(where: "+-".utf8.contains),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension TypedURL.Problem: CustomStringConvertible {
    /// A sentence for the person who typed it.
    public var description: String {
        switch self {
        case .empty: "Type a URL, like example.com or http://127.0.0.1:8080/path."
        case .unknownScheme(let scheme): "\(scheme):// is not spoken here; http:// and https:// are."
        case .noHost: "There is no host in this URL."
        case .badHost(let host) where host.contains(":") && !host.hasPrefix("["):
            "\(host) is no host; an IPv6 address goes in brackets, like [::1]."
        case .badHost(let host) where !host.allSatisfy(\.isASCII):
            "\(host) can't be a host name; if it is one, type its xn-- form."
        case .badHost(let host): "\(host) is no host name or address."
        case .badPort(let port): "\(port) is no port; a port is 1 to 65535."
        case .tooLong(let limit): "This URL is longer than \(limit) bytes."
        }
    }
}
