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
        let columns = ConnectionColumns(columns: canvas.columns, count: model.pool.count)
        columns.drawHead("PEER", theme, into: &canvas)
        let lanes = LaneAxis(rows: rows, columns: canvas.columns - ConnectionColumns.laneStart - 1, now: now)
        let list = ConnectionList(
            ids: model.pool.listed(limit: canvas.rows), total: model.pool.count, scroll: model.connectionScroll)
        list.draw(above: PoolFooter.lines(model, columns: canvas.columns), theme, into: &canvas) { id, place, canvas in
            guard let connection = model.session.connections[id] else { return false }
            let origin = connection.key.origin
            columns.draw(
                ConnectionRow(
                    id: id.description, isSelected: model.selectedExchange?.connection?.connection == id,
                    peer: columns.peer.length >= 22 ? origin.hostPort : origin.authority, uses: connection.uses,
                    words: ConnectionWords(connection, model, at: now)),
                theme, row: place.row, into: &canvas)
            if place.hasLane { lanes.draw(connection, model, row: place.row + 1, into: &canvas) }
            return true
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
            let stories = BarStory.attempts(of: exchange, on: connection.id)
            bars += stories.reversed().map { PhaseBar($0, of: exchange, on: axis, at: now) }
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
