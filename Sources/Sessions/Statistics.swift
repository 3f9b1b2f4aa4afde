internal import HTTPTrace
internal import Histogram

// Figures over a session, kept up to date as it grows: a frame asks for them sixty times a second over a million rows,
// so nothing here ever looks at all of them. `Session.apply` tells what changed.

/// How many, how fast, and how often connections were reused.
public struct Statistics: Equatable, Sendable {
    public private(set) var counts = Counts()
    /// Times of the last minute, second by second.
    public private(set) var recent = RecentTimes()
    // In microseconds. Three digits are what the screen shows; the buckets grow with the longest time seen.
    private var totals = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
    private var longest = Duration.zero
    private var few = FewTimes()

    public init() {}

    public struct Counts: Equatable, Sendable {
        public var total = 0
        /// Sent or being sent; those in `queued` not counted.
        public var inFlight = 0
        /// Waiting for the pool.
        public var queued = 0
        /// Ended without a complete response; those a person cancelled not counted.
        public var failed = 0
        public var cancelled = 0
        /// That have or had a connection.
        public var served = 0
        /// Of these, on one that was open before.
        public var reused = 0

        public init() {}

        public var finished: Int { total - inFlight - queued }

        /// 0 to 1; nil before the first connection.
        public var reuseShare: Double? { served == 0 ? nil : Double(reused) / Double(served) }
    }

    /// The time within which `percent` of the good exchanges were done, asking to end; nil before the first.
    ///
    /// Failures are left out: a refused connection takes no time and says nothing about the server's.
    public func total(percentile percent: Double) -> Duration? {
        guard totals.totalCount > 0 else { return nil }
        if let exact = few.time(percentile: percent) { return exact }
        // A bucket's upper edge may lie past the longest time seen.
        return min(.microseconds(Int64(totals.valueAtPercentile(percent))), longest)
    }

    public var p50: Duration? { total(percentile: 50) }
    public var p95: Duration? { total(percentile: 95) }
}

extension Statistics {
    /// What one exchange adds to the counts.
    struct Share: Equatable {
        var standing: Exchange.Standing
        var warmth: Exchange.Warmth?

        var hasFinished: Bool { standing != .queued && standing != .inFlight }
    }

    mutating func add(_ exchange: borrowing Exchange) {
        counts.total += 1
        count(exchange.share, by: 1)
    }

    mutating func move(from old: Share, to new: Share) {
        count(old, by: -1)
        count(new, by: 1)
    }

    /// Takes in the time of an exchange that has just ended.
    mutating func finish(_ ending: Ending) {
        guard ending.failure == nil else { return }
        totals.record(UInt64(ending.total.nanoseconds + 500) / 1_000)
        longest = max(longest, ending.total)
        few.add(ending.total)
        recent.add(ending.total, at: ending.finishedAt)
    }

    private mutating func count(_ share: Share, by step: Int) {
        switch share.standing {
        case .queued: counts.queued += step
        case .inFlight: counts.inFlight += step
        case .failed: counts.failed += step
        case .cancelled: counts.cancelled += step
        case .good: break
        }
        guard let warmth = share.warmth else { return }
        counts.served += step
        if warmth == .warm { counts.reused += step }
    }
}

extension Exchange {
    /// What it adds to the counts. Asked of the exchange where it stands, like all of which it is made: a call would be handed
    /// a copy of all of it.
    @inline(__always)
    var share: Statistics.Share { Statistics.Share(standing: standing, warmth: warmth) }

    /// Where it stands, as the counts in the head line see it.
    public enum Standing: Equatable, Sendable { case queued, inFlight, good, failed, cancelled }

    /// Whether its connection was dialed for it, or open before.
    public enum Warmth: Equatable, Sendable {
        case cold, warm

        public var opposite: Warmth { self == .cold ? .warm : .cold }
    }

    @inline(__always)
    public var standing: Standing {
        guard isRunning else {
            return failure.map { $0.kind == .cancelled ? .cancelled : .failed } ?? .good
        }
        // `queueReason` alone would do for a full host; with a dial of its own, the wait is over once that dial moves.
        let isWaiting = queueReason != nil && phases[.queued] != nil && phases[.queued]?.end == nil
        return isWaiting ? .queued : .inFlight
    }

    /// Nil while it has no connection.
    @inline(__always)
    public var warmth: Warmth? { connection.map { $0.isReused ? .warm : .cold } }
}
