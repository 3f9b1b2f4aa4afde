public import HTTPTrace

// From events to phases. The rules, in the order of a request's life:
//
//   getConn ─ queued ─ dnsStart ─ dns ─ dnsDone · connectStart ─ connect ─ connectDone · tlsHandshakeStart ─ tls ─ done
//   gotConn ─ send ─ flushed ─ wait ─ gotFirstResponseByte ─ receive ─ bodyEnded · requestFinished
//
// A request served by another connection than the one it dialed waited, and dialed nothing: the dial's phases belong to
// whoever uses that connection, and this row shows `queued` until the hand-over.

extension Exchange {
    /// Takes in what happened next. Records come in the order of their times.
    public mutating func apply(_ record: TraceRecord) {
        keep(record)
        let time = record.time
        switch record.event {
        case .requestStarted: startedAt = time
        case .getConn: phases.begin(.queued, at: time)
        case .queued(let reason, _): queueReason = reason
        case .dequeued: break
        case .dnsStart where connection == nil: beginSetUp(.dns, at: time)
        case .dnsDone where connection == nil: phases.end(.dns, at: time)
        case .connectStart(let number, let address):
            attempts.append(ConnectAttempt(number: number, address: address, span: PhaseSpans.Span(start: time)))
            guard connection == nil, phases[.connect] == nil else { break }
            beginSetUp(.connect, at: time)
        case .connectDone(let number, _, let failure):
            if let index = attempts.lastIndex(where: { $0.number == number && $0.span.end == nil }) {
                attempts[index].span.end = time
                attempts[index].failure = failure
            }
            // The phase spans all attempts, so a later one's end moves it.
            if connection == nil, let span = phases[.connect] { phases[.connect] = .init(start: span.start, end: time) }
        case .tlsHandshakeStart where connection == nil: beginSetUp(.tls, at: time)
        case .tlsHandshakeDone(let facts, _):
            guard connection == nil else { break }
            tls = facts
            phases.end(.tls, at: time)
        case .gotConn(let got): applyGotConnection(got, at: time)
        case .wroteHeaders(let head): sentHead = head
        case .flushed(let bytes):
            sentBytes = bytes
            // An answer that came first has ended `send` already, and nothing was waited for.
            guard phases[.receive] == nil, phases[.send]?.end == nil else { break }
            phases.end(.send, at: time)
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
        case .attemptRetried(let failure, _): startOver(because: failure)
        case .requestFinished(let failure):
            self.failure = failure
            finishedAt = time
            phases.endAll(at: time)
        case .dnsStart, .dnsDone, .tlsHandshakeStart:
            break  // Of a dial that goes on after another connection served the request.
        case .wait100Continue, .wroteRequest, .got100Continue, .putIdleConn, .connectionDialing, .connectionOpened,
            .connectionFailed, .connectionActive, .connectionIdle, .connectionClosed:
            break  // Shown as events; no phase begins or ends with them.
        }
    }

    private mutating func keep(_ record: TraceRecord) {
        if events.count < Exchange.eventLimit { events.append(record) } else { droppedEvents += 1 }
    }

    private mutating func beginSetUp(_ phase: Phase, at time: Timestamp) {
        phases.end(.queued, at: time)
        phases.begin(phase, at: time)
    }

    private mutating func applyGotConnection(_ got: GotConnection, at time: Timestamp) {
        connection = got
        if got.isReused {
            let start = phases[.queued]?.start ?? time
            phases = PhaseSpans()
            phases[.queued] = PhaseSpans.Span(start: start, end: time)
            tls = nil
        } else {
            phases.end(.queued, at: time)
        }
        phases.begin(.send, at: time)
    }

    private mutating func beginReceive(at time: Timestamp) {
        guard phases[.receive] == nil else { return }
        phases.end(.send, at: time)
        phases.end(.wait, at: time)
        phases.begin(.receive, at: time)
    }

    // The answer proper is still to come: waiting goes on, and `receive` begins with the final head.
    private mutating func applyInformational(_ head: ResponseHead) {
        informational.append(head)
        phases[.receive] = nil
        if phases[.wait] != nil { phases[.wait]?.end = nil } else { phases[.send]?.end = nil }
    }

    private mutating func startOver(because failure: Failure) {
        retries.append(failure)
        phases = PhaseSpans()
        connection = nil
        tls = nil
        sentHead = nil
        sentBytes = 0
        firstByteAt = nil
    }
}
