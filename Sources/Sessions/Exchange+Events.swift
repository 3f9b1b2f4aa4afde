public import HTTPTrace

// From events to phases. The rules, in the order of a request's life:
//
//   getConn ─ queued ─ dnsStart ─ dns ─ dnsDone · connectStart ─ connect ─ connectDone
//   tunnelStart ─ tunnel ─ tunnelDone · tlsHandshakeStart ─ tls ─ tlsHandshakeDone
//   gotConn ─ send ─ flushed ─ wait ─ gotFirstResponseByte ─ receive ─ bodyEnded · requestFinished
//
// A request served by another connection than the one it dialed waited, and dialed nothing: the dial's phases belong to
// whoever uses that connection, and this row shows `queued` until the hand-over.

extension Exchange {
    /// Takes in what happened next. Records come in the order of their times, messages of a handshake a little late.
    public mutating func apply(_ record: borrowing TraceRecord) {
        reduce(record)
        keep(record)
    }

    private mutating func reduce(_ record: borrowing TraceRecord) {
        // The row is closed: what its abandoned dial still does is told in the events and the attempts only.
        // Of a request that came in both halves are told in batches of their own: its answer may have ended before the way
        // to the server behind is known.
        guard isRunning || cause == .caught else { return applyToAttempts(record) }
        let time = max(record.time, startedAt)
        applyToAttempts(record)
        guard !isOfEarlierDial(record) else { return }
        switch record.event {
        case .requestStarted where events.isEmpty:
            if cause == .caught { forgetServersPhases() } else { startedAt = record.time }
        case .getConn:
            noteResumption(at: time)
            phases.begin(.queued, at: time)
        case .queued(let reason, _): queueReason = reason
        case .dequeued: break
        // With SOCKS5 the target's name is looked up as well: that is part of having the way made.
        case .dnsStart where connection == nil && phases[.tunnel] == nil: phases.begin(.dns, at: time)
        case .dnsDone where connection == nil && phases[.tunnel] == nil: phases.end(.dns, at: time)
        case .connectStart where connection == nil: beginConnect(at: time)
        case .connectDone(_, _, let failure) where connection == nil: endConnect(failure, at: time)
        case .tunnelStart where connection == nil: phases.begin(.tunnel, at: time)
        case .tunnelDone(let facts, _) where connection == nil && phases[.tunnel] != nil:
            tunnel = facts
            phases.end(.tunnel, at: time)
        // A handshake inside the tunnel's making is with the proxy, and part of that.
        case .tlsHandshakeStart where phases.running == .tunnel, .tlsHandshakeDone where phases.running == .tunnel:
            break
        case .tlsHandshakeStart where connection == nil: phases.begin(.tls, at: time)
        case .tlsHandshakeDone(let facts, _) where connection == nil && phases[.tls] != nil:
            tls = facts
            phases.end(.tls, at: time)
        case .gotConn(let got): applyGotConnection(got, at: time)
        case .wroteHeaders(let head): sentHead = head
        case .flushed(let bytes):
            sentBytes = bytes
            // An answer that came first has ended `send` already, and nothing was waited for.
            guard phases[.receive] == nil, phases[.wait] == nil, phases[.send]?.end == nil else { break }
            phases.begin(.wait, at: time)
        case .gotFirstResponseByte:
            firstByteAt = firstByteAt ?? time
            beginReceive(at: time)
        case .got1xxResponse(let head): applyInformational(head)
        case .responseHead(let head):
            response = head
            beginReceive(at: time)
        case .bodyBytes(let bytes): bodyBytes += bytes
        case .bodyEnded(let end):
            bodyEnd = end
            bodyBytes = end.bytes
            phases.end(.receive, at: time)
        case .attemptRetried(let failure, _): startOver(because: failure, on: record.connection, at: time)
        case .requestFinished(let failure) where cause == .caught && served != nil:
            // The row ends when its client has been told.
            served?.upstreamFailure = failure
            if !isRunning { self.failure = served?.reason ?? bodyProblem }
            phases.endAll(at: time)
        case .requestFinished(let failure):
            self.failure = failure ?? bodyProblem
            let end = failure == nil ? endBeforeSettling ?? time : time
            phases.endAll(at: end)
            finishedAt = max(end, phases.lastEnd ?? end)
        case .dnsStart, .dnsDone, .connectStart, .connectDone, .tunnelStart, .tunnelDone, .tlsHandshakeStart,
            .tlsHandshakeDone:
            break  // Of a dial that goes on after another connection served the request.
        case .dnsAnswered, .addressPinned, .dialRedirected, .tcpMeasured, .bodyHeldUp:
            break  // `Exchange+Lookup` finds them among the events.
        case .requestStarted, .redirected, .tlsMessage, .wait100Continue, .wroteRequest, .got100Continue, .putIdleConn,
            .connectionDialing, .connectionOpened, .connectionFailed, .connectionActive, .connectionStreamEnded,
            .frameSent, .frameReceived, .connectionIdle, .connectionClosed:
            break  // Shown as events; no phase begins or ends with them.
        }
    }

    /// Whether it tells of a dial from before a retry that goes on: it belongs to no phase of this attempt.
    private func isOfEarlierDial(_ record: borrowing TraceRecord) -> Bool {
        guard !retries.isEmpty, record.event.isAboutDial else { return false }
        let connection = record.connection
        let retried = events.lastIndex { if case .attemptRetried = $0.event { true } else { false } }
        return events[..<(retried ?? 0)].contains { $0.connection == connection && $0.event.isAboutDial }
    }

