extension ClientTrace {
    /// Keeps the record where that is wished, and tells the hooks that want this event.
    ///
    /// - Throws: What a `got1xxResponse` hook threw, which aborts the request; nothing else throws.
    public func deliver(_ record: TraceRecord) throws {
        calls.buffer?.append(record)
        calls.event(record)
        try tell(record.event)
    }

    /// Tells Go's hooks alone.
    ///
    /// - Throws: As `deliver`.
    public func tell(_ event: TraceEvent) throws {
        switch event {
        case .getConn(let hostPort): calls.getConn(hostPort)
        case .gotConn(let connection): calls.gotConn(connection)
        case .dnsStart(let host): calls.dnsStart(host)
        case .dnsDone(let answer): calls.dnsDone(answer)
        case .connectStart(_, let address): calls.connectStart(address)
        case .connectDone(_, let address, let failure): calls.connectDone(address, failure)
        case .tlsHandshakeStart: calls.tlsHandshakeStart()
        case .tlsHandshakeDone(let facts, let failure): calls.tlsHandshakeDone(facts, failure)
        case .wroteHeaders(let head): calls.callWroteHeaders(head)
        case .wait100Continue: calls.wait100Continue()
        case .wroteRequest(let failure): calls.wroteRequest(failure)
        case .gotFirstResponseByte: calls.gotFirstResponseByte()
        case .got100Continue: calls.got100Continue()
        case .got1xxResponse(let head):
            if hearsInformational { try calls.got1xxResponse(head.status, head.fields) }
        case .putIdleConn(let problem): calls.putIdleConn(problem)
        case .requestStarted, .redirected, .queued, .dequeued, .flushed, .responseHead, .bodyBytes, .bodyHeldUp,
            .bodyEnded, .attemptRetried, .requestFinished, .dnsAnswered, .addressPinned, .dialRedirected, .tcpMeasured,
            .tunnelStart, .tunnelDone, .tlsMessage, .connectionDialing, .connectionOpened, .connectionFailed,
            .connectionActive, .connectionStreamEnded, .frameSent, .frameReceived, .connectionIdle, .connectionClosed:
            break  // Go has no hook for these; `event` has them.
        }
    }
}
