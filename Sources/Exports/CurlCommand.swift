internal import HTTPTrace
internal import HTTPTypes
public import Sessions

// curl's own options stand before the URL, each word quoted for a POSIX shell where it needs to be:
//
//   curl -X PUT -H 'X-Note: it'\''s' --data-raw '{"a":1}' 'http://example.com/?q=a&b'

/// A curl command line that sends the same request.
public enum CurlCommand {
    /// The command, without a line break at its end.
    ///
    /// A body that is text is given in the command. A binary one can't stand in a command line: it is piped in by
    /// `printf` in octal, which every POSIX shell has.
    ///
    /// - Parameters:
    ///   - version: What is to be spoken again: `HTTP/2`, or `HTTP/1.1` where a server would choose otherwise. Nil leaves it
    ///     to curl.
    ///   - redaction: Replaces secrets and counts them.
    public static func text(
        _ draft: RequestDraft, version: String? = nil, redacting redaction: inout Redaction
    ) -> String {
        var words = ["curl"]
        let isSecure = draft.url.origin.scheme == .https
        if version == "HTTP/2" {
            words.append(isSecure ? "--http2" : "--http2-prior-knowledge")
        } else if version != nil, isSecure {
            // Over TLS curl offers HTTP/2, and the server might take it now. Without TLS it speaks HTTP/1.1 anyway.
            words.append("--http1.1")
        }
        // Without these, curl would take [] and {} in the URL for a range, and squash dot segments.
        words += ["--globoff", "--path-as-is"]
        let needsMethod = draft.method != (givesBody(draft) ? .post : .get)
        if draft.method == .head, draft.body.isEmpty {
            words.append("--head")
        } else if draft.method == .head {
            // curl refuses a body with --head. By --request it sends one, but waits for the body that the answer speaks of
            // and that never comes: so it gives up where one is announced (exit status 63), and where nothing is said,
            // in time (28). Both are after the head, which --include shows as --head would.
            words += ["--request", "HEAD", "--include", "--max-filesize", "1", "--max-time", "30"]
        } else if needsMethod {
            words += ["--request", draft.method.rawValue]
        }
        if let userInfo = draft.url.userInfo {
            if redaction.mode == .full {
                words += ["--user", userInfo.contains(":") ? userInfo : userInfo + ":"]
            } else {
                redaction.leaveOutUserInfo()
                words += ["--user", "\(Redaction.mark):\(Redaction.mark)"]
            }
        }
        // The field alone would leave the body as it came.
        if draft.fields[.acceptEncoding] == RequestDraft.offeredCodings { words.append("--compressed") }
        for field in draft.fields {
            words += ["--header", header(field, &redaction)]
        }
        let body = bodyWords(draft, &redaction)
        words += body.words
        words.append(redaction.url(draft.url.description))
        return body.pipe + words.map(quoted).joined(separator: " ")
    }

    /// The command of an exchange, in the version that was spoken. Where less was kept than came in, or came in than was to, a
    /// comment before it says so: the command is a good one, and sends another request.
    public static func text(of exchange: Exchange, redacting redaction: inout Redaction) -> String {
        let command = text(exchange.draft, version: exchange.response?.version, redacting: &redaction)
        let (kept, total) = (exchange.draft.body.count, exchange.requestBodyBytes)
        // No quote in them: a shell that takes no comments at its prompt would wait for the other one.
        if kept < total {
            return "# only \(kept) of \(total) bytes of the body were kept: this sends another request\n\(command)"
        }
        guard exchange.isMissingBody else { return command }
        return "# only the first \(total) bytes of the body came: this sends another request\n\(command)"
    }

    /// `word` as a POSIX shell reads it back, whatever is in it but NUL, which no argument can hold.
    public static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:@%+,=".utf8.contains(byte)
            }
        }
        guard !isPlain || word.isEmpty else { return word }
        // Inside single quotes everything is itself (POSIX 2.2.2), so only they must be left and entered again. By
        // scalars: with a combining mark behind it, a quote would be another Character.
        var text = "'"
        for scalar in word.unicodeScalars where scalar != "\0" {
            if scalar == "'" { text += "'\\''" } else { text.unicodeScalars.append(scalar) }
        }
        return text + "'"
    }

    // Of these one without a body says so, by Content-Length: 0 (RFC 9110 §8.6); curl says it of a body that is given, and is
    // empty.
    private static func givesBody(_ draft: RequestDraft) -> Bool {
        !draft.body.isEmpty || [.post, .put, .patch].contains(draft.method)
    }

    // Linux refuses a longer argument (MAX_ARG_STRLEN, 128 KiB); a shell's own printf is not bound by that.
    private static let argumentLimit = 100_000

    private static func header(_ field: HTTPField, _ redaction: inout Redaction) -> String {
        let value = redaction.value(of: field.name.rawName, field.value)
        guard value.isEmpty else { return "\(field.name.rawName): \(value)" }
        // "Name:" would tell curl to leave the field out; "Name;" sends it empty (curl(1), --header). An empty User-Agent is
        // not sent here either.
        return field.name == .userAgent ? "\(field.name.rawName):" : "\(field.name.rawName);"
    }

    private static func bodyWords(
        _ draft: RequestDraft, _ redaction: inout Redaction
    ) -> (pipe: String, words: [String]) {
        guard givesBody(draft) else { return ("", []) }
        // curl adds a form's type of its own accord, so an absent one must be said.
        let noType = draft.fields[.contentType] == nil ? ["--header", "Content-Type:"] : []
        let body = draft.fields[.contentType].map { redaction.body(draft.body, of: $0) } ?? draft.body
        guard let text = String(validating: body, as: UTF8.self), !body.contains(0), body.count <= argumentLimit else {
            let octal = body.map { byte in
                let digits = String(byte, radix: 8)
                return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
            return ("printf '\(octal.joined())' | ", noType + ["--data-binary", "@-"])
        }
        // Not --data, which would read a file for a body that begins with "@".
        return ("", noType + ["--data-raw", text])
    }
}
