public import HTTPTrace

/// How often a request is sent, and how fast.
public struct RepeatPlan: Equatable, Sendable {
    /// At least 1.
    public var count: Int
    /// How many run at the same time, at least 1.
    public var concurrency: Int
    /// The most that begin in a second; nil lets each begin as soon as there is room for it.
    public var rate: Double?

    /// A session is built for a million rows: 150 MB.
    public static let countLimit = 1_000_000
    /// Each has a connection of its own, where the server speaks HTTP/1.1.
    public static let concurrencyLimit = 10_000
    /// From one in a quarter of an hour, to more than any engine sends.
    public static let rates = 0.001...1_000_000

    public init(count: Int, concurrency: Int, rate: Double? = nil) {
        self.count = count
        self.concurrency = concurrency
        self.rate = rate
    }
}

/// Spreads beginnings evenly, so that at most so many fall into a second.
public struct Pace: Equatable, Sendable {
    private let interval: Duration
    private var next: Timestamp?

    /// - Parameter perSecond: More than 0.
    public init(perSecond rate: Double) { interval = .nanoseconds(Int64((1e9 / rate).rounded())) }

    /// Takes the next beginning.
    ///
    /// What was missed while nobody was free is not made up for: a server that stalled would get a burst.
    ///
    /// - Returns: When it is due: `now`, or later.
    public mutating func take(at now: Timestamp) -> Timestamp {
        let due = max(next ?? now, now)
        next = due + interval
        return due
    }
}
