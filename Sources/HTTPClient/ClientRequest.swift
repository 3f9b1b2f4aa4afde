public import HTTPTrace
public import HTTPTypes

/// A request to send. Sending never changes it, so it can be sent again.
public struct ClientRequest: Sendable, Equatable {
    // Behind one reference: it is handed on and kept for every attempt, and told to be the same as the last one.
    private var parts: Parts

    public var method: HTTPRequest.Method {
        get { parts.method }
        set { change { $0.method = newValue } }
    }
    public var url: RequestURL {
        get { parts.url }
        set { change { $0.url = newValue } }
    }
    /// Own fields, in the order in which they are sent. Host, Content-Length and the like are added where they are not
    /// given; a `Host` given here replaces the URL's.
    public var fields: HTTPFields {
        get { parts.fields }
        set { change { $0.fields = newValue } }
    }
    /// Empty for none. A body of length zero is sent as `Content-Length: 0` where the method expects a body.
    public var body: [UInt8] {
        get { parts.body }
        set { change { $0.body = newValue } }
    }
    /// Sent instead of `body` where it is set.
    public var bodyStream: RequestBodyStream? {
        get { parts.bodyStream }
        set { change { $0.bodyStream = newValue } }
    }
    /// Whether the client's jar adds cookies to it and learns from its answer. Not what a proxy sends for others.
    public var usesCookieJar: Bool {
        get { parts.usesCookieJar }
        set { change { $0.usesCookieJar = newValue } }
    }

    public init(method: HTTPRequest.Method = .get, url: RequestURL, fields: HTTPFields = [:], body: [UInt8] = []) {
        parts = Parts(method, url, fields, body)
    }

    public static func == (left: ClientRequest, right: ClientRequest) -> Bool {
        left.isSame(as: right)
            || (left.method == right.method && left.url == right.url && left.fields == right.fields
                && left.body == right.body && left.bodyStream == right.bodyStream
                && left.usesCookieJar == right.usesCookieJar)
    }

    /// Whether both are copies of one that nobody changed since: a look at a pointer. False says nothing.
    func isSame(as other: ClientRequest) -> Bool { parts === other.parts }

    private mutating func change(_ body: (Parts) -> Void) {
        if !isKnownUniquelyReferenced(&parts) { parts = Parts(copying: parts) }
        body(parts)
    }

    // Immutable once others may see it: `change` copies it then.
    private final class Parts: @unchecked Sendable {
        @exclusivity(unchecked) var method: HTTPRequest.Method
        @exclusivity(unchecked) var url: RequestURL
        @exclusivity(unchecked) var fields: HTTPFields
        @exclusivity(unchecked) var body: [UInt8]
        @exclusivity(unchecked) var bodyStream: RequestBodyStream?
        @exclusivity(unchecked) var usesCookieJar = true

        init(_ method: HTTPRequest.Method, _ url: RequestURL, _ fields: HTTPFields, _ body: [UInt8]) {
            self.method = method
            self.url = url
            self.fields = fields
            self.body = body
        }

        init(copying other: Parts) {
            method = other.method
            url = other.url
            fields = other.fields
            body = other.body
            bodyStream = other.bodyStream
            usesCookieJar = other.usesCookieJar
        }
    }
}

extension ClientRequest {
    /// Whether sending it twice does what sending it once does, as far as anybody can tell: what Go calls replayable
    /// (RFC 9110 §9.2.2, and the Idempotency-Key habit).
    var isReplayable: Bool {
        switch method {
        case _ where bodyStream != nil: false
        case .get, .head, .options, .trace: true
        default: fields.contains { ["idempotency-key", "x-idempotency-key"].contains($0.name.canonicalName) }
        }
    }

    var expectsContinue: Bool {
        hasBody && fields[.expect]?.lowercased() == "100-continue"
    }

    var hasBody: Bool { bodyStream != nil || !body.isEmpty }

    /// Bytes of body that will be sent; nil where there is none or its length is not known.
    var announcedBytes: Int? { bodyStream.map(\.length) ?? (body.isEmpty ? nil : body.count) }

    var offersUpgrade: Bool { !fields.isEmpty && fields[.upgrade] != nil }

    var asksToClose: Bool {
        !fields.isEmpty
            && fields[values: .connection].contains { value in
                value.split(separator: ",").contains { $0.filter { $0 != " " }.lowercased() == "close" }
            }
    }
}
