internal import HTTPTypes

/// Reads the body of one message, whichever its framing, and says where it ends. Requests and responses share it.
struct BodyReader: Sendable {
    enum Event { case data(Range<Int>), trailers(HTTPFields), end }

    private var framing = BodyFraming.none
    private var remaining: Int64 = 0
    private var chunks: ChunkedDecoder?
    private let limits: HTTP1Limits

    /// Reads nothing until `begin`.
    init(limits: HTTP1Limits) { self.limits = limits }

    /// Expects a body. In place: the decoder of chunks is large, and most bodies do without.
    mutating func begin(_ framing: BodyFraming) {
        self.framing = framing
        remaining = if case .length(let length) = framing { length } else { 0 }
        if framing == .chunked {
            chunks = ChunkedDecoder(limits: limits)
        } else if chunks != nil {
            chunks = nil
        }
    }

    /// - Parameter isEnd: Nothing will come after `bytes`.
    /// - Returns: How many bytes were used, and the event; without one, all were used and more are needed.
    mutating func next(_ bytes: Span<UInt8>, isEnd: Bool) throws(WireError) -> (consumed: Int, event: Event?) {
        switch framing {
        case .none:
            return (0, .end)
        case .length:
            guard remaining > 0 else { return (0, .end) }
            guard !bytes.isEmpty else { return try needMore(isEnd, .body) }
            let count = Int(min(remaining, Int64(bytes.count)))
            remaining -= Int64(count)
            return (count, .data(0..<count))
        case .untilClose:
            guard bytes.isEmpty else { return (bytes.count, .data(0..<bytes.count)) }
            return (0, isEnd ? .end : nil)
        case .chunked:
            let (consumed, event) = try chunks!.next(bytes)
            switch event {
            case .data(let range): return (consumed, .data(range))
            case .trailers(let fields): return (consumed, .trailers(fields))
            case .end: return (consumed, .end)
            case nil: return (consumed, try needMore(isEnd, chunks!.part).event)
            }
        }
    }

    private func needMore(_ isEnd: Bool, _ part: WireError.MessagePart) throws(WireError) -> (
        consumed: Int, event: Event?
    ) {
        guard !isEnd else { throw WireError(.truncated(part)) }
        return (0, nil)
    }
}
