internal import CZstd

/// Zstandard (RFC 8878).
final class ZstdDecoder: CodingDecoder {
    private let buffer = DecodingBuffer()
    private let context: OpaquePointer
    private(set) var isAtEnd = false

    /// RFC 9659: a content coding's window is 8 MiB at most. A frame may ask for gigabytes.
    private static let windowLog: Int32 = 23

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("zstd has no memory") }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { ZSTD_freeDCtx(context) }

    func decode(
        _ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(DecodingProblem) -> Void
    ) throws(DecodingProblem) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isFull = false
        // Several frames may follow each other; after the last one the next begins when bytes come.
        while source.pos < source.size || (isFull && !isAtEnd) {
            var target = ZSTD_outBuffer(dst: buffer.bytes.baseAddress, size: buffer.bytes.count, pos: 0)
            let hint = ZSTD_decompressStream(context, &target, &source)
            guard ZSTD_isError(hint) == 0 else { throw .corrupt(.zstd) }
            isAtEnd = hint == 0
            isFull = target.pos == target.size
            if target.pos > 0 { try sink(buffer.prefix(target.pos)) }
        }
    }
}
