public import HTTPTrace
public import HTTPTypes
internal import HTTPWire

/// A request to send. Sending never changes it, so it can be sent again.
public struct ClientRequest: Sendable, Equatable {
    // Behind one reference, since it is handed on and kept for every attempt; and never changed once it is there, so that
    // looking at a part counts none.
    private var parts: Parts

    public var method: HTTPRequest.Method {
        get { parts.method }
        set { parts = parts.with(method: newValue) }
    }
    public var url: RequestURL {
        get { parts.url }
        set { parts = parts.with(url: newValue) }
    }
    /// Own fields, in the order in which they are sent. Host, Content-Length and the like are added where they are not
    /// given; a `Host` given here replaces the URL's.
    public var fields: HTTPFields {
        get { parts.fields }
        set { parts = parts.with(fields: newValue) }
    }
    /// Empty for none. A body of length zero is sent as `Content-Length: 0` where the method expects a body.
    public var body: [UInt8] {
        get { parts.body }
        set { parts = parts.with(body: newValue) }
    }
    /// Sent instead of `body` where it is set.
    public var bodyStream: RequestBodyStream? {
        get { parts.bodyStream }
        set { parts = parts.with(bodyStream: .some(newValue)) }
    }
    /// Whether the client's jar adds cookies to it and learns from its answer. Not what a proxy sends for others.
    public var usesCookieJar: Bool {
        get { parts.usesCookieJar }
        set { parts = parts.with(usesCookieJar: newValue) }
    }

    public init(method: HTTPRequest.Method = .get, url: RequestURL, fields: HTTPFields = [:], body: [UInt8] = []) {
        parts = Parts(method, url, fields, body, nil, usesCookieJar: true)
    }

    public static func == (left: ClientRequest, right: ClientRequest) -> Bool {
        left.identity == right.identity
            || (left.method == right.method && left.url == right.url && left.fields == right.fields
                && left.body == right.body && left.bodyStream == right.bodyStream
                && left.usesCookieJar == right.usesCookieJar)
    }

    /// The same for copies of one that nobody changed since, as long as one of them lives. Other ones may be equal.
    var identity: ObjectIdentifier { ObjectIdentifier(parts) }

    private final class Parts: Sendable {
        let method: HTTPRequest.Method
        let url: RequestURL
        let fields: HTTPFields
        let body: [UInt8]
        let bodyStream: RequestBodyStream?
        let usesCookieJar: Bool

        init(
            _ method: HTTPRequest.Method, _ url: RequestURL, _ fields: HTTPFields, _ body: [UInt8],
            _ bodyStream: RequestBodyStream?, usesCookieJar: Bool
        ) {
            self.method = method
            self.url = url
            self.fields = fields
            self.body = body
            self.bodyStream = bodyStream
            self.usesCookieJar = usesCookieJar
        }

        /// The same but for what is given.
        func with(
            method: HTTPRequest.Method? = nil, url: RequestURL? = nil, fields: HTTPFields? = nil, body: [UInt8]? = nil,
            bodyStream: RequestBodyStream?? = nil, usesCookieJar: Bool? = nil
        ) -> Parts {
            Parts(
                method ?? self.method, url ?? self.url, fields ?? self.fields, body ?? self.body,
                bodyStream ?? self.bodyStream, usesCookieJar: usesCookieJar ?? self.usesCookieJar)
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

    var asksToClose: Bool { fields.asksToClose }
}
