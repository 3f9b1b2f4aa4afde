internal import HTTPTrace
internal import HTTPTypes
internal import Sessions

// The parts of an entry that HAR itself defines. Ours, which begin with "_", stand in HARWriter+OwnFields.

extension HARWriter {
    mutating func writeEntry(_ exchange: Exchange, on connection: ConnectionLedger.Connection?) {
        let timings = HARTimings(exchange, at: now)
        let version = httpVersion(of: exchange, connection)
        json.openObject()
        json.field("startedDateTime", dates.text(unixNanoseconds: clock.unixNanoseconds(at: exchange.startedAt)))
        json.field("time", timings.time, decimals: 3)
        writeRequest(exchange, version)
        writeResponse(exchange, version)
        json.openObject("cache")
        json.closeObject()
        write(timings)
        if let remote = exchange.connection?.remote { json.field("serverIPAddress", remote.ip) }
        // A string that holds an integer: haralyzer reads it so, and fails on "c1" as on its absence.
        json.field("connection", String(exchange.connection?.connection.number ?? 0))
        json.field("comment", ifPresent: comment(on: exchange))
        writeOwnFields(exchange, connection, timings)
        json.closeObject()
    }

    private mutating func writeRequest(_ exchange: Exchange, _ version: String) {
        guard let head = exchange.sentHead, exchange.draft.body.isEmpty, exchange.requestBodyBytes == 0 else {
            return writeNewRequest(exchange, version)
        }
        if let part = written.request(head, exchange.draft, version) { return write(part) }
        let (start, counts) = (json.count, redaction.counts)
        writeNewRequest(exchange, version)
        let isKnown = written.knows(head, exchange.draft, version)
        written.note(head, exchange.draft, version, isKnown ? part(from: start, counts) : nil)
    }

    /// The part again, secrets counted as often as they are left out.
    private mutating func write(_ part: WrittenParts.Part) {
        json.splice(part.bytes)
        redaction.count(part.redacted)
    }

    private func part(from start: Int, _ counts: Redaction.Counts) -> WrittenParts.Part {
        WrittenParts.Part(bytes: json.bytes(from: start), redacted: redaction.counts - counts)
    }

    private mutating func writeNewRequest(_ exchange: Exchange, _ version: String) {
        let draft = exchange.draft
        let head = exchange.sentHead.flatMap { PlainHead($0.bytes, &redaction) }
        let fields =
            head == nil ? exchange.sentHead?.lines ?? draft.fields.map { ($0.name.rawName, $0.value) } : []
        if draft.url.userInfo != nil { redaction.leaveOutUserInfo() }
        json.openObject("request")
        json.field("method", draft.method.rawValue)
        let url = redaction.url(draft.url.description)
        json.field("url", url)
        json.field("httpVersion", version)
        json.openArray("cookies")
        forEach(fields, head, of: .cookie) { writer, value in
            for cookie in HARCookie.sent(value) { writer.write(cookie) }
        }
        json.closeArray()
        if let head { write(head) } else { write(fields: fields) }
        // Of the text as it was written: what went there stands here neither, in a name as little as in a value.
        var query = url[...]
        _ = query.take(upTo: "?")
        _ = query.takeMark()
        write(parameters: query, as: "queryString")
        if !draft.body.isEmpty { writePostData(exchange, exchange.sentHead?.lines ?? fields) }
        json.field("headersSize", exchange.sentHead?.wireBytes ?? -1)
        json.field("bodySize", exchange.requestBodyBytes)
        json.closeObject()
    }

    private mutating func writePostData(_ exchange: Exchange, _ fields: [(name: String, value: String)]) {
        let body = exchange.draft.body
        let mimeType = fields.first { $0.name.lowercased() == "content-type" }?.value ?? "application/octet-stream"
        json.openObject("postData")
        json.field("mimeType", mimeType)
        if let reason = reasonToLeaveOutBody(of: exchange) {
            // Readers take the text for granted.
            json.field("text", "")
            json.field("comment", "body left out: \(reason)")
        } else {
            writePosted(redaction.body(body, of: mimeType), mimeType)
        }
        json.closeObject()
    }

