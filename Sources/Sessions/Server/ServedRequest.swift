public import HTTPTrace

// A request as a server saw it. Its phases are told in the client's words, mirrored, so that both sides of one request
// can be laid on one axis and read with one legend:
//
//      first byte ── send ── end of the request ── wait ── first byte of the answer ── receive ── last byte
//                 it arrives              the handler works                   it is written
//
// Built only by `apply`, from server records; the same records always make the same request.

/// One request from a server's side.
public struct ServedRequest: Equatable, Sendable, Identifiable {
    public let id: ServerRequestID
    public let connection: ServerConnectionID
    public var client: NetworkAddress
    /// The first byte of its head.
    public var startedAt: Timestamp
    /// Nil while it is served.
    public var finishedAt: Timestamp?
    /// Which request on its connection it is, from 1; nil before its head was read.
    public var use: Int?
    /// Nil while it arrives, and when it could not be read.
    public var head: IncomingHead?
    /// The beginning of what could not be read; nil where a head was.
    public var unreadableLine: [UInt8]?
    /// `send` is its arriving, `wait` the handler's work until the answer began, `receive` the answer's writing.
    public var phases = PhaseSpans()
    /// When the handler ran; nil when none did.
    public var handler: PhaseSpans.Span?
    /// Body bytes that came, un-chunked.
    public var requestBytes = 0
    /// Whether it was read to its end.
    private(set) var hasEnded = false
    /// Body bytes of the answer, as the client sees them.
    public var responseBytes = 0
    /// Early answers (1xx), oldest first.
    public var informational: [ResponseHead] = []
    public var response: ResponseHead?
    public var failure: Failure?
    /// What ended its way to the server behind us; it goes on until its client has been told.
    public var upstreamFailure: Failure?
    /// What was kept of its body; nil until that has ended, or when keeping is off.
    public var body: BodyCapture?

    public init(id: ServerRequestID, connection: ServerConnectionID, client: NetworkAddress, at time: Timestamp) {
        self.id = id
        self.connection = connection
        self.client = client
        startedAt = time
    }

    /// Takes in what happened next. Records come in the order of their times.
    public mutating func apply(_ record: ServerRecord) {
        let time = max(record.time, startedAt)
        switch record.event {
        case .requestFirstByte: phases.begin(.send, at: time)
        case .requestHead(let head, let use): (self.head, self.use) = (head, use)
        case .requestUnreadable(let line): unreadableLine = line
        case .requestBody(let count): requestBytes += count
        case .requestEnded:
            hasEnded = true
            // An answer that has begun ended `send` already: nothing was waited for.
            if phases.running == .send { phases.begin(.wait, at: time) }
        case .handlerStart: handler = PhaseSpans.Span(start: time)
        case .handlerDone: handler?.end = time
        case .informational(let head): informational.append(head)
        case .responseHead(let head): response = head
        case .responseFirstByte: phases.begin(.receive, at: time)
        case .responseLastByte(let bytes):
            responseBytes = bytes
            phases.end(.receive, at: time)
        case .responseBroken(let bytes): responseBytes = bytes
        case .requestFinished(let failure):
            self.failure = failure
            phases.endAll(at: time)
            finishedAt = max(time, phases.lastEnd ?? time)
        case .sent100Continue, .accepted, .tlsHandshakeStart, .tlsHandshakeDone, .protocolChosen, .state, .closed,
            .shutdownWaits, .shutdownDone:
            break  // Shown as events, or the connection's and the server's.
        }
    }

    public var isRunning: Bool { finishedAt == nil }

    /// Whether all of its body has come; false where the client broke off, or the answer did not wait for the rest.
    public var hasWholeBody: Bool { hasEnded || requestBytes == head?.bodyBytes }

    /// Which of its failures is the first: a response that we cut short was, where its way to the server behind us failed,
    /// cut short by that.
    var reason: Failure? {
        guard let failure, failure.kind != .truncated else { return upstreamFailure ?? failure }
        return failure
    }
}
