/// How much of the peer's framing is taken before the connection is given up. Bodies have no limit here: they are
/// handed on piece by piece and never kept.
public struct HTTP1Limits: Equatable, Sendable {
    /// The bytes of all heads of one response together, interim (1xx) ones included, else a server could send them
    /// for ever; the bytes of one request head. 1 MiB: curl stops at 300 KiB, Go at 10 MiB, and no honest head comes
    /// near.
    public var headBytes = 1 << 20
    /// The field lines of one head. 5,000, as in curl: each costs memory of its own when it becomes an `HTTPField`.
    public var fieldCount = 5_000
    /// The bytes of a chunked body's trailer section. 64 KiB: a checksum or a gRPC status needs hundreds.
    public var trailerBytes = 64 << 10
    /// One chunk-size line with its extensions. 4 KiB, as in Go; extensions are skipped, so that only patience is at
    /// stake.
    public var chunkLineBytes = 4 << 10
    /// Framing in excess of 16 bytes a chunk plus twice its data. 16 KiB, as in Go: without it, one data byte in 4
    /// KiB of extension costs the receiver a thousand times what it is told.
    public var chunkOverheadBytes = 16 << 10

    public init() {}

    public static let standard = HTTP1Limits()
}
