// Everything that can be seen of a server, as one exhaustive list: what Go's `http.Server.ConnState` reports, and what
// its users ask for beside it (golang/go#38270, #18997).
//
//      accepted ─ tls ─┬─ firstByte ─ head ─ body … ─ end ─────────┬─ finished ─┬─ closed
//                      │      handler … response … lastByte │ broken ┘          │
//                      └──────────────── the next request ◀─────────────────────┘
//
// A start has exactly one done. Each request that sent a byte has exactly one `requestFinished`, its last event; each
// connection one `closed`, also one that was taken over.

/// One thing that happened on a server. Times are not in here: see `ServerRecord`.
public enum ServerEvent: Sendable, Equatable {
    // MARK: the connection

    /// First event of every connection, before any TLS.
    indirect case accepted(client: NetworkAddress, server: NetworkAddress, Scheme)
    case tlsHandshakeStart
    /// On failure the facts hold what was seen until then.
    indirect case tlsHandshakeDone(TLSFacts, Failure?)
    /// What both sides speak: `http/1.1` or `h2`. Once, before the first request's events.
    case protocolChosen(String)
    /// Go's ConnState, `closed` excepted.
    case state(ConnectionState)
    /// Last event of every connection. The bytes count all that crossed the socket, TLS included; for one that was taken
    /// over too.
    case closed(ServerCloseReason, received: Int, sent: Int)

    // MARK: the request

    /// The first byte of the request's head was read. For a pipelined request: it was looked at.
    case requestFirstByte
    /// The head is complete. `use` counts the requests of the connection from 1.
    case requestHead(IncomingHead, use: Int)
    /// In place of the head, over HTTP/1: it can't be read, or broke off. Its first line as it came, without a line end, or
    /// the beginning of that; empty where nothing else came. Untrusted bytes.
    case requestUnreadable(line: [UInt8])
    /// Body bytes were read, after un-chunking: at least 1.
    case requestBody(Int)
    /// The client was told to send its body.
    case sent100Continue
    /// The request has been read to its end; `bytes` counts its body.
    case requestEnded(bytes: Int)
    case handlerStart
    /// What the handler threw; nil when it returned.
    case handlerDone(Failure?)
    /// An early answer (1xx) was written.
    case informational(ResponseHead)
    /// The final head stands in the write buffer.
    case responseHead(ResponseHead)
    /// The first byte of the final response was handed to the kernel.
    case responseFirstByte
    /// The last byte of it was; `bytes` counts the body as the client sees it, un-chunked.
    case responseLastByte(bytes: Int)
    /// In place of the last byte: a response that had begun broke off. `bytes` counts what had gone of its body; what the
    /// kernel had not taken of a chunk is left out.
    case responseBroken(bytes: Int)
    /// Last event of every request: nil when it was answered whole and read to its end.
    case requestFinished(Failure?)

    // MARK: the server

    /// It shuts down and waits for these: the first of `count`. Once when it begins, and each time the list is shorter.
    indirect case shutdownWaits([ServerWaiting], count: Int)
    /// The shutdown is over; false when it gave up on some.
    case shutdownDone(isInTime: Bool)
}

/// A server's event with its time and whose it is.
public struct ServerRecord: Sendable, Equatable {
    /// Taken on the spot, on the network thread.
    public var time: Timestamp
    /// Nil for events of the server.
    public var connection: ServerConnectionID?
    /// Nil for events of the connection.
    public var request: ServerRequestID?
    public var event: ServerEvent

    public init(time: Timestamp, connection: ServerConnectionID?, request: ServerRequestID?, event: ServerEvent) {
        self.time = time
        self.connection = connection
        self.request = request
        self.event = event
    }
}
