internal import CZlib

// gzip (RFC 1952) and deflate, which by RFC 9110 §8.4.1.2 is the zlib format (RFC 1950) around it, and from servers that
// took the name at its word deflate alone (RFC 1951). The first two bytes tell.

final class InflateDecoder: CodingDecoder {
    private let coding: ContentCoding
    private let buffer = DecodingBuffer()
    // On the heap, since zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    /// Bytes that wait for the format to be known.
    private var start: [UInt8] = []
    private var isSetUp = false
    private(set) var isAtEnd = false

    init(_ coding: ContentCoding) {
        self.coding = coding
        stream.initialize(to: z_stream())
        // 15 is the largest window there is; 16 more say gzip.
        if coding == .gzip { setUp(windowBits: 15 + 16) }
    }

    deinit {
        if isSetUp { inflateEnd(stream) }
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(DecodingProblem) -> Void
    ) throws(DecodingProblem) {
        guard !isSetUp else { return try inflateAll(input, to: sink) }
        start += input
        guard start.count >= 2 else { return }
        // A zlib header is a multiple of 31 and names deflate, with a window of at most 32 KiB.
        let isZlib = start[0] & 0x8F == 0x08 && (Int(start[0]) << 8 | Int(start[1])) % 31 == 0
        setUp(windowBits: isZlib ? 15 : -15)
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: start.count, alignment: 1)
        defer { whole.deallocate() }
        whole.copyBytes(from: start)
        start = []
        try inflateAll(UnsafeRawBufferPointer(whole), to: sink)
    }

    private func setUp(windowBits: Int32) {
        let code = shim_inflateInit2(stream, windowBits)
        precondition(code == Z_OK, "zlib has no memory: \(code)")
        isSetUp = true
    }

    private func inflateAll(
        _ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(DecodingProblem) -> Void
    ) throws(DecodingProblem) {
        guard let base = input.bindMemory(to: UInt8.self).baseAddress else { return }
        // zlib's signature lacks a const; it only reads here.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: base)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            if isAtEnd {
                guard stream.pointee.avail_in > 0 else { return }
                try beginNextMember()
            }
            stream.pointee.next_out = buffer.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(buffer.bytes.count)
            let code = inflate(stream, Z_NO_FLUSH)
            let count = buffer.bytes.count - Int(stream.pointee.avail_out)
            if count > 0 { try sink(buffer.prefix(count)) }
            switch code {
            case Z_STREAM_END: isAtEnd = true
            // No progress without more input.
            case Z_BUF_ERROR: return
            case Z_OK: if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return }
            default: throw .corrupt(coding)
            }
        }
    }

    /// RFC 1952 §2.2: a gzip file may be several, one after the other. Nothing else goes on after its end.
    private func beginNextMember() throws(DecodingProblem) {
        guard coding == .gzip, stream.pointee.next_in.pointee == 0x1F else { throw .trailingBytes(coding) }
        inflateReset(stream)
        isAtEnd = false
    }
}
