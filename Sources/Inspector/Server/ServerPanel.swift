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
        let columns = ServerColumns(columns: canvas.columns)
        columns.drawHead(theme, into: &canvas)
        let footer = footer(model)
        let room = canvas.rows - 1
        let all = server.listed(limit: room)
        // Lanes where all have one; else as many connections as possible.
        let hasLanes = all.count * 2 <= room || (all.count > room && room >= 12)
        let step = hasLanes ? 2 : 1
        let first = max(0, min(model.connectionScroll, all.count - room / step))
        let lanes = ServerLanes(rows: rows, columns: canvas.columns - ServerColumns.laneStart - 1, now: now)
        var row = 1
        for id in all[first...] {
            guard row + step - 1 < canvas.rows, let connection = server[id] else { break }
            columns.draw(connection, model, at: now, row: row, into: &canvas)
            if hasLanes { lanes.draw(connection, theme, row: row + 1, into: &canvas) }
            row += step
        }
        let left = all.count - first - (row - 1) / step
        if left > 0 {
            let text: SafeText = " +\(Figures.count(left)) more "
            canvas.write(text, column: canvas.columns - text.width, row: canvas.rows - 1, style: theme.quiet)
        } else {
            let shown = footer.suffix(max(0, canvas.rows - row))
            for (index, line) in shown.enumerated() {
                canvas.write(line, row: canvas.rows - shown.count + index)
            }
        }
    }

    /// The same in one line, for screens without room for the pane.
    static func line(_ model: Model, columns: Int, at now: Timestamp) -> StyledLine {
        let theme = model.theme
        var line = StyledLine(" clients", theme.quiet)
        for id in model.session.server.listed(limit: 8).prefix(16) {
            guard let connection = model.session.server[id] else { continue }
            let words = ServerWords(connection, model, at: now)
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

/// The columns of the pane.
private struct ServerColumns {
    static let laneStart = 7
    let client: Layout.Span
    let proto: Layout.Span
    let uses: Layout.Span
    let state: Layout.Span

    init(columns: Int) {
        let spans = Layout.spans(
            [
                .fixed(Self.laneStart), .flexible(minimum: 8), .fixed(columns >= 48 ? 8 : 0), .fixed(5), .fixed(2),
                .fixed(columns >= 60 ? 26 : columns >= 48 ? 14 : 11),
            ], in: columns)
        (client, proto, uses, state) = (spans[1], spans[2], spans[3], spans[5])
    }

    func drawHead(_ theme: Theme, into canvas: inout Canvas) {
        canvas.write("ID", column: 3, row: 0, style: theme.quiet)
        canvas.write("CLIENT", column: client.start, row: 0, style: theme.quiet, width: client.length)
        if proto.length > 0 { canvas.write("PROTO", column: proto.start + 1, row: 0, style: theme.quiet) }
        canvas.write("USES", column: uses.start, row: 0, style: theme.quiet, width: uses.length, align: .trailing)
        canvas.write("STATE", column: state.start, row: 0, style: theme.quiet, width: state.length)
    }

    func draw(
        _ connection: ServerLedger.Connection, _ model: Model, at now: Timestamp, row: Int, into canvas: inout Canvas
    ) {
        let theme = model.theme
        let words = ServerWords(connection, model, at: now)
        canvas.write(words.mark, column: 1, row: row, style: words.style)
        // The one that brought the selected request stands out, so that the eye finds the way from row to lane.
        let isSelected = model.selectedExchange?.served?.connection == connection.id
        canvas.write(
            "\(connection.id.description)", column: 3, row: row, style: isSelected ? theme.selection : theme.strong)
        // Where the client is ours its own number says more than its port.
        let client = connection.peer.map { "\($0) from :\(connection.client.port)" } ?? connection.client.description
        canvas.write(
            "\(client)", column: client.isEmpty ? 0 : self.client.start, row: row, width: self.client.length,
            truncation: .middle)
        if proto.length > 0 {
            canvas.write(words.proto, column: proto.start + 1, row: row, width: proto.length - 1)
        }
        canvas.write("\(connection.uses)", column: uses.start, row: row, width: uses.length, align: .trailing)
        let text = words.state.width <= state.length ? words.state : words.shortState
        canvas.write(text, column: state.start, row: row, style: words.stateStyle, width: state.length)
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
            canvas.write(bar, column: ServerColumns.laneStart, row: row, theme: theme)
        }
        guard let end = connection.closedAt, end >= axis.start, end <= axis.end else { return }
        let cell = max(0, min(axis.columns - 1, Int(axis.column(of: end))))
        canvas.write(
            CollectionOfOne(BarMark.closed), column: ServerColumns.laneStart + cell, row: row, theme: theme)
    }

    private func fill(
        _ mark: BarMark, _ start: Timestamp, _ end: Timestamp, _ theme: Theme, row: Int, into canvas: inout Canvas
    ) {
        guard end >= axis.start, start <= axis.end else { return }
        let first = max(0, Int(axis.column(of: start)))
        let last = min(axis.columns, max(Int(axis.column(of: end).rounded()), first + 1))
        guard first < last else { return }
        canvas.write(
            repeatElement(mark, count: last - first), column: ServerColumns.laneStart + first, row: row, theme: theme)
    }
}

/// A server connection's state in words and marks.
struct ServerWords {
    let mark: SafeText
    let style: Style
    /// `active #12`, `idle 1s`, why it closed.
    let state: SafeText
    let stateStyle: Style
    /// The same for a narrow column.
    let shortState: SafeText
    /// For a line shared by all connections: `#12`, `1s`.
    let short: SafeText
    /// `h1+tls`, `h2`; a dash before that is known.
    let proto: SafeText

    init(_ connection: ServerLedger.Connection, _ model: Model, at now: Timestamp) {
        let theme = model.theme
        let age = Self.age(now - connection.since)
        let isSecure = connection.scheme == .https
        proto =
            connection.applicationProtocol.map { "\($0 == "h2" ? "h2" : "h1")\(isSecure ? "+tls" : "")" }
            ?? theme.marks.absent
        switch connection.state {
        case .new:
            (mark, style, stateStyle) = (theme.marks.dialing, theme.style(of: .connect), theme.plain)
            (state, short) = ("new \(age)", "new")
        case .active:
            (mark, style, stateStyle) = (theme.marks.busy, theme.success.adding(.bold), theme.plain)
            let request = connection.running.flatMap { model.session.row(of: $0.id) }
            let name = request.map { " \($0)" } ?? ""
            (state, short) = ("active\(name)", request.map { "\($0.description)" } ?? "active")
        case .idle:
            (mark, style, stateStyle) = (theme.marks.idle, theme.plain, theme.plain)
            (state, short) = ("idle \(age)", "\(age)")
        case .hijacked:
            (mark, style, stateStyle) = (theme.marks.busy, theme.warning, theme.plain)
            (state, short) = ("taken over", "taken")
        case .closed:
            (mark, style, stateStyle) = (theme.marks.ended, theme.quiet, theme.quiet)
            let reason = connection.closeReason?.description ?? "closed"
            (state, short) = ("\(reason)", "closed")
            shortState = connection.closeReason.map { "\($0.inTwoWords)" } ?? "closed"
            return
        }
        shortState = short
    }

    private static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.nanoseconds) / 1_000_000_000
        return seconds < 120 ? "\(seconds)s" : "\(seconds / 60)m"
    }
}

extension ServerCloseReason {
    /// For a column of a dozen cells; `description` says more.
    fileprivate var inTwoWords: String {
        switch self {
        case .clientClosed: "client closed"
        case .clientGone: "client gone"
        case .clientSaidClose: "client close"
        case .weSaidClose: "our close"
        case .http10: "HTTP/1.0"
        case .bodyUntilClose: "body's end"
        case .bodyNotRead: "unread body"
        case .timedOut(.nextRequest): "idle limit"
        case .timedOut: "timed out"
        case .refused(let status, _): "refused \(status.code)"
        case .handshakeFailed: "no handshake"
        case .handlerFailed: "handler died"
        case .handlerClosed: "by handler"
        case .responseCutShort: "cut short"
        case .keepAliveOff: "no keep-alive"
        case .serverStopped: "shut down"
        case .broken: "broken"
        case .hijackEnded: "was taken"
        }
    }
}
