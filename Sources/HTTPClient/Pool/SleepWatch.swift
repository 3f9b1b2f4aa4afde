internal import HTTPTrace

// Our clock stands still while the machine sleeps, and those of servers and of what stands between go on: after an hour
// asleep a connection that rested for a second is long gone at its other end. So the pool asks now and then how long the
// machine has slept in all, and adds what is new to the time its connections have rested.

/// Notices that the machine has slept.
struct SleepWatch: Sendable {
    /// Less matters to no idle limit.
    static let shortest = Duration.seconds(1)
    /// A busy pool asks no more often than this: asking costs as much as any other question to a clock. A sleep that a
    /// request comes right before and right after is noticed this much later.
    static let interval = Duration.seconds(1)

    /// The time asleep that was noticed.
    private var known: Duration
    private var nextLook = Timestamp.zero

    /// - Parameter asleep: How long the machine has slept until now.
    init(asleep: Duration) { known = asleep }

    /// How long it has slept since that was noticed last; nil where it hasn't, or where it isn't time to look.
    ///
    /// - Parameter asleep: How long it has slept in all.
    mutating func notice(at now: Timestamp, asleep: @autoclosure () -> Duration) -> Duration? {
        guard now >= nextLook else { return nil }
        nextLook = now + Self.interval
        let asleep = asleep()
        let length = asleep - known
        guard length >= Self.shortest else { return nil }
        known = asleep
        return length
    }
}
