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
// HTTP/2 connections carry many requests at once: see `PoolState+Sharing`.

struct PoolState: Sendable {
    let settings: PoolSettings
    let versions: HTTPVersions
    var connections = ConnectionTable<Connection>()
    var hosts = HostTable()
    /// Why HTTP/2 connections take no more requests: those that don't.
    var retired: [ConnectionID: CloseReason] = [:]
    /// What hosts turned out to speak.
    var spoken = SpokenVersions()
    /// Requests no dial was begun for, because a limit was reached; oldest first.
    var undialed: Deque<Waiter> = []
    private var lastConnection = 0
    var idleCount = 0
    /// Go's rule: a connection freed after close-idle isn't kept, until somebody asks for one again.
    var refusesIdle = false

    init(settings: PoolSettings, versions: HTTPVersions = .http1Only) {
        self.settings = settings
        self.versions = versions
    }

    // Without references: it is copied whenever it is looked at.
    struct Connection {
        /// Its place among the hosts.
        var host: Int
        var state: State
        /// When it stood; nothing is asked of it before.
        var openedAt = Timestamp.zero
        var uses = 0
        /// Go's `reused` mark: it has been offered to the pool before.
        var wasPooled = false
        /// Nil on HTTP/1, and before it is known.
        var streams: Streams?

        mutating func beginUse() {
            state = .active
            uses += 1
        }
    }

    enum State: Equatable {
        case dialing(for: RequestID)
        case active
        case idle(since: Timestamp)
    }

    struct Waiter: Equatable {
        var request: RequestID
        var key: ConnectionKey
    }

    struct Host {
        /// HTTP/1 connections at rest, newest last.
        var idle: [ConnectionID] = []
        /// HTTP/2 connections that take requests, busy or idle, oldest first.
        var shared: [ConnectionID] = []
        /// Who takes the next free connection; oldest first.
        var waiting: Deque<RequestID> = []
        /// Those of them for whom nobody dials: another's dial may bring an HTTP/2 connection with room for them.
        var sharing: Deque<RequestID> = []
        /// Connections being dialed.
        var dials = 0
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
        if mayShare(key), let assignment = takeStream(for: request, key, at: now, &actions) {
            return actions + [assignment]
        }
        while let newest = hosts[key]?.idle.last {
            if let taken = takeIdle(for: key, at: now) {
                return actions + [.assign(request, to: taken.connection, reuse: .idle(for: taken.rested))]
            }
            guard case .idle(let since)? = connections[newest]?.state,
                let end = settings.end(of: connections[newest]!, idleSince: since)
            else { preconditionFailure("\(newest) is listed as idle and is not") }
            // Its timer is late.
            forget(newest)
            actions.append(.close(newest, because: end.reason))
        }
        let waiter = Waiter(request: request, key: key)
        let ahead = hosts[key]?.waiting.count ?? 0
        hosts[key, default: Host()].waiting.append(request)
        if let reason = reasonToShare(key) {
            hosts[key]!.sharing.append(request)
            return actions + [.queue(request, reason, position: ahead)]
        }
        let reasonToWait = mayShare(key) ? streamLimit(key) ?? .dialing : .dialing
        if let reason = reasonNotToDial(key) {
            if case .totalLimit = reason, let oldest = leastRecentlyUsed() {
                // An idle connection to another host is worth less than a request that waits.
                forget(oldest)
                actions.append(.close(oldest, because: .madeRoom(limit: settings.openTotal!)))
            } else {
                undialed.append(waiter)
                return actions + [.queue(request, reason, position: ahead)]
            }
        }
        return actions + [open(for: waiter), .queue(request, reasonToWait, position: ahead)]
    }

