internal import DequeModule
internal import HTTPTrace

// Which connection serves which request. It decides; `ConnectionPool` does.
// No I/O and no clock here: identifiers and times come in, actions go out.
//
//              open             dialed          assign
//      (none) ───────▶ dialing ────────▶ idle ───────────▶ active
//                         │                │  ◀───────────    │
//                         │ failed         │ expired released │ broken
//                         └────────────────┴──────▶ closed ◀──┘
//
// A waiting request takes whichever comes first: its own dial, or another connection that turns idle. The rules are
// those of Go's net/http: newest idle first, waiters first come first served, a dial is never cancelled with its request.

struct PoolState: Sendable {
    let settings: PoolSettings
    private var connections: [ConnectionID: Connection] = [:]
    private var hosts: [ConnectionKey: Host] = [:]
    /// Requests no dial was begun for, because a limit was reached; oldest first.
    private var undialed: Deque<Waiter> = []
    private var lastConnection = 0
    private var idleCount = 0
    /// Go's rule: a connection freed after close-idle isn't kept, until somebody asks for one again.
    private var refusesIdle = false

    init(settings: PoolSettings) { self.settings = settings }

    private struct Connection {
        var key: ConnectionKey
        var state: State
        /// When it stood; nothing is asked of it before.
        var openedAt = Timestamp.zero
        var uses = 0
        /// Go's `reused` mark: it has been offered to the pool before.
        var wasPooled = false

        mutating func beginUse() {
            state = .active
            uses += 1
        }
    }

    private enum State: Equatable {
        case dialing(for: RequestID)
        case active
        case idle(since: Timestamp)
    }

    private struct Waiter: Equatable {
        var request: RequestID
        var key: ConnectionKey
    }

    private struct Host {
        /// Newest last.
        var idle: [ConnectionID] = []
        /// Who takes the next free connection; oldest first.
        var waiting: Deque<RequestID> = []
        /// Dialing, active and idle.
        var open = 0

        var isForgettable: Bool { idle.isEmpty && waiting.isEmpty && open == 0 }
    }
}

// MARK: - What requests ask for

extension PoolState {
    /// A request needs a connection. It is answered with an `assign` now or later, a `fail`, or never if it is cancelled.
    mutating func request(_ request: RequestID, for key: ConnectionKey, at now: Timestamp) -> [PoolAction] {
        refusesIdle = false
        var actions: [PoolAction] = []
        // Places are looked up once: hashing a host's name for every step took longer than the steps.
        while let host = hosts.index(forKey: key), let connection = hosts.values[host].idle.popLast() {
            idleCount -= 1
            guard let place = connections.index(forKey: connection),
                case .idle(let since) = connections.values[place].state
            else { preconditionFailure("\(connection) is listed as idle and is not") }
            if let end = end(of: connections.values[place], idleSince: since), now >= end.at {
                // Its timer is late, or the machine slept.
                forget(connection)
                actions.append(.close(connection, because: end.reason))
                continue
            }
            connections.values[place].beginUse()
            actions.append(.assign(request, to: connection, reuse: .idle(for: now - since)))
            return actions
        }
        let waiter = Waiter(request: request, key: key)
        let ahead = hosts[key]?.waiting.count ?? 0
        hosts[key, default: Host()].waiting.append(request)
        if let reason = reasonNotToDial(key) {
            if case .totalLimit = reason, let oldest = leastRecentlyUsed() {
                // An idle connection to another host is worth less than a request that waits.
                forget(oldest)
                actions.append(.close(oldest, because: .tooManyIdle(limit: settings.openTotal!)))
            } else {
                undialed.append(waiter)
                return actions + [.queue(request, reason, position: ahead)]
            }
        }
        return actions + [open(for: waiter), .queue(request, .dialing, position: ahead)]
    }

    /// The request is no longer interested. Its dial goes on: the connection may serve the next one.
    mutating func cancelled(_ request: RequestID) {
        undialed.removeAll { $0.request == request }
        for key in Array(hosts.keys) where hosts[key]!.waiting.contains(request) {
            hosts[key]!.waiting.removeAll { $0 == request }
            forgetHostIfEmpty(key)
        }
    }

    // MARK: - What became of connections

