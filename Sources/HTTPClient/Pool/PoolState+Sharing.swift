internal import HTTPTrace

// HTTP/2's half of the pool: one connection carries many requests.
//
//                takeStream, serveWaiting           retire (GOAWAY, used up, too old)
//      idle ───────────────────────▶ active ────────────────────────▶ active, takes none
//        ▲                            │  ▲ │                              │ streamEnded, the last
//        └── streamEnded, the last ───┘  └─┘ streamEnded                  ▼ closed
//
// The oldest connection with room comes first, as in Go, so that younger ones turn idle and go. Where a host is hoped to
// speak HTTP/2, requests wait for the dial that is running instead of dialing as well; when it turns out to speak HTTP/1,
// they dial at once.

extension PoolState {
    /// Of an HTTP/2 connection.
    struct Streams: Sendable {
        /// Requests under way.
        var open = 0
        var limit: Int
        /// Whether it takes no more requests; `PoolState.retired` says why.
        var isRetired = false
    }

    /// How many requests a connection is hoped to carry while nobody knows: what nearly every server allows.
    private static let hopedStreams = 100

    /// Whether connections of this kind may be shared.
    func mayShare(_ key: ConnectionKey) -> Bool {
        guard settings.keepsAlive else { return false }
        // A proxy that forwards is spoken to in HTTP/1.1.
        if case .forwarded = key.way { return false }
        return switch versions {
        case .http1Only: false
        case .http2Preferred: key.origin.scheme == .https
        case .http2Only: true
        }
    }

    /// How many requests to plan for where a peer allows so many.
    func useful(streams: Int) -> Int { max(1, min(streams, settings.streamsPerConnection)) }

    /// Gives a request room on an open connection; nil when there is none.
    mutating func takeStream(
        for request: RequestID, _ key: ConnectionKey, at now: Timestamp, _ actions: inout [PoolAction]
    ) -> PoolAction? {
        guard let host = hosts[key], !host.shared.isEmpty else { return nil }
        for connection in host.shared {
            let entry = connections[connection]!
            if case .idle(let since) = entry.state, let end = settings.end(of: entry, idleSince: since), now >= end.at {
                // Its timer is late.
                forget(connection)
                actions.append(.close(connection, because: end.reason))
            } else if let reason = settings.reasonNotToKeep(entry, at: now) {
                actions += retire(connection, because: reason)
            } else if entry.streams!.open < entry.streams!.limit {
                return .assign(request, to: connection, reuse: beginStream(on: connection, at: now))
            }
        }
        return nil
    }

    private mutating func beginStream(on connection: ConnectionID, at now: Timestamp) -> Reuse {
        let entry = connections[connection]!
        let reuse: Reuse
        if case .idle(let since) = entry.state {
            idleCount -= 1
            reuse = .idle(for: now - since)
        } else {
            reuse = entry.streams!.open > 0 ? .shared : entry.wasPooled ? .handedOver : .fresh
        }
        connections[connection]!.beginUse()
        connections[connection]!.streams!.open += 1
        return reuse
    }

    // MARK: - Waiting for others

    /// Why a request that waits needs no dial of its own; nil when it does.
    func reasonToShare(_ key: ConnectionKey) -> QueueReason? {
        guard mayShare(key), let host = hosts[key] else { return nil }
        if settings.waitsForStreams, let reason = streamLimit(key) { return reason }
        guard host.dials > 0, host.waiting.count <= host.dials * (spoken[key] ?? Self.hopedStreams) else { return nil }
        return .sharedDial
    }

    /// Set when there are connections to share and all are full.
    func streamLimit(_ key: ConnectionKey) -> QueueReason? {
        guard let full = hosts[key]?.shared.first else { return nil }
        return .streamLimit(connections[full]!.streams!.limit)
    }

    /// Dials for those who hoped in vain, or for whom one connection is not enough.
    mutating func dialForSharing(_ key: ConnectionKey) -> [PoolAction] {
        var actions: [PoolAction] = []
        while let host = hosts[key], let next = host.sharing.first {
            if settings.waitsForStreams, !host.shared.isEmpty { break }
            guard host.waiting.count > host.dials * (spoken[key] ?? Self.hopedStreams) else { break }
            hosts[key]!.sharing.removeFirst()
            let waiter = Waiter(request: next, key: key)
            if reasonNotToDial(key) == nil { actions.append(open(for: waiter)) } else { undialed.append(waiter) }
        }
        return actions
    }

