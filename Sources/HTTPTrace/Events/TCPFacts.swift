/// What the kernel knew of a TCP connection at one moment (tcp(7), TCP_INFO). Bytes are those TCP carried, so over TLS
/// they count its handshake and records.
public struct TCPFacts: Hashable, Sendable {
    public enum Moment: String, Hashable, Sendable, Codable {
        /// Connected: the round trip of the three-way handshake is known, and nothing else was sent.
        case dial
        case firstByte = "first-byte"
        /// The response ended.
        case end
    }

    public var moment: Moment
    /// Smoothed, as the kernel expects the next one.
    public var roundTrip: Duration
    /// Its mean deviation.
    public var roundTripVariation: Duration
    /// The least seen of late; nil where the kernel has none yet.
    public var leastRoundTrip: Duration?
    /// How many segments may be under way.
    public var congestionWindow: Int
    /// The longest segment that is sent.
    public var segmentBytes: Int
    /// Segments sent again since the connection began, its first one included.
    public var retransmits: Int
    /// Repeated bytes count each time.
    public var bytesSent: Int
    public var bytesResent: Int
    /// What the peer's kernel confirmed.
    public var bytesAcked: Int
    public var bytesReceived: Int
    /// Bytes a second of the latest measurement; nil before there is one.
    public var deliveryRate: Int?
    /// Bytes that have left, repeated ones once; nil where the kernel doesn't count them.
    public var distinctBytesSent: Int? { bytesSent > 0 ? max(0, bytesSent - bytesResent) : nil }
    /// Of the exchange alone, so far; nil at the dial, and over HTTP/2, where others may be under way.
    public var exchange: WireBytes?

    public init(
        moment: Moment, roundTrip: Duration, roundTripVariation: Duration, leastRoundTrip: Duration? = nil,
        congestionWindow: Int, segmentBytes: Int, retransmits: Int = 0, bytesSent: Int = 0, bytesResent: Int = 0,
        bytesAcked: Int = 0, bytesReceived: Int = 0, deliveryRate: Int? = nil, exchange: WireBytes? = nil
    ) {
        self.moment = moment
        self.roundTrip = roundTrip
        self.roundTripVariation = roundTripVariation
        self.leastRoundTrip = leastRoundTrip
        self.congestionWindow = congestionWindow
        self.segmentBytes = segmentBytes
        self.retransmits = retransmits
        self.bytesSent = bytesSent
        self.bytesResent = bytesResent
        self.bytesAcked = bytesAcked
        self.bytesReceived = bytesReceived
        self.deliveryRate = deliveryRate
        self.exchange = exchange
    }
}

/// Bytes that TCP sent, repeated ones once, and those that were taken from it. What it was handed and has not sent does not
/// count, except on kernels that don't tell.
public struct WireBytes: Hashable, Sendable {
    public var sent: Int
    public var received: Int

    public init(sent: Int, received: Int) {
        self.sent = sent
        self.received = received
    }

    public static func - (left: WireBytes, right: WireBytes) -> WireBytes {
        WireBytes(sent: left.sent - right.sent, received: left.received - right.received)
    }
}
