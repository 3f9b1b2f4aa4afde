public import HTTPTypes

// A request becomes its head, in Go's order:
//
//      GET /path HTTP/1.1 · Host · User-Agent · Connection · Content-Length or Transfer-Encoding · the other fields
//
// The other fields keep the order they were given in: Go sorts them, because its header is a map, but here the user
// wrote them down.

/// The head of a request to be sent over HTTP/1.1. The same value writes it and tells what was written.
public struct HTTP1RequestHead: Sendable {
    let method: HTTPRequest.Method
    private let scheme: String?
    private let authority: String?
    private let path: String?
    private let fields: HTTPFields
    private let defaultUserAgent: HTTPField?
    private let body: BodyFraming
    private let form: TargetForm

    /// How the request line names the resource (RFC 9112 §3.2).
    public enum TargetForm: Sendable {
        /// `/path?query`: to the origin itself, or through a tunnel.
        case origin
        /// `http://host/path?query`: to a proxy that shall make the request.
        case absolute
    }

    /// - Parameters:
    ///   - request: Its authority becomes Host unless it has a Host field of its own. CONNECT needs an authority with
    ///     a port and no path; a nil or empty path is `/` otherwise. Host, User-Agent and Connection fields are moved
    ///     to the front.
    ///   - body: How the body will be sent; never `untilClose`, which only a response can be. A Content-Length or
    ///     Transfer-Encoding of the request's own must say the same. For `none`, POST, PUT and PATCH get
    ///     `Content-Length: 0` (RFC 9110 §8.6).
    ///   - form: CONNECT and `OPTIONS *` have forms of their own and ignore it, except that `OPTIONS *` through a
    ///     proxy names the authority.
    public init(_ request: HTTPRequest, body: BodyFraming = .none, form: TargetForm = .origin) {
        self.init(
            method: request.method, scheme: request.scheme, authority: request.authority, path: request.path,
            fields: request.headerFields, body: body, form: form)
    }

    /// The same from its parts: an `HTTPRequest` makes and checks a field of each, which takes longer than to write them.
    ///
    /// - Parameter defaultUserAgent: Sent where `fields` has no User-Agent.
    public init(
        method: HTTPRequest.Method, scheme: String?, authority: String?, path: String?, fields: HTTPFields,
        defaultUserAgent: HTTPField? = nil, body: BodyFraming = .none, form: TargetForm = .origin
    ) {
        precondition(body != .untilClose, "a request body that lasts until the close can't be answered")
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.fields = fields
        self.defaultUserAgent = defaultUserAgent
        self.body = body
        self.form = form
    }

    /// Appends the head with its blank line.
    ///
    /// - Throws: `badRequestTarget`, `badHost`, `badFieldName`, `badFieldValue`, `conflictingFraming`, all `ours`;
    ///   `buffer` is unchanged then.
    public func append(to buffer: inout [UInt8]) throws(WireError) {
        try HeadWriter.wholeOrNothing(&buffer) { buffer throws(WireError) in
            try appendRequestLine(to: &buffer)
            try forEachField { field throws(WireError) in try HeadWriter.append(field, to: &buffer) }
            HeadWriter.endLine(&buffer)
        }
    }

    /// The fields as they are written, in order, one entry a name with all its values, as Go's `WroteHeaderField`
    /// tells them. Made on every call: ask only when somebody listens.
    ///
    /// - Throws: What `append` throws about the choice of fields.
    public func writtenFields() throws(WireError) -> [WrittenField] {
        var written: [WrittenField] = []
        var positions: [HTTPField.Name: Int] = [:]
        try forEachField { field throws(WireError) in
            if let position = positions[field.name] {
                written[position].values.append(field.value)
            } else {
                positions[field.name] = written.count
                written.append(WrittenField(name: field.name.rawName, values: [field.value]))
            }
        }
        return written
    }
}

// MARK: - What the response reader must know

extension HTTP1RequestHead {
    var asksToClose: Bool { fields.asksToClose }

    var offersUpgrade: Bool { fields.contains(.upgrade) }
}

// MARK: - Request line

extension HTTP1RequestHead {
    private func appendRequestLine(to buffer: inout [UInt8]) throws(WireError) {
        let name = method.rawValue
        let methodStart = buffer.count
        guard HeadWriter.append(name, to: &buffer, while: \.isTokenCharacter), !name.isEmpty else {
            throw .ours(.badRequestLine, name)
        }
        buffer.append(.space)
        let targetStart = buffer.count
        try appendTarget(to: &buffer)
        let suits = RequestTarget.suits(
            buffer.span.extracting(targetStart..<buffer.count),
            method: buffer.span.extracting(methodStart..<targetStart - 1))
        guard suits else {
            throw .ours(.badRequestTarget, requestLine: String(decoding: buffer[targetStart...], as: UTF8.self))
        }
        HeadWriter.append(" HTTP/1.1\r\n", to: &buffer)
    }

