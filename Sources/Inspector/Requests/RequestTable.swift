import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The list: a row an exchange, figures on the left, its bar on the axis shared by all on the right.
struct RequestTable {
    private let model: Model
    private let layout: ScreenLayout
    private let visible: [Exchange]
    private let now: Timestamp
    private let columns: RequestColumns
    private let timeline: RowTimeline

    /// - Parameter visible: The exchanges of the rows that fit, from `model.firstRow` on.
    init(_ model: Model, layout: ScreenLayout, visible: [Exchange], now: Timestamp) {
        self.model = model
        self.layout = layout
        self.visible = visible
        self.now = now
        columns = RequestColumns(layout.screenClass, columns: model.size.columns, lastID: model.lastID)
        timeline = RowTimeline(model, visible: visible, columns: columns.barColumns, at: now)
    }

    private var theme: Theme { model.theme }

    func drawHead(into canvas: inout Canvas) {
        let style = theme.quiet
        canvas.write("#", column: columns.id.start, row: 0, style: style, width: columns.id.length, align: .trailing)
        if let column = columns.host { write("HOST", in: column, style: style, into: &canvas) }
        canvas.write(columns.host == nil ? "URL" : "PATH", column: columns.url.start, row: 0, style: style)
        write("CODE", in: columns.status, align: .trailing, style: style, into: &canvas)
        if let column = columns.connection { write("CONN", in: column, style: style, into: &canvas) }
        if let column = columns.remote { write("REMOTE", in: column, style: style, into: &canvas) }
        if let column = columns.size { write("SIZE", in: column, align: .trailing, style: style, into: &canvas) }
        write("TIME", in: columns.time, align: .trailing, style: style, into: &canvas)
        drawNote(into: &canvas)
        canvas.put(theme.marks.vertical, column: columns.bar - 1, row: 0, style: theme.rule)
        canvas.write(timeline.ticks, column: columns.bar, row: 0, style: style)
    }

    /// Behind the word URL: what the list leaves out, and its order when it is not the usual one.
    private func drawNote(into canvas: inout Canvas) {
        var note = ""
        if let filter = model.rows.filter {
            note = "  \(Figures.count(model.rows.count)) of \(Figures.count(model.counts.total))"
            // Where there is another message than the filter's, its beginning stands here.
            if model.message != nil || model.mode != .browsing { note += ": \(filter.text)" }
        }
        if model.rows.order != .start { note += "  by \(model.rows.order.rawValue)" }
        guard !note.isEmpty else { return }
        canvas.write(
            "\(note)", column: columns.url.start + 4, row: 0, style: theme.warning, width: columns.url.length - 4)
    }

    func drawRows(into canvas: inout Canvas) {
        var row = 0
        for (index, exchange) in visible.enumerated() {
            let isSelected = model.firstRow + index == model.selectedRow
            if layout.screenClass == .small {
                drawSmall(exchange, row: row, isSelected: isSelected, into: &canvas)
                row += isSelected ? 2 : 1
            } else {
                draw(exchange, row: row, into: &canvas)
                if isSelected { markSelected(row: row, upTo: columns.bar - 1, into: &canvas) }
                row += 1
            }
        }
    }

    /// Only the words are reversed: a bar in reverse would show the holes as ink.
    private func markSelected(row: Int, upTo end: Int, into canvas: inout Canvas) {
        canvas.put(theme.marks.pointer, column: 0, row: row, style: theme.strong)
        let region = Region(column: 0, row: row, columns: max(0, end), rows: 1)
        let isActive = model.focus == .requests
        canvas.restyle(region) { $0 = $0.adding(isActive ? [.reverse, .bold] : .bold) }
    }

