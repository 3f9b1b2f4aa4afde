internal import HTTPTrace
internal import Transport

// Does what `PoolState` decides: opens, hands over, rests and closes connections. No decision is made here.
//
//      RoundTrip ── lease ──▶ ConnectionPool ── what now? ──▶ PoolState
//                                  │  ▲                          │
//        ConnectionFactory ◀─ open ┘  └────── [PoolAction] ──────┘

@NetworkActor
final class ConnectionPool {
    // `PoolState` calls nobody, so nothing can look at it while it changes: to have that checked at every access costs more
    // than some of the accesses.
    @exclusivity(unchecked) private var state: PoolState
    private let factory: ConnectionFactory
    private let observer: (@Sendable (TraceRecord) -> Void)?
    private let buffer: TraceBuffer?
    /// The buffer's.
    private let keeper: TraceBuffer.Keeper?
    private let loop: EventLoop
    @exclusivity(unchecked) private var connections = ConnectionTable<ClientConnection>()
    private var waiting: [RequestID: Waiter] = [:]
    private var dials: [ConnectionID: Task<Void, Never>] = [:]
    private var lastRequest = 0
    /// When idle connections are looked at next; nil for not at all.
    private var nextWake: Timestamp?
    private var wakeTimer: TimerID?
    @exclusivity(unchecked) private var sleepWatch = SleepWatch(asleep: SystemTime.timeAsleep)
    private var isShutDown = false
    /// How deep in carrying out what `state` decided: hooks and observers are called on the way, and may do what they like.
    @exclusivity(unchecked) private var acting = 0
    /// Calls of `closeIdle` that wait for connections to go.
    private var leaving: [Leaving] = []

    init(
        settings: PoolSettings, factory: ConnectionFactory, observer: (@Sendable (TraceRecord) -> Void)?,
        buffer: TraceBuffer?, loop: EventLoop = .shared
    ) {
        state = PoolState(settings: settings, versions: factory.configuration.versions)
        self.factory = factory
        self.observer = observer
        self.buffer = buffer
        keeper = buffer?.keeper
        self.loop = loop
    }

    var snapshot: PoolSnapshot { state.snapshot }

    // MARK: - For round trips

    /// A connection for a request.
    enum Lease {
        /// An idle one, taken; `gotConn` has been recorded.
        case now(LeasedConnection)
        /// It will be recorded and taken when the wait ends, which the number may `cancel`.
        case later(RequestID, Waiter)
    }

    /// Asks for a connection.
    ///
    /// - Throws: After the client was shut down.
    func lease(for head: MadeHead, tracer: Tracer) throws(Failure) -> Lease {
        guard !isShutDown else { throw Failure(.cancelled, phase: .queued, "the client was shut down") }
        tracer.recordGetConn(head)
        let now = loop.now
        if let length = sleepWatch.notice(at: now, asleep: SystemTime.timeAsleep) {
            obey(state.slept(for: length, at: now))
        }
        if let taken = state.takeIdle(for: head.key, at: now) {
            return .now(take(taken.connection, .idle(for: taken.rested), tracer))
        }
        lastRequest += 1
        let request = RequestID(lastRequest)
        var actions = state.request(request, for: head.key, at: now)
        if case .assign(request, let id, let reuse)? = actions.last {
            actions.removeLast()
            obey(actions)
            return .now(take(id, reuse, tracer))
        }
        let waiter = Waiter(tracer: tracer)
        waiting[request] = waiter
        obey(actions)
        return .later(request, waiter)
    }

    /// Ends the wait of a request that no longer wants a connection; nothing happens when it does not wait.
    func cancel(_ request: RequestID, because failure: Failure) {
        guard let waiter = waiting.removeValue(forKey: request) else { return }
        state.cancelled(request)
        waiter.tracer.recordUnhooked(.dequeued(.cancelled))
        waiter.answer.give(.failure(failure))
    }

    /// A response has ended well and its connection may serve another request.
    func release(_ connection: HTTP1Connection, tracer: Tracer) {
        acting += 1
        defer { acting -= 1 }
        let now = tracer.now
        if let rest = state.tryRest(connection.id, at: now) {
            tracer.recordPutIdleConn(nil, on: connection.id)
            observe(.connectionIdle(until: rest.until), connection.id, at: now)
            if let deadline = rest.until { wake(at: deadline) }
            return
        }
        let actions = state.released(connection.id, at: now)
        var problem: PutIdleProblem?
        var isSilent = false
        for case .close(connection.id, let reason) in actions {
            problem = reason.putIdleProblem
            isSilent = problem == nil
        }
        // Go says nothing where keep-alive is off. Otherwise this comes before the next request gets the connection.
        if !isSilent { tracer.recordPutIdleConn(problem, on: connection.id) }
        obey(actions, at: now)
    }

