import HTTPTrace
import Sessions
import TextScreen

// Where the time went: a line a phase with start, length and bar; then what it adds up to, what the server says, what
// took most, and what a connection that was open (or was not) would have made of it.

/// The Timing page.
struct TimingPage {
    let exchange: Exchange
    let model: Model
    let columns: Int
    let now: Timestamp
    let end: Timestamp

    init(_ exchange: Exchange, _ model: Model, columns: Int, at now: Timestamp) {
        self.exchange = exchange
        self.model = model
        self.columns = columns
        self.now = now
        end = max(exchange.finishedAt ?? now, exchange.startedAt)
    }

    var theme: Theme { model.theme }
    var dot: String { " \(theme.marks.middleDot.string) " }

    /// The table where it fits, else one bar and lines of figures.
    func page(rows: Int) -> DetailPage {
        guard columns >= 50, rows >= 10 else { return DetailPage(compactLines()) }
        var lines = tableLines()
        let words = closingLines()
        // The handshake opens where it has room, and always for who scrolls.
        let flights = flightLines()
        if !flights.isEmpty, model.focus == .detail || lines.count + flights.count + words.count <= rows {
            lines.insert(contentsOf: flights, at: linesUntilTLS)
        }
        // Air first, then the rule: they are the only lines that say nothing.
        if lines.count + words.count + 2 <= rows { lines.insert(.empty, at: 0) }
        if lines.count + words.count + 1 <= rows {
            lines.append(
                StyledLine(" " + SafeText(repeating: theme.marks.rule.safeText, count: columns - 2), theme.rule))
        }
        lines += words
        let preview = BodyPage.preview(of: exchange, rows: rows - lines.count - 2)
        if !preview.isEmpty { lines += [.empty] + preview }
        return DetailPage(lines)
    }

    // MARK: the table

    private static let startEnd = 18
    private static let tookEnd = 28
    private static let barStart = 32

    private func tableLines() -> [StyledLine] {
        let axis = barAxis(columns: columns - Self.barStart - 1)
        var head = StyledLine()
        head.add("start", theme.quiet, endingAt: Self.startEnd)
        head.add("took", theme.quiet, endingAt: Self.tookEnd)
        for tick in AxisTicks(axis, from: axis.start, figures: model.figures).ticks {
            head.add("\(tick.label)", theme.quiet, at: Self.barStart + tick.column)
        }
        return [head] + (servedLines(axis: axis) ?? exchange.listedPhases.map { phaseLine($0, axis: axis) })
    }

    /// How many lines of the table stand above what follows `tls`.
    private var linesUntilTLS: Int {
        let phases = exchange.isForwarded ? exchange.phases.present.map(\.phase) : exchange.listedPhases
        // Its head; of what came in, also the line on the request.
        return (phases.firstIndex(of: .tls) ?? -1) + 2 + (exchange.isForwarded ? 1 : 0)
    }

    private func barAxis(columns: Int) -> TimeAxis {
        let length = TimeAxis.niceLength(max(1000, (end - exchange.startedAt).nanoseconds))
        return TimeAxis(from: exchange.startedAt, length: .nanoseconds(length), columns: columns)
    }

    func phaseLine(_ phase: Phase, axis: TimeAxis) -> StyledLine {
        guard let span = exchange.phases[phase] else { return absentLine("\(phase.rawValue)", absence(of: phase)) }
        var line = spanLine("\(phase.rawValue)", span, BarMark(phase), nil, axis: axis)
        if exchange.failure?.phase == phase { line.add(theme.marks.glyph(of: .failed).safeText, theme.failure) }
        if let note = note(on: phase), line.width + note.width + 3 <= columns { line.add("  " + note) }
        return line
    }

    /// A line of the table for what did not happen, and why.
    func absentLine(_ name: SafeText, _ reason: String) -> StyledLine {
        var line = StyledLine(" " + name)
        line.add(theme.marks.absent, theme.quiet, endingAt: Self.startEnd)
        line.add(theme.marks.absent, theme.quiet, endingAt: Self.tookEnd)
        line.add("\(reason)", theme.quiet, at: Self.barStart)
        return line
    }

