public import HTTPTypes

// Go's `httptrace.ClientTrace` for Swift: sixteen hooks with Go's names and moments, and one for everything else.
//
//     try await withClientTrace(ClientTrace { $0.gotConn = { print($0.connection, $0.isReused) } }) {
//         try await client.send(request)
//     }
//
// Hooks of one request are never called concurrently with each other. They run on the network thread, so a slow hook
// slows every request: hand over, don't work. The values they get can't be changed: a trace observes.

/// Closures that are told what happens to a request. Any may be absent.
public struct ClientTrace: Sendable {
    // Behind one reference: a trace goes along with every request, and seventeen closures are seventeen to count.
    private var hooks = Hooks()

    /// Before a connection is looked for: `host:port` of the first hop.
    public var getConn: (@Sendable (_ hostPort: String) -> Void)? {
        get { hooks.getConn }
        set { change { $0.getConn = newValue } }
    }
    /// A connection was handed over.
    public var gotConn: (@Sendable (GotConnection) -> Void)? {
        get { hooks.gotConn }
        set { change { $0.gotConn = newValue } }
    }
    /// The connection went back to the pool (nil), or why it did not. Not called where a connection can't be kept.
    public var putIdleConn: (@Sendable (PutIdleProblem?) -> Void)? {
        get { hooks.putIdleConn }
        set { change { $0.putIdleConn = newValue } }
    }
    /// The first byte of the first response message.
    public var gotFirstResponseByte: (@Sendable () -> Void)? {
        get { hooks.gotFirstResponseByte }
        set { change { $0.gotFirstResponseByte = newValue } }
    }
    /// The 100 that `Expect: 100-continue` asked for.
    public var got100Continue: (@Sendable () -> Void)? {
        get { hooks.got100Continue }
        set { change { $0.got100Continue = newValue } }
    }
    /// Each 1xx except 101. Throwing aborts the request.
    public var got1xxResponse: (@Sendable (_ status: Int, HTTPFields) throws -> Void)? {
        get { hooks.got1xxResponse }
        set { change { $0.got1xxResponse = newValue } }
    }
    public var dnsStart: (@Sendable (_ host: String) -> Void)? {
        get { hooks.dnsStart }
        set { change { $0.dnsStart = newValue } }
    }
    public var dnsDone: (@Sendable (DNSAnswer) -> Void)? {
        get { hooks.dnsDone }
        set { change { $0.dnsDone = newValue } }
    }
    /// Before each attempt to connect. Attempts may overlap and may outlive the request.
    public var connectStart: (@Sendable (NetworkAddress) -> Void)? {
        get { hooks.connectStart }
        set { change { $0.connectStart = newValue } }
    }
    public var connectDone: (@Sendable (NetworkAddress, Failure?) -> Void)? {
        get { hooks.connectDone }
        set { change { $0.connectDone = newValue } }
    }
    public var tlsHandshakeStart: (@Sendable () -> Void)? {
        get { hooks.tlsHandshakeStart }
        set { change { $0.tlsHandshakeStart = newValue } }
    }
    public var tlsHandshakeDone: (@Sendable (TLSFacts, Failure?) -> Void)? {
        get { hooks.tlsHandshakeDone }
        set { change { $0.tlsHandshakeDone = newValue } }
    }
    /// Each field, with all its values, once it stands in the write buffer.
    public var wroteHeaderField: (@Sendable (_ name: String, _ values: [String]) -> Void)? {
        get { hooks.wroteHeaderField }
        set { change { $0.wroteHeaderField = newValue } }
    }
    /// The head stands in the write buffer: nothing may have reached the kernel yet (golang/go#60576); the event
    /// `flushed` tells that.
    public var wroteHeaders: (@Sendable () -> Void)? {
        get { hooks.wroteHeaders }
        set { change { $0.wroteHeaders = newValue } }
    }
    public var wait100Continue: (@Sendable () -> Void)? {
        get { hooks.wait100Continue }
        set { change { $0.wait100Continue = newValue } }
    }
    public var wroteRequest: (@Sendable (Failure?) -> Void)? {
        get { hooks.wroteRequest }
        set { change { $0.wroteRequest = newValue } }
    }
    /// Every event, the sixteen above included, with its time. The last one of a request is `requestFinished`.
    public var event: (@Sendable (TraceRecord) -> Void)? {
        get { hooks.event }
        set { change { $0.event = newValue } }
    }

