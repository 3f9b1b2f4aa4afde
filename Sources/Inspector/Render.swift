public import HTTPTrace
import Sessions
import TextScreen

/// Draws the whole screen. The same model at the same moment always gives the same cells, at any size, 0x0 included.
public func render(_ model: Model, at now: Timestamp) -> Frame {
    var cursor: (column: Int, row: Int)?
    let screen = ScreenBuffer(size: model.size) { canvas in
        canvas.ellipsis = model.theme.marks.ellipsis
        cursor = Screen(model: model, now: now).draw(into: &canvas)
    }
    return Frame(screen: screen, cursor: cursor)
}

/// One frame in the making: the parts of the screen, each drawn into its region.
private struct Screen {
    let model: Model
    let now: Timestamp

    /// - Returns: Where the cursor is, when a line is being typed.
    func draw(into canvas: inout Canvas) -> (column: Int, row: Int)? {
        if case .help(let help) = model.mode {
            HelpScreen.draw(model, help, into: &canvas)
            return nil
        }
        let layout = model.layout
        guard layout.screenClass > .tiny else { return TinyScreen.draw(model, at: now, into: &canvas) }

        if let region = layout.top { canvas.within(region) { TopLine.draw(model, into: &$0) } }
        drawList(layout, into: &canvas)
        if let region = layout.rule { canvas.within(region) { RuleLine.draw(model, layout, into: &$0) } }
        if let region = layout.detail { canvas.within(region) { DetailPanel.draw(model, layout, at: now, into: &$0) } }
        if let divider = layout.divider, let detail = layout.detail {
            canvas.verticalRule(
                column: divider, row: detail.row, rows: detail.rows, glyph: model.theme.marks.heavyVertical,
                style: model.theme.rule)
        }
        if let region = layout.connections {
            canvas.within(region) { ConnectionsPanel.draw(model, rows: visibleRows(layout), at: now, into: &$0) }
        }
        return drawPrompts(layout, into: &canvas)
    }

    private func visibleRows(_ layout: ScreenLayout) -> [Exchange] {
        let end = min(model.rows.count, model.firstRow + max(layout.listRows, 1))
        guard model.firstRow < end else { return [] }
        return model.rows.ids[model.firstRow..<end].compactMap { model.session[$0] }
    }

    private func drawList(_ layout: ScreenLayout, into canvas: inout Canvas) {
        guard let list = layout.list else { return }
        if model.rows.isEmpty {
            canvas.within(list) { EmptyList.draw(model, into: &$0) }
            return
        }
        let table = RequestTable(model, layout: layout, visible: visibleRows(layout), now: now)
        if let head = layout.listHead { canvas.within(head) { table.drawHead(into: &$0) } }
        canvas.within(list) { table.drawRows(into: &$0) }
    }

    private func drawPrompts(_ layout: ScreenLayout, into canvas: inout Canvas) -> (column: Int, row: Int)? {
        var cursor: (column: Int, row: Int)?
        let probeTyping: Prompt? =
            if case .prompt(let prompt) = model.mode, case .probe = prompt.purpose { prompt } else { nil }
        if let region = layout.probe {
            let column = canvas.within(region) { ProbePrompt.draw(model, typing: probeTyping, into: &$0) }
            if let column { cursor = (column, region.row) }
        }
        guard let region = layout.message else { return cursor }
        let column = canvas.within(region) { canvas -> Int? in
            if case .prompt(let prompt) = model.mode, layout.probe == nil || probeTyping == nil {
                return LinePrompt.draw(model, prompt, into: &canvas)
            }
            MessageLine.draw(model, into: &canvas)
            return nil
        }
        if let column { cursor = (column, region.row) }
        if let region = layout.keys { canvas.within(region) { KeyLine.draw(model, layout, into: &$0) } }
        return cursor
    }
}
