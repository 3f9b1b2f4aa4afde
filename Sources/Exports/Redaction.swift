// What is left out of an export unless it is asked for. The rule of doubt: an export can be made again in full, a secret
// that was pasted into an issue can't be called back. So names that usually carry secrets are enough.

/// Replaces secrets in fields and URLs, and counts what it replaced so that it can be said aloud.
public struct Redaction: Sendable {
    public enum Mode: Sendable, Equatable {
        /// Leaves secrets out.
        case secrets
        /// Keeps everything: `--full`.
        case full
    }

    public let mode: Mode
    public private(set) var counts = Counts()
    // Names repeat in every exchange; classifying each anew would take half of the export's time.
    private var kinds: [String: FieldKind] = [:]
    private var latestNames: [(name: [UInt8], kind: FieldKind)?] = Array(repeating: nil, count: latestNamesCount)
    private static let latestNamesCount = 64

    public init(_ mode: Mode = .secrets) { self.mode = mode }

    /// What stands in place of a secret: valid in a field, a URL and a shell.
    public static let mark = "REDACTED"

    /// Values replaced so far.
    public struct Counts: Equatable, Sendable {
        /// `Authorization` and its like, and user information of URLs.
        public var credentials = 0
        public var cookies = 0
        /// Of queries and forms.
        public var parameters = 0

        public var total: Int { credentials + cookies + parameters }

        public init(credentials: Int = 0, cookies: Int = 0, parameters: Int = 0) {
            self.credentials = credentials
            self.cookies = cookies
            self.parameters = parameters
        }
    }

    /// Counts what was replaced before, in text that is written again.
    mutating func count(_ more: Counts) {
        counts.credentials += more.credentials
        counts.cookies += more.cookies
        counts.parameters += more.parameters
    }

    /// Counts no longer what was replaced since `counts` were those: it is said of something that counts already.
    mutating func forget(after counts: Counts) { self.counts = counts }

    /// What the value of a field is, as far as secrets go.
    enum FieldKind: Sendable { case plain, credential, cookie, setCookie, link }

    /// A field's value as it may be written.
    mutating func value(of name: String, _ value: String) -> String {
        guard mode == .secrets else { return value }
        switch kind(of: name) {
        case .plain: return value
        case .credential: return credential(value)
        case .cookie: return cookies(value, pairs: .max)
        case .setCookie: return cookies(value, pairs: 1)
        case .link: return url(value)
        }
    }

    /// The text of a URL, or of a field that holds some, without user information and without the values of telling
    /// parameters, wherever they stand: in path (`;jsessionid=`), query and fragment, and in URLs inside of these.
    mutating func url(_ text: String) -> String {
        guard mode == .secrets else { return text }
        guard
            text.utf8.contains(UInt8(ascii: "@")) || text.utf8.contains(UInt8(ascii: "%"))
                || SecretNames.mayHoldParameter(text)
        else { return text }
        // User information first: a password may look like a parameter, and would take the host along.
        let bare = withoutUserInfo(text[...], isInQuery: false)
        return parameters(bare[...], isInPath: true)
    }

    /// Text of the form `a=1&b=2`, as in a query or a form's body.
    mutating func form(_ text: String) -> String {
        guard mode == .secrets else { return text }
        let bare = withoutUserInfo(text[...], isInQuery: true)
        return parameters(bare[...], isInPath: false)
    }

    /// Counts user information that the URL's text never shows anyway.
    mutating func leaveOutUserInfo() { if mode == .secrets { counts.credentials += 1 } }

    // A server names the fields: past the limit they are classified anew each time.
    private static let knownNamesLimit = 1_000

    /// The same of a name as it stands in a head. Those that were asked for lately are found by a look at their bytes.
    mutating func kind(of name: UnsafeBufferPointer<UInt8>) -> FieldKind {
        guard let first = name.first, let last = name.last else { return kind(of: "") }
        let place = (name.count &* 31 &+ Int(first) &* 7 &+ Int(last)) % Redaction.latestNamesCount
        if let latest = latestNames[place], latest.name.elementsEqual(name) { return latest.kind }
        let kind = kind(of: String(decoding: name, as: UTF8.self))
        latestNames[place] = (Array(name), kind)
        return kind
    }

    mutating func kind(of name: String) -> FieldKind {
        if let kind = kinds[name] { return kind }
        let kind = SecretNames.kind(ofField: name)
        if kinds.count < Redaction.knownNamesLimit { kinds[name] = kind }
        return kind
    }

    // The scheme helps the reader ("it was Basic, not Bearer") and is no secret; only known ones, since a bare token
    // may hold a space.
    private mutating func credential(_ value: String) -> String {
        counts.credentials += 1
        let scheme = value.prefix { $0 != " " }
        let isScheme = ["basic", "bearer", "digest", "negotiate", "ntlm"].contains(scheme.lowercased())
        return isScheme && scheme.endIndex < value.endIndex ? "\(scheme) \(Redaction.mark)" : Redaction.mark
    }

    // Names and attributes are kept: which cookie was set or sent is what one wants to know.
    private mutating func cookies(_ value: String, pairs: Int) -> String {
        let parts = value[...].parts(between: ";").enumerated().map { index, part in
            // Many end with a `;`, behind which there is no cookie.
            let isBlank = index > 0 && part.allSatisfy { $0 == " " || $0 == "\t" }
            guard index < pairs, !isBlank else { return String(part) }
            counts.cookies += 1
            let (name, value) = part.nameAndValue
            return value == nil ? Redaction.mark : "\(name)=\(Redaction.mark)"
        }
        return parts.joined(separator: ";")
    }

