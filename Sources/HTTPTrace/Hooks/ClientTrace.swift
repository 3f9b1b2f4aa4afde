public import HTTPTypes

// Go's `httptrace.ClientTrace` for Swift: sixteen hooks with Go's names and moments, and one for everything else.
//
//     try await withClientTrace(ClientTrace { $0.gotConn = { print($0.connection, $0.isReused) } }) {
//         try await client.send(request)
//     }
//
// Hooks of one request are never called concurrently with each other. They run on the network thread, so a slow hook
// slows every request: hand over, don't work. The values they get can't be changed: a trace observes.

/// What is told of a request, and to whom. Made once, and never changed: it goes along with every request.
public struct ClientTrace: Sendable {
    /// Closures that are told what happens to a request. Any may be absent.
    public struct Hooks: Sendable {
        /// Before a connection is looked for: `host:port` of the first hop.
        public var getConn: (@Sendable (_ hostPort: String) -> Void)?
        /// A connection was handed over.
        public var gotConn: (@Sendable (GotConnection) -> Void)?
        /// The connection went back to the pool (nil), or why it did not. Not called where a connection can't be kept.
        public var putIdleConn: (@Sendable (PutIdleProblem?) -> Void)?
        /// The first byte of the first response message.
        public var gotFirstResponseByte: (@Sendable () -> Void)?
        /// The 100 that `Expect: 100-continue` asked for.
        public var got100Continue: (@Sendable () -> Void)?
        /// Each 1xx except 101. Throwing aborts the request; a `Failure` that is thrown is the request's.
        public var got1xxResponse: (@Sendable (_ status: Int, HTTPFields) throws -> Void)?
        public var dnsStart: (@Sendable (_ host: String) -> Void)?
        public var dnsDone: (@Sendable (DNSAnswer) -> Void)?
        /// Before each attempt to connect. Attempts may overlap and may outlive the request.
        public var connectStart: (@Sendable (NetworkAddress) -> Void)?
        public var connectDone: (@Sendable (NetworkAddress, Failure?) -> Void)?
        public var tlsHandshakeStart: (@Sendable () -> Void)?
        public var tlsHandshakeDone: (@Sendable (TLSFacts, Failure?) -> Void)?
        /// Each field, with all its values, once it stands in the write buffer. Over HTTP/2, as in Go, each value by itself.
        public var wroteHeaderField: (@Sendable (_ name: String, _ values: [String]) -> Void)?
        /// The head stands in the write buffer: nothing may have reached the kernel yet (golang/go#60576); the event
        /// `flushed` tells that.
        public var wroteHeaders: (@Sendable () -> Void)?
        public var wait100Continue: (@Sendable () -> Void)?
        public var wroteRequest: (@Sendable (Failure?) -> Void)?
        /// Every event, the sixteen above included, with its time. The last one of a request is `requestFinished`.
        public var event: (@Sendable (TraceRecord) -> Void)?

        /// Every event too, kept instead of told: before any hook is called.
        public var buffer: TraceBuffer?

        public init() {}
    }

    // Behind one reference: seventeen closures are seventeen to count.
    package let calls: HookCalls

    public init(_ hooks: Hooks = Hooks()) { calls = HookCalls(hooks) }

    /// Fills in a new trace: `ClientTrace { $0.gotConn = { … } }`.
    public init(_ fill: (inout Hooks) -> Void) {
        var hooks = Hooks()
        fill(&hooks)
        self.init(hooks)
    }

    /// What it was made of: for another trace that differs in some.
    public var hooks: Hooks { calls.hooks }

    /// Where every event is kept, without being told; nil where none is.
    public var buffer: TraceBuffer? { calls.buffer }

    /// Whether anybody is told when events happened. Go's hooks are not.
    public var tellsTimes: Bool { calls.tellsTimes }

    /// Whether there is a hook, `event` included: somebody to be called.
    public var hasHooks: Bool { calls.hasHooks }

    /// Whether `got1xxResponse` is there, which may end a request.
    public var hearsInformational: Bool { calls.present.contains(.got1xxResponse) }

    /// The traces in force for the current task, composed; nil without any. Go's `ContextClientTrace`.
    public static var current: ClientTrace? { TraceInForce.local.get().trace }
}

// A type of its own: an optional as a task's value is copied by way of tables of its type, at each look.
@usableFromInline
struct TraceInForce: Sendable {
    @usableFromInline static let local = TaskLocal(wrappedValue: TraceInForce(trace: nil))

    var trace: ClientTrace?

    @usableFromInline init(trace: ClientTrace?) { self.trace = trace }
}

/// Runs `operation` with `trace` told of every request started in it, in tasks it starts too.
///
/// Traces already in force stay in force: hooks of the newest run first, then the earlier ones'. Nothing passed in is
/// modified, so the same trace may be installed twice and is then called twice.
public func withClientTrace<Result>(
    _ trace: ClientTrace, operation: () async throws -> Result
) async rethrows -> Result {
    try await withClientTrace(only: trace.composed(over: ClientTrace.current), operation: operation)
}

/// Runs `operation` with `trace` alone told of every request started in it: those in force until then are not.
///
/// - Parameter trace: Nil has nobody told.
// Put into its callers: ten thousand tasks that wait in it would each keep room for one call more.
@inlinable @inline(__always)
public func withClientTrace<Result>(
    only trace: ClientTrace?, operation: () async throws -> Result
) async rethrows -> Result {
    try await TraceInForce.local.withValue(TraceInForce(trace: trace), operation: operation)
}
