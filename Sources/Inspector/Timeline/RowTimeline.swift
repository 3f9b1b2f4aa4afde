import HTTPTrace
import Sessions

/// The axes of the visible rows: one for all, or one for each that begins with it.
struct RowTimeline: Equatable, Sendable {
    private enum Kind: Equatable, Sendable {
        case shared(TimeAxis)
        /// Each from its own beginning, all of this length.
        case aligned(Duration)
        /// Each over its own length.
        case share
    }

    private let kind: Kind
    private let columns: Int
    private let now: Timestamp
    /// The figures over the bars.
    let ticks: AxisTicks

    init(_ model: Model, visible: [Exchange], columns: Int, at now: Timestamp) {
        self.columns = max(1, columns)
        self.now = now
        let intervals = Self.intervals(of: visible, at: now)
        let zero = model.session.exchanges.first?.startedAt ?? now
        var mode = model.timeline
        if mode == .automatic {
            // Mostly one after the other with pauses: in session time, each would get a cell or two.
            mode = TimeAxis.stretchCount(intervals) * 2 > visible.count && visible.count > 1 ? .aligned : .session
        }
        switch mode {
        case .automatic, .session:
            let axis = Self.zoomed(
                TimeAxis.fitting(intervals, columns: self.columns, from: now), around: model.selectedExchange,
                by: model.zoom)
            kind = .shared(axis)
            ticks = AxisTicks(axis, from: axis.hasCuts ? zero : Self.origin(of: axis, zero), figures: model.figures)
        case .aligned:
            let longest = intervals.map { $0.upperBound - $0.lowerBound }.max() ?? .seconds(1)
            let length = TimeAxis.niceLength(max(1000, longest.nanoseconds)) >> Int64(model.zoom)
            kind = .aligned(.nanoseconds(length))
            ticks = AxisTicks(
                TimeAxis(from: .zero, length: .nanoseconds(length), columns: self.columns), from: .zero,
                figures: model.figures)
        case .share:
            kind = .share
            // Percent on an axis of 100 "seconds" would be a riddle: no figures, shares speak for themselves.
            ticks = AxisTicks()
        }
    }

    func axis(of exchange: Exchange) -> TimeAxis {
        switch kind {
        case .shared(let axis): axis
        case .aligned(let length): TimeAxis(from: exchange.startedAt, length: length, columns: columns)
        case .share: TimeAxis(from: exchange.startedAt, length: exchange.total(at: now), columns: columns)
        }
    }

    /// Cells of the axis in which time was left out.
    var cuts: [Int] { if case .shared(let axis) = kind { axis.cuts } else { [] } }

    /// From asking to the end, or to now, of each.
    static func intervals(of exchanges: [Exchange], at now: Timestamp) -> [ClosedRange<Timestamp>] {
        exchanges.map { $0.startedAt...max($0.finishedAt ?? now, $0.startedAt) }
    }

    /// Figures count from the beginning of the session while it is near; later on from the beginning of the axis, since
    /// nobody wants to subtract 1234.5 from 1234.7.
    private static func origin(of axis: TimeAxis, _ zero: Timestamp) -> Timestamp {
        axis.start - zero < axis.length && axis.start >= zero ? zero : axis.start
    }

    private static func zoomed(_ axis: TimeAxis, around exchange: Exchange?, by zoom: Int) -> TimeAxis {
        guard zoom > 0 else { return axis }
        let full = Double(axis.nanosecondsPerColumn) * Double(axis.columns)
        let length = Int64(max(1000, full / Double(1 << zoom)))
        // A little before it, so that its beginning is seen to be one.
        let center = exchange?.startedAt ?? axis.start
        let start = max(axis.start, center + .nanoseconds(-length / 20))
        return TimeAxis(from: start, length: .nanoseconds(length), columns: axis.columns)
    }
}
