import HTTPTrace
import Transport

/// The longest turn of the network thread lately: what a stamp may be late by. Forgotten after a while, so that one
/// slow moment is not held against a whole session.
struct RecentTurns {
    /// Long enough to be read on the screen.
    private static let memory = Duration.seconds(5)

    private var worst = Duration.zero
    private var worstAt = Timestamp.zero

    /// Asks the loop what was longest since the last call.
    mutating func longest(at now: Timestamp = SystemTime().now) -> Duration {
        let latest = EventLoop.shared.longestTurn
        EventLoop.shared.resetLongestTurn()
        if latest >= worst || now - worstAt > Self.memory {
            worst = latest
            worstAt = now
        }
        return worst
    }
}
