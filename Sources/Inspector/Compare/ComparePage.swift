import HTTPTrace
import Sessions
import TextScreen

// Two exchanges beside each other: both bars from zero on one axis, each phase with its change, then what differs in
// request, response and body.

/// The page that `=` opens.
struct ComparePage {
    let before: Exchange
    let after: Exchange
    let comparison: Comparison
    let model: Model
    let columns: Int
    let now: Timestamp

    private var theme: Theme { model.theme }
    private var dot: String { " \(theme.marks.middleDot.string) " }

    /// Nil unless the model compares.
    init?(_ model: Model, columns: Int, at now: Timestamp) {
        guard let comparison = model.comparison, let before = model.session[comparison.subject.before],
            let after = model.session[comparison.subject.after]
        else { return nil }
        self.before = before
        self.after = after
        self.comparison = comparison
        self.model = model
        self.columns = columns
        self.now = now
    }

    var page: DetailPage {
        DetailPage(bars() + [.empty] + phaseLines() + [.empty] + requestLines() + responseLines() + bodyLines())
    }

    // MARK: times

    private func bars() -> [StyledLine] {
        let start = max(before.id.description.count, after.id.description.count) + 3
        let longest = max(before.total(at: now), after.total(at: now))
        let length = Duration.nanoseconds(TimeAxis.niceLength(max(1000, longest.nanoseconds)))
        var head = StyledLine()
        let scale = TimeAxis(from: .zero, length: length, columns: max(1, columns - start - 1))
        for tick in AxisTicks(scale, from: .zero, figures: model.figures).ticks {
            head.add("\(tick.label)", theme.quiet, at: start + tick.column)
        }
        return [head]
            + [before, after].map { exchange in
                var line = StyledLine(" \(exchange.id) ", theme.strong)
                let axis = TimeAxis(from: exchange.startedAt, length: length, columns: scale.columns)
                let bar = PhaseBar(exchange, on: axis, at: now)
                for (index, mark) in bar.marks.enumerated() {
                    line.add(
                        theme.marks.glyph(of: mark).safeText, theme.style(of: mark), at: start + bar.column + index)
                }
                return line
            }
    }

    private static let beforeEnd = 22
    private static let afterEnd = 34
    private static let changeEnd = 47
    private static let noteStart = 50

    private func phaseLines() -> [StyledLine] {
        var head = StyledLine()
        head.add("\(before.id)", theme.quiet, endingAt: Self.beforeEnd)
        head.add("\(after.id)", theme.quiet, endingAt: Self.afterEnd)
        head.add("change", theme.quiet, endingAt: Self.changeEnd)
        let phases = Phase.allCases.filter { before.phases[$0] != nil || after.phases[$0] != nil }
        let rows = phases.map { phase in
            row(
                areServed ? phase.servedName : phase.rawValue, length(of: phase, in: before),
                length(of: phase, in: after), note: absenceNote(of: phase))
        }
        return [head] + rows + [totalRow()]
    }

    /// Whether both were caught and answered here: their phases are a server's.
    private var areServed: Bool { [before, after].allSatisfy { $0.cause == .caught && !$0.isForwarded } }

    private func length(of phase: Phase, in exchange: Exchange) -> Duration? {
        exchange.phases[phase].map { $0.duration(at: exchange.finishedAt ?? now) }
    }

    private func totalRow() -> StyledLine {
        let (old, new) = (before.total(at: now), after.total(at: now))
        var note = ""
        // A failure takes no time that could be compared, and a person's cutting it off says nothing of the server.
        if before.standing == .good, after.standing == .good, old > .zero, new > .zero {
            let (less, more) = (min(old, new), max(old, new))
            let factor = Figures.fixed(more.milliseconds / less.milliseconds, decimals: 2)
            note = new == old ? "the same" : "\(factor) times as \(new < old ? "fast" : "long")"
        }
        return row("total", old, new, note: note, style: theme.strong)
    }

    private func row(
        _ name: String, _ old: Duration?, _ new: Duration?, note: String, style: Style = .plain
    ) -> StyledLine {
        var line = StyledLine(" \(name)", style)
        let absent = theme.marks.absent
        line.add(old.map { "\(milliseconds($0))" } ?? absent, style, endingAt: Self.beforeEnd)
        line.add(new.map { "\(milliseconds($0))" } ?? absent, style, endingAt: Self.afterEnd)
        // Of what is shown, so that the line adds up.
        let change = rounded(new ?? .zero) - rounded(old ?? .zero)
        let text = Figures.fixed(change, decimals: decimals)
        let isZero = !text.contains { ("1"..."9").contains($0) }
        let changeStyle = isZero ? theme.quiet : change < 0 ? theme.success : theme.warning
        line.add("\(change > 0 && !isZero ? "+" : "")\(text)", changeStyle, endingAt: Self.changeEnd)
        line.add("\(note)", theme.quiet, at: Self.noteStart)
        return line
    }

    /// All figures with the same decimals, so that their points stand below each other.
    private var decimals: Int {
        let longest = max(before.total(at: now), after.total(at: now)).milliseconds
        return longest < 10 ? 3 : longest < 100 ? 2 : 1
    }

    private func milliseconds(_ duration: Duration) -> String {
        Figures.fixed(duration.milliseconds, decimals: decimals)
    }

    /// The number that `milliseconds` writes.
    private func rounded(_ duration: Duration) -> Double {
        let scale = decimals == 3 ? 1000.0 : decimals == 2 ? 100 : 10
        return (duration.milliseconds * scale).rounded() / scale
    }

