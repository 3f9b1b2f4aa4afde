public import HTTPTypes

// A tunnel by CONNECT (RFC 9110 §9.3.6), the client's side. No I/O: bytes come in, the outcome goes out.
//
//      asked ──▶ (1xx) ──▶ 2xx ─────────────────▶ open: what follows belongs to the tunnel
//                      └─▶ any other, its body ─▶ refused
//
// Heads count together against the limit of one response, so that a proxy can't answer for ever.

/// Reads the answer to CONNECT.
public struct ConnectHandshake: Sendable {
    private var reader: HTTP1ResponseReader
    private var head: ReceivedHead?
    private var body: [UInt8] = []

    /// How much of a refusal's body is kept, and waited for: a sentence or a page, not an endless one.
    public static let keptBodyBytes = 8 << 10

    public enum Outcome: Equatable, Sendable {
        case open(ReceivedHead)
        /// `body` is its beginning, `keptBodyBytes` at most.
        case refused(ReceivedHead, body: [UInt8])
    }

    public init(limits: HTTP1Limits = .standard) {
        reader = HTTP1ResponseReader(limits: limits)
        reader.begin(requestMethod: .connect)
    }

    /// The request.
    ///
    /// - Parameters:
    ///   - target: `host:port`.
    ///   - fields: For the proxy alone.
    /// - Throws: `badRequestTarget`, `badHost`, `badFieldName`, `badFieldValue`, all `ours`.
    public static func request(
        to target: String, fields: HTTPFields, userAgent: HTTPField? = nil
    ) throws(WireError) -> [UInt8] {
        var bytes: [UInt8] = []
        let head = HTTP1RequestHead(
            method: .connect, scheme: nil, authority: target, path: nil, fields: fields, defaultUserAgent: userAgent)
        try head.append(to: &bytes)
        return bytes
    }

    /// The refusal as far as it has come; nil before its head. For when the rest isn't waited for.
    public var refusal: Outcome? { head.map { .refused($0, body: body) } }

    /// Reads up to the outcome.
    ///
    /// - Parameters:
    ///   - bytes: What came after the bytes consumed so far.
    ///   - isEnd: The proxy closed: nothing will come after `bytes`.
    /// - Returns: How many bytes were used, and the outcome once it is known; call no more then.
    /// - Throws: What the proxy did wrong.
    public mutating func next(
        _ bytes: Span<UInt8>, isEnd: Bool = false
    ) throws(WireError) -> (consumed: Int, outcome: Outcome?) {
        var offset = 0
        while true {
            let step: HTTP1ResponseReader.Step
            do throws(WireError) {
                step = try reader.next(bytes.extracting(offset..<bytes.count), isEnd: isEnd)
            } catch {
                // A refusal stays one when its body breaks off.
                guard let refusal else { throw error }
                return (bytes.count, refusal)
            }
            let start = offset
            offset += step.consumed
            switch step.event {
            case nil: return (offset, nil)
            case .informational, .trailers: break
            case .head(let head, _) where 200..<300 ~= head.status: return (offset, .open(head))
            case .head(let head, _): self.head = head
            case .body(let range):
                keep(bytes.extracting(start + range.lowerBound..<start + range.upperBound))
                if body.count == Self.keptBodyBytes { return (offset, refusal) }
            case .end: return (offset, refusal)
            }
        }
    }

    private mutating func keep(_ bytes: Span<UInt8>) {
        let room = Self.keptBodyBytes - body.count
        bytes.extracting(0..<min(room, bytes.count)).withUnsafeBufferPointer { body.append(contentsOf: $0) }
    }
}