    /// A dial succeeded.
    mutating func dialed(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard case .dialing(let request)? = connections[connection]?.state else {
            preconditionFailure("dialed() on \(connection), which was not dialing")
        }
        let key = connections[connection]!.key
        connections[connection]!.openedAt = now
        if let place = hosts[key]!.waiting.firstIndex(of: request) {
            hosts[key]!.waiting.remove(at: place)
            connections[connection]!.beginUse()
            return [.assign(request, to: connection, reuse: .fresh)]
        }
        // Its request was served by another connection, or went away.
        return put(connection, at: connections.index(forKey: connection)!, now)
    }

    /// A dial failed.
    mutating func dialFailed(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard case .dialing(let request)? = connections[connection]?.state else {
            preconditionFailure("dialFailed() on \(connection), which was not dialing")
        }
        let key = connections[connection]!.key
        forget(connection)
        guard let place = hosts[key]?.waiting.firstIndex(of: request) else { return openNext() }
        hosts[key]!.waiting.remove(at: place)
        forgetHostIfEmpty(key)
        return [.fail(request)] + openNext()
    }

    /// A response ended and the connection can take another request.
    mutating func released(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard let place = connections.index(forKey: connection), case .active = connections.values[place].state else {
            preconditionFailure("released() on \(connection), which was not active")
        }
        return put(connection, at: place, now)
    }

    /// The connection is gone, in whatever state it was: broken, closed by the peer, or not to be kept.
    mutating func closed(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard connections[connection] != nil else { return [] }
        forget(connection)
        return openNext()
    }

    /// Closes what has been idle for too long or is too old, and says when to ask again.
    mutating func wake(at now: Timestamp) -> [PoolAction] {
        guard settings.idleTimeout != nil || settings.maximumAge != nil else { return [] }
        var actions: [PoolAction] = []
        var next: Timestamp?
        for (connection, since) in idleConnections {
            guard let end = end(of: connections[connection]!, idleSince: since) else { continue }
            if now >= end.at {
                forget(connection)
                actions.append(.close(connection, because: end.reason))
            } else {
                next = min(next ?? end.at, end.at)
            }
        }
        actions += openNext()
        return next.map { actions + [.wake(at: $0)] } ?? actions
    }

    /// Closes every idle connection, and those that come back before the next request.
    mutating func closeIdle() -> [PoolAction] {
        refusesIdle = true
        let idle = idleConnections.map(\.connection)
        for connection in idle { forget(connection) }
        return idle.map { .close($0, because: .closeIdleWasCalled) } + openNext()
    }
}

// MARK: - Bookkeeping

extension PoolState {
    private mutating func put(
        _ connection: ConnectionID, at place: Dictionary<ConnectionID, Connection>.Index, _ now: Timestamp
    ) -> [PoolAction] {
        let host = hosts.index(forKey: connections.values[place].key)!
        connections.values[place].wasPooled = true
        if let reason = reasonNotToKeep(connections.values[place], at: now) { return discard(connection, reason) }
        // A live waiter comes before every limit on idle ones: the connection does not rest at all.
        if let next = hosts.values[host].waiting.popFirst() {
            connections.values[place].beginUse()
            undialed.removeAll { $0.request == next }
            return [.assign(next, to: connection, reuse: .handedOver)]
        }
        guard !refusesIdle else { return discard(connection, .closeIdleWasCalled) }
        guard hosts.values[host].idle.count < settings.idlePerHost else {
            return discard(connection, .tooManyIdleForHost(limit: settings.idlePerHost))
        }
        connections.values[place].state = .idle(since: now)
        hosts.values[host].idle.append(connection)
        idleCount += 1

        let deadline = end(of: connections.values[place], idleSince: now)?.at
        var actions: [PoolAction] = []
        actions.reserveCapacity(3)
        actions.append(.rest(connection, until: deadline))
        if idleCount > settings.idleTotal, let oldest = leastRecentlyUsed() {
            forget(oldest)
            actions.append(.close(oldest, because: .tooManyIdle(limit: settings.idleTotal)))
        }
        if let deadline { actions.append(.wake(at: deadline)) }
        if !undialed.isEmpty { actions += openNext() }
        return actions
    }

    /// Why it may carry no further request; nil when it may.
    private func reasonNotToKeep(_ connection: Connection, at now: Timestamp) -> CloseReason? {
        guard settings.keepsAlive else { return .keepAliveOff }
        if let limit = settings.maximumUses, connection.uses >= limit { return .usedUp(limit: limit) }
        if let limit = settings.maximumAge, now - connection.openedAt >= limit { return .tooOld(limit: limit) }
        return nil
    }

