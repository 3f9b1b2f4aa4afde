/// A moment on the machine's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds. Comparable only within one boot.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The clock's beginning: a convenient start for manual time.
    public static let zero = Timestamp(nanoseconds: 0)

    /// `after` past the clock's beginning; reads well in tests: `.seconds(3)`.
    public static func seconds(_ after: Double) -> Timestamp { Timestamp(nanoseconds: Int64(after * 1e9)) }
    public static func milliseconds(_ after: Double) -> Timestamp { Timestamp(nanoseconds: Int64(after * 1e6)) }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates: a deadline of "never" is far away, not a trap.
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        guard !overflow else { return Timestamp(nanoseconds: left.nanoseconds < 0 ? .min : .max) }
        return Timestamp(nanoseconds: sum)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; saturates past 292 years, where a "never" would otherwise trap.
    public var nanoseconds: Int64 {
        // 10⁹ is 2⁹ times 1,953,125: below an hour no 128 bits need be divided, which takes as long as asking a clock.
        if let part = Int64(exactly: attoseconds >> 9), part >= 0 { return part / 1_953_125 }
        let whole = attoseconds / 1_000_000_000
        return Int64(exactly: whole) ?? (whole < 0 ? .min / 4 : .max / 4)
    }

    /// Milliseconds with their fraction, the unit of every export.
    public var milliseconds: Double { Double(nanoseconds) / 1e6 }

    /// `3 s`, `1.25 s`, `250 ms`, `0.5 ms`: a limit, or how long something took, to the hundredth of a second; below 10 ms to the
    /// microsecond.
    package var inWords: String {
        if milliseconds < 10, milliseconds != milliseconds.rounded() {
            return "\((milliseconds * 1000).rounded() / 1000) ms"
        }
        let whole = Int(milliseconds.rounded())
        guard whole >= 1000 else { return "\(whole) ms" }
        let seconds = Double((whole + 5) / 10) / 100
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}

/// A clock that can be asked: the machine's in the program, a hand-moved one in tests.
public protocol TimeSource: Sendable {
    var now: Timestamp { get }
}

/// One moment on both clocks, so that stamps can be written as dates.
public struct ClockAnchor: Hashable, Sendable {
    public var monotonic: Timestamp
    /// Nanoseconds since 1970-01-01T00:00:00Z at that moment.
    public var unixNanoseconds: Int64

    public init(monotonic: Timestamp, unixNanoseconds: Int64) {
        self.monotonic = monotonic
        self.unixNanoseconds = unixNanoseconds
    }

    /// Nanoseconds since 1970 at `moment`, as the clock stood at the anchor: later steps of the wall clock don't show.
    public func unixNanoseconds(at moment: Timestamp) -> Int64 {
        unixNanoseconds + (moment.nanoseconds - monotonic.nanoseconds)
    }
}
