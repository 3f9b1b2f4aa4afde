public import HTTPTypes

// The client's half of HTTP/1: the responses of one connection, one request at a time. No I/O: bytes come in, events
// go out.
//
//             begin              head               body, trailers
//      idle ─────────▶ head ──────────────▶ body ──────────────────▶ end ──▶ idle, when reusable
//                     │    ▲
//                     └────┘ informational
//
// It is pulled: `next` returns one event and how many bytes that took; call it again with the rest until it returns
// no event.

/// Reads the responses of one connection.
///
///     reader.begin(after: requestHead)
///     var offset = 0
///     while true {
///         let step = try reader.next(bytes.extracting(offset..<bytes.count), isEnd: false)
///         offset += step.consumed
///         guard let event = step.event else { break }      // needs more bytes; all were consumed
///         ...
///         if case .end = event { break }                   // bytes left now were not asked for
///     }
public struct HTTP1ResponseReader: Sendable {
    private enum State: Sendable { case idle, head, body, broken }

    private let limits: HTTP1Limits
    private var state = State.idle
    private var asked = AskedKind.other
    private var offersUpgrade = false
    private var asksToClose = false
    private var parser: HeadParser
    /// The bytes of the heads of this response, interim ones included, that are complete.
    private var headBytes = 0
    private var body: BodyReader
    private var end = HTTP1End.reusable

    public init(limits: HTTP1Limits = .standard) {
        self.limits = limits
        parser = HeadParser(.response, maxBytes: limits.headBytes, maxFields: limits.fieldCount)
        body = BodyReader(limits: limits)
    }

    /// What `next` did.
    public struct Step: Equatable, Sendable {
        /// The bytes used, from the start of those passed.
        public var consumed: Int
        /// Nil when more bytes are needed; all were consumed then.
        public var event: Event?
    }

    public enum Event: Equatable, Sendable {
        /// A 1xx other than 101, any number of times before the head (RFC 9110 §15.2).
        case informational(ReceivedHead)
        /// Once. Also for 101, and for the answer to CONNECT.
        case head(ReceivedHead, framing: BodyFraming)
        /// Body bytes, decoded from their chunks: a range of the span passed to this call, never empty. Chunk borders
        /// are not preserved.
        case body(Range<Int>)
        /// The trailers of a chunked body, when there are any. They are kept apart from the head's fields, as RFC
        /// 9110 §6.5.1 demands.
        case trailers(HTTPFields)
        /// Last and once. Bytes beyond `consumed` belong to nobody, or, when the connection was upgraded, to the new
        /// protocol.
        case end(HTTP1End)
    }

    /// Expects the response to a request. To be called before the request is sent, since servers answer early.
    ///
    /// - Precondition: No response is under way, and none failed.
    /// - Parameters:
    ///   - requestMethod: Decides whether there is a body.
    ///   - offersUpgrade: The request had an Upgrade field, so that 101 may come.
    ///   - asksToClose: The request had `Connection: close`, so that the connection can't be kept whatever the server
    ///     says.
    public mutating func begin(
        requestMethod: HTTPRequest.Method, offersUpgrade: Bool = false, asksToClose: Bool = false
    ) {
        precondition(state == .idle, "begin() while a response is \(state)")
        asked = AskedKind(requestMethod)
        self.offersUpgrade = offersUpgrade
        self.asksToClose = asksToClose
        headBytes = 0
        state = .head
        expectHead()
    }

    /// Expects the response to a request whose head says the rest.
    public mutating func begin(after head: HTTP1RequestHead) {
        begin(requestMethod: head.method, offersUpgrade: head.offersUpgrade, asksToClose: head.asksToClose)
    }

    /// Whether a response has been asked for and has not ended.
    public var isMidMessage: Bool { state == .head || state == .body }

    /// After the head: whether the connection can carry another request once this response has ended in order.
    public var willBeReusable: Bool { end.isReusable }

    /// Lets the heads so far not count against the limit: for interim responses that somebody has taken note of.
    public mutating func forgiveHeadBytes() {
        precondition(state == .head && !parser.hasStarted, "forgiveHeadBytes() inside a head")
        headBytes = 0
        expectHead()
    }

