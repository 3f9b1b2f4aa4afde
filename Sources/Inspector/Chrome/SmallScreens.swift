import HTTPTrace
import Sessions
import TextScreen

/// Below 40x8: counts, the selected request, the way out. A line each, as many as there are.
enum TinyScreen {
    static func draw(_ model: Model, at now: Timestamp, into canvas: inout Canvas) -> (column: Int, row: Int)? {
        if case .prompt(let prompt) = model.mode {
            let cursor = LinePrompt.draw(model, prompt, into: &canvas)
            return canvas.rows > 0 && canvas.columns > 0 ? (min(cursor, canvas.columns - 1), 0) : nil
        }
        let counts = model.counts
        let theme = model.theme
        var lines: [StyledLine] = []
        var first = StyledLine("\(counts.total) req", theme.strong)
        if model.runningCount > 0 { first.add(" \(model.runningCount) run") }
        if counts.failed > 0 { first.add(" \(counts.failed) fail", theme.failure) }
        lines.append(first)
        if let repeating = model.repeating {
            lines.append(
                StyledLine("\(Figures.count(repeating.begun)) of \(Figures.count(repeating.plan.count))", theme.warning)
            )
        }
        if let exchange = model.selectedExchange {
            var line = StyledLine()
            let status = RequestCells.status(of: exchange, theme)
            line.add(status.text, status.style)
            line.add(" \(model.figures.time(exchange.total(at: now)))")
            lines.append(line)
            lines.append(StyledLine("\(exchange.draft.url.withoutScheme)"))
        }
        if case .confirming = model.mode { lines.insert(StyledLine("y yes  n no", theme.warning), at: 0) }
        if let message = model.message { lines.append(StyledLine("\(message.text)")) }
        lines = Array(lines.prefix(max(1, canvas.rows - 1)))
        for (row, line) in lines.enumerated() { canvas.write(line, row: row) }
        if canvas.rows > 1 { canvas.write("q quit", row: canvas.rows - 1, style: theme.quiet) }
        return nil
    }
}

/// The list before there is anything in it: what to type.
enum EmptyList {
    static func draw(_ model: Model, into canvas: inout Canvas) {
        let theme = model.theme
        guard model.counts.total == 0 else {
            canvas.write("  \(absenceWords(model))", row: 1, style: theme.quiet)
            return
        }
        if let listening = model.listening { return drawListening(listening, model, into: &canvas) }
        let isTyping: Bool =
            if case .prompt(let prompt) = model.mode, case .probe = prompt.purpose { true } else { false }
        let examples: [(text: String, meaning: String)] = [
            ("example.com", "a GET, over http unless you say https://"),
            ("POST httpbin.org/post -d name=value", "method, -H fields and -d body as in curl"),
            ("curl 'https://…' -H '…'", "a command copied from a browser; or paste it here"),
        ]
        let title: SafeText = isTyping ? "Type a URL and press Enter." : "Type a URL and see where its time goes."
        var lines = [StyledLine(title, theme.strong), .empty]
        let meaningColumn = 46
        for example in examples {
            var line = StyledLine("  ")
            // Where the line is open already, an n would be its first letter.
            line.add(isTyping ? " " : "n", theme.key)
            line.add("  \(example.text)")
            if canvas.columns >= meaningColumn + 40 { line.add("\(example.meaning)", theme.quiet, at: meaningColumn) }
            lines.append(line)
        }
        lines.append(.empty)
        var last = StyledLine("  ")
        if isTyping {
            last.add("Esc", theme.key)
            last.add("  leave the line; ")
            last.add("n", theme.key)
            last.add(" opens it again")
        } else {
            last.add("?", theme.key)
            last.add("  all keys")
            last.add("     q", theme.key)
            last.add("  quit")
        }
        lines.append(last)
        place(lines, into: &canvas)
    }

    /// Why none of the rows is shown. The filter is the one that is tried, while one is typed.
    private static func absenceWords(_ model: Model) -> String {
        guard let filter = model.rows.filter else { return "All rows are off the list; u brings the last one back." }
        return "Nothing matches \(filter.text)" + (model.mode == .browsing ? "; F shows all." : ".")
    }

    /// What to do with a server that nobody has asked anything yet.
    private static func drawListening(_ listening: Listening, _ model: Model, into canvas: inout Canvas) {
        let theme = model.theme
        var first = StyledLine("Waiting for requests at ", theme.strong)
        first.add("\(listening.origin.description)/", theme.key)
        var second = StyledLine("")
        second.add(listening.forwardsTo == nil ? "A" : "", theme.key)
        second.add("\(listening.forwardsTo == nil ? "  " : "")\(listening.words(model.figures))", theme.quiet)
        let insecure = listening.origin.scheme == .https ? " -k" : ""
        let example = StyledLine("curl\(insecure) -d '{\"event\":\"paid\"}' \(listening.origin.description)/hook")
        var last = StyledLine("")
        last.add("?", theme.key)
        last.add("  all keys")
        last.add("     q", theme.key)
        last.add("  quit")
        let hint = StyledLine("Try from another terminal:", theme.quiet)
        place([first, .empty, second, .empty, hint, example, .empty, last], into: &canvas)
    }

    private static func place(_ lines: [StyledLine], into canvas: inout Canvas) {
        let width = lines.reduce(0) { max($0, $1.width) }
        let region = Region(
            column: max(1, (canvas.columns - width) / 2), row: max(0, (canvas.rows - lines.count) / 3),
            columns: min(width, max(0, canvas.columns - 1)), rows: canvas.rows)
        canvas.within(region) { canvas in
            for (row, line) in lines.enumerated() { canvas.write(line, row: row) }
        }
    }
}
