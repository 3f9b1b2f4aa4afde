internal import CBrotli

/// Brotli (RFC 7932). Its window is 16 MiB at most: the large ones are an extension that no browser accepts.
final class BrotliDecoder: CodingDecoder {
    private let buffer = DecodingBuffer()
    private let state: OpaquePointer
    private(set) var isAtEnd = false

    init() {
        guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else { fatalError("brotli has no memory") }
        self.state = state
    }

    deinit { BrotliDecoderDestroyInstance(state) }

    func decode(
        _ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(DecodingProblem) -> Void
    ) throws(DecodingProblem) {
        var nextIn = input.bindMemory(to: UInt8.self).baseAddress
        var availableIn = input.count
        while true {
            guard !isAtEnd else {
                if availableIn > 0 { throw .trailingBytes(.br) }
                return
            }
            var nextOut: UnsafeMutablePointer<UInt8>? = buffer.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
            var availableOut = buffer.bytes.count
            let result = BrotliDecoderDecompressStream(
                state, &availableIn, &nextIn, &availableOut, &nextOut, nil)
            let count = buffer.bytes.count - availableOut
            if count > 0 { try sink(buffer.prefix(count)) }
            switch result {
            case BROTLI_DECODER_RESULT_SUCCESS: isAtEnd = true
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: continue
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return
            default: throw .corrupt(.br)
            }
        }
    }
}
