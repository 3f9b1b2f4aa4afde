// Everything that can be seen of a round trip, as one exhaustive list. Hooks, recorder, session and exports are all fed
// from it; a case added here is a compile error wherever it must be thought of.
//
// A start has exactly one done, also on failure and cancellation. The marks: [G] what a Go hook reports, with Go's
// timing; [+] what Go has no hook for.

/// One thing that happened. Times are not in here: see `TraceRecord`.
///
/// Cases with much to say are indirect, so that all the others, which are most of what is recorded, stay a few words.
public enum TraceEvent: Sendable, Equatable {
    // MARK: the exchange

    /// [+] First event of every exchange.
    case requestStarted(RequestedHead)
    /// [+] Second event where a redirect led here. The exchange that led here has one of its own, with phases of its own.
    indirect case redirected(Redirection)
    /// [G] Before the pool looks for a connection. `hostPort` is the first hop: the target, or its proxy.
    case getConn(hostPort: String)
    /// [+] The pool had nothing at once: why, and how many wait before this one.
    case queued(QueueReason, position: Int)
    /// [+] The wait is over, one way or the other.
    case dequeued(DequeueReason)
    /// [G] A usable connection was handed over, after TLS. Never on failure.
    case gotConn(GotConnection)
    /// [G] The head stands in the write buffer, complete. `wroteHeaderField` hooks are called from it, then
    /// `wroteHeaders`. Go's hook fires here too: before anything reached the kernel.
    case wroteHeaders(SentHead)
    /// [G] `Expect: 100-continue` was sent and the body is held back.
    case wait100Continue
    /// [G] Head and body stand in the write buffer, or writing failed.
    case wroteRequest(Failure?)
    /// [+] The last request byte was handed to the kernel: the end of `send`. `bytes` counts head and body. Stamped when the
    /// system call began that took it, since that may wake the peer before it returns; where the kernel was full and
    /// took it piece by piece, when it had all.
    case flushed(bytes: Int)
    /// [G] The first byte of the first response message, 1xx included.
    case gotFirstResponseByte
    /// [G] Each 1xx except 101.
    case got1xxResponse(ResponseHead)
    /// [G] The 100 that was asked for; over HTTP/1 just before its `got1xxResponse`.
    case got100Continue
    /// [+] The final head is complete.
    case responseHead(ResponseHead)
    /// [+] Body bytes arrived, after un-chunking: `bytes` is at least 1.
    case bodyBytes(Int)
    /// [+] The body's reader came back after so long, a millisecond or more, to find the kernel's buffer (over HTTP/2: the
    /// stream's window) full: up to so long the server could not send, and `receive` tells of the reader as well.
    case bodyHeldUp(Duration)
    /// [+] The body is over, well or not.
    case bodyEnded(BodyEnd)
    /// [G] HTTP/1's put-back. Silent where Go is silent.
    case putIdleConn(PutIdleProblem?)
    /// [+] The attempt failed in a way that allows another: why, and on which connection it was.
    indirect case attemptRetried(Failure, number: Int)
    /// [+] Last event of every exchange; nothing follows it.
    case requestFinished(Failure?)

    // MARK: a dial, reported to the exchange that started it and to the connection's observers

    /// [G] Before a lookup; not for address literals.
    case dnsStart(host: String)
    /// [+] One family's part of the answer, as it arrived; none where no DNS server was asked by us, and none for a
    /// family that nobody waited for any more.
    indirect case dnsAnswered(DNSRecords)
    /// [G] For a name whose families arrive apart it may come after the first `connectStart` (RFC 8305 §3).
    indirect case dnsDone(DNSAnswer)
    /// [+] No lookup: addresses were given for this host and port beforehand (curl's `--resolve`).
    indirect case addressPinned(host: String, [NetworkAddress])
    /// [+] The dial goes elsewhere than the request says (curl's `--connect-to`); both as `host:port`.
    indirect case dialRedirected(from: String, to: String)
    /// [G] Before each attempt; `attempt` counts from 1 within a dial, since attempts may overlap.
    indirect case connectStart(attempt: Int, NetworkAddress)
    /// [G] Once per attempt, also when it is abandoned because another one won.
    indirect case connectDone(attempt: Int, NetworkAddress, Failure?)
    /// [+] A proxy is asked for a way to `target`. TCP stands; a TLS handshake before the done is with the proxy.
    indirect case tunnelStart(ProxyServer, target: String)
    /// [+] The way stands, or the proxy refused: its answer is in the facts.
    indirect case tunnelDone(TunnelFacts, Failure?)
    /// [G] Twice where both the proxy and the target are spoken to in TLS.
    case tlsHandshakeStart
    /// [+] Each message and alert of the handshake, both ways, and what comes before the first bytes from above: tickets.
    case tlsMessage(TLSMessage)
    /// [G] On failure the facts hold what was seen until then (Go: nothing).
    indirect case tlsHandshakeDone(TLSFacts, Failure?)

    /// [+] What the kernel knows of the connection: when its dial connected, and at the first byte and the end of
    /// exchanges on it, though of no more than twenty exchanges a second and connection.
    indirect case tcpMeasured(TCPFacts)

    // MARK: the connection, for its observers

    /// [+] A dial began.
    indirect case connectionDialing(ConnectionKey)
    /// [+] TCP, and tunnel and TLS where asked for, stand.
    indirect case connectionOpened(ConnectionFacts)
    /// [+] The dial failed; nothing else follows for this connection.
    case connectionFailed(Failure)
    /// [+] A request took it: `use` counts from 1.
    case connectionActive(use: Int)
    /// [+] HTTP/2: a request on it is over, and `open` others are under way. With the last one it turns idle, or is closed.
    /// It names the request, though the last event of its own may have been told before.
    case connectionStreamEnded(open: Int)
    /// [+] HTTP/2: a frame stands in the write buffer. Only where the client was asked to tell of frames.
    case frameSent(HTTP2Frame)
    /// [+] HTTP/2: a frame arrived. Only where the client was asked to tell of frames.
    case frameReceived(HTTP2Frame)
    /// [+] It waits for its next request, until `deadline` at the latest (nil: for ever).
    case connectionIdle(until: Timestamp?)
    /// [+] It is gone: who closed it and why.
    case connectionClosed(CloseReason)
}

/// An event with its time and whose it is.
public struct TraceRecord: Sendable, Equatable {
    /// Taken on the spot, on the network thread.
    public var time: Timestamp
    // 0 for none, as numbers begin with 1: half the size, of a value that is moved for every event.
    @usableFromInline var exchangeNumber: Int
    @usableFromInline var connectionNumber: Int
    public var event: TraceEvent

    /// The exchange it belongs to; nil for events of a connection that serves none.
    public var exchange: ExchangeID? {
        get { exchangeNumber == 0 ? nil : ExchangeID(exchangeNumber) }
        set { exchangeNumber = newValue?.number ?? 0 }
    }

    /// The connection it happened on; nil before there is one.
    public var connection: ConnectionID? {
        get { connectionNumber == 0 ? nil : ConnectionID(connectionNumber) }
        set { connectionNumber = newValue?.number ?? 0 }
    }

    @inlinable
    public init(time: Timestamp, exchange: ExchangeID?, connection: ConnectionID?, event: consuming TraceEvent) {
        self.time = time
        exchangeNumber = exchange?.number ?? 0
        connectionNumber = connection?.number ?? 0
        self.event = event
    }
}
