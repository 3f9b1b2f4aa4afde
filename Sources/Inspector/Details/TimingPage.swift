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
        return [head] + (servedLines(axis: axis) ?? Phase.allCases.map { phaseLine($0, axis: axis) })
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

    /// All figures of the table with the same decimals, so that the points stand below each other.
    func milliseconds(_ duration: Duration) -> String {
        let total = (end - exchange.startedAt).milliseconds
        return Figures.fixed(duration.milliseconds, decimals: total < 10 ? 3 : total < 100 ? 2 : 1)
    }

    func absence(of phase: Phase) -> String {
        if phase == .dns, exchange.phases[.connect] != nil, case .notReached = exchange.absence(of: .dns) {
            return "no lookup needed"
        }
        return switch exchange.absence(of: phase) {
        case .reused(let connection): "reused \(connection)"
        case .literalAddress: "literal address"
        case .noTLS: "plain http"
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
        case .tls:
            guard let tls = exchange.tls else { return nil }
            var words = [tls.version.hasPrefix("TLSv") ? String(tls.version.dropFirst(4)) : tls.version]
            if tls.isResumed { words.append("resumed") }
            if let alpn = tls.alpn { words.append("ALPN \(alpn == "http/1.1" ? "h1" : alpn)") }
            if tls.isUnverified { words.append("unverified") }
            return "\(words.joined(separator: dot))"
        case .dns, .send, .wait, .receive: return nil
        }
    }

    // MARK: below the table

    private func closingLines() -> [StyledLine] {
        [totalLine()] + [servedLine(), serverLine(), shareLine(), twinLine(), historyLine()].compactMap { $0 }
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
        let unclaimed = exchange.unclaimed(at: end)
        if unclaimed * 20 > end - exchange.startedAt, !exchange.isRunning, exchange.failure == nil {
            words.append("\(milliseconds(unclaimed)) between phases")
        }
        return words
    }

    private func serverLine() -> StyledLine? {
        guard let server = exchange.response.flatMap({ ServerTiming($0.fields) }) else { return nil }
        var line = StyledLine(" server-timing")
        line.add("\(Figures.fixed(server.total, decimals: 1))", endingAt: Self.tookEnd)
        line.add("\(serverWords(server))", at: Self.barStart)
        return line
    }

    func serverWords(_ server: ServerTiming) -> String {
        var words = server.entries.map { entry in
            "\(entry.name) \(Figures.fixed(entry.milliseconds, decimals: entry.milliseconds < 10 ? 1 : 0))"
        }.joined(separator: dot)
        if let wait = exchange.phases[.wait] {
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
        line.add(
            "\(Int((length / total * 100).rounded()))% of this is \(isCaughtOnly ? servedName(of: phase) : phase.rawValue)"
        )
        if phase == .wait, let server = exchange.response.flatMap({ ServerTiming($0.fields) }) {
            let claimed = Figures.fixed(server.total, decimals: 0)
            line.add("; the server claims \(claimed) of the \(Figures.fixed(length, decimals: 0)) ms")
        } else {
            line.add("\(meaning(of: phase))")
        }
        return line
    }

    private func meaning(of phase: Phase) -> String {
        if isCaughtOnly {
            return phase == .send ? ": the request arriving" : phase == .wait ? ": the handler" : ": the answer"
        }
        return switch phase {
        case .queued: ": it had no connection of its own yet"
        case .dns: ": looking up the name"
        case .connect: ": opening TCP, one round trip"
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

    /// Where it came from, and attempts before the one that is shown.
    func historyLine() -> StyledLine? {
        if let retry = exchange.retries.last {
            var line = StyledLine(" \(theme.marks.again.string) ", theme.warning)
            line.add("\(Figures.plural(exchange.retries.count, "attempt")) failed before: \(retry.message)")
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
}
