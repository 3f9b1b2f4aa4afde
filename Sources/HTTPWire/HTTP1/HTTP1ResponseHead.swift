public import HTTPTypes

/// The head of a response to be sent over HTTP/1.1: status line, the response's fields in their own order, and the
/// field that tells where the body ends.
public struct HTTP1ResponseHead: Sendable {
    private let response: HTTPResponse
    private let body: BodyFraming
    private let method: HTTPRequest.Method

    /// - Parameters:
    ///   - response: Of any status, interim ones (1xx) included.
    ///   - body: How the body will be sent. `none` for a status that may have one becomes `Content-Length: 0`, else
    ///     the client would wait for the close; `untilClose` adds `Connection: close`. `chunked` is not for HTTP/1.0
    ///     clients. Answers to HEAD and 304 have no body and may still say which framing GET would see (RFC 9110
    ///     §8.6): pass that one, or `none` to say nothing.
    ///   - method: The method of the request it answers.
    public init(_ response: HTTPResponse, body: BodyFraming, to method: HTTPRequest.Method) {
        self.response = response
        self.body = body
        self.method = method
    }

    /// Appends the head with its blank line.
    ///
    /// - Throws: `badStatusLine`, `badFieldName`, `badFieldValue`, or `conflictingFraming` when a framing field of
    ///   the response's own doesn't say what `body` says, or the status allows none; all `ours`. `buffer` is
    ///   unchanged then.
    public func append(to buffer: inout [UInt8]) throws(WireError) {
        try HeadWriter.wholeOrNothing(&buffer) { buffer throws(WireError) in
            try appendStatusLine(to: &buffer)
            var own: HTTPField?
            var closes = false
            for field in response.headerFields {
                switch FieldRole(field.name) {
                case .contentLength, .transferEncoding:
                    guard own == nil else { throw .ours(.conflictingFraming, field.description) }
                    own = field
                case .connection:
                    field.value.utf8.span.forEachListElement { if $0.isWord("close") { closes = true } }
                    try HeadWriter.append(field, to: &buffer)
                case .host, .userAgent, .other:
                    try HeadWriter.append(field, to: &buffer)
                }
            }
            if let framing = try framingField(own) { try HeadWriter.append(framing, to: &buffer) }
            if body == .untilClose, !closes { HeadWriter.append("Connection: close\r\n", to: &buffer) }
            HeadWriter.endLine(&buffer)
        }
    }

    private func appendStatusLine(to buffer: inout [UInt8]) throws(WireError) {
        let code = response.status.code
        guard 100...999 ~= code else { throw .ours(.badStatusLine, String(code)) }
        HeadWriter.append("HTTP/1.1 ", to: &buffer)
        buffer.append(contentsOf: String(code).utf8)
        buffer.append(.space)
        let reason = response.status.reasonPhrase
        guard HeadWriter.append(reason, to: &buffer, while: { !$0.isForbiddenControl }) else {
            throw .ours(.badStatusLine, reason)
        }
        HeadWriter.endLine(&buffer)
    }

    private func framingField(_ own: HTTPField?) throws(WireError) -> HTTPField? {
        let code = response.status.code
        // RFC 9110 §8.6, RFC 9112 §6.1: these carry no framing field at all.
        if code < 200 || code == 204 || (method == .connect && code < 300) {
            guard own == nil, body == .none else {
                throw .ours(.conflictingFraming, own?.description ?? "body in \(code)")
            }
            return nil
        }
        let hasNoBody = method == .head || code == 304
        let expected: HTTPField? =
            switch body {
            case .none: hasNoBody ? own : HTTPField(name: .contentLength, value: "0")
            case .length(let count): HTTPField(name: .contentLength, value: String(count))
            case .chunked: HTTPField(name: .transferEncoding, value: "chunked")
            case .untilClose: nil
            }
        guard own == nil || own == expected else { throw .ours(.conflictingFraming, own?.description ?? "") }
        return expected
    }
}
