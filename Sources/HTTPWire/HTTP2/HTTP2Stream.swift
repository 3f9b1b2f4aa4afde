internal import HTTPTrace
internal import HTTPTypes

/// What a session knows of one stream.
final class HTTP2Stream {
    // What comes in.

    /// The head or trailers whose fields arrive now.
    var gathering: HTTP2FieldBlock?
    /// The fields of all heads so far, as `HTTP2Limits.headBytes` counts.
    var headBytes = 0
    /// Whether those of interim responses count together.
    let countsInterimHeads: Bool
    var contentLength: Int64?
    var bodyBytes: Int64 = 0
    /// DATA frames without data, in a row.
    var emptyFrames = 0
    /// Body bytes of the DATA frame that arrives now.
    var frameBytes = 0
    var hasEnded = false

    // What goes out.

    var body = HTTP2Body()
    var hasSentEnd = false

    // How it ends.

    var peerReset: HTTP2ErrorCode?
    var ownReset: HTTP2ErrorCode?
    var violation: WireError?
    var isUnsent = false

    init(countsInterimHeads: Bool = true) { self.countsInterimHeads = countsInterimHeads }

    /// - Parameter code: nghttp2's reason to close it.
    func end(_ code: HTTP2ErrorCode, complaint: String?) -> HTTP2StreamEnd {
        if let violation { return .malformed(violation) }
        if let ownReset { return .reset(ownReset, by: .us) }
        if let peerReset { return .reset(peerReset, by: .peer) }
        if isUnsent { return .unprocessed }
        switch code {
        case .noError: return .complete
        // Not by RST_STREAM: a GOAWAY said that nothing was done about it.
        case .refusedStream: return .unprocessed
        default: break
        }
        // nghttp2 reset it. It says nothing but this where the length is wrong.
        if code == .protocolError, let contentLength, contentLength != bodyBytes {
            return .malformed(WireError(.lengthMismatch))
        }
        return .malformed(WireError(.http2(code), evidence: complaint))
    }
}

/// A body on its way out.
struct HTTP2Body {
    private var pieces: [[UInt8]] = []
    /// Which of the pieces goes next; those before it have gone, and are empty.
    private var first = 0
    /// How much of that one has gone.
    private var offset = 0
    /// Bytes that have not gone.
    private(set) var count = 0
    private(set) var isEnded = false
    private(set) var trailers: HTTPFields?

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        pieces.append(bytes)
        count += bytes.count
    }

    mutating func end(trailers: HTTPFields?) {
        isEnded = true
        self.trailers = trailers
    }

    /// Hands the next `wanted` bytes to `take`, in one part or more.
    ///
    /// - Precondition: There are as many.
    mutating func remove(_ wanted: Int, _ take: (ArraySlice<UInt8>) -> Void) {
        precondition(wanted <= count, "\(wanted) bytes wanted of \(count)")
        var rest = wanted
        while rest > 0 {
            let part = min(rest, pieces[first].count - offset)
            take(pieces[first][offset..<offset + part])
            rest -= part
            offset += part
            if offset == pieces[first].count { dropFirst() }
        }
        count -= wanted
    }

    // Moving the others up for each one that goes would take a second for 65,000 of a byte each.
    private mutating func dropFirst() {
        pieces[first] = []
        (first, offset) = (first + 1, 0)
        guard first == pieces.count || first >= 64 && first * 2 >= pieces.count else { return }
        pieces.removeFirst(first)
        first = 0
    }
}
