import HTTPTrace
import Transport

/// The longest turn of the network thread lately: what a stamp may be late by. Forgotten after a while, so that one
/// slow moment is not held against a whole session.
struct RecentTurns {
    private var recent = RecentLongest()

    /// Asks the loop what was longest since the last call.
    mutating func longest(at now: Timestamp = SystemTime().now) -> Duration {
        let latest = EventLoop.shared.longestTurn
        EventLoop.shared.resetLongestTurn()
        return recent.note(latest, at: now)
    }
}

/// The longest of several times lately.
struct RecentLongest {
    /// Long enough to be read on the screen.
    private static let memory = Duration.seconds(5)

    private var longest = Duration.zero
    private var notedAt = Timestamp.zero

    /// - Returns: The longest, this one included.
    mutating func note(_ latest: Duration, at now: Timestamp = SystemTime().now) -> Duration {
        if latest >= longest || now - notedAt > Self.memory { (longest, notedAt) = (latest, now) }
        return longest
    }
}
