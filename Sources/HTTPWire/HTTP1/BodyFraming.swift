internal import HTTPTypes

/// How the end of a message's body is found (RFC 9112 §6.3).
public enum BodyFraming: Equatable, Sendable {
    /// There is no body, whatever the fields say.
    case none
    /// This many bytes, 0 included.
    case length(Int64)
    case chunked
    /// Everything until the peer closes; responses only. It cannot be told from a body cut short unless TLS says so.
    case untilClose

    /// Whether the message is known to end with its head.
    public var isEmpty: Bool { self == .none || self == .length(0) }
}

/// What of a request's method matters to its response. Methods are strings: compared once, not at every look.
enum AskedKind: Sendable {
    /// Its response has no body, whatever the fields say.
    case head
    /// A success makes a tunnel of the connection.
    case connect
    case other

    init(_ method: HTTPRequest.Method) {
        self = method == .head ? .head : method == .connect ? .connect : .other
    }
}

extension BodyFraming {
    /// The framing of a response, in the order of RFC 9112 §6.3.
    ///
    /// - Parameter request: What it answers.
    /// - Throws: `badContentLength`, `badTransferEncoding`.
    static func ofResponse(_ head: ReceivedHead, to request: AskedKind) throws(WireError) -> BodyFraming {
        let fields = head.lines.recognised
        // 1 and 2. After a successful CONNECT the connection is a tunnel, and framing fields, good or bad, are ignored.
        if request == .connect, 200..<300 ~= head.status { return .none }
        let mayHaveBody = request != .head && head.status >= 200 && head.status != 204 && head.status != 304
        // 3 and 4. Transfer-Encoding wins over Content-Length; `HTTP1End` sees to it that such a connection is not
        // used again. A response whose last coding isn't chunked lasts until the close.
        if fields.transferEncoding.isPresent {
            let coding = fields.transferEncoding
            guard !coding.isMalformed, coding.codings > 0, coding.chunked <= 1 else {
                throw WireError(.badTransferEncoding, head, "transfer-encoding")
            }
            guard mayHaveBody else { return .none }
            return coding.endsInChunked ? .chunked : .untilClose
        }
        // 5 and 6. Repeated but equal lengths count once (RFC 9110 §8.6).
        switch fields.contentLength {
        case .bad: throw WireError(.badContentLength, head, "content-length")
        case .value(let length): return mayHaveBody ? .length(length) : .none
        // 8.
        case .absent: return mayHaveBody ? .untilClose : .none
        }
    }

    /// The framing of a request. Stricter than for responses: whoever stands between a client and a server must read
    /// it the same way, so anything that could be read in two ways is refused (RFC 9112 §11.2).
    ///
    /// - Returns: Never `untilClose`.
    /// - Throws: `badContentLength`, `badTransferEncoding`, `unsupportedTransferCoding`, `conflictingFraming`.
    public static func ofRequest(_ head: ReceivedHead) throws(WireError) -> BodyFraming {
        let fields = head.lines.recognised
        let coding = fields.transferEncoding
        if coding.isPresent {
            // In HTTP/1.0 it is a faulty framing even without Content-Length (RFC 9112 §6.1).
            guard fields.contentLength == .absent, head.version == .http11 else { throw WireError(.conflictingFraming) }
            guard !coding.isMalformed, coding.endsInChunked, coding.chunked == 1, coding.elements == coding.codings
            else {
                throw WireError(.badTransferEncoding, head, "transfer-encoding")
            }
            guard coding.codings == 1 else { throw WireError(.unsupportedTransferCoding, head, "transfer-encoding") }
            return .chunked
        }
        switch fields.contentLength {
        case .absent: return .none
        case .value(let length) where fields.contentLengthCount == 1: return .length(length)
        case .value, .bad: throw WireError(.badContentLength, head, "content-length")
        }
    }
}

extension WireError {
    /// With the values of the field at fault as evidence.
    init(_ kind: Kind, _ head: ReceivedHead, _ name: StaticString) {
        let values = Array(head.values(name).joined(separator: " | ").utf8)
        self = .peer(kind, values.span)
    }
}