    /// The idle connection that `request` would assign at once, taken; nil where more is to be done, and nothing was. Nearly
    /// every request is served so, and a list of one action costs as much as finding the connection.
    mutating func takeIdle(
        for key: ConnectionKey, at now: Timestamp
    ) -> (connection: ConnectionID, rested: Duration)? {
        // Places are looked up once: hashing a host's name for every step took longer than the steps.
        guard let host = hosts.place(of: key), hosts[place: host].shared.isEmpty,
            let connection = hosts[place: host].idle.last, let place = connections.place(of: connection),
            case .idle(let since) = connections[place: place].state
        else { return nil }
        if let end = settings.end(of: connections[place: place], idleSince: since), now >= end.at { return nil }
        refusesIdle = false
        hosts[place: host].idle.removeLast()
        idleCount -= 1
        connections[place: place].beginUse()
        return (connection, now - since)
    }

    /// The request is no longer interested. Its dial goes on: the connection may serve the next one.
    mutating func cancelled(_ request: RequestID) {
        undialed.removeAll { $0.request == request }
        for key in hosts.keys where hosts[key]!.waiting.contains(request) {
            hosts[key]!.waiting.removeAll { $0 == request }
            hosts[key]!.sharing.removeAll { $0 == request }
            forgetHostIfEmpty(key)
        }
    }

    // MARK: - What became of connections

    /// A dial succeeded.
    ///
    /// - Parameter streams: How many requests it carries at once; nil on HTTP/1.
    mutating func dialed(_ connection: ConnectionID, streams: Int? = nil, at now: Timestamp) -> [PoolAction] {
        guard case .dialing(let request)? = connections[connection]?.state else {
            preconditionFailure("dialed() on \(connection), which was not dialing")
        }
        let key = hostKey(of: connection)!
        connections[connection]!.openedAt = now
        connections[connection]!.state = .active
        hosts[key]!.dials -= 1
        if mayShare(key) { spoken.note(streams.map(useful(streams:)), for: key) }
        if let streams { return share(connection, streams: streams, dialedFor: request, at: now) }
        if let place = hosts[key]!.waiting.firstIndex(of: request) {
            hosts[key]!.waiting.remove(at: place)
            connections[connection]!.beginUse()
            return [.assign(request, to: connection, reuse: .fresh)] + dialForSharing(key)
        }
        // Its request was served by another connection, or went away.
        return put(connection, at: connections.place(of: connection)!, now) + dialForSharing(key)
    }

    /// A dial failed.
    mutating func dialFailed(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard case .dialing(let request)? = connections[connection]?.state else {
            preconditionFailure("dialFailed() on \(connection), which was not dialing")
        }
        let key = hostKey(of: connection)!
        forget(connection)
        var failed = takeSharing(key)
        if let place = hosts[key]?.waiting.firstIndex(of: request) {
            hosts[key]!.waiting.remove(at: place)
            failed.insert(request, at: 0)
        }
        forgetHostIfEmpty(key)
        return failed.map { .fail($0) } + dialForSharing(key) + openNext()
    }

    /// A response ended and the connection can take another request.
    mutating func released(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard let place = connections.place(of: connection), case .active = connections[place: place].state else {
            preconditionFailure("released() on \(connection), which was not active")
        }
        return put(connection, at: place, now)
    }

    /// Lets the connection rest where `released` would do that and nothing else: until when. Nil where more is to be done,
    /// and nothing was.
    mutating func tryRest(_ connection: ConnectionID, at now: Timestamp) -> Rest? {
        guard undialed.isEmpty, !refusesIdle, idleCount < settings.idleTotal,
            let place = connections.place(of: connection), case .active = connections[place: place].state,
            settings.reasonNotToKeep(connections[place: place], at: now) == nil
        else { return nil }
        let host = connections[place: place].host
        guard hosts[place: host].waiting.isEmpty, hosts[place: host].idle.count < settings.idlePerHost else {
            return nil
        }
        return rest(connection, at: place, of: host, now)
    }

    struct Rest: Equatable, Sendable {
        /// Nil for ever.
        var until: Timestamp?
    }

    /// The connection is gone, in whatever state it was: broken, closed by the peer, or not to be kept.
    mutating func closed(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard let key = hostKey(of: connection) else { return [] }
        forget(connection)
        return dialForSharing(key) + openNext()
    }

