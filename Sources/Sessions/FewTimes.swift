internal import HTTPTrace

/// Times as they were, as long as there are few: a histogram rounds, and of two requests the figures would be those of none.
struct FewTimes: Equatable, Sendable {
    // Past them one more or less in the third digit is lost among the others, and keeping them in order begins to cost.
    private static let limit = 2_000

    /// In order; nil when there were more.
    private var sorted: [Int64]? = []

    mutating func add(_ time: Duration) {
        guard let count = sorted?.count else { return }
        guard count < Self.limit else {
            sorted = nil
            return
        }
        let nanoseconds = time.nanoseconds
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if sorted![middle] <= nanoseconds { low = middle + 1 } else { high = middle }
        }
        sorted!.insert(nanoseconds, at: low)
    }

    /// The time within which `percent` of them were done, which is always one of theirs; nil when there are none, or too many.
    func time(percentile percent: Double) -> Duration? {
        guard let sorted, !sorted.isEmpty else { return nil }
        let rank = Int((percent * Double(sorted.count) / 100).rounded(.up))
        return .nanoseconds(sorted[max(1, min(rank, sorted.count)) - 1])
    }
}
