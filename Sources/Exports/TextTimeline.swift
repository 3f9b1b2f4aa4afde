public import HTTPTrace
internal import HTTPTypes
public import Sessions
internal import TextScreen

// One exchange for a terminal or a pipe, without any escape code:
//
//   #3 GET https://api.example.com/v1/orders
//     200 OK · HTTP/1.1 · 304 ms
//                 start      took
//     queued        0.0       0.1  ▏
//     dns             —         —  reused c2
//     connect       0.1      38.7  ────
//     total       304.0            first byte 265.6 ms · 38 k
//     connection  c2 new · 192.0.2.9:50000 to 93.184.216.34:443
//
// Everything from the network passes `SafeText`: a server can't reach the terminal through it.

/// The phases of one exchange as lines of plain text.
public struct TextTimeline: Sendable {
    /// What bars and separators are made of.
    public enum Marks: Sendable {
        case unicode
        /// For pipes and terminals without UTF-8.
        case ascii
    }

    public var marks: Marks
    /// Where bars end. Lines of words may be longer: cutting them is the terminal's business, and a pipe wants all.
    public var columns: Int

    /// - Parameter columns: At least 50; less is taken as 50.
    public init(marks: Marks, columns: Int = 80) {
        self.marks = marks
        self.columns = max(columns, 50)
    }

    /// The lines, each with its line break.
    ///
    /// - Parameters:
    ///   - connection: The one that carried it, if any.
    ///   - twin: Of `Session.twin(of:)`, to say what reuse saved.
    ///   - redaction: Replaces secrets in the URL and counts them: a timeline is made to be pasted somewhere.
    ///   - now: Until when a running exchange counts.
    public func text(
        _ exchange: Exchange, on connection: ConnectionLedger.Connection?, twin: Twin? = nil,
        redacting redaction: inout Redaction, at now: Timestamp
    ) -> String {
        let lines = lines(exchange, on: connection, twin: twin, redacting: &redaction, at: now)
        return lines.map { $0.string + "\n" }.joined()
    }

    private func lines(
        _ exchange: Exchange, on connection: ConnectionLedger.Connection?, twin: Twin?,
        redacting redaction: inout Redaction, at now: Timestamp
    ) -> [SafeText] {
        let draft = exchange.draft
        var lines: [SafeText] = [
            "\(exchange.id.description) \(draft.method.rawValue) \(redaction.url(draft.url.description))"
        ]
        lines.append("  " + status(exchange))
        lines.append(row("", "start", "took", ""))
        for phase in exchange.listedPhases { lines.append(row(of: phase, exchange, at: now)) }
        lines.append(totalRow(exchange, at: now))
        lines += earlyAnswers(exchange)
        if let got = exchange.connection {
            lines.append(labelled("connection", describe(got, connection, isOwn: exchange.usesItsEarlierDial)))
        }
        if let body = exchange.body, !body.codings.isEmpty {
            let codings = SafeText(untrusted: body.codings.joined(separator: ", "))
            let end: SafeText = "\(body.totalBytes)\(body.damage == nil ? "" : " bytes and no further")"
            lines.append(labelled("body", "\(exchange.bodyBytes) bytes of " + codings + " decoded to " + end))
        } else if let reason = exchange.body?.reasonLeftEncoded {
            lines.append(labelled("body", "not decoded: \(reason)"))
        }
        if let timing = exchange.serverTiming { lines.append(labelled("server", describe(timing))) }
        if let words = describeArrivals(exchange, at: now) { lines.append(labelled("arrival", words)) }
        if let wait = exchange.continueWait {
            let share: SafeText = wait.isExact ? " ms of send" : " ms of send at most"
            let words = figure(wait.time) + share + ": the body was held back for a 100 Continue"
            lines.append(labelled("continue", words))
        }
        if let time = exchange.heldUp {
            let words: SafeText = " ms at most: it came faster than it was taken in here, and the server had to wait"
            lines.append(labelled("held up", figure(time) + words))
        }
        if let goal = exchange.detour { lines.append(labelled("dialed", "\(goal), as --connect-to says")) }
        for records in exchange.lookup?.records ?? [] {
            lines.append(labelled("dns \(records.family.recordType)", describe(records)))
        }
        if let facts = exchange.tcpFacts.last { lines.append(labelled("tcp", describe(facts))) }
        for attempt in exchange.attempts where attempt.failure != nil {
            lines.append(labelled("attempt", "\(attempt.address.description): \(attempt.failure!.message)"))
        }
        if let head = exchange.tunnel?.head {
            lines.append(labelled("tunnel", "\(head.version) \(head.status) \(head.reason)"))
        }
        // A handshake that ended before it agreed on anything has its sentence below, and nothing to say here.
        if let words = (exchange.tls ?? connection?.facts?.tls).map({ describe($0) }), !words.isEmpty {
            lines.append(labelled("tls", words))
        }
        for retry in exchange.retries { lines.append(labelled("retried", describe(retry, of: exchange, at: now))) }
        if let redirection = exchange.redirection, let total = exchange.chainTotal(at: now) {
            lines.append(labelled("redirect", describe(redirection, total)))
        }
        if let twin { lines.append(labelled("twin", describe(twin))) }
        if let failure = exchange.failure { lines.append(labelled("failed", SafeText(untrusted: failure.message))) }
        return lines
    }
}