    /// Those whose hope ended with a failed dial: nobody dials for them any more.
    mutating func takeSharing(_ key: ConnectionKey) -> [RequestID] {
        guard let host = hosts[key], host.dials == 0, host.shared.isEmpty, !host.sharing.isEmpty else { return [] }
        let hoping = Array(host.sharing)
        hosts[key]!.sharing.removeAll()
        hosts[key]!.waiting.removeAll { hoping.contains($0) }
        return hoping
    }

    // MARK: - What became of connections

    /// A dial brought an HTTP/2 connection.
    mutating func share(
        _ connection: ConnectionID, streams: Int, dialedFor request: RequestID, at now: Timestamp
    ) -> [PoolAction] {
        let key = hostKey(of: connection)!
        let isSurplus = !hosts[key]!.shared.isEmpty && hosts[key]!.waiting.isEmpty
        connections[connection]!.streams = Streams(limit: useful(streams: streams))
        hosts[key]!.shared.append(connection)
        if isSurplus { return discard(connection, .surplus) }

        var actions: [PoolAction] = []
        if let place = hosts[key]!.waiting.firstIndex(of: request) {
            hosts[key]!.waiting.remove(at: place)
            actions.append(.assign(request, to: connection, reuse: beginStream(on: connection, at: now)))
        }
        connections[connection]!.wasPooled = true
        actions += serveWaiting(key, at: now)
        if connections[connection]?.streams?.open == 0 { actions += rest(connection, at: now) }
        return actions + dialForSharing(key)
    }

    /// Gives those who wait the room there is.
    private mutating func serveWaiting(_ key: ConnectionKey, at now: Timestamp) -> [PoolAction] {
        var actions: [PoolAction] = []
        while let next = hosts[key]?.waiting.first,
            let assignment = takeStream(for: next, key, at: now, &actions)
        {
            hosts[key]!.waiting.removeFirst()
            hosts[key]!.sharing.removeAll { $0 == next }
            needsNoDial(next)
            actions.append(assignment)
        }
        return actions
    }

    /// A request on an HTTP/2 connection is over, well or not.
    mutating func streamEnded(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        guard let entry = connections[connection], let streams = entry.streams, streams.open > 0 else {
            preconditionFailure("streamEnded() on \(connection), on which no request is under way")
        }
        connections[connection]!.streams!.open -= 1
        let key = hosts.key(at: entry.host)
        if !streams.isRetired, let reason = settings.reasonNotToKeep(entry, at: now) {
            return retire(connection, because: reason)
        }
        if let reason = retired[connection] {
            guard streams.open == 1 else { return [] }
            return discard(connection, reason) + dialForSharing(key)
        }
        let actions = serveWaiting(key, at: now)
        guard connections[connection]?.streams?.open == 0 else { return actions }
        return actions + rest(connection, at: now)
    }

    /// The connection takes no more requests, and is closed after those under way.
    mutating func retire(_ connection: ConnectionID, because reason: CloseReason) -> [PoolAction] {
        guard let entry = connections[connection], let streams = entry.streams, !streams.isRetired else { return [] }
        let key = hosts.key(at: entry.host)
        if streams.open == 0 { return discard(connection, reason) + dialForSharing(key) }
        connections[connection]!.streams!.isRetired = true
        retired[connection] = reason
        hosts[key]!.shared.removeAll { $0 == connection }
        return dialForSharing(key)
    }

    /// The peer allows another number of requests at once.
    mutating func streamLimitChanged(_ connection: ConnectionID, to limit: Int, at now: Timestamp) -> [PoolAction] {
        guard let entry = connections[connection], entry.streams != nil else { return [] }
        connections[connection]!.streams!.limit = min(limit, settings.streamsPerConnection)
        let key = hosts.key(at: entry.host)
        spoken.note(useful(streams: limit), for: key)
        return serveWaiting(key, at: now) + dialForSharing(key)
    }

    /// Nothing is under way on it: it waits for the next request.
    private mutating func rest(_ connection: ConnectionID, at now: Timestamp) -> [PoolAction] {
        let reason = settings.reasonNotToKeep(connections[connection]!, at: now)
        if let reason { return discard(connection, reason) }
        guard !refusesIdle else { return discard(connection, .closeIdleWasCalled) }
        connections[connection]!.state = .idle(since: now)
        idleCount += 1
        let deadline = settings.end(of: connections[connection]!, idleSince: now)?.at
        var actions: [PoolAction] = [.rest(connection, until: deadline)]
        if idleCount > settings.idleTotal, let oldest = leastRecentlyUsed() {
            forget(oldest)
            actions.append(.close(oldest, because: .tooManyIdle(limit: settings.idleTotal)))
        }
        if let deadline { actions.append(.wake(at: deadline)) }
        return actions + openNext()
    }
}
