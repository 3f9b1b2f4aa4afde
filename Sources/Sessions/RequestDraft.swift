public import HTTPTrace
public import HTTPTypes

/// A request as a person made it: what is sent, replayed, edited and exported.
public struct RequestDraft: Sendable {
    // One reference instead of six: each request's draft is handed around a dozen times.
    private var parts: Parts

    public init(
        method: HTTPRequest.Method = .get, url: RequestURL, fields: HTTPFields = [:], body: [UInt8] = []
    ) {
        parts = Parts(method, url, fields, body)
    }

    public var method: HTTPRequest.Method {
        get { parts.method }
        set { parts = Parts(newValue, url, fields, body) }
    }

    public var url: RequestURL {
        get { parts.url }
        set { parts = Parts(method, newValue, fields, body) }
    }

    /// Own fields only; what the client adds (Host, Content-Length, …) is seen in the exchange.
    public var fields: HTTPFields {
        get { parts.fields }
        set { parts = Parts(method, url, newValue, body) }
    }

    /// Empty when there is none.
    public var body: [UInt8] {
        get { parts.body }
        set { parts = Parts(method, url, fields, newValue) }
    }

    private final class Parts: Sendable {
        let method: HTTPRequest.Method
        let url: RequestURL
        let fields: HTTPFields
        let body: [UInt8]

        init(_ method: HTTPRequest.Method, _ url: RequestURL, _ fields: HTTPFields, _ body: [UInt8]) {
            self.method = method
            self.url = url
            self.fields = fields
            self.body = body
        }
    }

    /// What curl's `--compressed` offers: the codings that are taken off again.
    public static let offeredCodings = "deflate, gzip, br, zstd"

    /// Asks for a body that is small on the wire, unless the draft says itself what it takes.
    public mutating func offerCompression() {
        if fields[.acceptEncoding] == nil { fields[.acceptEncoding] = RequestDraft.offeredCodings }
    }
}

extension RequestDraft: Equatable {
    public static func == (left: RequestDraft, right: RequestDraft) -> Bool {
        left.parts === right.parts
            || (left.method == right.method && left.url == right.url && left.fields == right.fields
                && left.body.isSame(as: right.body))
    }
}