    /// Every event too, kept instead of told: before any hook is called.
    public var buffer: TraceBuffer? {
        get { hooks.buffer }
        set { change { $0.buffer = newValue } }
    }

    /// Whether anybody is told when events happened. Go's hooks are not.
    public var tellsTimes: Bool { hooks.tellsTimes }

    /// Whether there is a hook, `event` included: somebody to be called.
    public var hasHooks: Bool { hooks.isCalled }

    public init() {}

    /// Fills in a new trace: `ClientTrace { $0.gotConn = { … } }`.
    public init(_ fill: (inout ClientTrace) -> Void) {
        self.init()
        fill(&self)
    }

    /// The traces in force for the current task, composed; nil without any. Go's `ContextClientTrace`.
    @TaskLocal public static var current: ClientTrace?
}

extension ClientTrace {
    // Immutable once others may see it: `change` copies it then.
    fileprivate final class Hooks: @unchecked Sendable {
        var getConn: (@Sendable (_ hostPort: String) -> Void)?
        var gotConn: (@Sendable (GotConnection) -> Void)?
        var putIdleConn: (@Sendable (PutIdleProblem?) -> Void)?
        var gotFirstResponseByte: (@Sendable () -> Void)?
        var got100Continue: (@Sendable () -> Void)?
        var got1xxResponse: (@Sendable (_ status: Int, HTTPFields) throws -> Void)?
        var dnsStart: (@Sendable (_ host: String) -> Void)?
        var dnsDone: (@Sendable (DNSAnswer) -> Void)?
        var connectStart: (@Sendable (NetworkAddress) -> Void)?
        var connectDone: (@Sendable (NetworkAddress, Failure?) -> Void)?
        var tlsHandshakeStart: (@Sendable () -> Void)?
        var tlsHandshakeDone: (@Sendable (TLSFacts, Failure?) -> Void)?
        var wroteHeaderField: (@Sendable (_ name: String, _ values: [String]) -> Void)?
        var wroteHeaders: (@Sendable () -> Void)?
        var wait100Continue: (@Sendable () -> Void)?
        var wroteRequest: (@Sendable (Failure?) -> Void)?
        var event: (@Sendable (TraceRecord) -> Void)?
        var buffer: TraceBuffer?

        init() {}

        init(copying other: Hooks) {
            getConn = other.getConn
            gotConn = other.gotConn
            putIdleConn = other.putIdleConn
            gotFirstResponseByte = other.gotFirstResponseByte
            got100Continue = other.got100Continue
            got1xxResponse = other.got1xxResponse
            dnsStart = other.dnsStart
            dnsDone = other.dnsDone
            connectStart = other.connectStart
            connectDone = other.connectDone
            tlsHandshakeStart = other.tlsHandshakeStart
            tlsHandshakeDone = other.tlsHandshakeDone
            wroteHeaderField = other.wroteHeaderField
            wroteHeaders = other.wroteHeaders
            wait100Continue = other.wait100Continue
            wroteRequest = other.wroteRequest
            event = other.event
            buffer = other.buffer
        }

        // Asked once a request; looking at a closure counts a reference.
        private(set) var isCalled = false
        private(set) var tellsTimes = false

        func noteChange() {
            tellsTimes = event != nil || buffer != nil
            isCalled =
                event != nil || gotConn != nil || getConn != nil || putIdleConn != nil || gotFirstResponseByte != nil
                || got100Continue != nil || got1xxResponse != nil || dnsStart != nil || dnsDone != nil
                || connectStart != nil || connectDone != nil || tlsHandshakeStart != nil || tlsHandshakeDone != nil
                || wroteHeaderField != nil || wroteHeaders != nil || wait100Continue != nil || wroteRequest != nil
        }
    }

    private mutating func change(_ body: (Hooks) -> Void) {
        if !isKnownUniquelyReferenced(&hooks) { hooks = Hooks(copying: hooks) }
        body(hooks)
        hooks.noteChange()
    }
}

/// Runs `operation` with `trace` told of every request started in it, in tasks it starts too.
///
/// Traces already in force stay in force: hooks of the newest run first, then the earlier ones'. Nothing passed in is
/// modified, so the same trace may be installed twice and is then called twice.
public func withClientTrace<Result>(
    _ trace: ClientTrace, operation: () async throws -> Result
) async rethrows -> Result {
    try await ClientTrace.$current.withValue(trace.composed(over: ClientTrace.current), operation: operation)
}
