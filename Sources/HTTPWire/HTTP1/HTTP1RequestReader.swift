public import HTTPTypes

// The server's half of HTTP/1: the requests of one connection, one after another, pipelined ones included. No I/O.
//
//             first byte          head               body, trailers
//      idle ─────────────▶ head ──────────▶ body ───────────────────▶ end ──▶ idle
//
// Strict where the response reader is lenient: a request that two recipients could read in two ways is how requests
// are smuggled past a proxy (RFC 9112 §11.2), so it is refused, and the connection with it.

/// Reads the requests of one connection. It is pulled like `HTTP1ResponseReader`; after `end` the next call begins
/// the next request.
public struct HTTP1RequestReader: Sendable {
    private enum State: Sendable { case head, body, broken }

    private let limits: HTTP1Limits
    private var state = State.head
    private var parser: HeadParser
    private var body: BodyReader
    private var end = HTTP1End.reusable
    /// The bytes of one CRLF before the request line that were skipped.
    private var skipped = 0

    public init(limits: HTTP1Limits = .standard) {
        self.limits = limits
        parser = HeadParser(.request, maxBytes: limits.headBytes, maxFields: limits.fieldCount)
        body = BodyReader(limits: limits)
    }

    /// What `next` did.
    public struct Step: Equatable, Sendable {
        /// The bytes used, from the start of those passed.
        public var consumed: Int
        /// Nil when more bytes are needed, all were consumed then; or when the client closed between requests.
        public var event: Event?
    }

    public enum Event: Equatable, Sendable {
        /// Once a request. Host and framing have been checked; the framing is never `untilClose`.
        case head(ReceivedHead, framing: BodyFraming)
        /// Body bytes, decoded from their chunks: a range of the span passed to this call, never empty.
        case body(Range<Int>)
        /// The trailers of a chunked body, when there are any.
        case trailers(HTTPFields)
        /// The request is complete. Says what the request allows; the answer may still forbid reuse. Bytes beyond
        /// `consumed` are the next request's, or another protocol's if the server agrees to CONNECT or Upgrade.
        case end(HTTP1End)
    }

    /// Whether a request has begun and has not ended. A connection is idle while this is false, and a close then is a
    /// proper one.
    public var isMidMessage: Bool { state == .body || (state == .head && parser.hasStarted) }

    /// Reads up to the next event.
    ///
    /// - Parameters:
    ///   - bytes: What came after the bytes consumed so far. May be empty.
    ///   - isEnd: The client closed its side: nothing will come after `bytes`.
    /// - Throws: What the client did wrong, with the `answer` to give; `truncated` when it closed inside a request.
    ///   The reader can't be used after.
    public mutating func next(_ bytes: Span<UInt8>, isEnd: Bool = false) throws(WireError) -> Step {
        do {
            switch state {
            case .head: return try nextHead(bytes, isEnd)
            case .body: return try nextBody(bytes, isEnd)
            case .broken: preconditionFailure("next() after a malformed request")
            }
        } catch {
            state = .broken
            throw error
        }
    }

    private mutating func nextHead(_ bytes: Span<UInt8>, _ isEnd: Bool) throws(WireError) -> Step {
        let blank = try skipEmptyLine(bytes)
        let (consumed, head) = try parser.next(bytes.extracting(blank..<bytes.count))
        guard let head else {
            guard !isEnd || !isMidMessage else { throw WireError(.truncated(.head)) }
            return Step(consumed: blank + consumed, event: nil)
        }
        try checkHost(head)
        let framing = try BodyFraming.ofRequest(head)
        end = HTTP1End.after(head, framing, from: .client)
        body.begin(framing)
        state = .body
        return Step(consumed: blank + consumed, event: .head(head, framing: framing))
    }

    private mutating func nextBody(_ bytes: Span<UInt8>, _ isEnd: Bool) throws(WireError) -> Step {
        let (consumed, event) = try body.next(bytes, isEnd: isEnd)
        switch event {
        case nil: return Step(consumed: consumed, event: nil)
        case .data(let range): return Step(consumed: consumed, event: .body(range))
        case .trailers(let fields): return Step(consumed: consumed, event: .trailers(fields))
        case .end:
            state = .head
            skipped = 0
            parser.begin(maxBytes: limits.headBytes)
            return Step(consumed: consumed, event: .end(end))
        }
    }

    /// One CRLF before a request is forgiven (RFC 9112 §2.2): old clients send one after a body.
    private mutating func skipEmptyLine(_ bytes: Span<UInt8>) throws(WireError) -> Int {
        var index = 0
        guard !parser.hasStarted else { return 0 }
        while index < bytes.count, skipped < 2, bytes[index] == (skipped == 0 ? .carriageReturn : .lineFeed) {
            index += 1
            skipped += 1
        }
        guard skipped != 1 || index == bytes.count else { throw WireError(.bareCarriageReturn) }
        return index
    }

    /// Exactly one Host in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 §3.2).
    private func checkHost(_ head: ReceivedHead) throws(WireError) {
        let fields = head.lines.recognised
        let mayBeMissing = head.version == .http10
        guard fields.hostCount == 1 || (fields.hostCount == 0 && mayBeMissing), !fields.hasBadHost else {
            let values = Array(head.values("host").joined(separator: " | ").utf8)
            throw .peer(.badHost, requestLine: values.span)
        }
    }
}