    /// A line of the table: start, length and bar.
    func spanLine(
        _ name: SafeText, _ span: PhaseSpans.Span, _ mark: BarMark, _ note: SafeText?, axis: TimeAxis
    ) -> StyledLine {
        var line = StyledLine(" " + name)
        let isRunning = span.end == nil && exchange.isRunning
        line.add("\(milliseconds(span.start - exchange.startedAt))", theme.quiet, endingAt: Self.startEnd)
        line.add("\(milliseconds(span.duration(at: end)))", theme.strong, endingAt: Self.tookEnd)
        let first = max(0, min(axis.columns - 1, Int(axis.column(of: span.start))))
        let last = max(first + 1, min(axis.columns, Int(axis.column(of: span.end ?? end).rounded())))
        let bar = SafeText(repeating: theme.marks.glyph(of: mark).safeText, count: last - first)
        line.add(bar, theme.style(of: mark), at: Self.barStart + first)
        if isRunning { line.add(theme.marks.glyph(of: .running).safeText, theme.style(of: .running)) }
        if let note, line.width + note.width + 3 <= columns { line.add("  " + note) }
        return line
    }

    /// Below `tls`: what went there and came back, each with what came of it.
    private func flightLines() -> [StyledLine] {
        let axis = barAxis(columns: columns - Self.barStart - 1)
        return exchange.tlsFlights.map { flight in
            var line = StyledLine("  \(flight.direction.rawValue)", theme.quiet)
            let end = flight.end ?? end
            line.add("\(milliseconds(flight.start - exchange.startedAt))", theme.quiet, endingAt: Self.startEnd)
            line.add("\(milliseconds(max(end - flight.start, .zero)))", theme.quiet, endingAt: Self.tookEnd)
            let first = max(0, min(axis.columns - 1, Int(axis.column(of: flight.start))))
            let last = max(first + 1, min(axis.columns, Int(axis.column(of: end).rounded())))
            // Waiting for the peer is drawn as waiting, our own arithmetic as TLS.
            let mark = flight.direction == .sent ? BarMark.wait : .tls
            let bar = SafeText(repeating: theme.marks.glyph(of: mark).safeText, count: last - first)
            line.add(bar, theme.style(of: mark), at: Self.barStart + first)
            let notes = notes(on: flight)
            if let note = notes.first(where: { line.width + $0.width + 2 <= columns }) { line.add("  " + note) }
            return line
        }
    }

    /// The longest first: all messages, the first and the last, how many.
    private func notes(on flight: TLSFlight) -> [SafeText] {
        let names = flight.messages.map(\.name)
        let size = Figures.size(flight.bytes)
        let ends = names.count < 2 ? names[0] : "\(names[0]) \(theme.marks.ellipsis.text) \(names[names.count - 1])"
        return [
            "\(names.joined(separator: ", "))\(dot)\(size)", "\(names.joined(separator: ", "))", "\(ends)\(dot)\(size)",
            "\(ends)", "\(Figures.plural(names.count, "message"))",
        ]
    }

    /// All figures of the table with the same decimals, so that the points stand below each other.
    func milliseconds(_ duration: Duration) -> String {
        let total = (end - exchange.startedAt).milliseconds
        return Figures.fixed(duration.milliseconds, decimals: total < 10 ? 3 : total < 100 ? 2 : 1)
    }

    func absence(of phase: Phase) -> String {
        switch exchange.absence(of: phase) {
        case .reused(let connection): "reused \(connection)"
        case .dialedByEarlierAttempt(let connection): "an earlier attempt dialed \(connection)"
        case .literalAddress: "literal address"
        case .pinned: "pinned by --resolve"
        case .noLookup: "no lookup needed"
        case .noTLS: "plain http"
        case .noTunnel: "no proxy made a way"
        case .clientsBusiness: "the client's business"
        case .answeredEarly: "answered early"
        case .notReached: exchange.isRunning ? "not yet" : "not reached"
        }
    }

