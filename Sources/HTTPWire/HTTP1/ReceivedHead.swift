public import HTTPTrace
public import HTTPTypes

/// The head of a response or request as it was received. It keeps the raw bytes and knows where in them each field
/// stands; words and fields are made when asked for, so that a request nobody looks at pays for none of them.
///
/// `status` and `reason` are there in responses, `method` and `target` in requests; asking for the other kind's is a
/// programming error.
public struct ReceivedHead: Sendable {
    // Behind a reference, so that a head is passed on through events and responses as one word.
    private let storage: Storage

    private final class Storage: Sendable {
        let bytes: [UInt8]
        let lines: HeadLines
        /// Of responses only.
        let told: ResponseHead?

        init(_ bytes: [UInt8], _ lines: HeadLines) {
            self.bytes = bytes
            self.lines = lines
            told = lines.kind == .response ? ResponseHead(bytes, lines) : nil
        }
    }

    init(copying bytes: Span<UInt8>, _ lines: HeadLines) {
        storage = Storage(bytes.withUnsafeBufferPointer { Array($0) }, lines)
    }

    /// Every byte from the first of the start line up to and including the blank line.
    public var bytes: [UInt8] { storage.bytes }

    var lines: HeadLines { _read { yield storage.lines } }

    public var version: HTTP1Version { lines.version }

    /// 100 to 999; those above 599 are nobody's, and final.
    public var status: Int {
        precondition(lines.kind == .response, "a request has no status")
        return lines.status
    }

    /// As sent, which may be empty or in any language; HTTP/1.1 gives it no meaning (RFC 9112 §4).
    public var reason: String {
        precondition(lines.kind == .response, "a request has no reason phrase")
        return text(lines.reason)
    }

    /// The response as traces tell it. One object, however often it is asked for, also by equal heads that came one after
    /// the other.
    public var told: ResponseHead {
        guard let told = storage.told else { preconditionFailure("a request is no response") }
        return told
    }

    public var method: HTTPRequest.Method {
        precondition(lines.kind == .request, "a response has no method")
        return HTTPRequest.Method(text(lines.method))!  // the parser let only tokens pass
    }

    /// As sent, in any of the four forms (RFC 9112 §3.2).
    public var target: String {
        precondition(lines.kind == .request, "a response has no target")
        return text(lines.target)
    }

    /// All fields in the order they came, names with the case they came in (`rawName`). Made anew on every call.
    public var fields: HTTPFields { HTTPFields(lines.fields, in: bytes) }

    public var fieldCount: Int { lines.fields.count }

    /// The value of the first field of this name, without the blanks around it, or nil.
    ///
    /// - Parameter name: In lower case. Compared without case, and without making a String of any other field.
    public func firstValue(_ name: StaticString) -> String? {
        let span = bytes.span
        guard let field = lines.fields.first(where: { span.extracting($0.name).isWord(name) }) else { return nil }
        return text(field.value)
    }

    /// The values of all fields of this name, in order.
    ///
    /// - Parameter name: In lower case.
    public func values(_ name: StaticString) -> [String] {
        let span = bytes.span
        var values: [String] = []
        for field in lines.fields where span.extracting(field.name).isWord(name) { values.append(text(field.value)) }
        return values
    }

    /// Whether the sender of the request waits for 100 before it sends the body (RFC 9110 §10.1.1). An HTTP/1.0
    /// client can't mean it.
    public var expectsContinue: Bool { version == .http11 && lines.recognised.expectsContinue }

    /// Whether an Upgrade field is present (RFC 9110 §7.8).
    public var hasUpgrade: Bool { lines.recognised.hasUpgrade }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

extension HTTPFields {
    fileprivate init(_ fields: [FieldRange], in bytes: [UInt8]) {
        self.init()
        reserveCapacity(fields.count)
        for field in fields {
            // The parser let only tokens pass.
            let name = HTTPField.Name(String(decoding: bytes[field.name], as: UTF8.self))!
            append(HTTPField(name: name, lenientValue: bytes[field.value]))
        }
    }
}

extension ResponseHead {
    fileprivate convenience init(_ bytes: [UInt8], _ lines: HeadLines) {
        self.init(
            status: lines.status, reason: String(decoding: bytes[lines.reason], as: UTF8.self),
            version: lines.version == .http10 ? "HTTP/1.0" : "HTTP/1.1", bytes: bytes,
            fields: HTTPFields(lines.fields, in: bytes))
    }
}

extension ReceivedHead: Equatable {
    // All else follows from the bytes and from which side sent them.
    public static func == (left: ReceivedHead, right: ReceivedHead) -> Bool {
        left.lines.kind == right.lines.kind && left.bytes == right.bytes
    }
}

extension ReceivedHead {
    /// The response in the words other modules use.
    public var response: HTTPResponse {
        HTTPResponse(status: .init(code: status, reasonPhrase: reason), headerFields: fields)
    }

    /// The request in the words other modules use: an absolute target is taken apart, and wins over Host (RFC 9112
    /// §3.2.2). The Host field becomes the authority and stays among the fields.
    ///
    /// - Parameter scheme: What the connection implies; a target that names its own is believed.
    public func request(scheme: String) -> HTTPRequest {
        let parts = RequestTarget(target, isConnect: method == .connect)
        return HTTPRequest(
            method: method, scheme: parts.scheme ?? scheme, authority: parts.authority ?? firstValue("host"),
            path: parts.path,
            headerFields: fields)
    }
}
