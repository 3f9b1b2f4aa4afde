extension ClientTrace {
    /// Tells the hooks that want this event.
    ///
    /// - Throws: What a `got1xxResponse` hook threw, which aborts the request; nothing else throws.
    public func deliver(_ record: TraceRecord) throws {
        event?(record)
        switch record.event {
        case .getConn(let hostPort): getConn?(hostPort)
        case .gotConn(let connection): gotConn?(connection)
        case .dnsStart(let host): dnsStart?(host)
        case .dnsDone(let answer): dnsDone?(answer)
        case .connectStart(_, let address): connectStart?(address)
        case .connectDone(_, let address, let failure): connectDone?(address, failure)
        case .tlsHandshakeStart: tlsHandshakeStart?()
        case .tlsHandshakeDone(let facts, let failure): tlsHandshakeDone?(facts, failure)
        case .wroteHeaders(let head):
            if let wroteHeaderField { deliverFields(of: head, to: wroteHeaderField) }
            wroteHeaders?()
        case .wait100Continue: wait100Continue?()
        case .wroteRequest(let failure): wroteRequest?(failure)
        case .gotFirstResponseByte: gotFirstResponseByte?()
        case .got100Continue: got100Continue?()
        case .got1xxResponse(let head): try got1xxResponse?(head.status, head.fields)
        case .putIdleConn(let problem): putIdleConn?(problem)
        case .requestStarted, .queued, .dequeued, .flushed, .responseHead, .bodyBytes, .bodyEnded, .attemptRetried,
            .requestFinished, .connectionDialing, .connectionOpened, .connectionFailed, .connectionActive,
            .connectionIdle,
            .connectionClosed:
            break  // Go has no hook for these; `event` has them.
        }
    }

    /// Once per name with all its values, as Go does, in the order in which names first appear and in that spelling.
    private func deliverFields(of head: SentHead, to hook: (String, [String]) -> Void) {
        var order: [String] = []
        // By lower-case name: `X-Foo` and `x-foo` are one field (RFC 9110 §5.1), and Go would call once.
        var values: [String: [String]] = [:]
        for (name, value) in head.lines {
            let key = name.lowercased()
            if values[key] == nil { order.append(name) }
            values[key, default: []].append(value)
        }
        for name in order { hook(name, values[name.lowercased()]!) }
    }
}
