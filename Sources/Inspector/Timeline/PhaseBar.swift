import HTTPTrace
import Sessions
import TextScreen

// One exchange as cells on an axis.
//
//     ┄┄──═══▸░░░░░░░██        dns connect tls send wait receive
//     ░░░░░██                  reused: begins with waiting, so reuse is seen without reading
//
// What the bar promises: it begins and ends where the exchange does, to the cell; phases follow in order; a phase that
// happened has a cell wherever the bar has one to spare, however short it was. Two exceptions to the last: `queued` and
// `send` of a request without a body always happen and mostly take microseconds. A cell for each would make every reused
// connection look as if it had to wait.

/// The cells of one bar.
struct PhaseBar: Equatable, Sendable {
    /// The axis cell of the first mark; marks never leave the axis.
    private(set) var column: Int
    private(set) var marks: [BarMark]
    /// Where the words about a failure go: the first free cell.
    var endColumn: Int { column + marks.count }

    init(_ exchange: Exchange, on axis: TimeAxis, at now: Timestamp) {
        self.init(BarStory(exchange), of: exchange, on: axis, at: now)
    }

    /// - Parameter exchange: Whose events show where a stream paused; nil when there are none to look at.
    init(_ story: BarStory, of exchange: Exchange? = nil, on axis: TimeAxis, at now: Timestamp) {
        let end = max(story.end ?? now, story.start)
        let from = axis.column(of: story.start)
        let to = max(axis.column(of: end), from)
        guard to >= 0, from < Double(axis.columns) else {
            column = to < 0 ? 0 : axis.columns - 1
            marks = [to < 0 ? .earlier : .later]
            return
        }
        // Zoomed far in, a bar would have millions of cells: one axis to either side is laid out, and at least as much as
        // the phases out of sight ask for, so that they take no cell of those in sight.
        let margin = Double(max(axis.columns, Phase.allCases.count))
        let first = Int(max(from, -margin).rounded(.down))
        let cells = max(1, Int(min(to, Double(axis.columns) + margin).rounded()) - first)
        var marks = Self.phases(of: story, end: end, first: first, cells: cells, axis: axis)
        if let exchange { Self.markQuiet(&marks, exchange, first: first, axis: axis) }

        // Zoomed: what lies outside is cut off.
        let hidden = max(0, -first)
        column = first + hidden
        self.marks = Array(marks.dropFirst(hidden).prefix(axis.columns - column))
        markEnd(story, isWhole: first + cells <= axis.columns, columns: axis.columns)
    }

    private mutating func markEnd(_ story: BarStory, isWhole: Bool, columns: Int) {
        guard isWhole, !marks.isEmpty else { return }
        if story.end == nil {
            marks[marks.count - 1] = .running
        } else if story.hasFailed {
            if endColumn < columns { marks.append(.failed) } else { marks[marks.count - 1] = .failed }
        }
    }

    private struct Share {
        var mark: BarMark
        /// Cells from the bar's beginning, with fractions.
        var end: Double
        var length: Double
        var wantsCell: Bool
    }

    private static func phases(
        of story: BarStory, end: Timestamp, first: Int, cells: Int, axis: TimeAxis
    ) -> [BarMark] {
        let parts = story.parts
        guard !parts.isEmpty else { return Array(repeating: .queued, count: cells) }
        var shares: [Share] = []
        var from = max(Double(first), axis.column(of: story.start))
        for (index, part) in parts.enumerated() {
            let until = index + 1 < parts.count ? parts[index + 1].start : end
            let to = max(from, min(axis.column(of: until), Double(first + cells)))
            shares.append(
                Share(
                    mark: part.mark, end: to - Double(first), length: to - from,
                    wantsCell: !part.mayVanish || to - from >= 0.5))
            from = to
        }
        while shares.count(where: \.wantsCell) > cells {
            // No room for all: the shortest goes, unless it is the last, which says how far the request came.
            let candidates = shares.indices.filter { shares[$0].wantsCell }
            let shortest = candidates.min { shares[$0].length < shares[$1].length }!
            shares[shortest].wantsCell = false
        }
        return cellMarks(shares, cells: cells)
    }

    /// Gives every share its cells: rounded to where it ends, at least one for those that want it.
    private static func cellMarks(_ shares: [Share], cells: Int) -> [BarMark] {
        var marks: [BarMark] = []
        for (index, share) in shares.enumerated() {
            let neededLater = shares[(index + 1)...].count(where: \.wantsCell)
            let least = marks.count + (share.wantsCell ? 1 : 0)
            let isLast = !shares[(index + 1)...].contains(where: \.wantsCell) && share.wantsCell
            let wanted = isLast && neededLater == 0 ? cells : Int(share.end.rounded())
            guard share.wantsCell else { continue }
            let end = min(max(wanted, least), cells - neededLater)
            marks.append(contentsOf: repeatElement(share.mark, count: max(0, end - marks.count)))
        }
        let filler = marks.last ?? shares[shares.count - 1].mark
        marks.append(contentsOf: repeatElement(filler, count: max(0, cells - marks.count)))
        return marks
    }

    private static let quietLimit = 20e6

    /// A stream that pauses shows its pauses: `█··█··█`. Two cells and twenty milliseconds without anything, at
    /// least; shorter gaps are the grain of a network.
    private static func markQuiet(_ marks: inout [BarMark], _ exchange: Exchange, first: Int, axis: TimeAxis) {
        guard let start = marks.firstIndex(of: .receive), marks.count - start > 3, !axis.hasCuts,
            exchange.droppedEvents == 0, !exchange.events.isEmpty
        else { return }
        let least = max(2, Int((quietLimit / axis.nanosecondsPerColumn).rounded(.up)))
        var quietFrom: Int?
        for index in start + 1..<marks.count {
            let from = axis.moment(atColumn: Double(first + index))
            let isQuiet = !exchange.hasEvent(
                from: from, until: from + .nanoseconds(Int64(axis.nanosecondsPerColumn)))
            if isQuiet, index < marks.count - 1 {
                quietFrom = quietFrom ?? index
                continue
            }
            if let begin = quietFrom, index - begin >= least {
                for quiet in begin..<index { marks[quiet] = .quiet }
            }
            quietFrom = nil
        }
    }
}

extension Exchange {
    /// Whether anything happened in that time. A search by halves: a bar asks it for every cell of every frame.
    fileprivate func hasEvent(from start: Timestamp, until end: Timestamp) -> Bool {
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].time < start { low = middle + 1 } else { high = middle }
        }
        return low < events.count && events[low].time < end
    }
}

extension BarMark {
    init(_ phase: Phase) {
        self =
            switch phase {
            case .queued: .queued
            case .dns: .dns
            case .connect: .connect
            case .tunnel: .tunnel
            case .tls: .tls
            case .send: .send
            case .wait: .wait
            case .receive: .receive
            }
    }
}

extension Canvas {
    /// Draws marks from `column` on.
    mutating func write(_ marks: some Sequence<BarMark>, column: Int, row: Int, theme: Theme) {
        var next = column
        for mark in marks {
            put(theme.marks.glyph(of: mark), column: next, row: row, style: theme.style(of: mark))
            next += 1
        }
    }

    /// Draws a bar on an axis whose first cell is `column`.
    mutating func write(_ bar: PhaseBar, column: Int, row: Int, theme: Theme) {
        write(bar.marks, column: column + bar.column, row: row, theme: theme)
    }
}