    /// What is known about a phase beside its length.
    private func note(on phase: Phase) -> SafeText? {
        switch phase {
        case .queued:
            switch exchange.queueReason {
            case .hostLimit(let limit): return "\(limit) open to this host, the limit"
            case .sharedDial: return "shares another request's dial"
            case .streamLimit(let limit): return "\(limit) streams in use, the limit"
            case .totalLimit(let limit): return "\(limit) open in all, the limit"
            case .dialing, nil: return nil
            }
        case .connect:
            guard let winner = exchange.attempts.last(where: { $0.failure == nil })?.address else { return nil }
            let others = exchange.attempts.filter { $0.address != winner }
            guard let other = others.first else { return "\(winner.ip)" }
            let family = other.address.family == .ip6 ? "v6" : "v4"
            return others.count == 1
                ? "\(winner.ip)  (\(family) lost)" : "\(winner.ip)  (\(others.count) others lost)"
        case .tunnel: return exchange.tunnel.map { "by \($0.proxy.description)" }
        case .tls:
            guard let tls = exchange.tls else { return nil }
            var words = [tls.version.hasPrefix("TLSv") ? String(tls.version.dropFirst(4)) : tls.version]
            if tls.isResumed { words.append("resumed") }
            if let alpn = tls.alpn { words.append("ALPN \(alpn == "http/1.1" ? "h1" : alpn)") }
            if tls.isUnverified { words.append("unverified") }
            return "\(words.joined(separator: dot))"
        case .dns: return exchange.lookup.flatMap { LookupWords.note(on: $0, dot: dot) }
        case .send:
            guard let wait = exchange.continueWait else { return nil }
            return "\(wait.isExact ? "" : "at most ")\(milliseconds(wait.time)) for a 100 Continue"
        case .wait, .receive: return nil
        }
    }

    // MARK: below the table

    private func closingLines() -> [StyledLine] {
        [totalLine()] + lookupLines()
            + [
                servedLine(), tcpLine(), arrivalLine(), heldUpLine(), serverLine(), shareLine(), twinLine(),
                redirectLine(),
                historyLine(),
            ].compactMap { $0 }
    }

    private func totalLine() -> StyledLine {
        var line = StyledLine(exchange.isRunning ? " so far" : " total", theme.strong)
        line.add("\(milliseconds(end - exchange.startedAt))", theme.strong, endingAt: Self.tookEnd)
        var words = answerWords()
        // What does not fit goes as a whole, the last first: half a figure is a wrong one.
        while words.count > 1, words.joined(separator: dot).count > columns - Self.barStart { words.removeLast() }
        line.add("\(words.joined(separator: dot))", at: Self.barStart)
        return line
    }

    /// `first byte 265.6`, `38 k`, `0.98 MB/s`.
    func answerWords() -> [String] {
        var words: [String] = []
        if let first = exchange.timeToFirstByte { words.append("first byte \(milliseconds(first))") }
        if exchange.response != nil { words.append(Figures.size(exchange.bodyBytes)) }
        if let receive = exchange.phases[.receive],
            let rate = Figures.rate(exchange.bodyBytes, in: receive.duration(at: end))
        {
            words.append(rate)
        }
        // Earlier attempts and the pauses between have a line of their own.
        let between = exchange.betweenPhases(at: end)
        if between * 20 > end - exchange.startedAt, !exchange.isRunning, exchange.failure == nil {
            words.append("\(milliseconds(between)) between phases")
        }
        return words
    }

    /// A line each family: who said what, after how long.
    private func lookupLines() -> [StyledLine] {
        (exchange.lookup?.records ?? []).map { records in
            var line = StyledLine(" dns \(records.family.recordType)")
            line.add("\(milliseconds(records.duration))", endingAt: Self.tookEnd)
            let style = records.problem == nil ? Style.plain : theme.warning
            line.add("\(LookupWords.sentence(on: records, withTime: false))", style, at: Self.barStart)
            return line
        }
    }

