import HTTPTrace
import Sessions

/// What runs now, and how long the last requests took: what `Session.statistics` counts but does not list.
struct Activity: Equatable, Sendable {
    /// Everything that has not ended, in the order of asking.
    private(set) var running: [ExchangeID] = []
    /// How long the last good ones took, oldest first, for the spark line: as many as the widest shows, or some more.
    private(set) var recent: [Duration] = []

    private static let recentCount = 60

    mutating func begin(_ id: ExchangeID) { running.append(id) }

    /// Takes in that an exchange has ended; once more makes no difference.
    mutating func note(_ ending: Ending) {
        guard let index = running.firstIndex(of: ending.id) else { return }
        running.remove(at: index)
        guard ending.failure == nil else { return }
        recent.append(ending.total)
        // Several at a time: under load each would move all others.
        if recent.count == 4 * Self.recentCount { recent.removeFirst(3 * Self.recentCount) }
    }

    mutating func forget(_ id: ExchangeID) { running.removeAll { $0 == id } }

    /// The oldest request that waits for the pool; nil when none of the first few hundred does.
    func firstQueued(in session: Session) -> Exchange? {
        running.lazy.prefix(Activity.queueLimit).compactMap { session[$0] }.first { $0.standing == .queued }
    }

    // With thousands in flight the pane says how many wait; finding out who is not worth a frame.
    private static let queueLimit = 256
}