    /// The connection is done for, or must not be kept.
    func discard(_ id: ConnectionID, because reason: CloseReason) {
        guard connections[id] != nil else { return }
        close(id, because: reason)
        obey(state.closed(id, at: loop.now))
    }

    /// The connection is somebody else's from now on: it is forgotten, and stays open.
    func letGo(_ connection: HTTP1Connection, because reason: CloseReason) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        observe(.connectionClosed(reason), connection.id)
        for leaving in leaving { leaving.gone(connection.id) }
        obey(state.closed(connection.id, at: loop.now))
    }

    // MARK: - For HTTP/2 connections

    /// A request on it is over, well or not.
    func streamEnded(on connection: HTTP2Connection, of exchange: ExchangeID, open: Int) {
        guard connections[connection.id] != nil else { return }
        acting += 1
        defer { acting -= 1 }
        observe(.connectionStreamEnded(open: open), connection.id, exchange)
        obey(state.streamEnded(connection.id, at: loop.now))
    }

    /// It takes no more requests, and is closed after those under way.
    func retire(_ connection: HTTP2Connection, because reason: CloseReason) {
        guard connections[connection.id] != nil else { return }
        obey(state.retire(connection.id, because: reason))
    }

    /// Its peer allows another number of requests at once.
    func streamLimitChanged(on connection: HTTP2Connection, to limit: Int) {
        guard connections[connection.id] != nil else { return }
        obey(state.streamLimitChanged(connection.id, to: limit, at: loop.now))
    }

    /// Tells the connections' observer of a frame.
    ///
    /// - Parameter exchange: The one on the frame's stream; nil for the connection's own frames and those of streams gone.
    func observeFrame(_ event: TraceEvent, on connection: HTTP2Connection, of exchange: ExchangeID?) {
        observe(event, connection.id, exchange)
    }

    // MARK: - For the client's owner

    func closeIdle() -> CloseIdleReport {
        let actions = state.closeIdle()
        obey(actions)
        let closed = actions.compactMap { if case .close(let id, _) = $0 { id } else { nil } }
        return CloseIdleReport(closed: closed, busy: state.unfinished)
    }

    func closeIdle(waitingUpTo limit: Duration) async -> CloseIdleReport {
        var report = closeIdle()
        guard !report.busy.isEmpty else { return report }
        let leaving = Leaving(Set(report.busy))
        self.leaving.append(leaving)
        let timer = loop.schedule(at: loop.now + limit) { leaving.end() }
        await leaving.wait()
        loop.cancel(timer)
        self.leaving.removeAll { $0 === leaving }
        report.busy = report.busy.filter { leaving.connections.contains($0) }
        return report
    }

    /// Ends everything: dials, waits, connections. For a hook that is called while connections are handed out, after that.
    func shutDown() {
        guard !isShutDown else { return }
        isShutDown = true
        if acting > 0 { loop.execute { self.endAll() } } else { endAll() }
    }

    private func endAll() {
        for request in Array(waiting.keys) {
            cancel(request, because: Failure(.cancelled, phase: .queued, "the client was shut down"))
        }
        for dial in dials.values { dial.cancel() }
        for connection in connections.values {
            connection.abort()
            discard(connection.id, because: .clientClosed)
        }
        if let wakeTimer { loop.cancel(wakeTimer) }
    }

    // MARK: - Actions

    /// - Parameter now: When what caused them happened; nil for just now.
    private func obey(_ actions: [PoolAction], at now: Timestamp? = nil) {
        acting += 1
        defer { acting -= 1 }
        for action in actions {
            switch action {
            case .open(let id, let key, let request): open(id, key, for: request)
            case .queue(let request, let reason, let position):
                waiting[request]?.tracer.recordUnhooked(.queued(reason, position: position))
            case .assign(let request, let id, let reuse): assign(id, reuse, to: request)
            case .fail: break  // `failed` answers it, since it knows why.
            case .rest(let id, let deadline): observe(.connectionIdle(until: deadline), id, at: now)
            case .close(let id, let reason): close(id, because: reason)
            case .wake(let time): wake(at: time)
            }
        }
    }

    private func open(_ id: ConnectionID, _ key: ConnectionKey, for request: RequestID) {
        let tracer = waiting[request]?.tracer
        observe(.connectionDialing(key), id, tracer?.exchange)
        dials[id] = Task.onNetwork { [factory] in
            do throws(Failure) {
                let isTraced = tracer?.isListening == true
                let connection = try await factory.open(id, key, in: self, isTraced: isTraced) {
                    tracer?.recordDial($0, on: id)
                }
                self.opened(id, connection, tracer)
            } catch {
                self.failed(id, error)
            }
        }
    }

    private func opened(_ id: ConnectionID, _ connection: ClientConnection, _ tracer: Tracer?) {
        dials[id] = nil
        guard !isShutDown else { return connection.abort() }
        acting += 1
        defer { acting -= 1 }
        connections[id] = connection
        observe(.connectionOpened(connection.facts), id, tracer?.exchange)
        guard case .http2(let connection) = connection else { return obey(state.dialed(id, at: loop.now)) }
        obey(state.dialed(id, streams: connection.streamLimit, at: loop.now))
        // After the requests that were waiting: they go out in one packet with what a connection begins with.
        loop.execute { connection.start() }
    }

    private func failed(_ id: ConnectionID, _ failure: Failure) {
        dials[id] = nil
        observe(.connectionFailed(failure), id)
        for leaving in leaving { leaving.gone(id) }
        let actions = state.dialFailed(id, at: loop.now)
        for case .fail(let request) in actions {
            guard let waiter = waiting.removeValue(forKey: request) else { continue }
            waiter.tracer.recordUnhooked(.dequeued(.failed))
            waiter.answer.give(.failure(failure))
        }
        obey(actions)
    }

    private func assign(_ id: ConnectionID, _ reuse: Reuse, to request: RequestID) {
        guard let waiter = waiting.removeValue(forKey: request) else {
            preconditionFailure("\(id) is assigned to \(request), which does not wait")
        }
        waiter.tracer.recordUnhooked(.dequeued(DequeueReason(reuse)))
        waiter.answer.give(.success(take(id, reuse, waiter.tracer)))
    }

    private func take(_ id: ConnectionID, _ reuse: Reuse, _ tracer: Tracer) -> LeasedConnection {
        guard let connection = connections[id] else { preconditionFailure("\(id) is assigned and not open") }
        acting += 1
        defer { acting -= 1 }
        let isReused = reuse != .fresh
        connection.beginUse(reused: isReused)
        // One moment, seen from two sides.
        tracer.hold()
        defer { tracer.letGo() }
        observe(.connectionActive(use: connection.uses), id, tracer.exchange, at: tracer.now)
        var idleTime: Duration?
        if case .idle(let time) = reuse { idleTime = time }
        tracer.recordGotConn(
            GotConnection(
                connection.ends, isReused: isReused, idleTime: idleTime, use: connection.uses,
                isShared: reuse == .shared),
            on: id)
        switch connection {
        case .http1(let connection): return .http1(connection)
        case .http2(let connection):
            return .http2(HTTP2Exchange(on: connection, isReused: isReused, tracer: tracer))
        }
    }

    private func close(_ id: ConnectionID, because reason: CloseReason) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.abort()
        observe(.connectionClosed(reason), id)
        for leaving in leaving { leaving.gone(id) }
    }

    /// One timer for all idle connections: a connection that is put back a thousand times a second sets none.
    private func wake(at time: Timestamp) {
        if let nextWake, nextWake <= time { return }
        if let wakeTimer { loop.cancel(wakeTimer) }
        nextWake = time
        // `shutDown` cancels it, which comes with the client's end at the latest.
        wakeTimer = loop.schedule(at: time) { [self] in
            (nextWake, wakeTimer) = (nil, nil)
            obey(state.wake(at: loop.now))
        }
    }

    private func observe(
        _ event: @autoclosure () -> TraceEvent, _ id: ConnectionID, _ exchange: ExchangeID? = nil,
        at time: @autoclosure () -> Timestamp? = nil
    ) {
        if let keeper { keeper.append(time: time() ?? loop.now, exchange: exchange, connection: id, event: event()) }
        guard let observer else { return }
        observer(TraceRecord(time: time() ?? loop.now, exchange: exchange, connection: id, event: event()))
    }
}

extension CloseReason {
    /// What Go's hook is told; nil where Go does not call it.
    fileprivate var putIdleProblem: PutIdleProblem? {
        switch self {
        case .tooManyIdleForHost: .tooManyIdleForHost
        case .closeIdleWasCalled: .closeIdleWasCalled
        default: nil
        }
    }
}

extension DequeueReason {
    fileprivate init(_ reuse: Reuse) {
        switch reuse {
        case .fresh: self = .dialed
        case .handedOver, .idle: self = .handedOver
        case .shared: self = .shared
        }
    }
}