    /// When a connection at rest is closed, and why; nil when no limit is set.
    private func end(of connection: Connection, idleSince since: Timestamp) -> (at: Timestamp, reason: CloseReason)? {
        let idle = settings.idleTimeout.map { (at: since + $0, reason: CloseReason.idleTimeout(after: $0)) }
        let age = settings.maximumAge.map { (at: connection.openedAt + $0, reason: CloseReason.tooOld(limit: $0)) }
        guard let idle, let age else { return idle ?? age }
        return idle.at <= age.at ? idle : age
    }

    private mutating func discard(_ connection: ConnectionID, _ reason: CloseReason) -> [PoolAction] {
        forget(connection)
        return [.close(connection, because: reason)] + openNext()
    }

    private mutating func open(for waiter: Waiter) -> PoolAction {
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        connections[connection] = Connection(key: waiter.key, state: .dialing(for: waiter.request))
        hosts[waiter.key]!.open += 1
        return .open(connection, waiter.key, for: waiter.request)
    }

    /// Dials for those who could not, as far as limits allow now; oldest first.
    private mutating func openNext() -> [PoolAction] {
        guard !undialed.isEmpty else { return [] }
        var actions: [PoolAction] = []
        var held: Deque<Waiter> = []
        while let waiter = undialed.popFirst() {
            if case .totalLimit? = reasonNotToDial(waiter.key), let oldest = leastRecentlyUsed() {
                forget(oldest)
                actions.append(.close(oldest, because: .tooManyIdle(limit: settings.openTotal!)))
            }
            if reasonNotToDial(waiter.key) == nil { actions.append(open(for: waiter)) } else { held.append(waiter) }
        }
        undialed = held
        return actions
    }

    private func reasonNotToDial(_ key: ConnectionKey) -> QueueReason? {
        if let limit = settings.openPerHost, hosts[key]?.open ?? 0 >= limit { return .hostLimit(limit) }
        if let limit = settings.openTotal, connections.count >= limit { return .totalLimit(limit) }
        return nil
    }

    private mutating func forget(_ connection: ConnectionID) {
        guard let entry = connections.removeValue(forKey: connection) else { return }
        hosts[entry.key]!.open -= 1
        if case .idle = entry.state, let place = hosts[entry.key]!.idle.firstIndex(of: connection) {
            hosts[entry.key]!.idle.remove(at: place)
            idleCount -= 1
        }
        forgetHostIfEmpty(entry.key)
    }

    private mutating func forgetHostIfEmpty(_ key: ConnectionKey) {
        if hosts[key]?.isForgettable == true { hosts[key] = nil }
    }

    // A scan of at most `idleTotal` entries, and only past a limit or once per idle timeout.
    private func leastRecentlyUsed() -> ConnectionID? { idleConnections.first?.connection }

    /// Longest idle first; of equal times, lower numbers first.
    private var idleConnections: [(connection: ConnectionID, since: Timestamp)] {
        connections.compactMap { id, connection -> (connection: ConnectionID, since: Timestamp)? in
            guard case .idle(let since) = connection.state else { return nil }
            return (id, since)
        }.sorted { ($0.since, $0.connection) < ($1.since, $1.connection) }
    }
}

// MARK: - What can be seen

extension PoolState {
    /// Whether Go would call this connection reused: it has been offered to the pool before.
    func wasPooled(_ connection: ConnectionID) -> Bool { connections[connection]?.wasPooled ?? false }

    /// Dialing or in use, in the order of their dials.
    var unfinished: [ConnectionID] {
        connections.filter { if case .idle = $0.value.state { false } else { true } }.keys.sorted()
    }

    var snapshot: PoolSnapshot {
        var snapshot = PoolSnapshot()
        for (key, host) in hosts {
            var counts = PoolSnapshot.Counts(waiting: host.waiting.count)
            counts.idle = host.idle.count
            snapshot.hosts[key] = counts
        }
        for connection in connections.values {
            switch connection.state {
            case .dialing: snapshot.hosts[connection.key]!.dialing += 1
            case .active: snapshot.hosts[connection.key]!.active += 1
            case .idle: break
            }
        }
        return snapshot
    }
}