extension TextTimeline {
    private static let labelColumns = 12
    private static let figureColumns = 9
    /// Less is no time that anybody looks for.
    private static let leastGap = Duration.microseconds(50)
    private static let earlyAnswerLimit = 5
    private static let barStart = 2 + labelColumns + 2 * figureColumns + 2

    private var dash: SafeText { marks == .unicode ? "—" : "-" }
    private var dot: SafeText { marks == .unicode ? " · " : ", " }

    private func row(_ label: SafeText, _ start: SafeText, _ took: SafeText, _ rest: SafeText) -> SafeText {
        let line =
            "  " + label + pad(TextTimeline.labelColumns - label.width)
            + pad(TextTimeline.figureColumns - start.width) + start
            + pad(TextTimeline.figureColumns - took.width) + took
        return rest.isEmpty ? line : line + "  " + rest
    }

    private func labelled(_ label: SafeText, _ text: SafeText) -> SafeText {
        "  " + label + pad(TextTimeline.labelColumns - label.width) + text
    }

    private func pad(_ count: Int) -> SafeText { SafeText(repeating: " ", count: count) }

    private func row(of phase: Phase, _ exchange: Exchange, at now: Timestamp) -> SafeText {
        let label = SafeText(untrusted: phase.rawValue)
        guard let span = exchange.phases[phase] else {
            return row(label, dash, dash, describe(exchange.absence(of: phase), exchange))
        }
        let start = span.start - exchange.startedAt
        let took = span.duration(at: now)
        return row(label, figure(start), figure(took), bar(phase, span, exchange, at: now))
    }

    private func bar(_ phase: Phase, _ span: PhaseSpans.Span, _ exchange: Exchange, at now: Timestamp) -> SafeText {
        let room = max(columns - TextTimeline.barStart, 10)
        let total = max(exchange.total(at: now).nanoseconds, 1)
        func column(_ duration: Duration) -> Int {
            min(Int(Double(duration.nanoseconds) / Double(total) * Double(room)), room)
        }
        let start = min(column(span.start - exchange.startedAt), room - 1)
        let end = column((span.end ?? now) - exchange.startedAt)
        // A phase shorter than a column still shows: it happened.
        let bar = SafeText(repeating: mark(of: phase), count: max(end - start, 1))
        return pad(start) + bar + (span.end == nil ? (marks == .unicode ? "›" : "~") : "")
    }

    private func mark(of phase: Phase) -> SafeText {
        switch phase {
        case .queued: marks == .unicode ? "·" : "."
        case .dns: marks == .unicode ? "┄" : "'"
        case .connect: marks == .unicode ? "─" : "-"
        case .tunnel: marks == .unicode ? "╍" : "%"
        case .tls: marks == .unicode ? "═" : "="
        case .send: marks == .unicode ? "▸" : ">"
        case .wait: marks == .unicode ? "░" : ":"
        case .receive: marks == .unicode ? "█" : "#"
        }
    }

    private func totalRow(_ exchange: Exchange, at now: Timestamp) -> SafeText {
        var parts: [SafeText] = []
        if let first = exchange.timeToFirstByte { parts.append("first byte " + figure(first) + " ms") }
        if exchange.answer != nil { parts.append("\(exchange.answerBytes) bytes") }
        if !exchange.retries.isEmpty {
            parts.append(figure(exchange.earlierAttempts) + " ms of earlier attempts")
            let pauses = exchange.pauses(at: now)
            if pauses >= Self.leastGap { parts.append(figure(pauses) + " ms waited between attempts") }
        }
        let between = exchange.betweenPhases(at: now)
        if between >= Self.leastGap { parts.append(figure(between) + " ms between phases") }
        return row("total", figure(exchange.total(at: now)), "ms", joined(parts))
    }