    private func draw(_ exchange: Exchange, row: Int, into canvas: inout Canvas) {
        canvas.write(
            "\(exchange.id.number)", column: columns.id.start, row: row, style: theme.quiet, width: columns.id.length,
            align: .trailing)
        if model.marked.contains(exchange.id) {
            canvas.write(theme.marks.marked, column: columns.id.end, row: row, style: theme.warning)
        }
        var url = RequestCells.url(of: exchange, in: model)
        let isHop = if case .redirect = exchange.cause { true } else { false }
        if let column = columns.method {
            if !isHop {
                canvas.write(
                    "\(exchange.draft.method.rawValue)", column: column.start, row: row, width: column.length - 1)
            }
        } else if !isHop {
            url = "\(exchange.draft.method.rawValue) " + url
        }
        if let column = columns.host, !isHop {
            // The path after a host of its own column; where it leads or comes from stays behind it.
            let authority = exchange.draft.url.origin.authority
            canvas.write(
                "\(authority)", column: column.start, row: row, width: column.length - 1, truncation: .middle)
            url = url.dropFirst(columns: SafeText(untrusted: authority).width)
        }
        // A hop's URL is whole and needs the room of both columns.
        let start = isHop ? columns.host?.start ?? columns.url.start : columns.url.start
        canvas.write(url, column: start, row: row, width: columns.url.end - start, truncation: .middle)
        mark(url, from: start, row: row, in: &canvas)
        let status = RequestCells.status(of: exchange, theme)
        write(status.text, in: columns.status, row: row, align: .trailing, style: status.style, into: &canvas)
        if let column = columns.connection {
            write(RequestCells.connection(of: exchange, in: model.session, theme), in: column, row: row, into: &canvas)
        }
        if let column = columns.remote, let got = exchange.connection {
            write("\(got.remote.description)", in: column, row: row, style: theme.quiet, into: &canvas)
        }
        if let column = columns.size {
            write(RequestCells.size(of: exchange, theme), in: column, row: row, align: .trailing, into: &canvas)
        }
        var time: SafeText = "\(model.figures.time(exchange.total(at: now)))"
        if columns.connection == nil {
            // Too narrow for a column of its own.
            time = RequestCells.connection(of: exchange, in: model.session, theme) + "  " + time
        }
        write(time, in: columns.time, row: row, align: .trailing, into: &canvas)
        canvas.put(theme.marks.vertical, column: columns.bar - 1, row: row, style: theme.rule)
        drawBar(of: exchange, row: row, into: &canvas)
    }

    /// Marks what is looked for in a URL, as far as that is shown.
    private func mark(_ url: SafeText, from start: Int, row: Int, in canvas: inout Canvas) {
        guard let needle = model.search?.needle else { return }
        let shown = url.truncated(to: max(0, columns.url.end - start), .middle, ellipsis: canvas.ellipsis)
        for match in shown.columns(of: needle) {
            let region = Region(column: start + match.lowerBound, row: row, columns: match.count, rows: 1)
            canvas.restyle(region) { $0 = theme.match }
        }
    }

    private func drawBar(of exchange: Exchange, row: Int, into canvas: inout Canvas) {
        for cut in timeline.cuts {
            canvas.write(CollectionOfOne(BarMark.cut), column: columns.bar + cut, row: row, theme: theme)
        }
        let bar = PhaseBar(exchange, on: timeline.axis(of: exchange), at: now)
        canvas.write(bar, column: columns.bar, row: row, theme: theme)
        guard let words = RequestCells.failureWords(of: exchange) else { return }
        let text: SafeText = "\(words)"
        let after = columns.barColumns - bar.endColumn - 1
        let before = bar.column - 1
        // Behind the bar, else in front of it; a few letters of a word help nobody.
        if text.width <= after || (after >= before && after >= 7) {
            canvas.write(text, column: columns.bar + bar.endColumn + 1, row: row, style: theme.failure, width: after)
        } else if text.width <= before || before >= 7 {
            let width = min(text.width, before)
            canvas.write(text, column: columns.bar + before - width, row: row, style: theme.failure, width: width)
        }
    }