    private mutating func writePosted(_ body: [UInt8], _ mimeType: String) {
        guard let text = String(validating: body, as: UTF8.self) else {
            json.field("text", Base64.encode(body))
            json.field("_encoding", "base64")
            json.field("comment", "binary body, as base64")
            return
        }
        // The specification has params or text; readers take the text, and Chrome writes both.
        json.field("text", text)
        if Redaction.isEncodedForm(mimeType) { write(parameters: text[...], as: "params") }
    }

    private func reasonToLeaveOutBody(of exchange: Exchange) -> String? {
        let (kept, total) = (exchange.draft.body.count, exchange.requestBodyBytes)
        if kept < total { return "\(kept) of \(total) bytes were kept" }
        return total > Self.requestBodyLimit ? "\(total) bytes, and \(Self.requestBodyLimit) at most are written" : nil
    }

    private mutating func writeResponse(_ exchange: Exchange, _ version: String) {
        let response = exchange.answer
        let facts = response.flatMap { written.response($0, version) } ?? writeNewResponse(response, version)
        if let part = facts.part { write(part) }
        writeContent(exchange, facts)
        json.field("redirectURL", facts.redirectURL)
        let headersBytes = response?.wireBytes ?? -1
        json.field("headersSize", headersBytes)
        json.field("bodySize", response == nil ? -1 : exchange.answerBytes)
        json.field("_transferSize", response == nil ? 0 : max(headersBytes, 0) + exchange.answerBytes)
        json.closeObject()
    }

    /// Writes what comes before the content.
    ///
    /// - Returns: What the rest needs to know of the head; without a `part`, which is written.
    private mutating func writeNewResponse(_ response: ResponseHead?, _ version: String) -> WrittenParts.Response {
        let (start, counts) = (json.count, redaction.counts)
        let head = response.flatMap { PlainHead($0.bytes, &redaction) }
        let fields = head == nil ? response.map { $0.fields.map { ($0.name.rawName, $0.value) } } ?? [] : []
        json.openObject("response")
        json.field("status", response?.status ?? 0)
        json.field("statusText", response?.reason ?? "")
        json.field("httpVersion", version)
        json.openArray("cookies")
        forEach(fields, head, of: .setCookie) { writer, value in
            if let cookie = HARCookie(setCookie: value) { writer.write(cookie) }
        }
        json.closeArray()
        if let head { write(head) } else { write(fields: fields) }
        // The same redaction as of the field, without counting it twice.
        let known = redaction.counts
        var facts = WrittenParts.Response(
            mimeType: value(of: "content-type", in: fields, head) ?? "x-unknown",
            redirectURL: value(of: "location", in: fields, head).map { redaction.url($0) } ?? "")
        redaction.forget(after: known)
        guard let response else { return facts }
        if written.knows(response, version) { facts.part = part(from: start, counts) }
        written.note(facts, response, version)
        facts.part = nil
        return facts
    }

    private mutating func writeContent(_ exchange: Exchange, _ facts: WrittenParts.Response) {
        let size = exchange.body?.totalBytes ?? (exchange.answer == nil ? 0 : exchange.answerBytes)
        json.openObject("content")
        json.field("size", size)
        if let body = exchange.body, !body.codings.isEmpty { json.field("compression", size - exchange.bodyBytes) }
        json.field("mimeType", facts.mimeType)
        if let body = exchange.body, body.isCut {
            json.field("comment", "body left out: \(body.bytes.count) of \(body.totalBytes) bytes were kept")
        } else if let body = exchange.body {
            if let problem = body.problem {
                json.field("comment", problem.message)
            } else if let reason = body.reasonLeftEncoded {
                json.field("comment", "not decoded: \(reason)")
            }
            if let text = String(validating: body.bytes, as: UTF8.self) {
                json.field("text", text)
            } else {
                json.field("text", Base64.encode(body.bytes))
                json.field("encoding", "base64")
            }
        } else if exchange.bodyBytes > 0 {
            json.field("comment", "body not kept")
        }
        json.closeObject()
    }

