public import HTTPTypes

/// Why bytes could not become messages, or a message not bytes. After a throw the reader or decoder that threw is of
/// no further use, and neither is its connection: where the next message begins is unknown.
public struct WireError: Error, Equatable, Sendable {
    public var kind: Kind
    /// Whose doing it was. Ours are found before a byte is written, so that the connection stays good.
    public var fault: Fault
    /// The line that gave offence, made harmless (printable ASCII, the rest as `\x0D`) and cut at 80 bytes; nil when
    /// there is none to show. Only values of framing fields are in it, and no query: errors are logged and exported, and
    /// what stands there may be a cookie or a token.
    public var evidence: String?

    public enum Fault: Equatable, Sendable { case ours, peer }

    public init(_ kind: Kind, fault: Fault = .peer, evidence: String? = nil) {
        self.kind = kind
        self.fault = fault
        self.evidence = evidence
    }

    /// What was wrong. The cases are what a caller would treat, count or explain differently.
    public enum Kind: Equatable, Sendable {
        /// The peer closed before the first byte of the response: a stale connection, and the only failure that
        /// invites a retry.
        case closedBeforeResponse
        /// The peer closed in the middle of a message (RFC 9112 §8). Never to be shown as success.
        case truncated(MessagePart)
        /// A limit of `HTTP1Limits` or `HTTP2Limits` was reached.
        case tooLarge(Limit)

        /// The first bytes are no HTTP/1 message: another protocol, TLS, or stray bytes before the message.
        case notHTTP
        /// HTTP of a version other than 1.0 and 1.1, or the version-less request of HTTP/0.9.
        case unsupportedVersion
        case badStatusLine, badRequestLine
        /// No origin-form, absolute-form, authority-form or asterisk-form that suits the method (RFC 9112 §3.2).
        case badRequestTarget
        /// Host is missing from an HTTP/1.1 request, repeated, or no authority (RFC 9112 §3.2).
        case badHost

        /// A line ended in LF alone where CRLF is demanded (RFC 9112 §2.2).
        case bareLineFeed
        /// CR without LF (RFC 9112 §2.2).
        case bareCarriageReturn
        /// `Content-Length : 3`: recipients disagree about such a field, which is how requests are smuggled (RFC 9112
        /// §5.1).
        case spaceBeforeColon
        /// A line that begins with white space: once a continuation (RFC 9112 §5.2).
        case obsoleteFolding
        case badFieldName, badFieldValue

        /// Not digits, too large, or repeated with different values (RFC 9110 §8.6).
        case badContentLength
        /// Transfer-Encoding that does not name `chunked` once and last where it must, or is no list (RFC 9112 §6.1).
        case badTransferEncoding
        /// A transfer coding this side does not undo.
        case unsupportedTransferCoding
        /// Content-Length together with Transfer-Encoding, or either where none may stand (RFC 9112 §6.2-6.3).
        case conflictingFraming
        /// A chunk-size line that is not hexadecimal digits, an optional extension and CRLF (RFC 9112 §7.1).
        case badChunkSize
        /// Chunk data not followed by CRLF: its size was a lie.
        case badChunkEnd
        /// 101 although no Upgrade was offered (RFC 9110 §15.2.2).
        case unaskedUpgrade

        /// HTTP/2: a rule of framing or of streams was broken, the one that the code names (RFC 9113 §7).
        case http2(HTTP2ErrorCode)
        /// HTTP/2: the peer speaks something else.
        case notHTTP2
        /// HTTP/2: the fields of a message are none that may stand there (RFC 9113 §8.2, §8.3).
        case badMessage
        /// HTTP/2: Content-Length and the bytes of the body differ (RFC 9113 §8.1.1).
        case lengthMismatch
        /// HTTP/2: the connection takes no further streams of ours.
        case noMoreStreams
    }

    /// Where a message was cut.
    public enum MessagePart: Equatable, Sendable { case head, body, trailers }

    /// Which limit was reached; see `HTTP1Limits` and `HTTP2Limits`.
    public enum Limit: Equatable, Sendable {
        case headBytes, fieldCount, trailerBytes, chunkLineBytes, chunkOverheadBytes
        case emptyFrames, controlFrames
    }
}

extension WireError {
    /// What a server answers before it closes: 400, or the one status that says more. Nil when nobody is there to
    /// read it.
    public var answer: HTTPResponse.Status? {
        switch kind {
        case .closedBeforeResponse, .truncated: nil
        case .tooLarge(.headBytes), .tooLarge(.fieldCount), .tooLarge(.trailerBytes): .requestHeaderFieldsTooLarge
        case .unsupportedVersion: .httpVersionNotSupported
        case .unsupportedTransferCoding: .notImplemented
        default: .badRequest
        }
    }
}

extension WireError: CustomStringConvertible {
    /// A sentence for people, without subject, so that "server: " or "client: " can stand before it.
    public var description: String {
        guard let evidence else { return kind.sentence }
        return "\(kind.sentence): \"\(evidence)\""
    }
}

