public import HTTPTypes

/// Why a request has no connection yet.
public enum QueueReason: Hashable, Sendable {
    /// Its own dial is running; a connection that turns idle meanwhile would serve it too (late binding).
    case dialing
    /// `limit` connections to this host are open already.
    case hostLimit(Int)
    /// `limit` connections are open in all.
    case totalLimit(Int)
    /// Another request's dial is running, and its connection is hoped to speak HTTP/2 and to carry both.
    case sharedDial
    /// Every HTTP/2 connection to this host carries as many requests as it may: `limit` on one.
    case streamLimit(Int)
}

/// How a wait for a connection ended.
public enum DequeueReason: Hashable, Sendable {
    /// The request's own dial was ready.
    case dialed
    /// Another request's connection was freed and handed straight over.
    case handedOver
    /// An HTTP/2 connection had room for one more request.
    case shared
    case cancelled
    case failed
}

/// Go's `GotConnInfo`.
public struct GotConnection: Hashable, Sendable {
    // A few words, since every request has one: what never changes is its connection's, and kept there.
    public let ends: ConnectionEnds
    /// Negative when it was not idle.
    private let idleNanoseconds: Int64
    private let useNumber: UInt32
    /// Go's meaning: it was in the pool before. A connection dialed for somebody who no longer wanted it counts too.
    public let isReused: Bool
    /// Whether other requests are under way on it (HTTP/2).
    public let isShared: Bool

    public var connection: ConnectionID { ends.connection }
    public var local: NetworkAddress { ends.local }
    public var remote: NetworkAddress { ends.remote }

    /// How long it was idle; nil when it was not (new, or handed over by a request that just ended).
    public var idleTime: Duration? { wasIdle ? .nanoseconds(idleNanoseconds) : nil }

    public var wasIdle: Bool { idleNanoseconds >= 0 }

    /// Which request on this connection this is, from 1.
    public var use: Int { Int(useNumber) }

    public init(_ ends: ConnectionEnds, isReused: Bool, idleTime: Duration?, use: Int, isShared: Bool = false) {
        self.ends = ends
        self.isReused = isReused
        idleNanoseconds = idleTime.map { max(0, $0.nanoseconds) } ?? -1
        useNumber = UInt32(clamping: use)
        self.isShared = isShared
    }

    public init(
        connection: ConnectionID, local: NetworkAddress, remote: NetworkAddress, isReused: Bool, idleTime: Duration?,
        use: Int, isShared: Bool = false
    ) {
        self.init(
            ConnectionEnds(connection, local: local, remote: remote), isReused: isReused, idleTime: idleTime, use: use,
            isShared: isShared)
    }
}

/// A connection and its two ends.
public final class ConnectionEnds: Hashable, Sendable {
    public let connection: ConnectionID
    public let local: NetworkAddress
    public let remote: NetworkAddress

    public init(_ connection: ConnectionID, local: NetworkAddress, remote: NetworkAddress) {
        self.connection = connection
        self.local = local
        self.remote = remote
    }

    public static func == (left: ConnectionEnds, right: ConnectionEnds) -> Bool {
        left === right
            || (left.connection == right.connection && left.local == right.local && left.remote == right.remote)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(connection)
        hasher.combine(local)
        hasher.combine(remote)
    }
}

/// What a connection turned out to be, once it stood.
public struct ConnectionFacts: Hashable, Sendable {
    public var local: NetworkAddress
    public var remote: NetworkAddress
    /// `http/1.1` or `h2`.
    public var applicationProtocol: String
    /// Nil on plain TCP.
    public var tls: TLSFacts?

    public init(
        local: NetworkAddress, remote: NetworkAddress, applicationProtocol: String = "http/1.1", tls: TLSFacts? = nil
    ) {
        self.local = local
        self.remote = remote
        self.applicationProtocol = applicationProtocol
        self.tls = tls
    }
}

/// Why a connection did not return to the pool. Go's errors of `PutIdleConn`, with the texts Go gives them.
public enum PutIdleProblem: String, Error, Hashable, Sendable, CustomStringConvertible {
    case tooManyIdleForHost = "too many idle connections for host"
    case closeIdleWasCalled = "close-idle was called while this request was in flight"
    case broken = "connection is in bad state"

    public var description: String { rawValue }
}

