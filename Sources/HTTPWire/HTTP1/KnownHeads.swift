// A server that is asked the same again and again answers with the same head again and again; its date changes once a
// second. A head whose bytes were read before need not be read again: what they mean follows from them alone. It is told
// from its first bytes, since its end is part of it.
//
// Comparing takes a fiftieth of the time of reading, and equal heads share their memory in a session of a million.

/// Response heads that came lately, from whomever.
public struct KnownHeads: Sendable {
    /// As many as a load of a few URLs has at a time. Each costs a comparison that ends at the first difference.
    private static let limit = 8
    /// Longer ones are rarely the same twice, and would stay in memory for nothing.
    private static let byteLimit = 4_096

    private var heads: [ReceivedHead] = []
    /// Where the last one that matched stands: it is looked at first.
    private var latest = 0
    /// Which one makes room next.
    private var oldest = 0

    public init() {}

    /// The known head with which `bytes` begin; nil when there is none.
    mutating func head(atStartOf bytes: Span<UInt8>) -> ReceivedHead? {
        if latest < heads.count, bytes.begins(with: heads[latest].bytes.span) { return heads[latest] }
        for place in heads.indices where bytes.begins(with: heads[place].bytes.span) {
            latest = place
            return heads[place]
        }
        return nil
    }

    /// Keeps a head that was just read.
    mutating func keep(_ head: ReceivedHead) {
        guard head.bytes.count <= Self.byteLimit else { return }
        if heads.count < Self.limit {
            latest = heads.count
            heads.append(head)
        } else {
            latest = oldest
            heads[oldest] = head
            oldest = (oldest + 1) % Self.limit
        }
    }
}