    // Each `//` begins an authority, that of a nested URL too. One pass, since a server writes these texts.
    private mutating func withoutUserInfo(_ text: Substring, isInQuery: Bool) -> String {
        guard let lastAt = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return String(text) }
        var isInQuery = isInQuery
        var result = ""
        var rest = text
        while !rest.isEmpty {
            let plain = rest.take(upTo: "/\\?#")
            // A field may hold several URLs, like Link.
            if plain.utf8.contains(where: " <>\"".utf8.contains) { isInQuery = false }
            result += plain
            // Of any number and kind, as to browsers.
            let end = rest.utf8.firstIndex { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") } ?? rest.endIndex
            let slashes = rest[..<end]
            guard !slashes.isEmpty else {
                isInQuery = true
                result += rest.takeMark()
                continue
            }
            result += slashes
            rest = rest[end...]
            guard slashes.utf8.count > 1 || plain.utf8.last == UInt8(ascii: ":") else { continue }
            // In a query the next parameter ends it, and may hold a mail address.
            let authority = rest.take(upTo: isInQuery ? "/\\?#&" : "/\\?#")
            if authority.endsInsidePassword, rest.startIndex < lastAt {
                counts.credentials += 1
                result += Redaction.mark
                _ = rest.take(upTo: "@")
                continue
            }
            guard let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")), at > authority.startIndex else {
                result += authority
                continue
            }
            counts.credentials += 1
            result += Redaction.mark
            result += authority[at...]
        }
        return result
    }

    // Links that carry links are encoded once for each; nobody nests deeper, and a server writes these texts.
    private static let encodingDepth = 3

    /// - Parameter looksInside: Whether encoded URLs are looked into.
    private mutating func parameters(_ text: Substring, isInPath: Bool, looksInside: Bool = true) -> String {
        var isInPath = isInPath
        var mark: Substring = ""
        var result = ""
        var rest = text
        while !rest.isEmpty {
            let pair = rest.take(upTo: "&;?#")
            let (name, value) = pair.nameAndValue
            if var value, SecretNames.isParameter(PercentCoding.decodedForm(name)) {
                counts.parameters += 1
                result += "\(name)=\(Redaction.mark)"
                // A path's parameter ends with its segment (RFC 3986 §3.3), and the path goes on.
                if isInPath, mark == ";" {
                    _ = value.take(upTo: "/")
                    result += value
                }
            } else if looksInside, let value, hidesSomething(inEncoded: value) {
                counts.parameters += 1
                result += "\(name)=\(Redaction.mark)"
            } else if looksInside, name.utf8.contains(UInt8(ascii: "%")) {
                // Some services take the URL to fetch as a segment of the path, or as the whole query.
                result += isInPath ? segments(pair) : hiding(pair)
            } else {
                result += pair
            }
            mark = rest.takeMark()
            result += mark
            if mark == "?" || mark == "#" { isInPath = false }
        }
        return result
    }

    /// A piece of a path, without those of its segments that are encoded URLs with secrets.
    private mutating func segments(_ path: Substring) -> String {
        path.parts(between: "/").map { hiding($0) }.joined(separator: "/")
    }

    private mutating func hiding(_ text: Substring) -> String {
        guard hidesSomething(inEncoded: text) else { return String(text) }
        counts.parameters += 1
        return Redaction.mark
    }

    /// Whether a text is a URL, percent-encoded, of which something would go.
    private func hidesSomething(inEncoded value: Substring) -> Bool {
        var text = String(value)
        for _ in 0..<Self.encodingDepth {
            guard text.utf8.contains(UInt8(ascii: "%")) else { return false }
            text = PercentCoding.decodedForm(text[...])
            var inner = self
            let bare = inner.withoutUserInfo(text[...], isInQuery: false)
            _ = inner.parameters(bare[...], isInPath: true, looksInside: false)
            if inner.counts != counts { return true }
        }
        return false
    }
}

extension Substring {
    /// Of an authority: whether it is but the beginning of user information, since what is in the port's place is none.
    /// A `/` in a password that should have been encoded ends it too early: `me:half/rest@host`.
    fileprivate var endsInsidePassword: Bool {
        guard utf8.first != UInt8(ascii: "["), !utf8.contains(UInt8(ascii: "@")),
            let colon = utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return false }
        return utf8[colon...].dropFirst().contains { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension Redaction.Counts {
    /// What came in between.
    static func - (later: Self, earlier: Self) -> Self {
        Self(
            credentials: later.credentials - earlier.credentials, cookies: later.cookies - earlier.cookies,
            parameters: later.parameters - earlier.parameters)
    }
}

extension Redaction.Counts: CustomStringConvertible {
    /// *"3 cookies and 1 credential redacted"*, *"nothing to redact"*.
    public var description: String {
        let parts = [(credentials, "credential"), (cookies, "cookie"), (parameters, "parameter")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        guard let last = parts.last else { return "nothing to redact" }
        let first = parts.dropLast().joined(separator: ", ")
        return (first.isEmpty ? last : "\(first) and \(last)") + " redacted"
    }
}
