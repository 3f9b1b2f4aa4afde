public import HTTPTrace

/// The times of the exchanges that ended in the last minute, a bucket a second: what a spark line draws.
public struct RecentTimes: Equatable, Sendable {
    /// One second's exchanges.
    public struct Bucket: Equatable, Sendable {
        public var count = 0
        public var longest = Duration.zero
        public var sum = Duration.zero

        public init() {}

        /// Nil in a second in which nothing ended.
        public var mean: Duration? { count == 0 ? nil : sum / count }
    }

    /// How far back it looks.
    public static let seconds = 60

    // Bucket i holds the latest second whose number leaves i when divided by `seconds`.
    private var buckets = Array(repeating: Bucket(), count: RecentTimes.seconds)
    private var latest: Int64 = .min

    public init() {}

    mutating func add(_ time: Duration, at moment: Timestamp) {
        let second = moment.nanoseconds / 1_000_000_000
        guard latest == .min || second > latest - Int64(RecentTimes.seconds) else { return }
        if second > latest {
            let firstNew = latest == .min ? second : max(latest + 1, second - Int64(RecentTimes.seconds) + 1)
            for passed in firstNew...second { buckets[slot(of: passed)] = Bucket() }
            latest = second
        }
        let slot = slot(of: second)
        buckets[slot].count += 1
        buckets[slot].sum += time
        buckets[slot].longest = max(buckets[slot].longest, time)
    }

    /// The last `seconds` seconds, oldest first, the running one last.
    public func buckets(at now: Timestamp) -> [Bucket] {
        let current = now.nanoseconds / 1_000_000_000
        return (0..<Int64(RecentTimes.seconds)).map { offset in
            let second = current - Int64(RecentTimes.seconds) + 1 + offset
            let isKept = latest != .min && second <= latest && second > latest - Int64(RecentTimes.seconds)
            return isKept ? buckets[slot(of: second)] : Bucket()
        }
    }

    private func slot(of second: Int64) -> Int {
        let rest = Int(second % Int64(RecentTimes.seconds))
        return rest < 0 ? rest + RecentTimes.seconds : rest
    }
}