    /// From here on the row tells of the way to the server behind us; its own side stays in `served`.
    private mutating func forgetServersPhases() {
        phases = PhaseSpans()
        sentHead = nil
        sentBytes = 0
        response = nil
        informational = []
        bodyBytes = 0
        firstByteAt = nil
    }

    private mutating func keep(_ record: borrowing TraceRecord) {
        // Most exchanges have a dozen events: one allocation instead of five.
        if events.isEmpty { events.reserveCapacity(16) }
        guard events.count < Exchange.eventLimit + (record.event.isPart ? 0 : Exchange.tailLimit) else {
            droppedEvents += 1
            return
        }
        // By its place: as a value of its own, the last one would be copied.
        guard !events.isEmpty, events[events.count - 1].time > record.time else { return events.append(copy record) }
        // Messages of a handshake that was computed on another thread are heard of a moment after their time.
        var place = events.endIndex
        while place > events.startIndex, events[place - 1].time > record.time { place -= 1 }
        events.insert(copy record, at: place)
        noteLateEvent()
    }

    private mutating func applyToAttempts(_ record: borrowing TraceRecord) {
        switch record.event {
        case .connectStart(let number, let address):
            attempts.append(
                ConnectAttempt(number: number, address: address, span: PhaseSpans.Span(start: record.time)))
        case .connectDone(let number, let address, let failure):
            let index = attempts.lastIndex { $0.number == number && $0.address == address && $0.span.end == nil }
            guard let index else { break }
            attempts[index].span.end = max(record.time, attempts[index].span.start)
            attempts[index].failure = failure
        default: break
        }
    }

    // From the first attempt to the one that won: attempts overlap, and one may start after another was refused.
    private mutating func beginConnect(at time: Timestamp) {
        guard phases[.connect] != nil else { return phases.begin(.connect, at: time) }
        if phases[.tunnel] == nil, phases[.tls] == nil, !hasConnected { phases.resume(.connect) }
    }

    private mutating func endConnect(_ failure: Failure?, at time: Timestamp) {
        guard let start = phases[.connect]?.start else { return }
        if failure != nil, attempts.contains(where: { $0.span.end == nil && $0.span.start >= start }) { return }
        // The losers end after the winner, often during the handshake: `end` changes a running phase only.
        phases.end(.connect, at: time)
    }

    private var hasConnected: Bool {
        guard let start = phases[.connect]?.start else { return false }
        return attempts.contains { $0.span.end != nil && $0.failure == nil && $0.span.start >= start }
    }

    private mutating func applyGotConnection(_ got: GotConnection, at time: Timestamp) {
        connection = got
        if got.isReused {
            let start = phases[.queued]?.start ?? time
            phases = PhaseSpans()
            phases[.queued] = PhaseSpans.Span(start: start, end: max(time, start))
            tls = nil
            tunnel = nil
        }
        phases.begin(.send, at: time)
    }

    private mutating func beginReceive(at time: Timestamp) {
        guard phases[.receive] == nil else { return }
        phases.begin(.receive, at: time)
    }

    // The answer proper is still to come: waiting goes on, and `receive` begins with the final head.
    private mutating func applyInformational(_ head: ResponseHead) {
        informational.append(head)
        phases[.receive] = nil
        phases.resume(phases[.wait] != nil ? .wait : .send)
    }

    /// When whoever asked had all of it, where the client may have gone on for the connection's sake: an upload that was
    /// answered early is given a moment more, and what a reader left is read. Nobody waits for that, and it is no phase.
    private var endBeforeSettling: Timestamp? {
        guard let bodyEnd, bodyEnd.way == .closedEarly || phases[.wait] == nil else { return nil }
        return phases[.receive]?.end
    }

    // Of the `getConn`s of an attempt the first: over HTTP/2 there may be two.
    private mutating func noteResumption(at time: Timestamp) {
        guard let last = retries.indices.last, retries[last].resumedAt == nil else { return }
        retries[last].resumedAt = max(time, retries[last].failedAt)
    }

    private mutating func startOver(because failure: Failure, on id: ConnectionID?, at time: Timestamp) {
        phases.endAll(at: time)
        let start = retries.last.map { $0.resumedAt ?? $0.failedAt } ?? startedAt
        retries.append(
            Retry(
                failure: failure, connection: id ?? connection?.connection, startedAt: start,
                failedAt: max(time, phases.lastEnd ?? start, start), phases: phases))
        phases = PhaseSpans()
        connection = nil
        tls = nil
        tunnel = nil
        sentHead = nil
        sentBytes = 0
        informational = []
        firstByteAt = nil
        queueReason = nil
    }
}

extension TraceEvent {
    /// Whether it is one of many of its kind, in which a long exchange's others would drown.
    fileprivate var isPart: Bool {
        switch self {
        case .bodyBytes, .bodyHeldUp, .frameSent, .frameReceived, .got1xxResponse: true
        default: false
        }
    }

    /// Whether a dial's phases are made of it.
    fileprivate var isAboutDial: Bool {
        switch self {
        case .dnsStart, .dnsDone, .connectStart, .connectDone, .tunnelStart, .tunnelDone, .tlsHandshakeStart,
            .tlsHandshakeDone:
            true
        default: false
        }
    }
}
