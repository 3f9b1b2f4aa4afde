import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The heavy rule under the list: what stands below it.
enum RuleLine {
    static func draw(_ model: Model, _ layout: ScreenLayout, into canvas: inout Canvas) {
        let marks = model.theme.marks
        canvas.horizontalRule(row: 0, glyph: marks.heavyRule, style: model.theme.rule)
        if let divider = layout.divider {
            canvas.put(marks.heavyCross, column: divider, row: 0, style: model.theme.rule)
            let left = Region(column: 0, row: 0, columns: divider, rows: 1)
            canvas.within(left) { drawTitle(of: model, layout, into: &$0) }
            let right = Region(column: divider + 1, row: 0, columns: canvas.columns - divider - 1, rows: 1)
            canvas.within(right) { drawConnectionsTitle(of: model, start: 1, into: &$0) }
        } else if layout.detail == nil, !layout.hasTabsInRule {
            drawConnectionsTitle(of: model, start: 2, into: &canvas)
        } else {
            drawTitle(of: model, layout, into: &canvas)
        }
    }

    private static func drawTitle(of model: Model, _ layout: ScreenLayout, into canvas: inout Canvas) {
        let theme = model.theme
        let style = model.focus == .detail ? theme.activeRule : theme.strong
        guard let exchange = model.selectedExchange else {
            if layout.detail != nil || layout.connections == nil { return }
            return drawConnectionsTitle(of: model, start: 2, into: &canvas)
        }
        if let reference = model.comparedWith {
            let title: SafeText = " \(reference) and \(exchange.id) compared  \(exchange.draft.url.withoutScheme)"
            let column = canvas.write(
                title, column: 2, row: 0, style: style, width: canvas.columns - 4, truncation: .middle)
            canvas.write(" ", column: column, row: 0)
            return
        }
        var column = canvas.write(" \(exchange.id.description) ", column: 2, row: 0, style: style)
        if layout.hasTabsInRule {
            canvas.write(
                DetailPanel.tabLine(model, withConnections: true), row: 0, startingAt: column)
            return
        }
        let title: SafeText = " \(exchange.draft.method.rawValue) \(exchange.draft.url.description)"
        column = canvas.write(
            title, column: column, row: 0, style: style, width: canvas.columns - column - 2, truncation: .middle)
        canvas.write(" ", column: column, row: 0)
    }

    private static func drawConnectionsTitle(of model: Model, start: Int, into canvas: inout Canvas) {
        guard model.side == .client else { return canvas.write(ServerPanel.title(model), row: 0, startingAt: start) }
        let pool = model.pool
        let theme = model.theme
        var line = StyledLine(" Connections ", model.focus == .connections ? theme.activeRule : theme.strong)
        if pool.busy > 0 { line.add(" \(Figures.count(pool.busy)) busy ") }
        if pool.idle > 0 { line.add(" \(Figures.count(pool.idle)) idle ") }
        if pool.failed > 0 { line.add(" \(Figures.count(pool.failed)) failed ", theme.failure) }
        if let share = model.counts.reuseShare {
            let text: SafeText = " reuse \(Int((share * 100).rounded()))% "
            if start + line.width + text.width < canvas.columns { line.add(text) }
        }
        canvas.write(line, row: 0, startingAt: start)
    }
}
