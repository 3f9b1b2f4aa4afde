public import HTTPTrace
public import HTTPWire
public import Transport

/// Told of each event, in order, on the network thread, between two steps of a connection: it must not block.
public typealias ServerObserver = @Sendable @NetworkActor (ServerRecord) -> Void

/// Whether an observer can follow, and when it can again.
///
/// While it can't, no connection is accepted and nothing is read from those over HTTP/2: what is refused there is told
/// without any handler that could wait. Over HTTP/1 a refusal closes the connection, and a handler waits by itself.
public struct ObserverPace: Sendable {
    /// Whether it has been told more than it has dealt with, by more than it puts up with.
    public var isBehind: @Sendable @NetworkActor () -> Bool
    /// Returns when it has caught up, or at once when it has not fallen behind.
    public var ready: @Sendable @NetworkActor () async -> Void

    public init(
        isBehind: @escaping @Sendable @NetworkActor () -> Bool,
        ready: @escaping @Sendable @NetworkActor () async -> Void
    ) {
        self.isBehind = isBehind
        self.ready = ready
    }
}

/// How a server listens and how much it puts up with.
public struct ServerConfiguration: Sendable {
    /// Where to listen. Loopback unless told otherwise: nobody but this machine reaches a server that was started to
    /// look at something. Port 0 takes a free one; `Server.address` says which.
    public var address = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 0)
    /// Set for https.
    public var tls: TLSContext?
    /// Whether a plain connection may begin with HTTP/2's preface (prior knowledge, RFC 9113 §3.3). Over TLS the context's
    /// application protocols decide.
    public var speaksHTTP2 = true
    public var timeouts = ServerTimeouts()
    public var limits = ServerLimits()
    /// The Server field of each response; empty for none.
    public var serverName = "roundtrip"
    /// Answers 421 to requests whose Host is neither `localhost` (nor below it) nor a loopback address. A web page
    /// could otherwise point a name of its own at 127.0.0.1 and read what this server says (DNS rebinding). Counts only
    /// while `address` is on loopback.
    public var refusesForeignHosts = true
    /// Told of everything that happens, request by request. Costs a nil check an event when there is none.
    public var observer: ServerObserver?
    /// For an observer that hands on what it is told, to somebody who may be slow. Nil for one that keeps up.
    public var observerPace: ObserverPace?

    public init() {}
}

/// How long the server waits for what. Each limit is for one wait: a slow client that keeps sending is served, except
/// that a head must be complete in its time.
public struct ServerTimeouts: Sendable {
    /// From accept to the end of the TLS handshake. 10 s, as clients allow.
    public var handshake = Duration.seconds(10)
    /// From the connection (or the end of its handshake), and from the first bytes of a later request, to the end of
    /// the head. Nobody needs longer, and clients that dribble heads are an old way to use up a server. nginx waits 60
    /// s.
    public var head = Duration.seconds(20)
    /// For the next piece of a request's body.
    public var body = Duration.seconds(30)
    /// Between requests. A little more than Go's client keeps a connection (90 s), so that the client closes first and
    /// no request runs into the close.
    public var idle = Duration.seconds(100)
    /// For the client to take more of the response.
    public var write = Duration.seconds(30)
    /// After the last byte of a response the server closes, for the client to read it: an immediate close would answer
    /// bytes still on their way with a reset, which destroys the response (RFC 9112 §9.6). Go's 500 ms.
    public var linger = Duration.milliseconds(500)
    /// How long `shutdown` spares a connection that has not sent anything: its first request may be on the way. Go's 5
    /// s.
    public var untouched = Duration.seconds(5)

    public init() {}
}

/// How much the server takes.
public struct ServerLimits: Sendable {
    /// Open connections; more wait in the kernel's queue until one closes. 10,000, as the program promises to hold; an
    /// idle one costs 7 kB.
    public var connections = 10_000
    /// What the parser takes. Heads up to 64 KiB with 500 fields: every request is kept until it is answered, and
    /// browsers stop at 8 KiB of cookies.
    public var http1 = HTTP1Limits.server
    /// The same for HTTP/2.
    public var http2 = HTTP2Limits.server
    /// Unread body that is discarded to keep the connection; beyond that a new connection is cheaper. 256 KiB, as in
    /// Go.
    public var discardedBodyBytes = 256 << 10

    public init() {}
}

extension HTTP1Limits {
    fileprivate static let server: HTTP1Limits = {
        var limits = HTTP1Limits()
        limits.headBytes = 64 << 10
        limits.fieldCount = 500
        return limits
    }()
}

extension HTTP2Limits {
    fileprivate static let server: HTTP2Limits = {
        var limits = HTTP2Limits()
        limits.headBytes = 64 << 10
        limits.fieldCount = 500
        // What a hundred handlers that sleep may keep of uploads: 25 MB.
        limits.streamWindowBytes = 256 << 10
        limits.connectionWindowBytes = 1 << 20
        return limits
    }()
}
