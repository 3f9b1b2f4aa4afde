internal import HTTPTrace
internal import Transport

// Stamps the events of one exchange and tells those who listen. Costs a look at one flag when nobody does.
//
// Stamps are taken on the spot, of the moment something happened and not of the moment it was understood: all that one
// read brought has one stamp (`hold`), so neither our parsing nor a slow hook shows up as the server's time.
//
// Two promises are kept here, for all who record: every start has one done, and nothing follows `requestFinished`.
// A dial may outlive its request; its starts are then closed for the request, and the rest goes to nobody.

@NetworkActor
final class Tracer {
    let exchange: ExchangeID
    private let trace: ClientTrace?
    /// Whether there are hooks to be called, and not the buffer alone.
    let hasHooks: Bool
    private let tellsTimes: Bool
    /// The buffer, where nobody is to be called nor asks what phases took: most of what is traced. Not counted, since
    /// its buffer is there as long as the trace.
    private let onlyKeeper: TraceBuffer.Keeper?
    /// Whether somebody listens still.
    private var isHeard: Bool
    /// Whether somebody listens still to what Go has no hook for, or asks for times.
    private var isAllHeard: Bool
    private(set) var isOver = false
    /// Who waits for that; nil where nobody does, as mostly.
    private var place: WaitingPlace?
    /// The moment that is being told; nil where each event has its own.
    private var held: Timestamp?
    private var lastTime = Timestamp.zero
    /// Starts of dials without their dones. A request may have two dials: one from before a retry goes on.
    @exclusivity(unchecked) private var open: [(start: TraceEvent, connection: ConnectionID)] = []
    /// Those of the attempts before this one that go on.
    private var earlierDials: [ConnectionID] = []
    /// For the words of a limit's error; nil where no limit would ask.
    @exclusivity(unchecked) private var clock: PhaseClock?

    init(exchange: ExchangeID, trace: ClientTrace?, keepsTimes: Bool) {
        self.exchange = exchange
        self.trace = trace
        clock = keepsTimes ? PhaseClock() : nil
        guard let calls = trace?.calls else {
            (hasHooks, tellsTimes, onlyKeeper) = (false, false, nil)
            (isHeard, isAllHeard) = (keepsTimes, keepsTimes)
            return
        }
        hasHooks = calls.hasHooks
        tellsTimes = calls.tellsTimes
        onlyKeeper = hasHooks || keepsTimes ? nil : calls.buffer?.keeper
        isHeard = hasHooks || tellsTimes || keepsTimes
        isAllHeard = tellsTimes || keepsTimes
    }

    /// ` (connect 12 ms, wait 1.99 s)`: what each phase took until now; empty where that isn't kept.
    var timesInWords: String {
        guard let words = clock?.words(at: SystemTime().now), !words.isEmpty else { return "" }
        return " (\(words))"
    }

    /// The time of what is being told: the held moment, else now.
    var now: Timestamp { held ?? SystemTime().now }

    /// Gives all events until `letGo` one stamp: of `moment`, when the kernel told it, else of now.
    func hold(_ moment: Timestamp? = nil) { if isAllHeard { held = moment ?? SystemTime().now } }

    func letGo() { held = nil }

    /// The event is made only when somebody listens, and stamped here: times handed down from elsewhere grow old on the
    /// way and put effects before causes.
    @inline(__always)
    func record(_ event: @autoclosure () -> TraceEvent, on connection: ConnectionID? = nil) {
        guard isHeard else { return }
        tell(event(), connection)
    }

    /// The same for an event that Go has no hook for. Where nobody but Go's hooks is there to be told, it isn't made.
    @inline(__always)
    func recordUnhooked(_ event: @autoclosure () -> TraceEvent, on connection: ConnectionID? = nil) {
        guard isAllHeard else { return }
        tell(event(), connection)
    }

    /// Now, for whoever is to be told when something began that is told at its end; nil where nobody asks for times.
    var moment: Timestamp? { isAllHeard ? now : nil }

    /// - Parameter start: When the system call began that took the last byte. It may deliver to the peer before it returns,
    ///   and the peer that it wakes may take our processor: the end of the call would make the wait too short. Nil where
    ///   it took several calls, after the last.
    func recordFlushed(_ bytes: Int, from start: Timestamp?, on connection: ConnectionID) {
        guard isAllHeard else { return }
        tell(.flushed(bytes: bytes), connection, at: start)
    }

