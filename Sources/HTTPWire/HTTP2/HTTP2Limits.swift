/// What a peer may cost, and how we set up our side.
public struct HTTP2Limits: Equatable, Sendable {
    /// The bytes of all heads of one message together, uncompressed, each field with 32 bytes more as RFC 9113 §6.5.2 counts;
    /// interim (1xx) heads and trailers included. 1 MiB, as over HTTP/1.
    public var headBytes = 1 << 20
    /// The fields of one head. 5,000, as over HTTP/1.
    public var fieldCount = 5_000
    /// CONTINUATION frames of one head, each of 16 KiB at most: as much as `headBytes`. Without end in CVE-2024-27316.
    public var continuations = 64
    /// DATA frames without data and without an end, in a row: they cost us and not the sender (CVE-2019-9518).
    public var emptyFrames = 100
    /// Answers the peer makes us owe it and doesn't fetch: PING and SETTINGS acknowledgements, resets, window updates.
    public var queuedControlFrames = 1_000
    /// Resets a server takes from one client at once (CVE-2023-44487), and how many more each second. nghttp2's own.
    public var resets = 1_000
    public var resetsPerSecond = 33
    /// Streams the peer may open at once.
    public var concurrentStreams = 100
    /// Body bytes of one stream that wait for their reader. 2 MiB: 300 Mbit/s at 50 ms, and 200 MiB if a hundred readers sleep.
    public var streamWindowBytes = 2 << 20
    /// Body bytes of all streams on their way at once. They are given back as they arrive, so that a reader who sleeps does not
    /// stop the other streams.
    public var connectionWindowBytes = 16 << 20

    public init() {}

    public static let standard = HTTP2Limits()
}
