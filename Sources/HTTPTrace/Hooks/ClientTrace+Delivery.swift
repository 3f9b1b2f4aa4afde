extension ClientTrace {
    /// Keeps the record where that is wished, and tells the hooks that want this event.
    ///
    /// - Throws: What a `got1xxResponse` hook threw, which aborts the request; nothing else throws.
    public func deliver(_ record: TraceRecord) throws {
        buffer?.append(record)
        event?(record)
        try tell(record.event)
    }

    /// Tells Go's hooks alone.
    ///
    /// - Throws: As `deliver`.
    public func tell(_ event: TraceEvent) throws {
        switch event {
        case .getConn(let hostPort): getConn?(hostPort)
        case .gotConn(let connection): gotConn?(connection)
        case .dnsStart(let host): dnsStart?(host)
        case .dnsDone(let answer): dnsDone?(answer)
        case .connectStart(_, let address): connectStart?(address)
        case .connectDone(_, let address, let failure): connectDone?(address, failure)
        case .tlsHandshakeStart: tlsHandshakeStart?()
        case .tlsHandshakeDone(let facts, let failure): tlsHandshakeDone?(facts, failure)
        case .wroteHeaders(let head):
            // Once per name with all its values, as Go does.
            if let wroteHeaderField { for (name, values) in head.fieldsByName { wroteHeaderField(name, values) } }
            wroteHeaders?()
        case .wait100Continue: wait100Continue?()
        case .wroteRequest(let failure): wroteRequest?(failure)
        case .gotFirstResponseByte: gotFirstResponseByte?()
        case .got100Continue: got100Continue?()
        case .got1xxResponse(let head): try got1xxResponse?(head.status, head.fields)
        case .putIdleConn(let problem): putIdleConn?(problem)
        case .requestStarted, .redirected, .queued, .dequeued, .flushed, .responseHead, .bodyBytes, .bodyEnded,
            .attemptRetried, .requestFinished, .dnsAnswered, .addressPinned, .dialRedirected, .tcpMeasured,
            .tunnelStart, .tunnelDone, .tlsMessage, .connectionDialing, .connectionOpened, .connectionFailed,
            .connectionActive, .connectionStreamEnded, .frameSent, .frameReceived, .connectionIdle, .connectionClosed:
            break  // Go has no hook for these; `event` has them.
        }
    }
}
