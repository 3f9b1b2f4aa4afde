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
        case .requestStarted, .redirected, .queued, .dequeued, .flushed, .responseHead, .bodyBytes, .bodyEnded,
            .attemptRetried, .requestFinished, .dnsAnswered, .addressPinned, .dialRedirected, .tcpMeasured, .tlsMessage,
            .connectionDialing, .connectionOpened, .connectionFailed, .connectionActive, .connectionStreamEnded,
            .frameSent, .frameReceived, .connectionIdle, .connectionClosed:
            break  // Go has no hook for these; `event` has them.
        }
    }

    /// Once per name with all its values, as Go does, in the order in which names first appear and in that spelling.
    private func deliverFields(of head: SentHead, to hook: (String, [String]) -> Void) {
        var fields: [(name: String, values: [String])] = []
        for (name, value) in head.lines {
            // By letters of any case: `X-Foo` and `x-foo` are one field (RFC 9110 §5.1), and Go would call once. A head has
            // a few fields, for which a walk is cheaper than a dictionary.
            if let place = fields.firstIndex(where: { $0.name.isSameFieldName(as: name) }) {
                fields[place].values.append(value)
            } else {
                fields.append((name, [value]))
            }
        }
        for (name, values) in fields { hook(name, values) }
    }
}

extension String {
    fileprivate func isSameFieldName(as other: String) -> Bool {
        utf8.count == other.utf8.count && lowercased() == other.lowercased()
    }
}
