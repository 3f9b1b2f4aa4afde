internal import HTTPTrace

/// A request's place in the pool's books: one attempt of one exchange.
struct RequestID: Hashable, Sendable {
    var number: Int

    init(_ number: Int) { self.number = number }
}

/// How the connection came to the request.
enum Reuse: Equatable, Sendable {
    /// Its own dial, never in the pool before.
    case fresh
    /// It never rested: freed by another request, or dialed for one that no longer wanted it. Go: reused, not idle.
    case handedOver
    /// An HTTP/2 connection on which others are under way. Go: reused, not idle.
    case shared
    /// It was idle for that long.
    case idle(for: Duration)
}

/// What the owner of the pool does next, in order.
enum PoolAction: Equatable, Sendable {
    /// Dial a new connection; `RequestID` is whose wish it is, told of every step.
    case open(ConnectionID, ConnectionKey, for: RequestID)
    /// Tell the request why it waits and how many wait before it.
    case queue(RequestID, QueueReason, position: Int)
    case assign(RequestID, to: ConnectionID, reuse: Reuse)
    /// Its dial failed, and nothing else can serve it.
    case fail(RequestID)
    /// The connection rests now; it will be closed at `until` unless a request takes it.
    case rest(ConnectionID, until: Timestamp?)
    case close(ConnectionID, because: CloseReason)
    /// Call `wake` then, unless an earlier call is due already.
    case wake(at: Timestamp)
}
