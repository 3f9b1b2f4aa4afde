public import HTTPTypes

// A request becomes its fields, in Go's order:
//
//      :authority · :method · :path · :scheme · the request's own fields in their order · content-length · user-agent
//
// What is only about one HTTP/1 connection is left out (RFC 9113 §8.2.2): Connection and what it names, Keep-Alive,
// Proxy-Connection, Transfer-Encoding, Upgrade, and TE unless it says "trailers".

/// The head of a request to be sent over HTTP/2.
public struct HTTP2RequestHead: Sendable {
    let block: HTTP2FieldBlock
    /// Whether a body follows.
    public let hasBody: Bool

    /// - Parameters:
    ///   - authority: Becomes `:authority` unless there is a Host field.
    ///   - path: Nil or empty is `/`; ignored for CONNECT.
    ///   - defaultUserAgent: Sent where `fields` has no User-Agent.
    ///   - body: For `none`, POST, PUT and PATCH get `content-length: 0` (RFC 9110 §8.6). `chunked` is a body whose length
    ///     is not known.
    /// - Throws: `badRequestTarget`, `badHost`, `badFieldName`, `badFieldValue`, `conflictingFraming`, all `ours`.
    public init(
        method: HTTPRequest.Method, scheme: String, authority: String, path: String?, fields: HTTPFields,
        defaultUserAgent: HTTPField? = nil, body: BodyFraming = .none
    ) throws(WireError) {
        var block = HTTP2FieldBlock()
        var host: String?
        for field in fields where FieldRole(field.name) == .host {
            guard host == nil else { throw .ours(.badHost, requestLine: field.description) }
            host = field.value
        }
        let authority = host ?? authority
        guard authority.utf8.span.isAuthority else { throw .ours(.badHost, requestLine: authority) }
        if !authority.isEmpty { try block.append(":authority", authority, else: .badHost) }
        try block.append(":method", method.rawValue, else: .badRequestLine)
        if method != .connect {
            try block.append(":path", path.flatMap { $0.isEmpty ? nil : $0 } ?? "/", else: .badRequestTarget)
            try block.append(":scheme", scheme, else: .badRequestTarget)
        }
        let framing = try block.appendFields(fields, leavingOut: .host)
        if let length = try Self.contentLength(body, method, own: framing) { try block.append(length) }
        if let defaultUserAgent, fields[.userAgent] == nil { try block.append(defaultUserAgent) }
        self.block = block
        hasBody = body != .none
    }

    /// The length to add; nil when there is none, or the request's own says it.
    private static func contentLength(
        _ body: BodyFraming, _ method: HTTPRequest.Method, own: HTTPField?
    ) throws(WireError) -> HTTPField? {
        let count: Int64? =
            switch body {
            case .none: method == .post || method == .put || method == .patch ? 0 : nil
            case .length(let count): count
            case .chunked, .untilClose: nil
            }
        guard let own else { return count.map { HTTPField(name: .contentLength, value: String($0)) } }
        let isRight = count.map { own.value == String($0) } ?? (body == .none && own.value == "0")
        guard isRight else { throw .ours(.conflictingFraming, own.description) }
        return nil
    }

    /// As for people and hooks: a line that stands for the request line of HTTP/1, then each field with its pseudo-fields.
    public var lines: [UInt8] {
        let method = block.firstValue(":method") ?? ""
        let target = block.firstValue(":path") ?? block.firstValue(":authority") ?? ""
        return Array("\(method) \(target) HTTP/2\r\n".utf8) + block.lines + [.carriageReturn, .lineFeed]
    }
}