extension WireError.Kind {
    fileprivate var sentence: String {
        switch self {
        case .closedBeforeResponse: "closed the connection before the first byte of a response"
        case .truncated(.head): "closed the connection inside a message head"
        case .truncated(.body): "closed the connection before the body was complete"
        case .truncated(.trailers): "closed the connection before the trailers were complete"
        case .tooLarge(.headBytes): "message head is too large"
        case .tooLarge(.fieldCount): "message has too many fields"
        case .tooLarge(.trailerBytes): "trailers are too large"
        case .tooLarge(.chunkLineBytes): "chunk-size line is too long"
        case .tooLarge(.chunkOverheadBytes): "chunked body is mostly framing and hardly data"
        case .notHTTP: "this is not HTTP/1"
        case .unsupportedVersion: "HTTP version is neither 1.0 nor 1.1"
        case .badStatusLine: "status line is malformed"
        case .badRequestLine: "request line is malformed"
        case .badRequestTarget: "request target is malformed or does not suit the method"
        case .badHost: "Host is missing, repeated or malformed"
        case .bareLineFeed: "line ends in LF without CR"
        case .bareCarriageReturn: "CR without LF"
        case .spaceBeforeColon: "white space between field name and colon"
        case .obsoleteFolding: "field line begins with white space (obsolete line folding)"
        case .badFieldName: "field name is not a token"
        case .badFieldValue: "field value holds a forbidden control character"
        case .badContentLength: "Content-Length is not one number"
        case .badTransferEncoding: "Transfer-Encoding does not end in a single chunked"
        case .unsupportedTransferCoding: "transfer coding is not supported"
        case .conflictingFraming: "Content-Length and Transfer-Encoding contradict the message or each other"
        case .badChunkSize: "chunk-size line is malformed"
        case .badChunkEnd: "chunk is longer than its size says"
        case .unaskedUpgrade: "101 Switching Protocols although no upgrade was offered"
        case .tooLarge(.emptyFrames): "too many DATA frames without data"
        case .tooLarge(.controlFrames): "too many frames that must be answered and whose answers nobody fetches"
        case .http2(let code): "HTTP/2 rules were broken (\(code))"
        case .notHTTP2: "this is not HTTP/2"
        case .badMessage: "a message's fields are not those of HTTP/2"
        case .lengthMismatch: "the body is longer or shorter than its Content-Length says"
        case .noMoreStreams: "the HTTP/2 connection takes no further streams"
        }
    }
}

extension WireError {
    /// An error of the peer with its offending line as evidence: one that has no secrets, like a status line.
    static func peer(_ kind: Kind, _ line: Span<UInt8>) -> WireError {
        WireError(kind, evidence: printable(line))
    }

    /// An error of the peer in a field's line, which is shown up to its value.
    static func peer(_ kind: Kind, fieldLine line: Span<UInt8>) -> WireError {
        WireError(kind, evidence: printable(fieldLine: line))
    }

    /// An error of the peer in a request line, or in what a part of one may be.
    static func peer(_ kind: Kind, requestLine line: Span<UInt8>) -> WireError {
        WireError(kind, evidence: printable(requestLine: line))
    }

    /// An error of ours with the text that was refused as evidence: one that has no secrets, like a field's name.
    static func ours(_ kind: Kind, _ text: String) -> WireError {
        WireError(kind, fault: .ours, evidence: printable(text.utf8.span))
    }

    /// An error of ours in a request's target or authority.
    static func ours(_ kind: Kind, requestLine text: String) -> WireError {
        WireError(kind, fault: .ours, evidence: printable(requestLine: text.utf8.span))
    }
}

// MARK: - What may be shown

extension WireError {
    private static let shownBytes = 80

    // A response line is the peer's text and the error ends up on a terminal.
    static func printable(_ line: Span<UInt8>) -> String {
        var text = ""
        for index in 0..<min(line.count, shownBytes) {
            switch line[index] {
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(line[index]))
            case let byte: text += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16, uppercase: true)
            }
        }
        return line.count > shownBytes ? text + "..." : text
    }

    /// The name and what separates it from the value: `Set-Cookie : ...`.
    private static func printable(fieldLine line: Span<UInt8>) -> String {
        var end = 0
        while end < line.count, !line[end].mayEndName { end += 1 }
        // Longer than the names there are, it is none; and without an end it may be the rest of a value, of which a few
        // bytes are enough to find the line.
        let limit = end < line.count ? 40 : 16
        guard end <= limit else { return printable(line, upTo: limit) }
        while end < line.count, line[end] == .colon || line[end].isBlank { end += 1 }
        return printable(line, upTo: end)
    }

    /// Method, path and version: `GET /login?... HTTP/1.1`. With an `@` in it, which a password may stand before, no path.
    private static func printable(requestLine line: Span<UInt8>) -> String {
        var end = line.count
        var method = 0
        for index in 0..<line.count {
            switch line[index] {
            case .space: if method == 0 { method = index + 1 }
            case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"): end = min(end, index + 1)
            case UInt8(ascii: "@"): end = min(end, method)
            default: break
            }
        }
        guard end < line.count else { return printable(line) }
        var version = line.count
        while version > end, line[version - 1] != .space { version -= 1 }
        let word = line.extracting(version..<line.count)
        let isVersion = version > end && 8...10 ~= word.count && word.agrees(with: "HTTP/")
        return printable(line, upTo: end) + (isVersion ? " " + printable(word) : "")
    }

    private static func printable(_ line: Span<UInt8>, upTo end: Int) -> String {
        let text = printable(line.extracting(0..<end))
        return end == line.count || end > shownBytes ? text : text + "..."
    }
}

extension UInt8 {
    /// Whether a field's name can't go on: what follows may be a value.
    fileprivate var mayEndName: Bool {
        isBlank || self == .colon || self == UInt8(ascii: "=") || self == UInt8(ascii: ";") || self == .comma
    }
}
