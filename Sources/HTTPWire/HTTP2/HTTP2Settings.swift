/// What one side asks of the other (RFC 9113 §6.5.2).
public struct HTTP2Settings: Equatable, Sendable {
    /// How large the memory of the sender's header compression may grow.
    public var headerTableBytes: UInt32 = 4_096
    /// Streams the other side may have open at once; nil without limit.
    public var concurrentStreams: UInt32? = 100
    /// How many body bytes of one stream may be on the way before the reader took some.
    public var streamWindowBytes: Int32 = 65_535
    /// The largest frame payload accepted: 16 KiB to 16 MiB.
    public var frameBytes: UInt32 = 16_384
    /// The largest head accepted, uncompressed, each field with 32 bytes more; nil where nothing was said.
    public var headBytes: UInt32?

    /// What holds until the peer has said something else (RFC 9113 §6.5.2), except for `concurrentStreams`: 100 until it is
    /// known, as in Go, since nearly every server allows as many.
    public init() {}
}
