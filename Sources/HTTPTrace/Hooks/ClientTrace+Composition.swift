extension ClientTrace {
    /// A trace that calls this one's hooks, then `older`'s.
    ///
    /// A `got1xxResponse` that throws keeps the older one from running and aborts the request. (Go loses the newer
    /// hook's error when composing; its documentation promises otherwise.)
    public func composed(over older: ClientTrace?) -> ClientTrace {
        guard let older = older?.hooks else { return self }
        let newer = hooks
        return ClientTrace {
            $0.getConn = both(newer.getConn, older.getConn)
            $0.gotConn = both(newer.gotConn, older.gotConn)
            $0.putIdleConn = both(newer.putIdleConn, older.putIdleConn)
            $0.gotFirstResponseByte = both(newer.gotFirstResponseByte, older.gotFirstResponseByte)
            $0.got100Continue = both(newer.got100Continue, older.got100Continue)
            $0.got1xxResponse = bothUnlessThrown(newer.got1xxResponse, older.got1xxResponse)
            $0.dnsStart = both(newer.dnsStart, older.dnsStart)
            $0.dnsDone = both(newer.dnsDone, older.dnsDone)
            $0.connectStart = both(newer.connectStart, older.connectStart)
            $0.connectDone = both(newer.connectDone, older.connectDone)
            $0.tlsHandshakeStart = both(newer.tlsHandshakeStart, older.tlsHandshakeStart)
            $0.tlsHandshakeDone = both(newer.tlsHandshakeDone, older.tlsHandshakeDone)
            $0.wroteHeaderField = both(newer.wroteHeaderField, older.wroteHeaderField)
            $0.wroteHeaders = both(newer.wroteHeaders, older.wroteHeaders)
            $0.wait100Continue = both(newer.wait100Continue, older.wait100Continue)
            $0.wroteRequest = both(newer.wroteRequest, older.wroteRequest)
            $0.event = both(newer.event, older.event)
            $0.buffer = newer.buffer ?? older.buffer
            if newer.buffer != nil, let second = older.buffer { $0.event = both($0.event, { second.append($0) }) }
        }
    }
}

// Both hooks in turn; where only one is set, that one itself. Three arities, since closures over parameter packs
// "cannot be fully abstracted" (Swift 6.3).

private func both(_ first: (@Sendable () -> Void)?, _ second: (@Sendable () -> Void)?) -> (@Sendable () -> Void)? {
    guard let first, let second else { return first ?? second }
    return {
        first()
        second()
    }
}

private func both<A>(_ first: (@Sendable (A) -> Void)?, _ second: (@Sendable (A) -> Void)?) -> (@Sendable (A) -> Void)?
{
    guard let first, let second else { return first ?? second }
    return { argument in
        first(argument)
        second(argument)
    }
}

private func both<A, B>(
    _ first: (@Sendable (A, B) -> Void)?, _ second: (@Sendable (A, B) -> Void)?
) -> (@Sendable (A, B) -> Void)? {
    guard let first, let second else { return first ?? second }
    return { one, two in
        first(one, two)
        second(one, two)
    }
}

// The one hook that may throw. A typed throw would fold it into the one above, and crashes the 6.3 compiler.
private func bothUnlessThrown<A, B>(
    _ first: (@Sendable (A, B) throws -> Void)?, _ second: (@Sendable (A, B) throws -> Void)?
) -> (@Sendable (A, B) throws -> Void)? {
    guard let first, let second else { return first ?? second }
    return { one, two in
        try first(one, two)
        try second(one, two)
    }
}