    /// Whether somebody takes note of each 1xx, and could end the request.
    var hearsInformational: Bool { trace?.hearsInformational ?? false }

    /// - Throws: What a `got1xxResponse` hook threw: the request is to be aborted.
    func recordInformational(_ head: @autoclosure () -> ResponseHead, on connection: ConnectionID) throws {
        guard isHeard else { return }
        let event = TraceEvent.got1xxResponse(head())
        if onlyKeeper == nil { try tellOthers(event, connection, at: nil) } else { tell(event, connection) }
    }

    /// Whether anybody is told.
    var isListening: Bool { !isOver && (hasHooks || tellsTimes) }

    /// Whether somebody is told of events that Go has no hook for, and that cost something to find out.
    var isRecording: Bool { isHeard && tellsTimes }

    /// For the steps of a dial: their starts are remembered until their dones.
    func recordDial(_ event: TraceEvent, on connection: ConnectionID) {
        guard isHeard else { return }
        if event.isStart {
            open.append((event, connection))
        } else {
            open.removeAll { event.isDone(of: $0.start) && connection == $0.connection }
        }
        if case .tlsMessage(let message) = event {
            tell(event, connection, at: message.time)
        } else {
            record(event, on: connection)
        }
    }

    /// What the dial of this attempt is doing; nil where it has none, and where nobody listens.
    var dialPhase: Phase? {
        let open = open.filter { !earlierDials.contains($0.connection) }.map(\.start)
        // Where a proxy makes the way, its handshake is a part of that.
        for case .tunnelStart in open { return .tunnel }
        return switch open.last {
        case .dnsStart: .dns
        case .connectStart: .connect
        case .tlsHandshakeStart: .tls
        default: nil
        }
    }

    /// Another attempt begins: dials that go on are not its own.
    func beginAttempt() { earlierDials = open.map(\.connection) }

    /// Waits until the last event has been told. One task at a time.
    func finished() async {
        let place = WaitingPlace()
        self.place = place
        while !isOver { await place.wait() }
    }

    /// The last event. Later ones are dropped.
    func finish(_ failure: Failure?, on connection: ConnectionID?) {
        guard !isOver else { return }
        // What began last first: a proxy's handshake is a part of the tunnel's making.
        for (start, connection) in open.reversed() {
            record(start.done(Failure(.cancelled, "the request ended first; the dial went on")), on: connection)
        }
        recordUnhooked(.requestFinished(failure), on: connection)
        isOver = true
        isHeard = false
        isAllHeard = false
        place?.wake()
    }

    // MARK: - What nearly every request has a hook of Go's for

    // Where nobody but Go's hooks listens, these call them straight away. An event that is made first, handed on and looked
    // at to find its hook costs four times as much as the call.