    /// The last word of the kernel, and how the round trip was at the dial.
    private func tcpLine() -> StyledLine? {
        let facts = exchange.tcpFacts
        guard let last = facts.last else { return nil }
        var line = StyledLine(" tcp")
        line.add("\(milliseconds(last.roundTrip))", endingAt: Self.tookEnd)
        line.add("\(TCPWords.sentence(on: last, dot: dot))", at: Self.barStart)
        return line
    }

    private func arrivalLine() -> StyledLine? {
        guard let words = arrivalWords() else { return nil }
        var line = StyledLine(" arrival")
        line.add("\(words)", at: Self.barStart)
        return line
    }

    /// `in 6 parts · largest gap 251 ms, after 1.0 k`; nil when all came at once, or the gaps are too short to matter.
    func arrivalWords() -> String? {
        let arrivals = BodyArrivals(of: exchange)
        guard let gap = arrivals.largestGap, gap.duration * 20 >= end - exchange.startedAt else { return nil }
        let parts = "in \(arrivals.isCut ? "more than " : "")\(Figures.plural(arrivals.parts.count, "part"))"
        return parts + dot + "largest gap \(model.figures.time(gap.duration)), after \(Figures.size(gap.bytesBefore))"
    }

    /// What of `receive` is our own doing.
    private func heldUpLine() -> StyledLine? {
        guard let words = heldUpWords(), let time = exchange.heldUp else { return nil }
        var line = StyledLine(" held up", theme.warning)
        line.add("\(milliseconds(time))", theme.warning, endingAt: Self.tookEnd)
        line.add("\(words)", theme.warning, at: Self.barStart)
        return line
    }

    /// Nil where the body never waited for its reader.
    func heldUpWords() -> String? {
        exchange.heldUp == nil ? nil : "at most: it came faster than it was taken in here, and the server had to wait"
    }

    private func serverLine() -> StyledLine? {
        guard let server = exchange.serverTiming else { return nil }
        var line = StyledLine(" server-timing")
        if !server.timed.isEmpty {
            line.add("\(Figures.fixed(server.total, decimals: 1))", endingAt: Self.tookEnd)
        }
        line.add("\(serverWords(server))", at: Self.barStart)
        return line
    }

    func serverWords(_ server: ServerTiming) -> String {
        // What fits a line.
        var words = server.entries.prefix(12).map { entry in
            guard let time = entry.milliseconds else { return entry.words.map { "\(entry.name) \($0)" } ?? entry.name }
            return "\(entry.name) \(Figures.fixed(time, decimals: time < 10 ? 1 : 0))"
        }.joined(separator: dot)
        if !server.timed.isEmpty, let wait = exchange.phases[.wait] {
            let unclaimed = wait.duration(at: end).milliseconds - server.total
            if unclaimed > 0.5 { words += "   (\(Figures.fixed(unclaimed, decimals: 0)) unclaimed)" }
        }
        return words
    }

    /// A sentence about what matters most: the failure, or the phase that took the largest part.
    func shareLine() -> StyledLine? {
        if let failure = exchange.failure {
            var line = StyledLine(" \(theme.marks.glyph(of: .failed).text) ", theme.failure)
            line.add("\(failure.message)", theme.failure)
            return line
        }
        let total = (end - exchange.startedAt).milliseconds
        let lengths = exchange.phases.present.map { ($0.phase, $0.span.duration(at: end).milliseconds) }
        guard let (phase, length) = lengths.max(by: { $0.1 < $1.1 }), total > 0 else { return nil }
        var line = StyledLine(" ! ", theme.warning)
        let name = isCaughtOnly ? phase.servedName : phase.rawValue
        line.add("\(Int((length / total * 100).rounded()))% of this is \(name)")
        if phase == .wait, let server = exchange.serverTiming, !server.timed.isEmpty {
            let claimed = Figures.fixed(server.total, decimals: 0)
            line.add("; the server claims \(claimed) of the \(Figures.fixed(length, decimals: 0)) ms")
        } else {
            line.add("\(meaning(of: phase))")
        }
        return line
    }

