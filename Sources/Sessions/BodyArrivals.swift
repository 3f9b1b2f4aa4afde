public import HTTPTrace

/// When the parts of a body came: what one read brought is a part, whatever pieces the server sent it in.
public struct BodyArrivals: Equatable, Sendable {
    public struct Part: Equatable, Sendable {
        public var time: Timestamp
        public var bytes: Int
    }

    /// The longest time between two parts.
    public struct Gap: Equatable, Sendable {
        public var start: Timestamp
        public var duration: Duration
        /// Body bytes that had come before it.
        public var bytesBefore: Int
    }

    /// In the order of coming.
    public private(set) var parts: [Part] = []
    /// Parts beyond those were counted as events, and not kept: whatever is said here is said of the first ones.
    public let isCut: Bool
    /// Nil with fewer than two parts. The first of equals.
    public private(set) var largestGap: Gap?

    /// Looks at the events kept of `exchange`: at most `Exchange.eventLimit`.
    public init(of exchange: Exchange) {
        isCut = exchange.droppedEvents > 0
        var bytes = 0
        for record in exchange.events {
            guard case .bodyBytes(let count) = record.event else { continue }
            if let last = parts.last {
                let gap = max(record.time - last.time, .zero)
                if largestGap.map({ gap > $0.duration }) ?? true {
                    largestGap = Gap(start: last.time, duration: gap, bytesBefore: bytes)
                }
            }
            parts.append(Part(time: record.time, bytes: count))
            bytes += count
        }
    }
}
