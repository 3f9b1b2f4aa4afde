/// How a request came from the response to another.
public struct Redirection: Hashable, Sendable {
    /// The exchange whose response led here.
    public var from: ExchangeID
    /// Its status: 301, 302, 303, 307 or 308.
    public var status: Int
    /// Which request of the chain this is: 1 for the first after the one that was asked for.
    public var hop: Int
    /// When the chain's first request was asked for.
    public var chainStart: Timestamp
    /// Where the chain's first request went.
    public var firstOrigin: Origin
    /// Names of the fields left out, in the order of the request: what is meant for one origin is not told another.
    public var withheld: [String]

    public init(
        from: ExchangeID, status: Int, hop: Int, chainStart: Timestamp, firstOrigin: Origin, withheld: [String] = []
    ) {
        self.from = from
        self.status = status
        self.hop = hop
        self.chainStart = chainStart
        self.firstOrigin = firstOrigin
        self.withheld = withheld
    }
}
