/// How many connections the pool opens and keeps, and for how long.
public struct PoolSettings: Equatable, Sendable {
    /// Whether connections are kept for another request at all.
    public var keepsAlive = true
    /// How long an idle connection is kept; nil for ever. 90 s is Go's and most browsers' order of magnitude.
    public var idleTimeout: Duration? = .seconds(90)
    /// How long a connection whose response was left early, or came early, is given to become fit for another request:
    /// for the rest of a body nobody reads, or of a request still being written. 50 ms is Go's.
    public var settlingTime = Duration.milliseconds(50)
    /// How many requests a connection carries before it is closed; nil without limit.
    public var maximumUses: Int?
    /// How long a connection may be reused after its dial; nil for ever. Names move to other addresses, and a connection
    /// that is never closed never follows.
    public var maximumAge: Duration?
    /// Idle connections kept for one key. Go's default of 2 makes bursts re-dial (golang/go#13801); wrk-like loads want
    /// as many as they use at once.
    public var idlePerHost = 64
    /// Idle connections kept in all; the least recently used one makes room. Go's `MaxIdleConns`.
    public var idleTotal = 256
    /// Connections dialing, busy and idle for one key; nil without limit. Go's `MaxConnsPerHost`.
    public var openPerHost: Int?
    /// Connections in all; nil without limit.
    public var openTotal: Int?
    /// Requests on one HTTP/2 connection at once, if the peer allows as many.
    public var streamsPerConnection = 100
    /// Whether requests wait when every HTTP/2 connection to their host is full, instead of dialing one more. Go's
    /// `StrictMaxConcurrentRequests`.
    public var waitsForStreams = false

    public init() {}
}
