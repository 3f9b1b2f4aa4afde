internal import HTTPTrace

// A Location against the URL that was asked for (RFC 3986 §5.2), as far as requests need it: what is left is a URL of our
// own kind. Fragments stay out, as of every `RequestURL`, so there is none to hand on.

/// Why a Location leads nowhere.
enum LocationProblem: Error, Equatable {
    /// Neither http nor https: what else a URL may do is nothing a server decides.
    case scheme(String)
    case url(String, TypedURL.Problem)
    case notText
    case tooLong
}

extension LocationProblem: CustomStringConvertible {
    var description: String {
        switch self {
        case .scheme(let scheme): "a \(scheme): URL, which is not followed"
        case .url(let text, let problem): "\(text), which is no URL: \(problem.clause)"
        case .notText: "a Location with control characters"
        case .tooLong: "a Location longer than \(TypedURL.lengthLimit) bytes"
        }
    }
}

extension TypedURL.Problem {
    /// What is wrong, without what is.
    var withoutQuotation: Self {
        switch self {
        case .badHost: .badHost("...")
        case .badPort: .badPort("...")
        case .empty, .unknownScheme, .noHost, .tooLong: self
        }
    }

    /// Its sentence as a part of another.
    fileprivate var clause: String {
        let text = description
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}

extension RequestURL {
    /// The URL that `location` means in a response to a request for this one.
    func resolving(location: String) throws(LocationProblem) -> RequestURL {
        guard location.utf8.count <= TypedURL.lengthLimit else { throw .tooLong }
        guard location.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .notText }
        // As browsers do: `\` is `/` to them, and a text that means two hosts must mean the same one to everybody.
        let reference = location.replacing(UInt8(ascii: "\\"), with: UInt8(ascii: "/"), until: "?#")[...].trimmed

        if let scheme = reference.scheme {
            guard let known = Scheme(rawValue: scheme) else { throw .scheme(String(scheme.prefix(20))) }
            let rest = reference.dropFirst(scheme.utf8.count + 1)
            // `https:path` is an error that browsers guess at, each in its own way.
            guard rest.hasPrefix("//") else { throw .url(reference.shown, .noHost) }
            return try absolute("\(known.rawValue):\(rest)")
        }
        if reference.hasPrefix("//") { return try absolute("\(origin.scheme.rawValue):\(reference)") }
        // The rest stays here, so the credentials of the URL go along.
        var url = self
        url.target = try target(of: reference)
        return url
    }

    private func absolute(_ text: String) throws(LocationProblem) -> RequestURL {
        var url: RequestURL
        do throws(TypedURL.Problem) { url = try TypedURL.parse(text) } catch {
            throw .url(text[...].shown, text[...].mayEndInsidePassword ? error.withoutQuotation : error)
        }
        url.target = url.target.withoutDotSegments
        if url.userInfo == nil, url.origin == origin { url.userInfo = userInfo }
        return url
    }

    /// A path, a query, or nothing, against this one's target.
    private func target(of reference: Substring) throws(LocationProblem) -> String {
        let plain = reference.prefixBytes(upTo: "#")
        var text: String
        switch plain.utf8.first {
        case nil: return target
        case UInt8(ascii: "/"): text = String(plain)
        case UInt8(ascii: "?"): text = String(path + plain)
        default:
            // §5.2.3: in place of what follows the last slash of the path.
            let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "/"
            text = String(folder + plain)
        }
        // Through the one place that knows what must be encoded. The host is never looked at again.
        do throws(TypedURL.Problem) { text = try TypedURL.parse("http://h\(text)").target } catch {
            throw .url(reference.shown, error)
        }
        return text.withoutDotSegments
    }
}

extension String {
    /// RFC 3986 §5.2.4, of the path of a request target.
    fileprivate var withoutDotSegments: String {
        let path = self[...].prefixBytes(upTo: "?")
        guard path.utf8.contains(UInt8(ascii: ".")) else { return self }
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/") + self[path.endIndex...]
    }

    fileprivate func replacing(_ byte: UInt8, with other: UInt8, until marks: StaticString) -> String {
        let end = self[...].prefixBytes(upTo: marks).endIndex
        guard self[..<end].utf8.contains(byte) else { return self }
        return String(decoding: self[..<end].utf8.map { $0 == byte ? other : $0 }, as: UTF8.self) + self[end...]
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = utf8[...]
        while text.first == 0x20 { text.removeFirst() }
        while text.last == 0x20 { text.removeLast() }
        return self[text.startIndex..<text.endIndex]
    }

    /// The scheme, in lower case; nil for a relative reference (RFC 3986 §3.1).
    fileprivate var scheme: String? {
        guard let colon = utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = self[..<colon].lowercased()
        guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
            name.utf8.allSatisfy({
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "+-.".utf8.contains($0)
                }
            })
        else { return nil }
        return name
    }

    /// Enough of it for a sentence, without what nobody else is to read: user information, parameters and query.
    fileprivate var shown: String {
        let start = authority.startIndex
        guard !mayEndInsidePassword else { return self[..<start] + "…" }
        let at = authority.utf8.lastIndex(of: UInt8(ascii: "@"))
        let host = at.map { utf8.index(after: $0) } ?? start
        var plain = String(self[..<start])
        plain += self[host...].prefixBytes(upTo: ";?#")
        return plain.utf8.count <= 100 ? plain : plain.prefix(100) + "…"
    }

    /// Whether what looks like the authority is the beginning of user information. With a `/`, `?` or `#` in it that should
    /// have been encoded it ends there, and what is taken for the port is half a password: `https://me:half/rest@host/`.
    var mayEndInsidePassword: Bool {
        let authority = authority.utf8
        return authority.contains(UInt8(ascii: ":")) && !authority.contains(UInt8(ascii: "@"))
            && self[authority.endIndex...].utf8.contains(UInt8(ascii: "@"))
    }

    /// Where host and port are looked for, whether or not slashes lead there. Empty in a path.
    private var authority: Substring {
        let slash = UInt8(ascii: "/")
        let name = scheme == nil ? self[..<startIndex] : prefixBytes(upTo: ":")
        let rest = self[name.endIndex...].utf8.drop { $0 == UInt8(ascii: ":") }
        let start = rest.firstIndex { $0 != slash } ?? endIndex
        guard scheme != nil || rest.starts(with: [slash, slash]) else { return self[startIndex..<startIndex] }
        return self[start...].prefixBytes(upTo: "/?#")
    }
}

extension Substring {
    /// What stands before the first of the ASCII characters in `marks`. By bytes: as Characters, `#` and a combining
    /// accent are one.
    func prefixBytes(upTo marks: StaticString) -> Substring {
        let end = marks.withUTF8Buffer { marks in utf8.firstIndex { marks.contains($0) } } ?? endIndex
        return self[..<end]
    }
}