    private func drawSmall(_ exchange: Exchange, row: Int, isSelected: Bool, into canvas: inout Canvas) {
        let status = RequestCells.status(of: exchange, theme)
        let time: SafeText = "\(model.figures.time(exchange.total(at: now)))"
        canvas.write(status.text, column: 2, row: row, style: status.style, width: 3, align: .trailing)
        canvas.write(
            "\(exchange.draft.url.withoutScheme)", column: 6, row: row, width: canvas.columns - 6 - time.width - 2,
            truncation: .head)
        canvas.write(time, column: canvas.columns - time.width - 1, row: row)
        guard isSelected else { return }
        markSelected(row: row, upTo: canvas.columns, into: &canvas)
        let connection = RequestCells.connection(of: exchange, in: model.session, theme)
        let facts: SafeText = "#\(exchange.id.number) \(exchange.draft.method.rawValue) \(connection.string)"
        let end = canvas.write(facts, column: 6, row: row + 1, style: theme.quiet) + 1
        guard end < canvas.columns - 4 else { return }
        let axis = TimeAxis(
            from: exchange.startedAt, length: exchange.total(at: now), columns: canvas.columns - end - 1)
        canvas.write(PhaseBar(exchange, on: axis, at: now), column: end, row: row + 1, theme: theme)
    }

    private func write(
        _ text: SafeText, in column: Layout.Span, row: Int = 0, align: Alignment = .leading, style: Style = .plain,
        into canvas: inout Canvas
    ) {
        canvas.write(text, column: column.start, row: row, style: style, width: column.length, align: align)
    }
}

/// Where the columns of the list stand, for one width of the screen.
struct RequestColumns: Equatable, Sendable {
    private(set) var id: Layout.Span
    private(set) var method: Layout.Span?
    private(set) var host: Layout.Span?
    private(set) var url: Layout.Span
    private(set) var status: Layout.Span
    private(set) var connection: Layout.Span?
    private(set) var remote: Layout.Span?
    private(set) var size: Layout.Span?
    private(set) var time: Layout.Span
    /// The first cell of the bars; the line left of it parts them from the figures.
    private(set) var bar: Int
    private(set) var barColumns: Int

    init(_ screenClass: ScreenLayout.Class, columns: Int, lastID: ExchangeID) {
        barColumns = screenClass == .narrow ? max(12, columns / 5) : max(12, columns * 3 / 8)
        if screenClass == .wide { barColumns = columns / 3 }
        if screenClass == .compact { barColumns = max(12, columns * 28 / 100) }
        let hasSize = screenClass >= .full && columns >= 120
        // `c22 ↻1234`: before there were a hundred requests no connection had a hundred uses.
        let hasManyUses = screenClass >= .compact && lastID.number >= 100
        let idWidth = max(screenClass == .narrow ? 3 : 4, String(lastID.number).count)
        let spans = Layout.spans(
            [
                .fixed(1), .fixed(idWidth), .fixed(2), .fixed(screenClass >= .full ? 7 : 0), .flexible(), .fixed(1),
                .fixed(4), .fixed(screenClass <= .compact ? 1 : 2),
                .fixed(screenClass <= .narrow ? 0 : hasManyUses ? 9 : 6),
                .fixed(screenClass == .wide ? 22 : 0),
                .fixed(hasSize ? 7 : 0), .fixed(screenClass <= .narrow ? 14 : 9), .fixed(1),
            ], in: max(0, columns - barColumns - 1))
        (id, url, status, time) = (spans[1], spans[4], spans[6], spans[11])
        method = spans[3].length > 0 ? spans[3] : nil
        connection = spans[8].length > 0 ? spans[8] : nil
        remote = spans[9].length > 0 ? Layout.Span(start: spans[9].start + 1, length: 21) : nil
        size = spans[10].length > 0 ? spans[10] : nil
        bar = columns - barColumns
        guard screenClass == .wide else { return }
        let halves = Layout.spans([.fixed(min(32, url.length * 9 / 20)), .rest], in: url.length)
        host = Layout.Span(start: url.start, length: halves[0].length)
        url = Layout.Span(start: url.start + halves[1].start, length: halves[1].length)
    }
}