    private func meaning(of phase: Phase) -> String {
        if isCaughtOnly {
            return phase == .send ? ": its arriving" : phase == .wait ? ": making the answer" : ": its writing"
        }
        return switch phase {
        case .queued: ": it had no connection of its own yet"
        case .dns: ": looking up the name"
        case .connect: ": opening TCP, one round trip"
        case .tunnel: ": the proxy making the way"
        case .tls: ": the handshake"
        case .send: ": handing over the request"
        case .wait: exchange.isRunning ? ": nothing came back yet" : ": one round trip and the server"
        case .receive: exchange.isRunning ? ": still arriving" : ": the body arriving"
        }
    }

    /// Its phases are told from the server's side.
    private var isCaughtOnly: Bool { exchange.cause == .caught && !exchange.isForwarded }

    /// What the other kind of connection made of the same URL.
    func twinLine() -> StyledLine? {
        guard !exchange.isRunning, let twin = model.session.twin(of: exchange), !twin.setUp.isEmpty else { return nil }
        let saved = model.figures.time(twin.saved)
        let names = twin.setUp.map(\.rawValue).joined(separator: ", ")
        var line = StyledLine(" \(theme.marks.again.string) ", theme.success)
        if twin.warmth == .cold {
            line.add("On a new connection \(twin.id) paid \(names): \(saved) saved here")
        } else {
            let place = twin.isSameConnection ? "on the same \(twin.connection)" : "on an open one"
            line.add("\(twin.id) \(place) paid no \(names): \(saved) saved")
        }
        return line
    }

    /// Where it came from or how often it was repeated, and attempts before the one that is shown.
    func historyLine() -> StyledLine? {
        if let retry = exchange.retries.last {
            var line = StyledLine(" \(theme.marks.again.string) ", theme.warning)
            var words = "\(Figures.plural(exchange.retries.count, "attempt")) failed before"
            words += ", \(model.figures.time(exchange.earlierAttempts))"
            let pauses = exchange.pauses(at: end)
            if pauses >= .milliseconds(1) { words += ", and \(model.figures.time(pauses)) waited before trying again" }
            line.add("\(words): \(retry.failure.message)")
            return line
        }
        if let result = model.repeatResults[exchange.id] {
            var line = StyledLine(" \(theme.marks.again.string) ", theme.success)
            line.add("\(result)")
            return line
        }
        guard case .replay(let original) = exchange.cause, let before = model.session[original],
            let old = before.finishedAt, !exchange.isRunning
        else { return nil }
        let change = ((end - exchange.startedAt) - (old - before.startedAt)).milliseconds
        var line = StyledLine(" \(theme.marks.again.string) ", theme.success)
        let amount = model.figures.time(.nanoseconds(Int64(change.magnitude * 1e6)))
        line.add("Replay of \(original): \(amount) \(change < 0 ? "faster" : "slower")")
        return line
    }

    /// Where a redirect leads or came from, and how long the whole chain took.
    func redirectLine() -> StyledLine? {
        let marks = theme.marks
        if let next = model.redirects[exchange.id] {
            var line = StyledLine(" \(marks.arrow.string) ", theme.success)
            line.add("Redirected to \(next)")
            return line
        }
        if case .redirect(let from) = exchange.cause {
            var line = StyledLine(" \(marks.corner.string) ", theme.success)
            guard let redirection = exchange.redirection else {
                line.add("Redirect of \(from)")
                return line
            }
            line.add("Redirect of \(from), hop \(redirection.hop)")
            if redirection.chainStart < exchange.startedAt, let total = exchange.chainTotal(at: now) {
                line.add(": \(model.figures.time(total)) in all")
            }
            if !redirection.withheld.isEmpty {
                line.add("; another origin, so without \(redirection.withheld.joined(separator: ", "))", theme.warning)
            }
            return line
        }
        guard exchange.leadsOn, !exchange.isRunning, exchange.failure == nil else { return nil }
        var line = StyledLine(" \(marks.arrow.string) ", theme.warning)
        line.add("Not followed; > follows it")
        return line
    }
}