    private func absenceNote(of phase: Phase) -> String {
        [before, after].compactMap { exchange in
            guard exchange.phases[phase] == nil,
                case .reused(let connection) = exchange.absence(of: phase)
            else { return nil }
            return "\(exchange.id) reused \(connection)"
        }.joined(separator: dot)
    }

    // MARK: messages

    private func requestLines() -> [StyledLine] {
        let head = section("Request", comparison.request)
        guard comparison.requestBody != .nothingToCompare else { return head }
        let sizes = [before, after].map { Figures.size($0.served?.body?.totalBytes ?? $0.draft.body.count) }
        return head + lines(of: comparison.requestBody, "Request body", sizes)
    }

    private func responseLines() -> [StyledLine] {
        guard comparison.response.isEmpty else { return section("Response", comparison.response) }
        return [before, after].map { exchange in
            var line = StyledLine(" \(exchange.id) ", theme.strong)
            if let response = exchange.response {
                line.add("\(response.status) \(response.reason)", theme.style(ofStatus: response.status))
            } else if let failure = exchange.failure {
                line.add("\(failure.message)", theme.failure)
            } else {
                line.add("has no answer yet", theme.quiet)
            }
            return line
        }
    }

    /// Heads are short: what changed, and the first line for orientation. Lines that only stand elsewhere say so.
    private func section(_ title: String, _ edits: [LineEdit<String>]) -> [StyledLine] {
        let changes = edits.filter { if case .same = $0 { false } else { true } }
        let moved = movedLines(changes)
        var head = StyledLine(" \(title)", theme.strong)
        if changes.allSatisfy({ moved.contains($0.line) }) {
            let count = edits.count { if case .added = $0 { false } else { true } }
            let order = changes.isEmpty ? "" : ", in another order"
            head.add("  the same, \(Figures.plural(count, "line"))\(order)", theme.quiet)
        } else if case .same(let first)? = edits.first {
            head.add("  \(first)", theme.quiet)
        }
        return [head]
            + changes.map { edit -> StyledLine in
                guard moved.contains(edit.line) else { return line(edit) { "\($0)" } }
                let sign = if case .removed = edit { "-" } else { "+" }
                return StyledLine(" \(sign) \(edit.line)  (only moved)", theme.quiet)
            }
    }

    /// What went in one place and came in another, as often.
    private func movedLines(_ changes: [LineEdit<String>]) -> Set<String> {
        var balance: [String: Int] = [:]
        for edit in changes {
            if case .removed = edit { balance[edit.line, default: 0] -= 1 } else { balance[edit.line, default: 0] += 1 }
        }
        return Set(balance.filter { $0.value == 0 }.keys)
    }

    private func line<Line>(_ edit: LineEdit<Line>, _ text: (Line) -> SafeText) -> StyledLine {
        switch edit {
        case .same(let same): return StyledLine("   " + text(same), theme.quiet)
        case .removed(let old): return StyledLine(" - " + text(old), theme.failure)
        case .added(let new): return StyledLine(" + " + text(new), theme.success)
        }
    }

    // MARK: bodies

    private func bodyLines() -> [StyledLine] {
        lines(of: comparison.body, "Body", [before, after].map { Figures.size($0.body?.totalBytes ?? $0.bodyBytes) })
    }

    private func lines(of change: Comparison.BodyChange, _ title: String, _ sizes: [String]) -> [StyledLine] {
        var head = StyledLine(" \(title)", theme.strong)
        switch change {
        case .nothingToCompare:
            // One that got no answer has no body, and will have none.
            let isComplete = [before, after].allSatisfy { $0.body != nil || ($0.response == nil && !$0.isRunning) }
            head.add(isComplete ? "  neither has one" : "  nothing to compare (yet)", theme.quiet)
            return [head]
        case .same:
            head.add("  the same, \(sizes[0])", theme.quiet)
            return [head]
        case .differs(let offset):
            head.add("  \(sizes[0]) and \(sizes[1]); the first difference is at byte \(Figures.count(offset))")
            return [head]
        case .differsBehind(let kept):
            head.add("  \(sizes[0]) and \(sizes[1]); they differ behind the \(Figures.size(kept)) that were kept")
            return [head]
        case .lines(let edits):
            let removed = edits.count { if case .removed = $0 { true } else { false } }
            let added = edits.count { if case .added = $0 { true } else { false } }
            let went = Figures.plural(removed, "line")
            head.add("  \(sizes[0]) and \(sizes[1]); \(went) went, \(Figures.count(added)) came")
            return [head] + hunks(edits)
        }
    }

    /// The changes with two lines around each.
    private func hunks(_ edits: [LineEdit<ArraySlice<UInt8>>]) -> [StyledLine] {
        let around = 2
        var lines: [StyledLine] = []
        var skipped = 0
        for (index, edit) in edits.enumerated() {
            let window = max(0, index - around)...min(edits.count - 1, index + around)
            let isNear = edits[window].contains { if case .same = $0 { false } else { true } }
            guard isNear else {
                skipped += 1
                continue
            }
            if skipped > 0 { lines.append(skip(skipped)) }
            skipped = 0
            lines.append(line(edit) { SafeText(untrusted: $0.prefix(512), tabWidth: 4) })
        }
        if skipped > 0 { lines.append(skip(skipped)) }
        return lines
    }

    private func skip(_ count: Int) -> StyledLine {
        StyledLine(" \(theme.marks.unfinished.string) \(Figures.plural(count, "line")) alike", theme.quiet)
    }
}

extension LineEdit {
    fileprivate var line: Line {
        switch self {
        case .same(let line), .removed(let line), .added(let line): line
        }
    }
}
