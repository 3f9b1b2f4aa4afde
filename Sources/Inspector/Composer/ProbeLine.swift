import HTTPTrace
import HTTPTypes
public import Sessions

// What is typed or pasted to ask for something becomes a request here:
//
//   example.com/users                                       a GET
//   POST example.com/users -H 'Accept: text/html' -d name=x method, fields and body, spelled as curl does
//   curl 'https://example.com/' -H 'accept: */*' …          copied from a browser
//
// Options that change how a request is made (proxy, certificates, protocol) are refused by name: they belong to the
// whole session, and leaving them out silently would send another request than the one that was read.

/// Reads and writes the probe line.
public enum ProbeLine {
    /// Why a line is no request.
    public struct Problem: Error, Equatable, Sendable {
        /// A sentence for the person who typed it. Quotes what was typed.
        public var message: String
        /// Where in the line that is about, in Unicode scalars.
        public var column: Int
        /// Nothing is wrong so far: there is just not enough yet.
        public var isUnfinished: Bool
    }

    /// Reads one line.
    public static func parse(_ line: String) throws(Problem) -> RequestDraft { try read(line).draft }

    /// Reads one line.
    ///
    /// - Returns: Also whether the URL says that nobody asks, with an `@` and nothing before it: an edited request then does
    ///   without the user and password of the one it was made from.
    static func read(_ line: String) throws(Problem) -> (draft: RequestDraft, namesNobody: Bool) {
        var words: [ShellWords.Word]
        do { words = try ShellWords.split(line) } catch {
            throw Problem(message: "The \(error.quote) is not closed.", column: error.column, isUnfinished: true)
        }
        if words.first?.text == "curl" { words.removeFirst() }
        var reading = Reading(end: line.unicodeScalars.count)
        try reading.take(words[...])
        return (try reading.draft(), reading.namesNobody)
    }

    /// The line that `parse` reads as the same request. A body that is not text can't be written and is left out.
    public static func line(for draft: RequestDraft) -> String {
        let method = draft.method.rawValue
        var parts = looksLikeMethod(method) ? [method] : ["-X", ShellWords.quoted(method)]
        parts.append(ShellWords.quoted(draft.url.description))
        for field in draft.fields {
            parts += ["-H", ShellWords.quoted(TypedFields.text(for: field))]
        }
        // A body alone would get a form's type.
        if !draft.body.isEmpty, draft.fields[.contentType] == nil { parts += ["-H", "Content-Type:"] }
        if let body = String(validating: draft.body, as: UTF8.self), !body.isEmpty {
            // Behind -d an @ would name a file.
            parts += [body.utf8.first == UInt8(ascii: "@") ? "--data-raw" : "-d", ShellWords.quoted(body)]
        }
        return parts.joined(separator: " ")
    }

    /// Whether a word is taken for a method where it stands alone; others need `-X`.
    fileprivate static func looksLikeMethod(_ word: String) -> Bool {
        word.count >= 3 && word.allSatisfy { $0.isASCII && $0.isUppercase }
    }
}

/// A probe line half read.
private struct Reading {
    let end: Int
    private var method: HTTPRequest.Method?
    private var url: RequestURL?
    private var fields = TypedFields()
    private var body: String?
    private var offersCompression = false
    private(set) var namesNobody = false

    init(end: Int) { self.end = end }

    // Said by default or by the session: harmless in a copied command.
    private static let ignored: Set<String> = [
        "-s", "-S", "-i", "-v", "-L", "--location", "--silent", "--include", "--verbose",
        "--show-error", "-g", "--globoff", "-#", "--progress-bar",
    ]

    /// Also several letters behind one hyphen: `-sSL`.
    private static func isIgnored(_ name: String) -> Bool {
        ignored.contains(name) || (!name.hasPrefix("--") && name.dropFirst().allSatisfy { ignored.contains("-\($0)") })
    }

    private static let withValue: Set<String> = [
        "-X", "--request", "-H", "--header", "-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--json",
        "-A", "--user-agent", "-e", "--referer", "-b", "--cookie", "-u", "--user", "--url",
    ]