    /// A line each, since the first byte is that of the first of them; nobody reads more than a few.
    private func earlyAnswers(_ exchange: Exchange) -> [SafeText] {
        let count = exchange.informational.count
        guard count > 0 else { return [] }
        var came: [(time: Timestamp, head: ResponseHead)] = []
        for record in exchange.events {
            if case .got1xxResponse(let head) = record.event { came.append((record.time, head)) }
        }
        // Those of attempts that were given up stand before the last one's.
        let shown = came.suffix(count).prefix(TextTimeline.earlyAnswerLimit)
        var lines = shown.map { answer in
            let reason = answer.head.reason.isEmpty ? "" : " \(answer.head.reason)"
            let name = SafeText(untrusted: "\(answer.head.status)\(reason)")
            return labelled("early", name + " after " + figure(answer.time - exchange.startedAt) + " ms")
        }
        if count > shown.count { lines.append(labelled("early", "and \(count - shown.count) more")) }
        return lines
    }

    private func status(_ exchange: Exchange) -> SafeText {
        guard let response = exchange.answer else {
            return SafeText(untrusted: exchange.outcome ?? "no answer yet")
        }
        var parts: [SafeText] = ["\(response.status)"]
        if !response.reason.isEmpty { parts[0] += " " + SafeText(untrusted: response.reason) }
        parts.append(SafeText(untrusted: response.version))
        if let outcome = exchange.outcome, outcome != "ok" { parts.append(SafeText(untrusted: outcome)) }
        if exchange.isRunning { parts.append("still running") }
        return joined(parts)
    }

    private func describe(_ absence: PhaseAbsence, _ exchange: Exchange) -> SafeText {
        switch absence {
        case .reused(let connection): "reused \(connection.description)"
        case .dialedByEarlierAttempt(let connection): "an earlier attempt dialed \(connection.description)"
        case .literalAddress: "the host is an address"
        case .pinned: "pinned by --resolve"
        case .noLookup: "no lookup needed"
        case .noTLS: "plain http"
        case .noTunnel: "no proxy made a way"
        case .clientsBusiness: "the client's business"
        case .answeredEarly: "answered before the request was written"
        case .notReached: exchange.isRunning ? "not yet" : "not reached"
        }
    }

    private func describe(_ retry: Exchange.Retry, of exchange: Exchange, at now: Timestamp) -> SafeText {
        var words: SafeText = "after " + figure(retry.duration) + " ms"
        let phases = retry.phases.present.map { phase, span in
            SafeText(untrusted: phase.rawValue) + " " + figure(span.duration(at: retry.failedAt))
        }
        if let first = phases.first { words += " (" + phases.dropFirst().reduce(first) { $0 + ", " + $1 } + ")" }
        words += ": " + SafeText(untrusted: retry.failure.message)
        let pause = exchange.pause(after: retry, at: now)
        guard pause >= Self.leastGap else { return words }
        let isResumed = retry.resumedAt != nil
        return joined([words, "waited " + figure(pause) + (isResumed ? " ms before trying again" : " ms to try again")])
    }

    /// - Parameter isOwn: Whether an earlier attempt of the same request dialed it.
    private func describe(
        _ got: GotConnection, _ connection: ConnectionLedger.Connection?, isOwn: Bool
    ) -> SafeText {
        let origin = isOwn ? "dialed by an earlier attempt" : "reused"
        var first: SafeText = "\(got.connection.description) \(got.isReused ? "\(origin), use \(got.use)" : "new")"
        if let idle = got.idleTime { first += " after " + figure(idle) + " ms idle" }
        var parts = [first, "\(got.local.description) to \(got.remote.description)"]
        if let proxy = connection?.key.proxy { parts.append("by proxy \(proxy.description)") }
        if case .closed(let reason, _) = connection?.state { parts.append("closed: \(reason.description)") }
        return joined(parts)
    }

