public import HTTPTrace

// A request that was sent again has two kinds of time in its total that are no phase of the attempt which is shown: that of
// the attempts before, and the pauses between.

extension Exchange {
    /// An attempt that failed in a way that allowed another.
    public struct Retry: Equatable, Sendable {
        public var failure: Failure
        /// The connection it was on; nil where it had none.
        public var connection: ConnectionID?
        /// From when to when it ran.
        public var startedAt, failedAt: Timestamp
        /// As far as it came; all have ended.
        public var phases: PhaseSpans
        /// When the next attempt began; nil while that is waited for, and where it never came.
        public var resumedAt: Timestamp?

        public init(
            failure: Failure, connection: ConnectionID?, startedAt: Timestamp, failedAt: Timestamp, phases: PhaseSpans,
            resumedAt: Timestamp? = nil
        ) {
            self.failure = failure
            self.connection = connection
            self.startedAt = startedAt
            self.failedAt = failedAt
            self.phases = phases
            self.resumedAt = resumedAt
        }

        public var duration: Duration { max(failedAt - startedAt, .zero) }
    }

    /// How long nothing was done after that attempt, before it was tried again.
    public func pause(after retry: Retry, at now: Timestamp) -> Duration {
        max((retry.resumedAt ?? finishedAt ?? now) - retry.failedAt, .zero)
    }

    /// How long the attempts took that failed before the one whose phases are told.
    public var earlierAttempts: Duration { retries.reduce(.zero) { $0 + $1.duration } }

    /// How long was waited between attempts.
    public func pauses(at now: Timestamp) -> Duration { retries.reduce(.zero) { $0 + pause(after: $1, at: now) } }

    /// What of `unclaimed` lies between the phases of the attempt that is told, and no retry explains.
    public func betweenPhases(at now: Timestamp) -> Duration {
        max(unclaimed(at: now) - earlierAttempts - pauses(at: now), .zero)
    }

    /// Whether it was served by a connection that it had dialed itself, in an earlier attempt: the pool had it before, and
    /// yet no other request paid for it.
    public var usesItsEarlierDial: Bool {
        guard !retries.isEmpty, let connection, connection.isReused else { return false }
        return events.contains { record in
            guard case .connectStart = record.event else { return false }
            return record.connection == connection.connection
        }
    }
}