    private mutating func write(_ timings: HARTimings) {
        json.openObject("timings")
        write(microseconds: timings.blocked, as: "blocked")
        write(microseconds: timings.dns, as: "dns")
        write(microseconds: timings.connect, as: "connect")
        write(microseconds: timings.ssl, as: "ssl")
        write(microseconds: timings.send, as: "send")
        write(microseconds: timings.wait, as: "wait")
        write(microseconds: timings.receive, as: "receive")
        if let queueing = timings.queueing { write(microseconds: queueing, as: "_blocked_queueing") }
        json.closeObject()
    }

    private mutating func write(microseconds: Int64?, as name: StaticString) {
        if let microseconds { json.field(name, microseconds, decimals: 3) } else { json.field(name, -1) }
    }

    private mutating func write(fields: [(name: String, value: String)]) {
        json.openArray("headers")
        for (name, value) in fields {
            json.openObject()
            json.field("name", name)
            json.field("value", redaction.value(of: name, value))
            json.closeObject()
        }
        json.closeArray()
    }

    private mutating func write(_ head: PlainHead) {
        json.openArray("headers")
        for field in head.fields {
            json.openObject()
            json.field("name", head.bytes, field.name)
            if redaction.mode == .full || field.kind == .plain {
                json.field("value", head.bytes, field.value)
            } else {
                json.field("value", redaction.value(of: head.text(field.name), head.text(field.value)))
            }
            json.closeObject()
        }
        json.closeArray()
    }

    private mutating func write(parameters text: Substring, as list: StaticString) {
        json.openArray(list)
        for (name, value) in text.isEmpty ? [] : PercentCoding.pairs(text) {
            json.openObject()
            json.field("name", name)
            json.field("value", value)
            json.closeObject()
        }
        json.closeArray()
    }

    private mutating func write(_ cookie: HARCookie) {
        json.openObject()
        json.field("name", cookie.name)
        json.field("value", redaction.mode == .full ? cookie.value : Redaction.mark)
        json.field("path", ifPresent: cookie.path)
        json.field("domain", ifPresent: cookie.domain)
        json.field("expires", ifPresent: cookie.expires)
        if cookie.isHTTPOnly { json.field("httpOnly", true) }
        if cookie.isSecure { json.field("secure", true) }
        json.field("sameSite", ifPresent: cookie.sameSite)
        json.closeObject()
    }

    private func value(
        of name: StaticString, in fields: [(name: String, value: String)], _ head: PlainHead?
    ) -> String? {
        if let head { return head.value(of: name) }
        return fields.first { $0.name.lowercased() == name.description }?.value
    }

    /// Hands over the values of the fields of a kind: of `head`, or where there is none of `fields`.
    private mutating func forEach(
        _ fields: [(name: String, value: String)], _ head: PlainHead?, of kind: Redaction.FieldKind,
        _ body: (inout Self, String) -> Void
    ) {
        for (name, value) in fields where redaction.kind(of: name) == kind { body(&self, value) }
        guard let head else { return }
        for field in head.fields where field.kind == kind { body(&self, head.text(field.value)) }
    }

    private func httpVersion(of exchange: Exchange, _ connection: ConnectionLedger.Connection?) -> String {
        // Chrome's importer knows "HTTP/2.0".
        if connection?.facts?.applicationProtocol == "h2" { return "HTTP/2.0" }
        let version = exchange.response?.version ?? "HTTP/1.1"
        return version == "HTTP/2" ? "HTTP/2.0" : version
    }

    private func comment(on exchange: Exchange) -> String? {
        if exchange.isRunning { return "still running when written" }
        return exchange.failure.map { "\($0.outcome): \($0.message)" }
    }
}