    private func describe(_ records: DNSRecords) -> SafeText {
        var parts = records.aliases.map { SafeText(untrusted: "\($0.name) is \($0.target)") }
        parts += records.addresses.map { "\($0.ip)" }
        if let problem = records.problem { parts.append(SafeText(untrusted: problem)) }
        if let life = records.timeToLive { parts.append("for \(life.components.seconds) s") }
        if let server = records.server, records.problem == nil {
            parts.append("from \(server.description)\(records.isOverTCP ? " over TCP" : "")")
        }
        if records.tries > 1 { parts.append("\(records.tries) questions") }
        parts.append(figure(records.duration) + " ms")
        return joined(parts)
    }

    private func describe(_ facts: TCPFacts) -> SafeText {
        var parts: [SafeText] = [
            "round trip " + figure(facts.roundTrip) + " ms, give or take " + figure(facts.roundTripVariation)
        ]
        if facts.retransmits > 0 { parts.append("\(facts.retransmits) sent again") }
        parts.append("window \(facts.congestionWindow)")
        if let bytes = facts.exchange { parts.append("\(bytes.sent) bytes out, \(bytes.received) in on the wire") }
        return joined(parts)
    }

    private func describe(_ tls: TLSFacts) -> SafeText {
        var parts = [tls.version, tls.cipher].filter { !$0.isEmpty }.map { SafeText(untrusted: $0) }
        if let alpn = tls.alpn { parts.append("ALPN \(alpn)") }
        if let group = tls.group { parts.append("\(group)") }
        switch tls.resumption {
        case .resumed: parts.append("resumed")
        case .declined: parts.append("resumption declined")
        case .notOffered: break
        }
        if tls.clientCertificate == .askedInVain { parts.append("asked for a client certificate") }
        if case .revoked = tls.staple?.status { parts.append("REVOKED by its OCSP staple") }
        if let problem = tls.verificationProblem {
            parts.append("\(tls.isUnverified ? "NOT VERIFIED: " : "")\(problem)")
        }
        if let leaf = tls.certificates.first { parts.append("\(leaf.subject)") }
        return joined(parts)
    }

    private func describe(_ redirection: Redirection, _ total: Duration) -> SafeText {
        var parts: [SafeText] = [
            "of \(redirection.from.description) by \(redirection.status), hop \(redirection.hop)",
            figure(total) + " ms in all",
        ]
        if !redirection.withheld.isEmpty {
            parts.append("another origin, so without \(redirection.withheld.joined(separator: ", "))")
        }
        return joined(parts)
    }

    private func describe(_ timing: ServerTiming) -> SafeText {
        joined(
            timing.entries.map { entry in
                var words = SafeText(untrusted: entry.name)
                if let time = entry.milliseconds { words += " " + figure(.nanoseconds(Int64(time * 1e6))) + " ms" }
                if let text = entry.words { words += " (\(text))" }
                return words
            })
    }

    /// Nil when the body came in one go, or nearly so.
    private func describeArrivals(_ exchange: Exchange, at now: Timestamp) -> SafeText? {
        let arrivals = BodyArrivals(of: exchange)
        guard let gap = arrivals.largestGap, gap.duration * 20 >= exchange.total(at: now) else { return nil }
        return joined([
            "in \(arrivals.isCut ? "more than " : "")\(arrivals.parts.count) parts",
            "largest gap " + figure(gap.duration) + " ms after \(gap.bytesBefore) bytes",
        ])
    }

    private func describe(_ twin: Twin) -> SafeText {
        let phases = twin.setUp.map(\.rawValue).joined(separator: ", ")
        let place = twin.isSameConnection ? "the same \(twin.connection.description)" : twin.connection.description
        return switch twin.warmth {
        case .warm: "\(twin.id.description) on \(place) paid no \(phases): " + figure(twin.saved) + " ms saved"
        case .cold:
            "\(twin.id.description) on \(place), new then, paid \(phases): " + figure(twin.saved) + " ms saved here"
        }
    }

    private func joined(_ parts: [SafeText]) -> SafeText {
        guard let first = parts.first else { return "" }
        return parts.dropFirst().reduce(first) { $0 + dot + $1 }
    }

    /// Milliseconds with one decimal; three below one millisecond, where one would say nothing (0.0 is no figure).
    private func figure(_ duration: Duration) -> SafeText {
        let microseconds = (max(duration.nanoseconds, 0) + 500) / 1_000
        guard microseconds >= 1_000 else {
            let digits = String(microseconds)
            return microseconds == 0 ? "0.0" : "0.\(String(repeating: "0", count: 3 - digits.count))\(digits)"
        }
        let tenths = (microseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}
