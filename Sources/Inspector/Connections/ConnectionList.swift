import TextScreen

// What both sides' panes of connections share: the list with its lanes, and the columns of a row.

/// Connections below each other, each with a lane where all have room for one.
struct ConnectionList<ID> {
    /// Those that may be shown, in their order.
    var ids: [ID]
    /// How many there are, with those that are never shown.
    var total: Int
    /// How many are scrolled past.
    var scroll: Int

    /// Where a connection is drawn.
    struct Place {
        var row: Int
        /// Whether the row below is its lane.
        var hasLane: Bool
    }

    /// - Parameters:
    ///   - footer: Stands at the bottom, as far as connections leave room.
    ///   - drawOne: False ends the list.
    func draw(
        above footer: [StyledLine], _ theme: Theme, into canvas: inout Canvas,
        _ drawOne: (ID, Place, inout Canvas) -> Bool
    ) {
        let room = canvas.rows - 1
        // Lanes where all have one; else as many connections as possible.
        let hasLanes = ids.count * 2 <= room || (ids.count > room && room >= 12)
        let step = hasLanes ? 2 : 1
        let first = max(0, min(scroll, ids.count - room / step))
        var row = 1
        for id in ids[first...] {
            guard row + step - 1 < canvas.rows, drawOne(id, Place(row: row, hasLane: hasLanes), &canvas) else { break }
            row += step
        }
        let left = ids.count - first - (row - 1) / step
        if left > 0 {
            let text: SafeText = " +\(Figures.count(left + total - ids.count)) more "
            canvas.write(text, column: canvas.columns - text.width, row: canvas.rows - 1, style: theme.quiet)
        } else {
            // What is left below belongs to all of them.
            let shown = footer.suffix(max(0, canvas.rows - row))
            for (index, line) in shown.enumerated() {
                canvas.write(line, row: canvas.rows - shown.count + index)
            }
        }
    }
}

/// What the pane says of one connection.
struct ConnectionRow {
    var id: String
    /// Whether the selected request is one of its own.
    var isSelected: Bool
    /// Who is at the other end. Untrusted text.
    var peer: String
    var uses: Int
    var words: ConnectionWords
}

/// The columns of the pane.
struct ConnectionColumns {
    static let laneStart = 7
    let peer: Layout.Span
    let proto: Layout.Span
    let uses: Layout.Span
    let state: Layout.Span

    /// - Parameter count: How many connections there are; the last one's number has as many digits.
    init(columns: Int, count: Int) {
        let spans = Layout.spans(
            [
                .fixed(max(Self.laneStart, 5 + String(count).count)), .flexible(minimum: 8),
                .fixed(columns >= 48 ? 8 : 0), .fixed(5), .fixed(2),
                .fixed(columns >= 100 ? min(100, columns - 60) : columns >= 60 ? 26 : columns >= 48 ? 14 : 11),
            ], in: columns)
        (peer, proto, uses, state) = (spans[1], spans[2], spans[3], spans[5])
    }

    func drawHead(_ peerName: SafeText, _ theme: Theme, into canvas: inout Canvas) {
        canvas.write("ID", column: 3, row: 0, style: theme.quiet)
        canvas.write(peerName, column: peer.start, row: 0, style: theme.quiet, width: peer.length)
        if proto.length > 0 { canvas.write("PROTO", column: proto.start + 1, row: 0, style: theme.quiet) }
        canvas.write("USES", column: uses.start, row: 0, style: theme.quiet, width: uses.length, align: .trailing)
        canvas.write("STATE", column: state.start, row: 0, style: theme.quiet, width: state.length)
    }

    func draw(_ line: ConnectionRow, _ theme: Theme, row: Int, into canvas: inout Canvas) {
        let words = line.words
        canvas.write(words.mark, column: 1, row: row, style: words.style)
        // The one that carries the selected request stands out, so that the eye finds the way from row to lane.
        canvas.write("\(line.id)", column: 3, row: row, style: line.isSelected ? theme.selection : theme.strong)
        canvas.write("\(line.peer)", column: peer.start, row: row, width: peer.length, truncation: .middle)
        if proto.length > 0 {
            canvas.write(words.proto, column: proto.start + 1, row: row, width: proto.length - 1)
        }
        canvas.write("\(line.uses)", column: uses.start, row: row, width: uses.length, align: .trailing)
        // Of so wide a column the beginning of a sentence says more than two words do.
        let isWhole = words.state.width <= state.length || state.length >= 40
        let text = isWhole ? words.state : words.shortState
        canvas.write(text, column: state.start, row: row, style: words.stateStyle, width: state.length)
    }
}
