internal import HTTPTypes

// A chunked body taken apart (RFC 9112 §7.1).
//
//           digits     ; or blank       CR          LF, size > 0              all data       CR LF
//      size ──────▶ size ─────▶ extensions ──▶ sizeEnd ──────────▶ data ────────────▶ dataEnd ──────▶ size
//                                                 │
//                                                 │ LF, size = 0                  blank line
//                                                 └──────────────────▶ trailers ──────────────▶ done
//
// Data is not copied: it is named as a range of the bytes passed in. Only trailers are gathered. Every line must end
// in CRLF, for responses too: a decoder that takes LF here and a proxy that doesn't see different bodies.

/// The decoder of one chunked body.
struct ChunkedDecoder: Sendable {
    enum Event { case data(Range<Int>), trailers(HTTPFields), end }

    private enum State: Equatable { case size, extensions, sizeEnd, data, dataReturn, dataEnd, trailers, end, done }

    private let limits: HTTP1Limits
    private var state = State.size
    /// The size being read, then the data still to come.
    private var remaining: UInt64 = 0
    private var sizeDigits = 0
    private var lineBytes = 0
    private var overheadBytes = 0
    private var trailers: HeadParser

    init(limits: HTTP1Limits) {
        self.limits = limits
        trailers = HeadParser(.trailers, maxBytes: limits.trailerBytes, maxFields: limits.fieldCount)
    }

    /// Where a close now would cut the body.
    var part: WireError.MessagePart { state == .trailers ? .trailers : .body }

    /// Decodes up to the next event.
    ///
    /// - Returns: How many bytes were used, and the event; without one, all were used. Data is consumed to its upper
    ///   bound, nothing beyond.
    mutating func next(_ bytes: Span<UInt8>) throws(WireError) -> (consumed: Int, event: Event?) {
        var index = 0
        while true {
            switch state {
            case .trailers:
                let (consumed, head) = try trailers.next(bytes.extracting(index..<bytes.count))
                guard let head else { return (bytes.count, nil) }
                state = .end
                guard head.fieldCount > 0 else { return (index + consumed, finish()) }
                return (index + consumed, .trailers(head.fields))
            case .end:
                return (index, finish())
            case .done:
                preconditionFailure("next() on a chunked body that has ended")
            default:
                guard index < bytes.count else { return (index, nil) }
                if state == .data {
                    let count = Int(min(remaining, UInt64(bytes.count - index)))
                    remaining -= UInt64(count)
                    if remaining == 0 { state = .dataReturn }
                    return (index + count, .data(index..<index + count))
                }
                try step(bytes, index)
                index += 1
            }
        }
    }

    private mutating func finish() -> Event {
        state = .done
        return .end
    }

    /// Takes one byte of framing.
    private mutating func step(_ bytes: Span<UInt8>, _ index: Int) throws(WireError) {
        let byte = bytes[index]
        switch state {
        case .size:
            if let digit = byte.hexValue {
                // 16 digits fill 64 bits; more leading zeros than that are no honest number.
                sizeDigits += 1
                guard sizeDigits <= 16 else { throw bad(.badChunkSize, bytes, index) }
                remaining = remaining << 4 | digit
                return try countLine()
            }
            guard sizeDigits > 0, remaining <= UInt64(Int64.max) else { throw bad(.badChunkSize, bytes, index) }
            // Blanks after the size are bad white space that old servers pad with; everybody skips it.
            guard byte == .carriageReturn || byte == .semicolon || byte.isBlank else {
                throw bad(.badChunkSize, bytes, index)
            }
            state = byte == .carriageReturn ? .sizeEnd : .extensions
            try countLine()
        case .extensions:
            if byte == .carriageReturn {
                state = .sizeEnd
            } else if byte.isForbiddenControl {
                throw bad(byte == .lineFeed ? .bareLineFeed : .badChunkSize, bytes, index)
            }
            try countLine()
        case .sizeEnd:
            guard byte == .lineFeed else { throw bad(.badChunkSize, bytes, index) }
            try countLine()
            try endLine()
        case .dataReturn:
            guard byte == .carriageReturn else { throw bad(.badChunkEnd, bytes, index) }
            state = .dataEnd
        case .dataEnd:
            guard byte == .lineFeed else { throw bad(.badChunkEnd, bytes, index) }
            (state, sizeDigits, lineBytes) = (.size, 0, 0)
        case .data, .trailers, .end, .done:
            preconditionFailure("no framing byte in \(state)")
        }
    }

    private mutating func countLine() throws(WireError) {
        lineBytes += 1
        guard lineBytes <= limits.chunkLineBytes else { throw WireError(.tooLarge(.chunkLineBytes)) }
    }

    private mutating func endLine() throws(WireError) {
        // Go's measure: a chunk may cost 16 bytes and twice its size; what is beyond adds up, what is below pays back.
        let allowed = 16 + 2 * Int64(min(remaining, 1 << 32))
        overheadBytes = max(0, overheadBytes + Int(Int64(lineBytes + 2) - allowed))
        guard overheadBytes <= limits.chunkOverheadBytes else { throw WireError(.tooLarge(.chunkOverheadBytes)) }
        state = remaining > 0 ? .data : .trailers
    }

    private func bad(_ kind: WireError.Kind, _ bytes: Span<UInt8>, _ index: Int) -> WireError {
        .peer(
            kind == .badChunkSize && bytes[index] == .lineFeed ? .bareLineFeed : kind,
            bytes.extracting(index..<min(index + 16, bytes.count)))
    }
}
