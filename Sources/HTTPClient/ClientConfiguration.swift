public import HTTPTrace
public import HTTPWire
public import Transport

/// How a client behaves. A value: a client keeps the one it was made with.
public struct ClientConfiguration: Sendable {
    public var pool = PoolSettings()
    /// Which versions of HTTP are spoken.
    public var versions = HTTPVersions.http2Preferred
    /// Lookup and all attempts to connect together; nil without limit. 30 s is Go's.
    public var connectTimeout: Duration? = .seconds(30)
    /// Having a proxy make the way to a target, its own TLS handshake included; nil without limit. 1 min is Go's.
    public var tunnelTimeout: Duration? = .seconds(60)
    /// One handshake; nil without limit. 10 s is Go's.
    public var tlsHandshakeTimeout: Duration? = .seconds(10)
    /// From the written request to the response head; nil without limit.
    public var responseHeaderTimeout: Duration?
    /// From `send` to the end of the body; nil without limit. curl's `--max-time`.
    public var requestTimeout: Duration?
    /// How long a body is held back for a 100 that doesn't come. 1 s is Go's.
    public var expectContinueTimeout: Duration = .seconds(1)
    /// What a peer's message may cost.
    public var limits = HTTP1Limits.standard
    /// The same over HTTP/2.
    public var http2Limits = HTTP2Limits.standard
    /// How long an HTTP/2 connection with requests under way may be silent before it is asked for a sign of life; nil never
    /// asks. Go's `ReadIdleTimeout`.
    public var pingInterval: Duration?
    /// How long the answer to that may take. 15 s is Go's.
    public var pingTimeout: Duration = .seconds(15)
    /// Whether `connectionObserver` is told of every HTTP/2 frame.
    public var observesFrames = false
    /// Trust, verification, and what is offered.
    public var tls: TLSContext
    public var resolver: any Resolver
    /// Which addresses are dialed, from where, and how soon the next one is tried.
    public var dialing = DialOptions()
    /// Which origins are reached through which proxy; none until it is said.
    public var proxies = ProxyRules()
    /// Trust and verification for proxies that are spoken to in TLS; nil for the same as `tls`. To offer no other
    /// application protocol than HTTP/1.1.
    public var proxyTLS: TLSContext?
    /// Sent where a request has no `User-Agent` of its own; nil sends none.
    public var userAgent: String? = "roundtrip/1"
    /// Told of every connection's life: `connection…` events, whether or not a request is involved. Called on the
    /// network thread, never concurrently.
    public var connectionObserver: (@Sendable (TraceRecord) -> Void)?
    /// Keeps the same, for those who look at many at a time.
    public var connectionBuffer: TraceBuffer?

    /// - Parameters:
    ///   - tls: Nil verifies against the system's roots.
    ///   - resolver: Asked for names.
    /// - Throws: When the system's roots can't be read.
    public init(tls: TLSContext? = nil, resolver: any Resolver = MachineResolver.shared) throws(TLSError) {
        if let tls { self.tls = tls } else { self.tls = try TLSContext(client: TLSContext.ClientConfiguration()) }
        self.resolver = resolver
    }
}
