// Takes the codings off a body while it arrives. No I/O, and no memory that grows with the body:
//
//   bytes ──▶ last coding put on ──▶ … ──▶ first one ──▶ sink          64 KiB a piece between any two
//
// A kilobyte can decode to a gigabyte, so the output is handed over piece by piece, and counted at every layer: three
// layers of emptiness would otherwise keep a processor busy without anything coming out.

/// One coding being taken off. Used by one at a time.
protocol CodingDecoder: AnyObject {
    /// Decodes all of `input`.
    ///
    /// - Parameter sink: Gets pieces that are valid during its call; what it throws ends the decoding.
    func decode(
        _ input: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws(DecodingProblem) -> Void
    ) throws(DecodingProblem)

    /// Whether what was decoded so far is whole.
    var isAtEnd: Bool { get }
}

/// Takes the content codings off one body. May be used on any thread, by one at a time.
public final class ContentDecoder {
    /// How much a body may grow.
    public struct Limits: Sendable, Equatable {
        /// So many decoded bytes are never a bomb.
        public var freeBytes = 64 << 20
        /// Past them, so many decoded bytes for each encoded one. Deflate reaches 1030 with nothing but zeros.
        public var ratio = 1000

        public init() {}
    }

    public let codings: [ContentCoding]
    /// Bytes taken in.
    public private(set) var encodedBytes = 0
    /// Bytes given out.
    public private(set) var decodedBytes = 0
    /// Why it goes no further; nil while it does.
    public private(set) var problem: DecodingProblem?
    private let limits: Limits
    /// The one put on last first.
    private let layers: [any CodingDecoder]
    private var layerBytes: [Int]

    /// - Parameter codings: In the order in which they were put on, as `ContentCoding.read` gives them.
    public init(_ codings: [ContentCoding], limits: Limits = Limits()) {
        self.codings = codings
        self.limits = limits
        layers = codings.reversed().map { coding in
            switch coding {
            case .gzip, .deflate: InflateDecoder(coding)
            case .br: BrotliDecoder()
            case .zstd: ZstdDecoder()
            }
        }
        layerBytes = Array(repeating: 0, count: layers.count)
    }

    /// Decodes what has arrived.
    ///
    /// - Parameter sink: Gets the decoded pieces, valid during its call.
    /// - Throws: What is wrong, now and at every later call. What came before it was given out.
    public func decode(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) -> Void
    ) throws(DecodingProblem) {
        if let problem { throw problem }
        guard !bytes.isEmpty else { return }
        encodedBytes += bytes.count
        do throws(DecodingProblem) { try pass(bytes, through: 0, to: sink) } catch {
            problem = error
            throw error
        }
    }

    /// The body has ended.
    ///
    /// - Throws: `truncated` when it should not have. A body without any bytes is whole: answers to HEAD, 304.
    public func finish() throws(DecodingProblem) {
        if let problem { throw problem }
        guard encodedBytes > 0 else { return }
        for (layer, coding) in zip(layers, codings.reversed()) where !layer.isAtEnd {
            problem = .truncated(coding)
            throw .truncated(coding)
        }
    }

    private func pass(
        _ bytes: UnsafeRawBufferPointer, through layer: Int, to sink: (UnsafeRawBufferPointer) -> Void
    ) throws(DecodingProblem) {
        guard layer < layers.count else {
            decodedBytes += bytes.count
            return sink(bytes)
        }
        try layers[layer].decode(bytes) { piece throws(DecodingProblem) in
            layerBytes[layer] += piece.count
            guard layerBytes[layer] <= limits.freeBytes || layerBytes[layer] / encodedBytes <= limits.ratio else {
                throw .bomb(decoded: layerBytes[layer], encoded: encodedBytes)
            }
            try pass(piece, through: layer + 1, to: sink)
        }
    }
}

/// Room for what one step of a decoder gives out.
final class DecodingBuffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    deinit { bytes.deallocate() }

    /// The first `count` bytes.
    func prefix(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }
}