    /// Whether a byte of the awaited response has come, interim ones included.
    public var hasStarted: Bool { state == .body || (state == .head && (parser.hasStarted || headBytes > 0)) }

    /// Reads up to the next event.
    ///
    /// - Precondition: `begin` was called, and `end` has not been returned since.
    /// - Parameters:
    ///   - bytes: What came after the bytes consumed so far. May be empty.
    ///   - isEnd: The peer closed: nothing will come after `bytes`.
    ///   - heads: What needs not be read again. A head that is read is added.
    /// - Throws: What the server did wrong; `closedBeforeResponse` and `truncated` when it closed too early. The
    ///   reader can't be used after.
    public mutating func next(
        _ bytes: Span<UInt8>, isEnd: Bool = false, knowing heads: inout KnownHeads
    ) throws(WireError) -> Step {
        do {
            switch state {
            case .head: return try nextHead(bytes, isEnd, &heads)
            case .body: return try nextBody(bytes, isEnd)
            case .idle, .broken: preconditionFailure("next() while a response is \(state)")
            }
        } catch {
            state = .broken
            throw error
        }
    }

    /// As above, knowing no heads.
    public mutating func next(_ bytes: Span<UInt8>, isEnd: Bool = false) throws(WireError) -> Step {
        var heads = KnownHeads()
        return try next(bytes, isEnd: isEnd, knowing: &heads)
    }

    private mutating func nextHead(
        _ bytes: Span<UInt8>, _ isEnd: Bool, _ heads: inout KnownHeads
    ) throws(WireError) -> Step {
        let (consumed, head) = try readHead(bytes, &heads)
        guard let head else {
            guard !isEnd else { throw WireError(hasStarted ? .truncated(.head) : .closedBeforeResponse) }
            return Step(consumed: consumed, event: nil)
        }
        if head.status == 101 {
            guard offersUpgrade else { throw WireError(.unaskedUpgrade) }
        } else if head.status < 200 {
            headBytes += head.bytes.count
            expectHead()
            return Step(consumed: consumed, event: .informational(head))
        }
        let framing = try BodyFraming.ofResponse(head, to: asked)
        end = verdict(head, framing)
        body.begin(framing)
        state = .body
        return Step(consumed: consumed, event: .head(head, framing: framing))
    }

    private mutating func readHead(
        _ bytes: Span<UInt8>, _ heads: inout KnownHeads
    ) throws(WireError) -> (consumed: Int, head: ReceivedHead?) {
        // What is known was read under other limits, maybe.
        if !parser.hasStarted, let head = heads.head(atStartOf: bytes),
            head.bytes.count <= limits.headBytes - headBytes,
            head.fieldCount <= limits.fieldCount
        {
            return (head.bytes.count, head)
        }
        let (consumed, head) = try parser.next(bytes)
        if let head { heads.keep(head) }
        return (consumed, head)
    }

    private mutating func nextBody(_ bytes: Span<UInt8>, _ isEnd: Bool) throws(WireError) -> Step {
        let (consumed, event) = try body.next(bytes, isEnd: isEnd)
        switch event {
        case nil: return Step(consumed: consumed, event: nil)
        case .data(let range): return Step(consumed: consumed, event: .body(range))
        case .trailers(let fields): return Step(consumed: consumed, event: .trailers(fields))
        case .end:
            state = .idle
            return Step(consumed: consumed, event: .end(end))
        }
    }

    private mutating func expectHead() {
        parser.begin(maxBytes: limits.headBytes - headBytes)
    }

    private func verdict(_ head: ReceivedHead, _ framing: BodyFraming) -> HTTP1End {
        if head.status == 101 || (asked == .connect && 200..<300 ~= head.status) { return .notReusable(.upgraded) }
        let end = HTTP1End.after(head, framing, from: .server)
        guard end.isReusable else { return end }
        if asked == .connect { return .notReusable(.tunnelRefused) }
        return asksToClose ? .notReusable(.connectionClose(by: .client)) : end
    }
}
