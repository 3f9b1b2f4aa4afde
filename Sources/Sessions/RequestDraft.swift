public import HTTPTrace
public import HTTPTypes

/// A request as a person made it: what is sent, replayed, edited and exported.
public struct RequestDraft: Equatable, Sendable {
    public var method: HTTPRequest.Method
    public var url: RequestURL
    /// Own fields only; what the client adds (Host, Content-Length, …) is seen in the exchange.
    public var fields: HTTPFields
    /// Empty when there is none.
    public var body: [UInt8]

    public init(
        method: HTTPRequest.Method = .get, url: RequestURL, fields: HTTPFields = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    /// What curl's `--compressed` offers: the codings that are taken off again.
    public static let offeredCodings = "deflate, gzip, br, zstd"

    /// Asks for a body that is small on the wire, unless the draft says itself what it takes.
    public mutating func offerCompression() {
        if fields[.acceptEncoding] == nil { fields[.acceptEncoding] = RequestDraft.offeredCodings }
    }
}