    @inline(__always)
    func recordGetConn(_ head: MadeHead) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellGetConn(head) } else { tell(.getConn(hostPort: head.hostPort), nil) }
    }

    @inline(__always)
    func recordGotConn(_ got: @autoclosure () -> GotConnection, on connection: ConnectionID) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellGotConn(got(), connection) } else { tell(.gotConn(got()), connection) }
    }

    @inline(__always)
    func recordWroteHeaders(_ head: @autoclosure () -> SentHead, on connection: ConnectionID) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellWroteHeaders(head(), connection) } else { tell(.wroteHeaders(head()), connection) }
    }

    @inline(__always)
    func recordWroteRequest(_ failure: Failure? = nil, on connection: ConnectionID) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellWroteRequest(failure, connection) } else { tell(.wroteRequest(failure), connection) }
    }

    @inline(__always)
    func recordFirstByte(on connection: ConnectionID) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellFirstByte(connection) } else { tell(.gotFirstResponseByte, connection) }
    }

    @inline(__always)
    func recordPutIdleConn(_ problem: PutIdleProblem?, on connection: ConnectionID) {
        guard isHeard else { return }
        if onlyKeeper == nil { tellPutIdleConn(problem, connection) } else { tell(.putIdleConn(problem), connection) }
    }

    // Functions of their own, which hand on what they were handed: in their callers it would be counted who uses the hooks.

    @inline(never)
    private func tellGetConn(_ head: MadeHead) {
        if isAllHeard {
            tellAll(.getConn(hostPort: head.hostPort), nil)
        } else {
            trace?.calls.callGetConn(head.hostPort)
        }
    }

    @inline(never)
    private func tellGotConn(_ got: GotConnection, _ connection: ConnectionID) {
        if isAllHeard { tellAll(.gotConn(got), connection) } else { trace?.calls.callGotConn(got) }
    }

    @inline(never)
    private func tellWroteHeaders(_ head: SentHead, _ connection: ConnectionID) {
        if isAllHeard { tellAll(.wroteHeaders(head), connection) } else { trace?.calls.callWroteHeaders(head) }
    }

    @inline(never)
    private func tellWroteRequest(_ failure: Failure?, _ connection: ConnectionID) {
        if isAllHeard { tellAll(.wroteRequest(failure), connection) } else { trace?.calls.callWroteRequest(failure) }
    }

    @inline(never)
    private func tellFirstByte(_ connection: ConnectionID) {
        if isAllHeard { tellAll(.gotFirstResponseByte, connection) } else { trace?.calls.callGotFirstResponseByte() }
    }

    @inline(never)
    private func tellPutIdleConn(_ problem: PutIdleProblem?, _ connection: ConnectionID) {
        if isAllHeard { tellAll(.putIdleConn(problem), connection) } else { trace?.calls.callPutIdleConn(problem) }
    }

    /// Only a hook for 1xx can throw, and `recordInformational` asks it.
    private func tellAll(_ event: TraceEvent, _ connection: ConnectionID?) {
        try? tellOthers(event, connection, at: nil)
    }

    // MARK: - Telling

    // Put into its callers, as far as it only keeps: fourteen events a request, each of which is a few words to write.
    @inline(__always)
    private func tell(_ event: consuming TraceEvent, _ connection: ConnectionID?, at time: Timestamp? = nil) {
        guard let onlyKeeper else {
            // Only a hook for 1xx can throw, and `recordInformational` asks it.
            try? tellOthers(event, connection, at: time)
            return
        }
        let moment = time ?? now
        if moment > lastTime { lastTime = moment }
        onlyKeeper.append(time: lastTime, exchange: exchange, connection: connection, event: event)
    }

    @inline(never)
    private func tellOthers(_ event: TraceEvent, _ connection: ConnectionID?, at time: Timestamp?) throws {
        guard isAllHeard else {
            try trace?.tell(event)
            return
        }
        // Bytes may have arrived before we came to note that ours had left: time stands still then, and never goes back.
        lastTime = max(time ?? now, lastTime)
        clock?.note(event, at: lastTime)
        guard tellsTimes else {
            try trace?.tell(event)
            return
        }
        let record = TraceRecord(time: lastTime, exchange: exchange, connection: connection, event: event)
        if hasHooks { try trace?.deliver(record) } else { trace?.buffer?.append(record) }
    }
}

extension TraceEvent {
    fileprivate var isStart: Bool {
        switch self {
        case .dnsStart, .connectStart, .tunnelStart, .tlsHandshakeStart: true
        default: false
        }
    }

    fileprivate func isDone(of start: TraceEvent) -> Bool {
        switch (self, start) {
        case (.dnsDone, .dnsStart), (.tunnelDone, .tunnelStart), (.tlsHandshakeDone, .tlsHandshakeStart): true
        case (.connectDone(let attempt, _, _), .connectStart(let started, _)): attempt == started
        default: false
        }
    }

    fileprivate func done(_ failure: Failure) -> TraceEvent {
        switch self {
        case .dnsStart: .dnsDone(DNSAnswer(addresses: [], failure: failure))
        case .connectStart(let attempt, let address): .connectDone(attempt: attempt, address, failure)
        case .tunnelStart(let proxy, let target): .tunnelDone(TunnelFacts(proxy: proxy, target: target), failure)
        case .tlsHandshakeStart:
            .tlsHandshakeDone(TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil), failure)
        default: preconditionFailure("\(self) is no start")
        }
    }
}
