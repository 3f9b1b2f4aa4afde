import HTTPTrace
import Sessions
import TextScreen

/// The pool: a connection each with what it does and how it ended, and its requests as a lane on the axis of the list.
enum ConnectionsPanel {
    /// - Parameter rows: The visible exchanges: the lanes show the same stretch of time.
    static func draw(_ model: Model, rows: [Exchange], at now: Timestamp, into canvas: inout Canvas) {
        guard model.side == .client else { return ServerPanel.draw(model, rows: rows, at: now, into: &canvas) }
        let theme = model.theme
        guard model.pool.count > 0 else {
            canvas.write(" No connection yet.", row: 1, style: theme.quiet)
            return
        }
        let columns = ConnectionColumns(columns: canvas.columns)
        columns.drawHead(theme, into: &canvas)
        let footer = PoolFooter.lines(model, columns: canvas.columns)
        let all = model.pool.listed(limit: canvas.rows)
        let room = canvas.rows - 1
        // Lanes where all have one; else as many connections as possible.
        let hasLanes = all.count * 2 <= room || (all.count > room && room >= 12)
        let step = hasLanes ? 2 : 1
        let first = max(0, min(model.connectionScroll, all.count - room / step))
        let lanes = LaneAxis(rows: rows, columns: canvas.columns - ConnectionColumns.laneStart - 1, now: now)
        var row = 1
        for id in all[first...] {
            guard row + step - 1 < canvas.rows, let connection = model.session.connections[id] else { break }
            columns.draw(connection, model, at: now, row: row, into: &canvas)
            if hasLanes { lanes.draw(connection, model, row: row + 1, into: &canvas) }
            row += step
        }
        let left = all.count - first - (row - 1) / step
        if left > 0 {
            let text: SafeText = " +\(Figures.count(left + model.pool.count - all.count)) more "
            canvas.write(text, column: canvas.columns - text.width, row: canvas.rows - 1, style: theme.quiet)
        } else {
            // What is left below belongs to the whole pool.
            let shown = footer.suffix(max(0, canvas.rows - row))
            for (index, line) in shown.enumerated() {
                canvas.write(line, row: canvas.rows - shown.count + index)
            }
        }
    }

    /// The same in one line, for screens without room for the pane: `pool  c1 ● #12  c5 ○ 1s/90  queue #14  c6 ✗ refused`.
    /// The open ones first, then who waits, then the latest that ended, as far as there is room.
    static func line(_ model: Model, columns: Int, at now: Timestamp) -> StyledLine {
        guard model.side == .client else { return ServerPanel.line(model, columns: columns, at: now) }
        let theme = model.theme
        var line = StyledLine(" pool", theme.quiet)
        for id in model.pool.open.prefix(8) { add(id, model, to: &line, columns: columns, at: now) }
        if model.counts.queued > 0, let first = model.activity.firstQueued(in: model.session) {
            line.add("  queue \(first.id.description)", theme.warning)
        }
        for id in model.pool.ended.suffix(8).reversed() { add(id, model, to: &line, columns: columns, at: now) }
        return line
    }

    private static func add(
        _ id: ConnectionID, _ model: Model, to line: inout StyledLine, columns: Int, at now: Timestamp
    ) {
        guard let connection = model.session.connections[id] else { return }
        let state = ConnectionWords(connection, model, at: now)
        guard line.width + state.short.width + 7 <= columns else { return }
        line.add("  \(id.description) ")
        line.add(state.mark, state.style)
        line.add(" \(state.short)")
    }
}

/// The columns of the pane.
private struct ConnectionColumns {
    static let laneStart = 7
    let peer: Layout.Span
    let proto: Layout.Span
    let uses: Layout.Span
    let state: Layout.Span

    init(columns: Int) {
        let spans = Layout.spans(
            [
                .fixed(Self.laneStart), .flexible(minimum: 8), .fixed(columns >= 48 ? 8 : 0), .fixed(5), .fixed(2),
                .fixed(columns >= 60 ? 26 : columns >= 48 ? 14 : 11),
            ], in: columns)
        (peer, proto, uses, state) = (spans[1], spans[2], spans[3], spans[5])
    }

    func drawHead(_ theme: Theme, into canvas: inout Canvas) {
        canvas.write("ID", column: 3, row: 0, style: theme.quiet)
        canvas.write("PEER", column: peer.start, row: 0, style: theme.quiet, width: peer.length)
        if proto.length > 0 { canvas.write("PROTO", column: proto.start + 1, row: 0, style: theme.quiet) }
        canvas.write("USES", column: uses.start, row: 0, style: theme.quiet, width: uses.length, align: .trailing)
        canvas.write("STATE", column: state.start, row: 0, style: theme.quiet, width: state.length)
    }

    func draw(
        _ connection: ConnectionLedger.Connection, _ model: Model, at now: Timestamp, row: Int,
        into canvas: inout Canvas
    ) {
        let theme = model.theme
        let words = ConnectionWords(connection, model, at: now)
        canvas.write(words.mark, column: 1, row: row, style: words.style)
        // The one that carries the selected request stands out, so that the eye finds the way from row to lane.
        let isSelected = model.selectedExchange?.connection?.connection == connection.id
        canvas.write(
            "\(connection.id.description)", column: 3, row: row, style: isSelected ? theme.selection : theme.strong)
        let origin = connection.key.origin
        canvas.write(
            peer.length >= 22 ? "\(origin.hostPort)" : "\(origin.authority)", column: peer.start, row: row,
            width: peer.length, truncation: .middle)
        if proto.length > 0 {
            canvas.write(words.proto, column: proto.start + 1, row: row, width: proto.length - 1)
        }
        canvas.write("\(connection.uses)", column: uses.start, row: row, width: uses.length, align: .trailing)
        let text = words.state.width <= state.length ? words.state : words.shortState
        canvas.write(text, column: state.start, row: row, style: words.stateStyle, width: state.length)
    }
}

/// A connection's requests on the axis of the list.
private struct LaneAxis {
    private let axis: TimeAxis
    private let now: Timestamp

    init(rows: [Exchange], columns: Int, now: Timestamp) {
        self.now = now
        axis = TimeAxis.fitting(RowTimeline.intervals(of: rows, at: now), columns: columns, from: now)
    }

    func draw(_ connection: ConnectionLedger.Connection, _ model: Model, row: Int, into canvas: inout Canvas) {
        // From the latest back to the first that is on the axis: a connection may have carried a million.
        var bars: [PhaseBar] = []
        for id in connection.exchanges.reversed().prefix(axis.columns * 2) {
            guard let exchange = model.session[id] else { continue }
            if (exchange.finishedAt ?? now) < axis.start { break }
            guard exchange.startedAt <= axis.end else { continue }
            bars.append(PhaseBar(exchange, on: axis, at: now))
        }
        // Oldest first, so that where two meet the newer one shows its beginning.
        for bar in bars.reversed() where bar.marks != [.earlier] && bar.marks != [.later] {
            canvas.write(bar, column: ConnectionColumns.laneStart, row: row, theme: model.theme)
        }
        guard let end = connection.closedAt, end >= axis.start, end <= axis.end else { return }
        let isFailed = if case .failed = connection.state { true } else { false }
        let cell = min(axis.columns - 1, Int(axis.column(of: end)))
        let mark = isFailed ? BarMark.failed : .closed
        canvas.write(
            CollectionOfOne(mark), column: ConnectionColumns.laneStart + max(0, cell), row: row, theme: model.theme)
    }
}
