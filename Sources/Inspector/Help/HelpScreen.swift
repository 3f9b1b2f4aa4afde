import TextScreen

/// All keys with a sentence each, from the table of bindings; typing narrows the list down.
enum HelpScreen {
    static func draw(_ model: Model, _ help: HelpState, into canvas: inout Canvas) {
        let theme = model.theme
        var title = StyledLine(" Help ", theme.strong)
        title.add(" \(theme.marks.prompt.string) ", theme.key)
        title.add(
            help.filter.isEmpty ? "type to search" : "\(help.filter)", help.filter.isEmpty ? theme.quiet : theme.strong)
        canvas.write(title, row: 0)
        let lines = lines(for: model, help)
        let body = canvas.bounds.inset(top: 1, bottom: 1)
        canvas.within(body) { canvas in
            let first = max(0, min(help.scroll, lines.count - canvas.rows))
            for (row, line) in lines.dropFirst(first).prefix(canvas.rows).enumerated() { canvas.write(line, row: row) }
        }
        guard canvas.rows > 1 else { return }
        var keys = StyledLine(" ")
        for (key, word) in [("Esc", "Back"), ("Up Down", "Scroll"), ("Backspace", "Search less")] {
            keys.add("\(key)", theme.key)
            keys.add(" \(word)  ")
        }
        let left = lines.count - help.scroll - body.rows
        if left > 0 { keys.add("\(left) more below", theme.warning) }
        canvas.write(keys, row: canvas.rows - 1)
    }

    /// What is listed, before scrolling.
    static func lines(for model: Model, _ help: HelpState) -> [StyledLine] {
        let theme = model.theme
        // The word of the bottom line is what people look for.
        let entries = KeyBindings.all.map { ($0.keyNames, $0.help, $0.hint ?? "") }
        let filters = RowFilter.fields.map { ($0.example, $0.meaning, "") }
        let marks = BarMark.allCases.prefix(10).map { (theme.marks.glyph(of: $0).text, meaning(of: $0), "") }
        let state = [
            ("c1 \(theme.marks.again.string)2", "connection c1, used again for the second time", ""),
            ("c5 \(theme.marks.shared.string)3", "connection c5, HTTP/2: its third request", ""),
        ]
        var lines: [StyledLine] = []
        for (title, rows) in [("Keys", entries), ("Filter", filters), ("Bars", marks), ("Connections", state)] {
            let matching = rows.filter { row in
                help.filter.isEmpty || "\(row.0) \(row.1) \(row.2)".lowercased().contains(help.filter.lowercased())
            }
            guard !matching.isEmpty else { continue }
            lines += [.empty, StyledLine(" \(title)", theme.strong)]
            for (name, sentence, _) in matching {
                var line = StyledLine("   ")
                line.add("\(name)", theme.key)
                // A long name pushes its sentence to the right instead of running into it.
                let column = max(min(27, model.size.columns / 3), line.width + 2)
                for part in wrapped(sentence, columns: model.size.columns - column - 1) {
                    line.add("\(part)", at: column)
                    lines.append(line)
                    line = StyledLine()
                }
            }
        }
        return lines.isEmpty ? [.empty, StyledLine("   Nothing matches \(help.filter).", theme.quiet)] : lines
    }

    /// The sentence in lines of at most so many columns, broken at blanks; a word longer than that is cut when drawn.
    private static func wrapped(_ sentence: String, columns: Int) -> [String] {
        var lines: [String] = []
        for word in sentence.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= columns {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private static func meaning(of mark: BarMark) -> String {
        switch mark {
        case .queued: "queued: no connection yet"
        case .dns: "dns: looking up the name"
        case .connect: "connect: opening TCP"
        case .tunnel: "tunnel: a proxy making the way"
        case .tls: "tls: the handshake"
        case .send: "send: handing the request to the kernel"
        case .wait: "wait: until the first byte comes back"
        case .receive: "receive: until the body has ended"
        case .quiet: "inside receive: nothing came for a while"
        case .running: "still running"
        case .failed, .closed, .earlier, .later, .cut: ""
        }
    }
}