    private func appendTarget(to buffer: inout [UInt8]) throws(WireError) {
        if method == .connect { return try appendTargetPart(authority ?? "", to: &buffer) }
        let path = path ?? ""
        if form == .absolute {
            try appendTargetPart(scheme ?? "http", to: &buffer)
            HeadWriter.append("://", to: &buffer)
            try appendTargetPart(authority ?? "", to: &buffer)
            // RFC 9112 §3.2.4: the last proxy sends `*` on when the path is empty.
            if path == "*", method == .options { return }
        }
        try appendTargetPart(path.isEmpty ? "/" : path, to: &buffer)
    }

    private func appendTargetPart(_ text: String, to buffer: inout [UInt8]) throws(WireError) {
        guard HeadWriter.append(text, to: &buffer, while: \.isTargetCharacter) else {
            throw .ours(.badRequestTarget, requestLine: text)
        }
    }
}

// MARK: - Fields

extension HTTP1RequestHead {
    // HTTPTypes has no constant for it, since HTTP/2 has none.
    private static let host = HTTPField.Name("Host")!

    /// Visits the fields in the order they are written.
    private func forEachField(_ visit: (HTTPField) throws(WireError) -> Void) throws(WireError) {
        var host, userAgent, length, coding: HTTPField?
        var hasConnection = false
        for field in fields {
            switch FieldRole(field.name) {
            case .host: try keepOnly(field, in: &host, else: .badHost)
            case .userAgent where userAgent == nil: userAgent = field
            case .contentLength: try keepOnly(field, in: &length, else: .conflictingFraming)
            case .transferEncoding: try keepOnly(field, in: &coding, else: .conflictingFraming)
            case .connection: hasConnection = true
            case .userAgent, .other: break
            }
        }

        try visit(try checkedHost(host))
        if let userAgent = userAgent ?? defaultUserAgent { try visit(userAgent) }
        if hasConnection {
            for field in fields where FieldRole(field.name) == .connection { try visit(field) }
        }
        if let framing = try framingField(length, coding) { try visit(framing) }
        var skipsUserAgent = userAgent != nil
        for field in fields {
            switch FieldRole(field.name) {
            case .other: try visit(field)
            case .userAgent where !skipsUserAgent: try visit(field)
            case .userAgent: skipsUserAgent = false
            case .host, .connection, .contentLength, .transferEncoding: continue
            }
        }
    }

    private func keepOnly(_ field: HTTPField, in slot: inout HTTPField?, else kind: WireError.Kind) throws(WireError) {
        guard slot == nil else { throw .ours(kind, field.description) }
        slot = field
    }

    /// The request's own Host, so that a server can be asked for a name that isn't its address; else its authority.
    /// Empty when there is neither, which RFC 9112 §3.2 demands for targets without authority.
    private func checkedHost(_ own: HTTPField?) throws(WireError) -> HTTPField {
        let field = own ?? HTTPField(name: Self.host, value: authority ?? "")
        guard field.value.utf8.span.isAuthority else { throw .ours(.badHost, requestLine: field.value) }
        return field
    }

    /// The one field that tells the body's end. The request's own is taken when it says the same, for the sake of its
    /// spelling; one that says something else would desynchronise the connection.
    private func framingField(_ length: HTTPField?, _ coding: HTTPField?) throws(WireError) -> HTTPField? {
        switch (body, length, coding) {
        case (.none, nil, nil):
            let expectsContent = method == .post || method == .put || method == .patch
            return expectsContent ? HTTPField(name: .contentLength, value: "0") : nil
        case (.length(let count), nil, nil):
            precondition(count >= 0, "a body of \(count) bytes")
            return HTTPField(name: .contentLength, value: String(count))
        case (.chunked, nil, nil): return HTTPField(name: .transferEncoding, value: "chunked")
        case (.none, let own?, nil) where own.value == "0": return own
        case (.length(let count), let own?, nil) where own.value == String(count): return own
        case (.chunked, nil, let own?) where own.value.lowercased() == "chunked": return own
        default: throw .ours(.conflictingFraming, (length ?? coding)?.description ?? "")
        }
    }
}
