internal import HTTPTypes

/// A trace's hooks, as they are called: each is there, if only to do nothing. What can neither change nor be absent is
/// called without counting who uses it, which would cost more than most hooks do.
package final class HookCalls: Sendable {
    /// Which ones somebody set.
    struct Present: OptionSet {
        let rawValue: UInt32

        static let getConn = Present(rawValue: 1 << 0)
        static let gotConn = Present(rawValue: 1 << 1)
        static let putIdleConn = Present(rawValue: 1 << 2)
        static let gotFirstResponseByte = Present(rawValue: 1 << 3)
        static let got100Continue = Present(rawValue: 1 << 4)
        static let got1xxResponse = Present(rawValue: 1 << 5)
        static let dnsStart = Present(rawValue: 1 << 6)
        static let dnsDone = Present(rawValue: 1 << 7)
        static let connectStart = Present(rawValue: 1 << 8)
        static let connectDone = Present(rawValue: 1 << 9)
        static let tlsHandshakeStart = Present(rawValue: 1 << 10)
        static let tlsHandshakeDone = Present(rawValue: 1 << 11)
        static let wroteHeaderField = Present(rawValue: 1 << 12)
        static let wroteHeaders = Present(rawValue: 1 << 13)
        static let wait100Continue = Present(rawValue: 1 << 14)
        static let wroteRequest = Present(rawValue: 1 << 15)
        static let event = Present(rawValue: 1 << 16)
    }

    let present: Present
    /// Whether there is a hook, `event` included: somebody to be called.
    package let hasHooks: Bool
    let getConn: @Sendable (_ hostPort: String) -> Void
    let gotConn: @Sendable (GotConnection) -> Void
    let putIdleConn: @Sendable (PutIdleProblem?) -> Void
    let gotFirstResponseByte: @Sendable () -> Void
    let got100Continue: @Sendable () -> Void
    let got1xxResponse: @Sendable (_ status: Int, HTTPFields) throws -> Void
    let dnsStart: @Sendable (_ host: String) -> Void
    let dnsDone: @Sendable (DNSAnswer) -> Void
    let connectStart: @Sendable (NetworkAddress) -> Void
    let connectDone: @Sendable (NetworkAddress, Failure?) -> Void
    let tlsHandshakeStart: @Sendable () -> Void
    let tlsHandshakeDone: @Sendable (TLSFacts, Failure?) -> Void
    let wroteHeaderField: @Sendable (_ name: String, _ values: [String]) -> Void
    let wroteHeaders: @Sendable () -> Void
    let wait100Continue: @Sendable () -> Void
    let wroteRequest: @Sendable (Failure?) -> Void
    let event: @Sendable (TraceRecord) -> Void
    package let buffer: TraceBuffer?
    package let tellsTimes: Bool

    init(_ hooks: ClientTrace.Hooks) {
        var present: Present = []
        if hooks.getConn != nil { present.insert(.getConn) }
        if hooks.gotConn != nil { present.insert(.gotConn) }
        if hooks.putIdleConn != nil { present.insert(.putIdleConn) }
        if hooks.gotFirstResponseByte != nil { present.insert(.gotFirstResponseByte) }
        if hooks.got100Continue != nil { present.insert(.got100Continue) }
        if hooks.got1xxResponse != nil { present.insert(.got1xxResponse) }
        if hooks.dnsStart != nil { present.insert(.dnsStart) }
        if hooks.dnsDone != nil { present.insert(.dnsDone) }
        if hooks.connectStart != nil { present.insert(.connectStart) }
        if hooks.connectDone != nil { present.insert(.connectDone) }
        if hooks.tlsHandshakeStart != nil { present.insert(.tlsHandshakeStart) }
        if hooks.tlsHandshakeDone != nil { present.insert(.tlsHandshakeDone) }
        if hooks.wroteHeaderField != nil { present.insert(.wroteHeaderField) }
        if hooks.wroteHeaders != nil { present.insert(.wroteHeaders) }
        if hooks.wait100Continue != nil { present.insert(.wait100Continue) }
        if hooks.wroteRequest != nil { present.insert(.wroteRequest) }
        if hooks.event != nil { present.insert(.event) }
        self.present = present
        hasHooks = !present.isEmpty
        // Not with `??`, which would put each into a function of its own.
        getConn = if let hook = hooks.getConn { hook } else { { _ in } }
        gotConn = if let hook = hooks.gotConn { hook } else { { _ in } }
        putIdleConn = if let hook = hooks.putIdleConn { hook } else { { _ in } }
        gotFirstResponseByte = if let hook = hooks.gotFirstResponseByte { hook } else { {} }
        got100Continue = if let hook = hooks.got100Continue { hook } else { {} }
        got1xxResponse = if let hook = hooks.got1xxResponse { hook } else { { _, _ in } }
        dnsStart = if let hook = hooks.dnsStart { hook } else { { _ in } }
        dnsDone = if let hook = hooks.dnsDone { hook } else { { _ in } }
        connectStart = if let hook = hooks.connectStart { hook } else { { _ in } }
        connectDone = if let hook = hooks.connectDone { hook } else { { _, _ in } }
        tlsHandshakeStart = if let hook = hooks.tlsHandshakeStart { hook } else { {} }
        tlsHandshakeDone = if let hook = hooks.tlsHandshakeDone { hook } else { { _, _ in } }
        wroteHeaderField = if let hook = hooks.wroteHeaderField { hook } else { { _, _ in } }
        wroteHeaders = if let hook = hooks.wroteHeaders { hook } else { {} }
        wait100Continue = if let hook = hooks.wait100Continue { hook } else { {} }
        wroteRequest = if let hook = hooks.wroteRequest { hook } else { { _ in } }
        event = if let hook = hooks.event { hook } else { { _ in } }
        buffer = hooks.buffer
        tellsTimes = hooks.event != nil || hooks.buffer != nil
    }

    /// What it was made of.
    var hooks: ClientTrace.Hooks {
        var hooks = ClientTrace.Hooks()
        if present.contains(.getConn) { hooks.getConn = getConn }
        if present.contains(.gotConn) { hooks.gotConn = gotConn }
        if present.contains(.putIdleConn) { hooks.putIdleConn = putIdleConn }
        if present.contains(.gotFirstResponseByte) { hooks.gotFirstResponseByte = gotFirstResponseByte }
        if present.contains(.got100Continue) { hooks.got100Continue = got100Continue }
        if present.contains(.got1xxResponse) { hooks.got1xxResponse = got1xxResponse }
        if present.contains(.dnsStart) { hooks.dnsStart = dnsStart }
        if present.contains(.dnsDone) { hooks.dnsDone = dnsDone }
        if present.contains(.connectStart) { hooks.connectStart = connectStart }
        if present.contains(.connectDone) { hooks.connectDone = connectDone }
        if present.contains(.tlsHandshakeStart) { hooks.tlsHandshakeStart = tlsHandshakeStart }
        if present.contains(.tlsHandshakeDone) { hooks.tlsHandshakeDone = tlsHandshakeDone }
        if present.contains(.wroteHeaderField) { hooks.wroteHeaderField = wroteHeaderField }
        if present.contains(.wroteHeaders) { hooks.wroteHeaders = wroteHeaders }
        if present.contains(.wait100Continue) { hooks.wait100Continue = wait100Continue }
        if present.contains(.wroteRequest) { hooks.wroteRequest = wroteRequest }
        if present.contains(.event) { hooks.event = event }
        hooks.buffer = buffer
        return hooks
    }
}

// One function each, so that the hook belongs to what the function is called on: it is then called without being counted.
extension HookCalls {
    @inline(never)
    package func callGetConn(_ hostPort: String) { getConn(hostPort) }

    @inline(never)
    package func callGotConn(_ connection: GotConnection) { gotConn(connection) }

    @inline(never)
    package func callPutIdleConn(_ problem: PutIdleProblem?) { putIdleConn(problem) }

    @inline(never)
    package func callGotFirstResponseByte() { gotFirstResponseByte() }

    /// `wroteHeaderField` of each field, then `wroteHeaders`.
    @inline(never)
    package func callWroteHeaders(_ head: SentHead) {
        if present.contains(.wroteHeaderField) { head.forEachField(wroteHeaderField) }
        wroteHeaders()
    }

    @inline(never)
    package func callWroteRequest(_ failure: Failure?) { wroteRequest(failure) }
}
