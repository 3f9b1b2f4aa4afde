import HTTPTrace

// Moments to cells. All rows of a list share one axis, so that what stands below each other happened at the same time.
//
//     busy ──────── long nothing ──────── busy          time
//     ├──────┤┊├────────┤                                axis
//
// People type a request every few seconds and each takes milliseconds: drawn to scale, every bar would be one cell in a
// desert. So stretches in which nothing ran are cut out, with a mark where they were; what is left has one scale.

/// How the time of several requests is laid side by side.
public enum TimelineMode: String, CaseIterable, Sendable {
    /// The session's time where requests overlap, otherwise aligned.
    case automatic
    /// When things happened: shows what ran at the same time.
    case session
    /// Every bar from zero: shows which took longer, and where.
    case aligned
    /// Every bar as long as the row: shows the shares.
    case share
}

/// Where moments stand in a row of cells.
struct TimeAxis: Equatable, Sendable {
    /// A stretch of time without a cut.
    struct Segment: Equatable, Sendable {
        var start: Timestamp
        var end: Timestamp
        /// The cell where it begins, with fractions.
        var column: Double
    }

    /// At least one, in order of time.
    private(set) var segments: [Segment]
    let columns: Int
    let nanosecondsPerColumn: Double

    /// An axis without cuts. A length below a microsecond counts as one.
    init(from start: Timestamp, length: Duration, columns: Int) {
        let nanoseconds = max(1000, length.nanoseconds)
        self.columns = max(1, columns)
        segments = [Segment(start: start, end: start + .nanoseconds(nanoseconds), column: 0)]
        nanosecondsPerColumn = Double(nanoseconds) / Double(self.columns)
    }

    private init(segments: [Segment], columns: Int, nanosecondsPerColumn: Double) {
        self.segments = segments
        self.columns = columns
        self.nanosecondsPerColumn = nanosecondsPerColumn
    }

    var start: Timestamp { segments[0].start }
    var end: Timestamp { segments[segments.count - 1].end }
    var length: Duration { end - start }
    var hasCuts: Bool { segments.count > 1 }

    /// The cell of a moment, with its fraction; outside of 0 to `columns` for moments outside of the axis.
    func column(of moment: Timestamp) -> Double {
        let segment = segments.last { $0.start <= moment } ?? segments[0]
        // A moment inside a cut stands at its edge.
        let shown = hasCuts && segment != segments[segments.count - 1] ? min(moment, segment.end) : moment
        return segment.column + Double((shown - segment.start).nanoseconds) / nanosecondsPerColumn
    }

    /// The moment at the left edge of a cell.
    func moment(atColumn column: Double) -> Timestamp {
        let segment = segments.last { $0.column <= column } ?? segments[0]
        return segment.start + .nanoseconds(Int64((column - segment.column) * nanosecondsPerColumn))
    }

    /// The cells in which time was left out.
    var cuts: [Int] { segments.dropFirst().map { max(0, Int($0.column) - 1) } }
}

extension TimeAxis {
    /// The axis that shows all of `intervals`, with long pauses cut out.
    ///
    /// - Parameter intervals: In any order; where there are none, the axis is a second from `fallback` on.
    static func fitting(_ intervals: [ClosedRange<Timestamp>], columns: Int, from fallback: Timestamp) -> TimeAxis {
        let busy = merged(intervals)
        guard let first = busy.first, let last = busy.last else {
            return TimeAxis(from: fallback, length: .seconds(1), columns: columns)
        }
        let stretches = joined(busy)
        guard stretches.count > 1, columns >= stretches.count * 3 else {
            let length = niceLength((last.upperBound - first.lowerBound).nanoseconds)
            return TimeAxis(from: first.lowerBound, length: .nanoseconds(length), columns: columns)
        }
        let gap = 2.0
        let room = Double(columns) - gap * Double(stretches.count - 1)
        let total = stretches.reduce(0) { $0 + max(1000, ($1.upperBound - $1.lowerBound).nanoseconds) }
        let scale = Double(niceLength(total)) / room
        var column = 0.0
        let segments = stretches.map { stretch in
            defer {
                // Whole cells, so that the mark of a cut has a cell of its own.
                let used = Double(max(1000, (stretch.upperBound - stretch.lowerBound).nanoseconds)) / scale
                column = (column + used).rounded(.down) + gap
            }
            return Segment(start: stretch.lowerBound, end: stretch.upperBound, column: column)
        }
        return TimeAxis(segments: segments, columns: columns, nanosecondsPerColumn: scale)
    }

    /// How many stretches of activity there are when pauses are left out.
    static func stretchCount(_ intervals: [ClosedRange<Timestamp>]) -> Int { joined(merged(intervals)).count }

    private static func merged(_ intervals: [ClosedRange<Timestamp>]) -> [ClosedRange<Timestamp>] {
        var busy: [ClosedRange<Timestamp>] = []
        for interval in intervals.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = busy.last, interval.lowerBound <= last.upperBound {
                busy[busy.count - 1] = last.lowerBound...max(last.upperBound, interval.upperBound)
            } else {
                busy.append(interval)
            }
        }
        return busy
    }

    /// Stretches whose pauses are short stay together: a pause of a quarter of all activity is worth seeing as one.
    private static func joined(_ busy: [ClosedRange<Timestamp>]) -> [ClosedRange<Timestamp>] {
        let total = busy.reduce(0) { $0 + ($1.upperBound - $1.lowerBound).nanoseconds }
        let limit = Duration.nanoseconds(max(total / 4, 1_000_000))
        var stretches: [ClosedRange<Timestamp>] = []
        for interval in busy {
            if let last = stretches.last, interval.lowerBound - last.upperBound <= limit {
                stretches[stretches.count - 1] = last.lowerBound...interval.upperBound
            } else {
                stretches.append(interval)
            }
        }
        return stretches
    }

    /// The next round length: an axis that grew with every frame would make all bars shiver.
    static func niceLength(_ nanoseconds: Int64) -> Int64 {
        var power: Int64 = 1000
        while power * 10 < nanoseconds, power < .max / 100 { power *= 10 }
        for step in [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100] as [Int64] where power / 10 * step >= nanoseconds {
            return power / 10 * step
        }
        return max(nanoseconds, 1000)
    }
}
