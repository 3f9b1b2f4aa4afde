// Go's rules for HTTP/1: only what the pool had before can have been stale, and only before any answer. Then either
// nothing was written, or sending it twice does no harm and the peer went away without a word. There is no limit, since
// every attempt but the last takes a connection out of the pool for good.

/// An attempt that failed, as far as it decides whether there may be another.
struct RetryRule: Equatable {
    /// It had been in the pool before.
    var isReused: Bool
    var gotFirstByte: Bool
    /// Whether the kernel has taken any of the request, head or body.
    var hasSent: Bool
    var isReplayable: Bool
    /// The connection broke, or the peer closed it: not a limit, a cancellation, or an answer that makes no sense.
    var wasCutOff: Bool

    var allows: Bool {
        guard isReused, !gotFirstByte else { return false }
        return !hasSent || (isReplayable && wasCutOff)
    }
}

/// When a request that a server refused to take on is sent again: at once, and then after longer and longer pauses. Go
/// does that for a minute; here somebody looks on, who is better served by the answer that nobody takes it.
enum RefusalRule {
    /// Three quarters of a second of pauses in all.
    private static let limit = 3

    /// - Parameter refusals: How many there were, from 1.
    /// - Returns: Nil when they were enough.
    static func pause(after refusals: Int) -> Duration? {
        guard refusals <= limit else { return nil }
        return refusals == 1 ? .zero : .milliseconds(250 << (refusals - 2))
    }
}
