import TextScreen

/// How to read the bars: fills the detail pane while there is nothing to detail.
enum Legend {
    private typealias Example = (marks: [BarMark], meaning: SafeText)

    private static let examples: [Example] = [
        (
            bar((.dns, 2), (.connect, 3), (.tls, 4), (.wait, 6), (.receive, 3)),
            "a new connection, looked up and encrypted"
        ),
        (bar((.wait, 6), (.receive, 3)), "an open one again: it begins with waiting"),
        (bar((.queued, 5), (.wait, 6), (.receive, 3)), "waited for a connection first"),
        (
            bar((.wait, 3), (.receive, 1), (.quiet, 3), (.receive, 1), (.quiet, 3), (.running, 1)),
            "a stream, still running"
        ),
        (bar((.dns, 2), (.connect, 2), (.failed, 1)), "failed, and where"),
    ]

    /// The same where requests come in.
    private static let servedExamples: [Example] = [
        (bar((.send, 2), (.wait, 6), (.receive, 3)), "it arrived, was handled, was answered"),
        (bar((.send, 7), (.wait, 1), (.receive, 2)), "a body that was long in coming"),
        (
            bar((.send, 2), (.queued, 1), (.connect, 2), (.send, 1), (.wait, 4), (.receive, 2)),
            "sent on, over a new connection"
        ),
        (
            bar((.send, 1), (.wait, 2), (.receive, 1), (.quiet, 3), (.receive, 1), (.quiet, 2), (.running, 1)),
            "a stream, still running"
        ),
        (bar((.send, 2), (.wait, 4), (.failed, 1)), "failed, and where"),
    ]

    private static func bar(_ parts: (BarMark, Int)...) -> [BarMark] {
        parts.flatMap { Array(repeating: $0.0, count: $0.1) }
    }

    /// - Parameter isServed: Whether the rows are requests that come in.
    static func draw(_ theme: Theme, isServed: Bool, into canvas: inout Canvas) {
        guard canvas.rows >= 3, canvas.columns >= 40 else { return }
        let start = canvas.rows >= 9 ? 2 : 1
        canvas.write(" How to read a bar", row: start - 1, style: theme.strong)
        let examples = isServed ? servedExamples : examples
        for (index, example) in examples.enumerated() {
            canvas.write(example.marks, column: 3, row: start + index, theme: theme)
            canvas.write(example.meaning, column: 24, row: start + index, style: theme.plain)
        }
        let row = start + examples.count + (canvas.rows > start + examples.count + 1 ? 1 : 0)
        var line = StyledLine("  ")
        let served: [(BarMark, SafeText)] = [(.send, "request"), (.wait, "handler"), (.receive, "answer")]
        let sent: [(BarMark, SafeText)] = [
            (.dns, "dns"), (.connect, "connect"), (.tls, "tls"), (.send, "send"), (.wait, "wait"),
            (.receive, "receive"),
        ]
        for (mark, name) in isServed ? served : sent {
            line.add(" " + theme.marks.glyph(of: mark).safeText, theme.style(of: mark))
            line.add(" \(name) ", theme.quiet)
        }
        canvas.write(line, row: row)
    }
}
