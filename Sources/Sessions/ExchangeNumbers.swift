public import HTTPTrace
internal import Synchronization

// Requests begin on two threads: a key's on the main one, those of a repeat and the hops of redirects on the network
// thread, which can't wait for anybody. All take their numbers here, so that a number says what it always said: when it was
// its turn. Who lists them hears of the network thread's a little later than of a key's, and sorts them in.

/// Gives every request of a session its number, whichever thread it begins on.
public final class ExchangeNumbers: Sendable {
    private let last = Atomic(0)

    public init() {}

    /// A number that nobody has: one above the last.
    public func next() -> ExchangeID { ExchangeID(last.add(1, ordering: .relaxed).newValue) }

    /// Somebody uses `id`, wherever it came from: what is given out from now on lies above it.
    public func skip(to id: ExchangeID) { last.max(id.number, ordering: .relaxed) }
}