    /// Closes what has been idle for too long or is too old, and says when to ask again.
    mutating func wake(at now: Timestamp) -> [PoolAction] {
        guard settings.idleTimeout != nil || settings.maximumAge != nil else { return [] }
        var actions: [PoolAction] = []
        var next: Timestamp?
        for (connection, since) in idleConnections {
            guard let end = settings.end(of: connections[connection]!, idleSince: since) else { continue }
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

    /// The machine was asleep, and our clock stood still: connections have rested, and aged, for that much longer. Those
    /// past their limit are closed.
    mutating func slept(for length: Duration, at now: Timestamp) -> [PoolAction] {
        let back = Duration.zero - length
        for (connection, entry) in Array(connections) {
            connections[connection]!.openedAt = entry.openedAt + back
            if case .idle(let since) = entry.state { connections[connection]!.state = .idle(since: since + back) }
        }
        return wake(at: now)
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
        _ connection: ConnectionID, at place: Int, _ now: Timestamp
    ) -> [PoolAction] {
        let host = connections[place: place].host
        connections[place: place].wasPooled = true
        if let reason = settings.reasonNotToKeep(connections[place: place], at: now) {
            return discard(connection, reason)
        }
        // A live waiter comes before every limit on idle ones: the connection does not rest at all.
        if let next = hosts[place: host].waiting.popFirst() {
            connections[place: place].beginUse()
            needsNoDial(next)
            hosts[place: host].sharing.removeAll { $0 == next }
            return [.assign(next, to: connection, reuse: .handedOver)]
        }
        guard !refusesIdle else { return discard(connection, .closeIdleWasCalled) }
        guard hosts[place: host].idle.count < settings.idlePerHost else {
            return discard(connection, .tooManyIdleForHost(limit: settings.idlePerHost))
        }
        let deadline = rest(connection, at: place, of: host, now).until
        var actions = [PoolAction.rest(connection, until: deadline)]
        if idleCount > settings.idleTotal, let oldest = leastRecentlyUsed() {
            forget(oldest)
            actions.append(.close(oldest, because: .tooManyIdle(limit: settings.idleTotal)))
        }
        if let deadline { actions.append(.wake(at: deadline)) }
        return actions + openNext()
    }

    /// A request that waited has a connection. Mostly it has waited longest: looking at all behind it would cost each
    /// request of a long line as much as the line is long.
    mutating func needsNoDial(_ request: RequestID) {
        if undialed.first?.request == request {
            undialed.removeFirst()
        } else {
            undialed.removeAll { $0.request == request }
        }
    }

    private mutating func rest(
        _ connection: ConnectionID, at place: Int, of host: Int, _ now: Timestamp
    ) -> Rest {
        connections[place: place].wasPooled = true
        connections[place: place].state = .idle(since: now)
        hosts[place: host].idle.append(connection)
        idleCount += 1
        return Rest(until: settings.end(of: connections[place: place], idleSince: now)?.at)
    }

    mutating func discard(_ connection: ConnectionID, _ reason: CloseReason) -> [PoolAction] {
        forget(connection)
        return [.close(connection, because: reason)] + openNext()
    }

    mutating func open(for waiter: Waiter) -> PoolAction {
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        let host = hosts.place(of: waiter.key)!
        connections[connection] = Connection(host: host, state: .dialing(for: waiter.request))
        hosts[place: host].open += 1
        hosts[place: host].dials += 1
        return .open(connection, waiter.key, for: waiter.request)
    }

    /// Dials for those who could not, as far as limits allow now; oldest first.
    mutating func openNext() -> [PoolAction] {
        guard !undialed.isEmpty else { return [] }
        var actions: [PoolAction] = []
        var held: Deque<Waiter> = []
        while let waiter = undialed.popFirst() {
            if case .totalLimit? = reasonNotToDial(waiter.key), let oldest = leastRecentlyUsed() {
                forget(oldest)
                actions.append(.close(oldest, because: .madeRoom(limit: settings.openTotal!)))
            }
            if reasonNotToDial(waiter.key) == nil { actions.append(open(for: waiter)) } else { held.append(waiter) }
        }
        undialed = held
        return actions
    }

    func reasonNotToDial(_ key: ConnectionKey) -> QueueReason? {
        if let limit = settings.openPerHost, hosts[key]?.open ?? 0 >= limit { return .hostLimit(limit) }
        if let limit = settings.openTotal, connections.count >= limit { return .totalLimit(limit) }
        return nil
    }

    mutating func forget(_ connection: ConnectionID) {
        guard let entry = connections.removeValue(forKey: connection) else { return }
        retired[connection] = nil
        let host = entry.host
        hosts[place: host].open -= 1
        switch entry.state {
        case .dialing: hosts[place: host].dials -= 1
        case .idle where entry.streams != nil: idleCount -= 1
        case .idle:
            if let place = hosts[place: host].idle.firstIndex(of: connection) {
                hosts[place: host].idle.remove(at: place)
                idleCount -= 1
            }
        case .active: break
        }
        if entry.streams != nil { hosts[place: host].shared.removeAll { $0 == connection } }
        if hosts[place: host].isForgettable { hosts[hosts.key(at: host)] = nil }
    }

    mutating func forgetHostIfEmpty(_ key: ConnectionKey) {
        if hosts[key]?.isForgettable == true { hosts[key] = nil }
    }

    /// Nil when it is unknown.
    func hostKey(of connection: ConnectionID) -> ConnectionKey? {
        connections[connection].map { hosts.key(at: $0.host) }
    }

    // A scan of at most `idleTotal` entries, and only past a limit or once per idle timeout.
    func leastRecentlyUsed() -> ConnectionID? { idleConnections.first?.connection }

    /// Longest idle first; of equal times, lower numbers first.
    private var idleConnections: [(connection: ConnectionID, since: Timestamp)] {
        connections.compactMap { id, connection -> (connection: ConnectionID, since: Timestamp)? in
            guard case .idle(let since) = connection.state else { return nil }
            return (id, since)
        }.sorted { ($0.since, $0.connection) < ($1.since, $1.connection) }
    }
}

// Of the settings, not of the state: asked about a part of the state, the state itself would be copied for it.
extension PoolSettings {
    /// Why it may carry no further request; nil when it may.
    func reasonNotToKeep(_ connection: PoolState.Connection, at now: Timestamp) -> CloseReason? {
        guard keepsAlive else { return .keepAliveOff }
        if let limit = maximumUses, connection.uses >= limit { return .usedUp(limit: limit) }
        if let limit = maximumAge, now - connection.openedAt >= limit { return .tooOld(limit: limit) }
        return nil
    }

    /// When a connection at rest is closed, and why; nil when no limit is set.
    func end(of connection: PoolState.Connection, idleSince since: Timestamp) -> (
        at: Timestamp, reason: CloseReason
    )? {
        let idle = idleTimeout.map { (at: since + $0, reason: CloseReason.idleTimeout(after: $0)) }
        let age = maximumAge.map { (at: connection.openedAt + $0, reason: CloseReason.tooOld(limit: $0)) }
        guard let idle, let age else { return idle ?? age }
        return idle.at <= age.at ? idle : age
    }
}

// MARK: - What can be seen

extension PoolState {
    /// Whether Go would call this connection reused: it has been offered to the pool before.
    func wasPooled(_ connection: ConnectionID) -> Bool { connections[connection]?.wasPooled ?? false }

    /// Dialing or in use, in the order of their dials.
    var unfinished: [ConnectionID] {
        connections.filter { if case .idle = $0.value.state { false } else { true } }.map(\.key)
    }

    var snapshot: PoolSnapshot {
        var snapshot = PoolSnapshot()
        for key in hosts.keys { snapshot.hosts[key] = PoolSnapshot.Counts(waiting: hosts[key]!.waiting.count) }
        for connection in connections.values {
            let key = hosts.key(at: connection.host)
            switch connection.state {
            case .dialing: snapshot.hosts[key]!.dialing += 1
            case .active: snapshot.hosts[key]!.active += 1
            case .idle: snapshot.hosts[key]!.idle += 1
            }
            snapshot.hosts[key]!.streams += connection.streams?.open ?? 0
        }
        return snapshot
    }
}
