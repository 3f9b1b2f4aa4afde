import HTTPTrace
import Sessions

/// Which connections are open and which are gone, with counts: what the connections pane starts from without looking
/// at every connection there ever was.
struct PoolIndex: Equatable, Sendable {
    /// Dialing, busy or idle, by number.
    private(set) var open: [ConnectionID] = []
    /// Closed or failed, in the order of ending.
    private(set) var ended: [ConnectionID] = []
    private(set) var busy = 0
    private(set) var idle = 0
    private(set) var failed = 0
    private(set) var closed = 0

    var count: Int { open.count + ended.count }

    /// Takes in what a batch of records made of a connection; `before` is nil when it is new.
    mutating func note(_ id: ConnectionID, _ state: ConnectionLedger.State, was before: ConnectionLedger.State?) {
        if before == nil { open.append(id) }
        count(before, by: -1)
        count(state, by: 1)
        if !Self.isOpen(state), before.map(Self.isOpen) ?? true {
            open.removeAll { $0 == id }
            ended.append(id)
        }
    }

    private mutating func count(_ state: ConnectionLedger.State?, by step: Int) {
        switch state {
        case .busy: busy += step
        case .idle: idle += step
        case .failed: failed += step
        case .closed: closed += step
        case .dialing, nil: break
        }
    }

    private static func isOpen(_ state: ConnectionLedger.State) -> Bool {
        switch state {
        case .dialing, .busy, .idle: true
        case .closed, .failed: false
        }
    }

    /// In the order in which they are listed: by number while all fit into `limit`; beyond that the open ones first,
    /// then the latest that ended.
    func listed(limit: Int) -> [ConnectionID] {
        guard count > limit else { return (open + ended).sorted() }
        return open + ended.suffix(max(limit, 200)).reversed()
    }
}