    mutating func take(_ words: ArraySlice<ShellWords.Word>) throws(ProbeLine.Problem) {
        var words = words
        while let word = words.popFirst() {
            guard word.text.hasPrefix("-"), word.text.count > 1 else {
                try takePlain(word, isLast: words.isEmpty)
                continue
            }
            var (name, value) = (word.text, String?.none)
            if name.hasPrefix("--"), let equals = name.firstIndex(of: "=") {
                (name, value) = (String(name[..<equals]), String(name[name.index(after: equals)...]))
            } else if !name.hasPrefix("--"), name.count > 2, Self.withValue.contains(String(name.prefix(2))) {
                (name, value) = (String(name.prefix(2)), String(name.dropFirst(2)))
            }
            if Self.isIgnored(name) { continue }
            if name == "-I" || name == "--head" {
                method = .head
                continue
            }
            if name == "--compressed" {
                offersCompression = true
                continue
            }
            guard Self.withValue.contains(name) else {
                throw problem("\(name) can't be set for one request; -X -H -d can.", at: word)
            }
            guard let value = value ?? words.popFirst()?.text else {
                throw problem("\(name) needs a value.", at: word, isUnfinished: true)
            }
            try takeOption(name, value, at: word)
        }
    }

    private mutating func takePlain(_ word: ShellWords.Word, isLast: Bool) throws(ProbeLine.Problem) {
        if ProbeLine.looksLikeMethod(word.text), method == nil, url == nil {
            method = HTTPRequest.Method(word.text)
            return
        }
        guard url == nil else {
            throw problem("One URL a line, please; \(word.text) is a second one.", at: word)
        }
        do { url = try TypedURL.parse(word.text) } catch { throw problem("\(error)", at: word) }
        let text = word.text.lowercased()
        namesNobody = url?.userInfo == nil && ["@", "http://@", "https://@"].contains { text.hasPrefix($0) }
    }

    private mutating func takeOption(
        _ name: String, _ value: String, at word: ShellWords.Word
    ) throws(ProbeLine.Problem) {
        switch name {
        case "-X", "--request":
            guard let named = HTTPRequest.Method(value) else { throw problem("\(value) is no method.", at: word) }
            method = named
        case "-H", "--header":
            do throws(TypedFields.Problem) { try fields.take(value) } catch {
                switch error {
                case .noField: throw problem("A header is written -H 'Name: value'.", at: word, isUnfinished: true)
                case .badValue(let name):
                    throw problem("The value of \(name.rawName) holds characters that no field may have.", at: word)
                }
            }
        case "-A", "--user-agent": fields.fields[.userAgent] = value
        case "-e", "--referer": fields.fields[.referer] = value
        case "-b", "--cookie":
            // Without a = it is curl's name of a file, and no cookie.
            guard value.contains("=") else {
                throw problem("\(name) \(value): files are not read here; type name=value.", at: word)
            }
            fields.fields.addCookies(value)
        case "-u", "--user":
            // Without a colon there is no password, and Basic (RFC 7617) wants the colon all the same.
            let words = value.contains(":") ? value : value + ":"
            fields.fields[.authorization] = "Basic " + Self.base64(Array(words.utf8))
        case "--url": try takePlain(ShellWords.Word(text: value, column: word.column), isLast: false)
        default:
            // A file's name behind @ would need reading a file, which the interface never does.
            guard !value.hasPrefix("@") || name == "--data-raw" else {
                throw problem("\(name) \(value): files are not read here; type the body itself.", at: word)
            }
            body = body.map { name == "--json" ? $0 + value : "\($0)&\(value)" } ?? value
            if name == "--json" {
                for name in [HTTPField.Name.contentType, .accept] where fields.lacks(name) {
                    fields.fields[name] = "application/json"
                }
            }
        }
    }

    func draft() throws(ProbeLine.Problem) -> RequestDraft {
        guard let url else {
            throw ProbeLine.Problem(
                message: method == nil && body == nil ? "\(TypedURL.Problem.empty)" : "A URL is missing.",
                column: end, isUnfinished: true)
        }
        var fields = fields
        // curl's default, and what a form sends.
        if body != nil, fields.lacks(.contentType) {
            fields.fields[.contentType] = "application/x-www-form-urlencoded"
        }
        var draft = RequestDraft(
            method: method ?? (body == nil ? .get : .post), url: url, fields: fields.settled,
            body: Array((body ?? "").utf8))
        if offersCompression, fields.lacks(.acceptEncoding) { draft.offerCompression() }
        return draft
    }

    private func problem(
        _ message: String, at word: ShellWords.Word, isUnfinished: Bool = false
    ) -> ProbeLine.Problem {
        ProbeLine.Problem(message: message, column: word.column, isUnfinished: isUnfinished)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for place in 0..<4 {
                text.append(place <= group.count ? letters[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}
