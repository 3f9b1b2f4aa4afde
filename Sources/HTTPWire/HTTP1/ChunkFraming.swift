public import HTTPTypes

/// What stands around the pieces of a chunked body (RFC 9112 §7.1): `appendHead`, the data, `appendTail`, for each
/// piece; `appendEnd` last. The data itself is left to the caller, who may send it from where it lies.
public enum ChunkFraming {
    /// - Precondition: `count` is positive; an empty chunk would end the body.
    public static func appendHead(ofChunkWith count: Int, to buffer: inout [UInt8]) {
        precondition(count > 0, "a chunk of \(count) bytes")
        var shift = (Int.bitWidth - count.leadingZeroBitCount - 1) / 4 * 4
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: count >> shift & 0xF)
            buffer.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            shift -= 4
        }
        HeadWriter.endLine(&buffer)
    }

    public static func appendTail(to buffer: inout [UInt8]) { HeadWriter.endLine(&buffer) }

    /// One whole chunk, copied; nothing for empty data.
    public static func append(_ data: Span<UInt8>, to buffer: inout [UInt8]) {
        guard !data.isEmpty else { return }
        appendHead(ofChunkWith: data.count, to: &buffer)
        data.withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
        appendTail(to: &buffer)
    }

    /// Says whether these may be trailers, over HTTP/2 as well.
    ///
    /// - Throws: As `appendEnd`.
    public static func check(trailers: HTTPFields) throws(WireError) {
        guard !trailers.isEmpty else { return }
        var unused: [UInt8] = []
        try appendEnd(trailers: trailers, to: &unused)
    }

    /// The last chunk, the trailers and the blank line.
    ///
    /// - Throws: `badFieldName`, `badFieldValue`, or `conflictingFraming` for a field that must not be a trailer
    ///   because it frames or routes the message (RFC 9110 §6.5.1); `buffer` is unchanged then.
    public static func appendEnd(trailers: HTTPFields = [:], to buffer: inout [UInt8]) throws(WireError) {
        try HeadWriter.wholeOrNothing(&buffer) { buffer throws(WireError) in
            HeadWriter.append("0\r\n", to: &buffer)
            for field in trailers {
                switch FieldRole(field.name) {
                case .host, .connection, .contentLength, .transferEncoding:
                    throw .ours(.conflictingFraming, field.description)
                case .userAgent, .other: try HeadWriter.append(field, to: &buffer)
                }
            }
            HeadWriter.endLine(&buffer)
        }
    }
}
