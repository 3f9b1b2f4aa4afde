import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The server's side of the connections pane: a client's connection each with its state, and its requests as a lane.
enum ServerPanel {
    /// - Parameter rows: The visible exchanges: the lanes show the same stretch of time.
    static func draw(_ model: Model, rows: [Exchange], at now: Timestamp, into canvas: inout Canvas) {
        let theme = model.theme
        let server = model.session.server
        guard !server.isEmpty else {
            canvas.write(" Nobody has connected yet.", row: 1, style: theme.quiet)
            return
        }
        let columns = ConnectionColumns(columns: canvas.columns, count: server.connections.count)
        columns.drawHead("CLIENT", theme, into: &canvas)
        let lanes = ServerLanes(rows: rows, columns: canvas.columns - ConnectionColumns.laneStart - 1, now: now)
        let ids = server.listed(limit: canvas.rows - 1)
        let list = ConnectionList(ids: ids, total: ids.count, scroll: model.connectionScroll)
        list.draw(above: footer(model), theme, into: &canvas) { id, place, canvas in
            guard let connection = server[id] else { return false }
            // Where the client is ours its own number says more than its port.
            let client =
                connection.peer.map { "\($0) from :\(connection.client.port)" } ?? connection.client.description
            columns.draw(
                ConnectionRow(
                    id: id.description, isSelected: model.selectedExchange?.served?.connection == id, peer: client,
                    uses: connection.uses, words: ConnectionWords(connection, model, at: now)),
                theme, row: place.row, into: &canvas)
            if place.hasLane { lanes.draw(connection, theme, row: place.row + 1, into: &canvas) }
            return true
        }
    }

    /// The same in one line, for screens without room for the pane.
    static func line(_ model: Model, columns: Int, at now: Timestamp) -> StyledLine {
        let theme = model.theme
        var line = StyledLine(" clients", theme.quiet)
        for id in model.session.server.listed(limit: 8).prefix(16) {
            guard let connection = model.session.server[id] else { continue }
            let words = ConnectionWords(connection, model, at: now)
            guard line.width + words.short.width + 7 <= columns else { break }
            line.add("  \(id.description) ")
            line.add(words.mark, words.style)
            line.add(" \(words.short)")
        }
        return line
    }

    /// `Clients  1 new  2 active  3 idle  12 closed`.
    static func title(_ model: Model) -> StyledLine {
        let counts = model.session.server.counts
        var line = StyledLine(" Clients ", model.focus == .connections ? model.theme.activeRule : model.theme.strong)
        let figures = [
            (counts.new, "new"), (counts.active, "active"), (counts.idle, "idle"), (counts.hijacked, "taken over"),
            (counts.closed, "closed"),
        ]
        for (count, name) in figures where count > 0 { line.add(" \(Figures.count(count)) \(name) ") }
        return line
    }

    /// Whom a shutdown waits for, and how to read the lanes.
    private static func footer(_ model: Model) -> [StyledLine] {
        let theme = model.theme
        var lines: [StyledLine] = []
        if let waiting = model.session.server.waiting {
            lines.append(
                StyledLine("  Shutting down: \(Figures.plural(waiting.count, "connection")) left", theme.warning))
            for connection in waiting.connections.prefix(4) { lines.append(StyledLine("  \(connection.description)")) }
        }
        var legend = StyledLine(" ")
        let names: [(BarMark, SafeText)] = [
            (.queued, "open"), (.tls, "tls"), (.send, "request"), (.wait, "handler"), (.receive, "answer"),
        ]
        for (mark, name) in names {
            legend.add(" " + theme.marks.glyph(of: mark).safeText, theme.style(of: mark))
            legend.add(name, theme.quiet)
        }
        return lines + [legend]
    }
}

/// A connection's life on the axis of the list: open, handshake, requests, end.
private struct ServerLanes {
    private let axis: TimeAxis
    private let now: Timestamp

    init(rows: [Exchange], columns: Int, now: Timestamp) {
        self.now = now
        axis = TimeAxis.fitting(RowTimeline.intervals(of: rows, at: now), columns: columns, from: now)
    }

    func draw(_ connection: ServerLedger.Connection, _ theme: Theme, row: Int, into canvas: inout Canvas) {
        fill(.queued, connection.acceptedAt, connection.closedAt ?? now, theme, row: row, into: &canvas)
        if let handshake = connection.handshake {
            fill(.tls, handshake.start, handshake.end ?? now, theme, row: row, into: &canvas)
        }
        for request in connection.requests where (request.finishedAt ?? now) >= axis.start {
            let bar = PhaseBar(BarStory(request), on: axis, at: now)
            guard bar.marks != [.earlier], bar.marks != [.later] else { continue }
            canvas.write(bar, column: ConnectionColumns.laneStart, row: row, theme: theme)
        }
        guard let end = connection.closedAt, end >= axis.start, end <= axis.end else { return }
        let cell = max(0, min(axis.columns - 1, Int(axis.column(of: end))))
        canvas.write(
            CollectionOfOne(BarMark.closed), column: ConnectionColumns.laneStart + cell, row: row, theme: theme)
    }

    private func fill(
        _ mark: BarMark, _ start: Timestamp, _ end: Timestamp, _ theme: Theme, row: Int, into canvas: inout Canvas
    ) {
        guard end >= axis.start, start <= axis.end else { return }
        let first = max(0, Int(axis.column(of: start)))
        let last = min(axis.columns, max(Int(axis.column(of: end).rounded()), first + 1))
        guard first < last else { return }
        canvas.write(
            repeatElement(mark, count: last - first), column: ConnectionColumns.laneStart + first, row: row,
            theme: theme)
    }
}
