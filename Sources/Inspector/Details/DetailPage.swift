import HTTPTrace
import Sessions
import TextScreen

/// A page of the detail pane as lines that are made when they are drawn: a body of a megabyte or two thousand events
/// cost what is seen of them.
struct DetailPage {
    let count: Int
    /// What the lines from `firstBodyLine` on show; nil where they are all there is.
    let body: BodyText?
    let line: (Int) -> StyledLine

    init(count: Int, body: BodyText? = nil, line: @escaping (Int) -> StyledLine) {
        self.count = count
        self.body = body
        self.line = line
    }

    init(_ lines: [StyledLine]) { self.init(count: lines.count) { lines[$0] } }

    /// The page of `model.tab` about an exchange, for a pane of that size.
    static func page(of exchange: Exchange, _ model: Model, columns: Int, rows: Int, at now: Timestamp) -> DetailPage {
        if let comparison = ComparePage(model, columns: columns, at: now) { return comparison.page }
        return switch model.tab {
        case .timing: TimingPage(exchange, model, columns: columns, at: now).page(rows: rows)
        case .headers: HeadersPage.page(of: exchange, model)
        case .body: BodyPage.page(of: exchange, model, at: now)
        case .tls: TLSPage.page(of: exchange, model, columns: columns)
        case .events: EventsPage.page(of: exchange, model)
        case .raw: RawPage.page(of: exchange, model)
        }
    }
}

extension Model {
    /// The length of the shown page; 0 when none is shown.
    func detailLineCount(_ layout: ScreenLayout) -> Int {
        guard let detail = layout.detail, let exchange = selectedExchange else { return 0 }
        // Only the figures on the page depend on the moment, not how many lines there are.
        let moment = exchange.finishedAt ?? exchange.startedAt
        return DetailPage.page(
            of: exchange, self, columns: detail.columns, rows: layout.detailRows, at: moment
        ).count
    }
}

/// The pane below the list: tabs, and a page about the selected exchange.
enum DetailPanel {
    static func draw(_ model: Model, _ layout: ScreenLayout, at now: Timestamp, into canvas: inout Canvas) {
        guard let exchange = model.selectedExchange else {
            Legend.draw(model.theme, isServed: model.listening != nil, into: &canvas)
            return
        }
        var area = canvas.bounds
        if !layout.hasTabsInRule {
            var line = tabLine(model, withConnections: false)
            line.add("   ")
            if model.comparedWith == nil { addOutcome(of: exchange, model, to: &line) }
            canvas.write(line, row: 0)
            area = area.inset(top: 1)
        }
        if layout.screenClass == .compact, !model.isExpanded, area.rows > 3, model.listedConnections > 0 {
            // The pane on the right has no room here; one line of it has.
            canvas.write(ConnectionsPanel.line(model, columns: canvas.columns, at: now), row: canvas.rows - 1)
            area = area.inset(bottom: 1)
        }
        canvas.within(area) { canvas in
            let page = DetailPage.page(of: exchange, model, columns: canvas.columns, rows: canvas.rows, at: now)
            let first = max(0, min(model.detailScroll, page.count - canvas.rows))
            for row in 0..<min(canvas.rows, page.count - first) {
                canvas.write(page.line(first + row), row: row)
                mark(model, page, line: first + row, row: row, in: &canvas)
            }
            let below = page.count - first - canvas.rows
            guard below > 0, model.tab != .timing || model.focus == .detail, canvas.rows > 1 else { return }
            let text: SafeText = " +\(Figures.count(below)) "
            canvas.write(text, column: canvas.columns - text.width, row: canvas.rows - 1, style: model.theme.warning)
        }
    }

    /// Marks what is looked for in a line.
    private static func mark(
        _ model: Model, _ page: DetailPage, line: Int, row: Int, in canvas: inout Canvas
    ) {
        guard let needle = model.search?.needle else { return }
        let current = model.currentMatch
        for mark in page.marks(of: needle, in: line) {
            let style = mark.place == current ? model.theme.currentMatch : model.theme.match
            let region = Region(column: mark.columns.lowerBound, row: row, columns: mark.columns.count, rows: 1)
            canvas.restyle(region) { $0 = style }
        }
    }

    /// `[Timing]  Headers  Body  TLS  Events  Raw`.
    static func tabLine(_ model: Model, withConnections: Bool) -> StyledLine {
        var line = StyledLine(withConnections ? "" : " ")
        let isElsewhere = withConnections && model.focus == .connections
        for tab in DetailTab.allCases {
            let isShown = tab == model.tab && !isElsewhere && model.comparedWith == nil
            line.add(
                isShown ? "[\(tab.title)]" : " \(tab.title) ", isShown ? model.theme.activeRule : model.theme.plain)
        }
        if withConnections {
            line.add(isElsewhere ? "[Conns]" : " Conns ", isElsewhere ? model.theme.activeRule : model.theme.plain)
            line.add(" ")
        }
        return line
    }

    /// `200 · HTTP/1.1 · c2`.
    private static func addOutcome(of exchange: Exchange, _ model: Model, to line: inout StyledLine) {
        let theme = model.theme
        let status = RequestCells.status(of: exchange, theme)
        line.add(status.text, status.style)
        if let response = exchange.answer {
            line.add(" \(theme.marks.middleDot.string) \(response.version)")
        }
        if let served = exchange.served, exchange.cause == .caught {
            line.add(" \(theme.marks.middleDot.string) \(served.connection.description)")
        }
        if let got = exchange.connection {
            line.add(" \(theme.marks.middleDot.string) \(got.connection.description)")
        }
    }
}
