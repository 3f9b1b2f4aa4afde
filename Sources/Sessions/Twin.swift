public import HTTPTrace
internal import HTTPTypes

/// Two exchanges that asked for the same, one on a new connection and one on an open one: what reuse saved.
public struct Twin: Equatable, Sendable {
    /// The other one.
    public var id: ExchangeID
    public var warmth: Exchange.Warmth
    /// Its connection.
    public var connection: ConnectionID
    /// Whether both went over the same connection.
    public var isSameConnection: Bool
    /// The set-up phases that the cold one paid, in order: of dns, connect, tls.
    public var setUp: [Phase]
    /// What these took together: what the warm one saved.
    public var saved: Duration

    /// Nil unless both have a connection, one new and one reused.
    init?(of exchange: Exchange, other: Exchange) {
        guard let own = exchange.connection, let others = other.connection, let warmth = other.warmth,
            own.isReused != others.isReused
        else { return nil }
        let cold = warmth == .cold ? other : exchange
        id = other.id
        self.warmth = warmth
        connection = others.connection
        isSameConnection = own.connection == others.connection
        setUp = []
        saved = .zero
        for phase in [Phase.dns, .connect, .tunnel, .tls] {
            guard let span = cold.phases[phase], let end = span.end else { continue }
            setUp.append(phase)
            saved += end - span.start
        }
    }
}

/// The latest good exchange of each method and URL, one cold and one warm.
///
/// Keyed by hash: 24 bytes a URL instead of its text. Two URLs of one hash replace each other, and the session looks
/// at the exchange found before it shows it, so the worst that happens is that no twin is shown.
struct TwinIndex: Equatable, Sendable {
    private struct Latest: Equatable {
        // 0 is no exchange: numbers count from 1.
        var cold: UInt32 = 0
        var warm: UInt32 = 0
    }

    private var latest: [Int: Latest] = [:]
    /// What ended last, and its key: in a load the next one mostly asked for the same.
    private var knownDraft: RequestDraft?
    private var knownKey = 0

    static func == (left: TwinIndex, right: TwinIndex) -> Bool { left.latest == right.latest }

    mutating func note(_ ending: Ending, of draft: RequestDraft) {
        guard ending.failure == nil, let warmth = ending.warmth else { return }
        if knownDraft != draft { (knownDraft, knownKey) = (draft, key(draft)) }
        let number = UInt32(truncatingIfNeeded: ending.id.number)
        switch warmth {
        case .cold: latest[knownKey, default: Latest()].cold = number
        case .warm: latest[knownKey, default: Latest()].warm = number
        }
    }

    func latest(of draft: RequestDraft, _ warmth: Exchange.Warmth) -> ExchangeID? {
        guard let entry = latest[key(draft)] else { return nil }
        let number = warmth == .cold ? entry.cold : entry.warm
        return number == 0 ? nil : ExchangeID(Int(number))
    }

    // Asked for each request: a hash that withstands an attack would take ten times as long, and here there is nothing to
    // gain by one.
    private func key(_ draft: RequestDraft) -> Int {
        var hash = UInt64(draft.url.origin.port) ^ (draft.url.origin.scheme == .https ? 1 << 32 : 0)
        Self.mix(draft.method.rawValue, into: &hash)
        Self.mix(draft.url.origin.host, into: &hash)
        Self.mix(draft.url.target, into: &hash)
        return Int(truncatingIfNeeded: hash)
    }

    // FNV-1a, with a byte between two texts that is in neither.
    private static func mix(_ text: String, into hash: inout UInt64) {
        let bytes = text.utf8.span
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        hash = (hash ^ 0xFF) &* 0x100_0000_01B3
    }
}
