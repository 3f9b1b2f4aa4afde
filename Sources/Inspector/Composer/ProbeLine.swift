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
// whole session, and leaving them out silently would send another request than the one that was read. Those about what curl
// does with the answer are left out, and named.

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
    ///   without the user and password of the one it was made from. And which options were left out, since they say nothing
    ///   of a request.
    static func read(
        _ line: String
    ) throws(Problem) -> (draft: RequestDraft, namesNobody: Bool, leftOut: [String]) {
        var words: [ShellWords.Word]
        do { words = try ShellWords.split(CmdQuoting.removed(from: line)) } catch {
            throw Problem(message: "The \(error.quote) is not closed.", column: error.column, isUnfinished: true)
        }
        if words.first?.text == "curl" { words.removeFirst() }
        var reading = Reading(end: line.unicodeScalars.count)
        try reading.take(words[...])
        return (try reading.draft(), reading.namesNobody, reading.leftOut)
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
    private var body = TypedBody()
    private var putsBodyInQuery = false
    /// Options that are none of the request's, in their order.
    private(set) var leftOut: [String] = []
    private var offersCompression = false
    private(set) var namesNobody = false

    init(end: Int) { self.end = end }

    mutating func take(_ words: ArraySlice<ShellWords.Word>) throws(ProbeLine.Problem) {
        var words = words
        while let word = words.popFirst() {
            guard word.text.hasPrefix("-"), word.text.count > 1 else {
                try takePlain(word, isLast: words.isEmpty)
                continue
            }
            if word.text.hasPrefix("--") {
                var (name, value) = (word.text, String?.none)
                if let equals = name.firstIndex(of: "=") {
                    (name, value) = (String(name[..<equals]), String(name[name.index(after: equals)...]))
                }
                try take(name, value, at: word, &words)
                continue
            }
            // Several letters may share a hyphen, and a value may stand behind the last of them: `-fsSLo file`, `-XPUT`.
            var letters = word.text.dropFirst()
            while let letter = letters.popFirst() {
                let name = "-\(letter)"
                guard CurlOption(name)?.takesValue == true, !letters.isEmpty else {
                    try take(name, nil, at: word, &words)
                    continue
                }
                try take(name, String(letters), at: word, &words)
                letters = ""
            }
        }
    }

    private mutating func take(
        _ name: String, _ value: String?, at word: ShellWords.Word, _ words: inout ArraySlice<ShellWords.Word>
    ) throws(ProbeLine.Problem) {
        guard let option = CurlOption(name) else { throw problem(CurlOption.refusal(of: name), at: word) }
        if case .session = option { throw problem(CurlOption.refusal(of: name), at: word) }
        var text = value
        if option.takesValue, text == nil {
            text = words.popFirst()?.text
            guard text != nil else { throw problem("\(name) needs a value.", at: word, isUnfinished: true) }
        }
        switch option {
        case .implied, .session: break
        case .leftOut: leftOut.append(name)
        case .request: try takeOption(name, text ?? "", at: word)
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
        case "-I", "--head": method = .head
        case "-G", "--get": putsBodyInQuery = true
        case "--compressed": offersCompression = true
        case "--data-urlencode":
            guard let encoded = TypedBody.encoded(value) else { throw noFile(name, value, at: word) }
            body.add(data: encoded)
        case "-F", "--form", "--form-string": try takePart(name, value, at: word)
        case "--url": try takePlain(ShellWords.Word(text: value, column: word.column), isLast: false)
        default:
            // A file's name behind @ would need reading a file, which the interface never does.
            guard !value.hasPrefix("@") || name == "--data-raw" else {
                throw noFile(name, value, at: word)
            }
            body.add(data: value, separator: name == "--json" ? "" : "&")
            if name == "--json" {
                for name in [HTTPField.Name.contentType, .accept] where fields.lacks(name) {
                    fields.fields[name] = "application/json"
                }
            }
        }
    }

    /// A part of a form. Files would have to be read, and types belong to them.
    private mutating func takePart(
        _ name: String, _ value: String, at word: ShellWords.Word
    ) throws(ProbeLine.Problem) {
        guard let equals = value.firstIndex(of: "=") else {
            throw problem("A part of a form is written \(name) 'name=value'.", at: word, isUnfinished: true)
        }
        let content = value[value.index(after: equals)...]
        if name != "--form-string" {
            if content.hasPrefix("@") || content.hasPrefix("<") { throw noFile(name, value, at: word) }
            let marks = [";type=", ";filename=", ";encoder=", ";headers="]
            guard !marks.contains(where: { content.contains($0) }) else {
                throw problem(
                    "\(name) takes name=value here; --form-string takes a value that has a semicolon.", at: word)
            }
        }
        body.add(part: String(value[..<equals]), String(content))
    }

    private func noFile(_ name: String, _ value: String, at word: ShellWords.Word) -> ProbeLine.Problem {
        problem("\(name) \(value): files are not read here; type the body itself.", at: word)
    }

    func draft() throws(ProbeLine.Problem) -> RequestDraft {
        guard var url else {
            throw ProbeLine.Problem(
                message: method == nil && body.isEmpty ? "\(TypedURL.Problem.empty)" : "A URL is missing.",
                column: end, isUnfinished: true)
        }
        guard !body.isForm || (body.data == nil && !putsBodyInQuery) else {
            throw ProbeLine.Problem(
                message: "-F makes a body of its own: it can't go with -d or -G.", column: end, isUnfinished: false)
        }
        var fields = fields
        var text = body.data
        if putsBodyInQuery, let data = text {
            url = try adding(data, to: url)
            text = nil
        }
        if body.isForm {
            let form = body.form
            text = form.text
            if fields.lacks(.contentType) {
                fields.fields[.contentType] = "multipart/form-data; boundary=\(form.boundary)"
            }
        } else if text != nil, fields.lacks(.contentType) {
            // curl's default, and what a form sends.
            fields.fields[.contentType] = "application/x-www-form-urlencoded"
        }
        var draft = RequestDraft(
            method: method ?? (text == nil ? .get : .post), url: url, fields: fields.settled,
            body: Array((text ?? "").utf8))
        if offersCompression, fields.lacks(.acceptEncoding) { draft.offerCompression() }
        return draft
    }

    /// What `-G` does with data: it goes behind what the URL asks for already.
    private func adding(_ data: String, to url: RequestURL) throws(ProbeLine.Problem) -> RequestURL {
        // There it would begin a fragment.
        let query = data.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "%23")
        var longer = url
        do throws(TypedURL.Problem) {
            let encoded = try TypedURL.parse("http://a/?" + query).target.dropFirst(2)
            longer.target += (url.query == nil ? "?" : "&") + String(encoded)
        } catch { throw ProbeLine.Problem(message: error.description, column: end, isUnfinished: false) }
        return longer
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
