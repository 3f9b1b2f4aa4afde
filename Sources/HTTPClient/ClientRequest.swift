public import HTTPTrace
public import HTTPTypes

/// A request to send. Sending never changes it, so it can be sent again.
public struct ClientRequest: Sendable, Equatable {
    public var method: HTTPRequest.Method
    public var url: RequestURL
    /// Own fields, in the order in which they are sent. Host, Content-Length and the like are added where they are not
    /// given; a `Host` given here replaces the URL's.
    public var fields: HTTPFields
    /// Empty for none. A body of length zero is sent as `Content-Length: 0` where the method expects a body.
    public var body: [UInt8]
    /// Sent instead of `body` where it is set.
    public var bodyStream: RequestBodyStream?
    /// Whether the client's jar adds cookies to it and learns from its answer. Not what a proxy sends for others.
    public var usesCookieJar = true

    public init(method: HTTPRequest.Method = .get, url: RequestURL, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
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
