public import HTTPTrace
internal import Synchronization
public import Transport

// The front door. Behind it:
//
//      send ──▶ RoundTrip ──▶ ConnectionPool ──▶ HTTP1Exchange on HTTP1Connection ──▶ Response
//                   │              └─ ConnectionFactory: Dialer, TunnelOpener, TLSStream
//                   └─ Tracer ──▶ ClientTrace (yours)

/// Sends requests, keeps connections, and tells traces every step.
///
///     let client = await Client(try ClientConfiguration())
///     let response = try await client.send(ClientRequest(url: try TypedURL.parse("http://127.0.0.1:8080/")))
///     let body = try await response.body.collect(upTo: 1 << 20)
///
/// All work is done on the network thread. A task that sends many requests is fastest when it lives there:
/// `Task.onNetwork { … }`.
public final class Client: Sendable {
    public let configuration: ClientConfiguration
    let pool: ConnectionPool
    let heads: RequestHeads
    /// The cookies kept so far; nil keeps and sends none, which is how a client begins. May be set at any time.
    @exclusivity(unchecked) @NetworkActor public var cookies: CookieJar?
    private static let lastExchange = Atomic<Int>(0)

    @NetworkActor
    public init(_ configuration: ClientConfiguration) {
        self.configuration = configuration
        heads = RequestHeads(configuration)
        pool = ConnectionPool(
            settings: configuration.pool, factory: ConnectionFactory(configuration: configuration),
            observer: configuration.connectionObserver, buffer: configuration.connectionBuffer)
    }

    // Its pool and the connections in it hold each other.
    deinit { EventLoop.shared.execute { [pool] in pool.shutDown() } }

    /// Sends `request` and waits for the response's head.
    ///
    /// The traces in force for this task (`withClientTrace`) are told of every step, and one event `requestFinished`
    /// tells that none will follow. Cancelling the task ends the request in any phase at once.
    ///
    /// - Parameters:
    ///   - id: How events name this exchange; nil for the next number nobody else uses.
    ///   - redirection: Which redirect led here, from `RedirectChain`; nil for a request of its own.
    /// - Throws: What failed and in which phase.
    @NetworkActor
    public func send(
        _ request: ClientRequest, as id: ExchangeID? = nil, after redirection: Redirection? = nil
    ) async throws(Failure) -> Response {
        // Reading the system's roots takes up to a tenth of a second, once: that is no part of anybody's handshake.
        if request.url.origin.scheme == .https, !configuration.tls.isReady { await configuration.tls.ready() }
        // Go: a request that is cancelled before it starts fires no hook.
        guard !Task.isCancelled else { throw Failure.cancelledByCaller(in: nil) }
        let trip = makeTrip(request, id, redirection)
        // It returns nothing: results of a type of ours are copied through that function at a price.
        await withTaskCancellationHandler {
            await trip.run()
        } onCancel: {
            trip.cancelSoon()
        }
        return try trip.response()
    }

    @inline(never)  // Else what it takes to make one would stay until its end.
    @NetworkActor
    private func makeTrip(_ request: ClientRequest, _ id: ExchangeID?, _ redirection: Redirection?) -> RoundTrip {
        let tracer = Tracer(
            exchange: id ?? Self.nextExchangeID(), trace: ClientTrace.current,
            keepsTimes: configuration.requestTimeout != nil || configuration.responseHeaderTimeout != nil)
        return RoundTrip(request, after: redirection, self, tracer)
    }

    /// How many connections there are, and in which states.
    @NetworkActor
    public var poolSnapshot: PoolSnapshot { pool.snapshot }

    /// Closes idle connections, and those in use as soon as they are free, until the next request.
    ///
    /// - Returns: What was closed and what stays for now.
    @NetworkActor @discardableResult
    public func closeIdleConnections() -> CloseIdleReport { pool.closeIdle() }

    /// The same, and waits until those in use are gone too.
    ///
    /// - Parameter limit: The longest time to wait. A request that comes meanwhile lets its connection live on.
    /// - Returns: What was closed at once, and what is there still.
    @NetworkActor @discardableResult
    public func closeIdleConnections(waitingUpTo limit: Duration) async -> CloseIdleReport {
        await pool.closeIdle(waitingUpTo: limit)
    }

    /// Ends every request and connection. Sending afterwards fails.
    @NetworkActor
    public func shutDown() { pool.shutDown() }

    // MARK: - What round trips ask for

    // Of the client and not of its parts: whose part is called, the part's users are counted.

    /// - Throws: Why the request can't be sent.
    @inline(never) @NetworkActor
    func head(of request: ClientRequest) throws(Failure) -> MadeHead { try heads.head(of: request) }

    /// The same for HTTP/2.
    @inline(never) @NetworkActor
    func http2Head(of request: ClientRequest) throws(Failure) -> MadeHTTP2Head { try heads.http2Head(of: request) }

    /// What traces are told of a request before anything is added to it.
    @inline(never) @NetworkActor
    func requestedHead(of request: ClientRequest) -> RequestedHead { heads.requested(request) }

    /// See `ConnectionPool.lease`.
    @inline(never) @NetworkActor
    func lease(for head: MadeHead, tracer: Tracer) throws(Failure) -> ConnectionPool.Lease {
        try pool.lease(for: head, tracer: tracer)
    }

    static func nextExchangeID() -> ExchangeID {
        ExchangeID(lastExchange.add(1, ordering: .relaxed).newValue)
    }
}