/// How a body ended.
public struct BodyEnd: Hashable, Sendable {
    public enum Way: String, Hashable, Sendable, Codable {
        /// Its declared length, its last chunk, or an orderly close where a close is the only end there is.
        case complete
        /// The reader went away before the end.
        case closedEarly
        /// The peer or the network ended it before its time.
        case broken
    }

    public var way: Way
    /// Body bytes as they came, un-chunked, still in their content coding.
    public var bytes: Int
    /// Trailer fields; nil without a trailer section.
    public var trailers: [String: String]?

    public init(way: Way, bytes: Int, trailers: [String: String]? = nil) {
        self.way = way
        self.bytes = bytes
        self.trailers = trailers
    }
}

/// Why a connection is gone, so that nobody has to guess from silence.
public enum CloseReason: Hashable, Sendable {
    /// The peer closed it while it was idle.
    case peerClosedIdle
    /// Bytes nobody asked for arrived while it was idle; a request must never get them.
    case unsolicitedBytes
    /// It was idle for the whole limit.
    case idleTimeout(after: Duration)
    /// It has carried as many requests as one may.
    case usedUp(limit: Int)
    /// It is as old as one may be.
    case tooOld(limit: Duration)
    /// The peer's `Connection: close`, or ours.
    case peerSaidClose, weSaidClose
    /// The peer takes no more requests on it (HTTP/2's GOAWAY), and why, in words that may be untrusted.
    case peerSaidGoAway(HTTP2ErrorCode, text: String)
    /// Another HTTP/2 connection to the same host does the work.
    case surplus
    /// HTTP/1.0 without keep-alive.
    case http10
    /// The body had no other end than the close.
    case bodyUntilClose
    /// The response ended before the request was written: what the peer would read next is anybody's guess.
    case earlyResponse
    /// The body was not read to its end.
    case bodyNotRead
    /// Keep-alive is switched off.
    case keepAliveOff
    case tooManyIdleForHost(limit: Int)
    /// The least recently used one made room for another idle one.
    case tooManyIdle(limit: Int)
    /// `limit` connections were open in all: the least recently used one made room for a dial to another host.
    case madeRoom(limit: Int)
    case closeIdleWasCalled
    case switchedProtocols
    /// A request with the method CONNECT got another answer than a tunnel.
    case tunnelRefused
    /// The request on it was cancelled or ran into its time limit.
    case requestCancelled, requestTimedOut
    /// Reading, writing or understanding the peer failed.
    case failed(Failure)
    case clientClosed
}

extension CloseReason: CustomStringConvertible {
    /// A few words for a narrow column.
    public var description: String {
        switch self {
        case .peerClosedIdle: "peer closed it while idle"
        case .unsolicitedBytes: "peer sent bytes nobody asked for"
        case .idleTimeout(let limit): "idle for \(limit.inWords)"
        case .usedUp(let limit): "carried \(limit) requests, the limit"
        case .tooOld(let limit): "older than \(limit.inWords)"
        case .peerSaidClose: "peer said Connection: close"
        case .weSaidClose: "we said Connection: close"
        case .peerSaidGoAway(.noError, let text): text.isEmpty ? "peer said GOAWAY" : "peer said GOAWAY: \(text)"
        case .peerSaidGoAway(let code, let text):
            "peer said GOAWAY: \(code)\(text.isEmpty ? "" : ", \(text)")"
        case .surplus: "another HTTP/2 connection serves this host"
        case .http10: "HTTP/1.0 without keep-alive"
        case .bodyUntilClose: "body ended by close"
        case .earlyResponse: "answered before the request was written"
        case .bodyNotRead: "body not read to its end"
        case .keepAliveOff: "keep-alive is off"
        case .tooManyIdleForHost(let limit): "more than \(limit) idle for this host"
        case .tooManyIdle(let limit): "more than \(limit) idle in all"
        case .madeRoom(let limit): "made room for another host (\(limit) open in all, the limit)"
        case .closeIdleWasCalled: "idle connections were closed"
        case .switchedProtocols: "switched protocols"
        case .tunnelRefused: "CONNECT was refused"
        case .requestCancelled: "request cancelled"
        case .requestTimedOut: "request timed out"
        case .failed(let failure): failure.message
        case .clientClosed: "client shut down"
        }
    }
}
