internal import DequeModule
internal import HTTPTrace

// Which address of a name is tried when (RFC 8305, Happy Eyeballs). It decides; `AddressRace` does.
// No I/O and no clock here: addresses, results and times come in, actions go out.
//
//                 attempt                  connected
//    untried ─────────────────▶ running ─────────────▶ the winner; all others that run are abandoned
//    (families      ▲              │ failed
//     alternate)    └── at once ───┴──▶ the last of all: the dial failed
//                       or 250 ms after the attempt before
//
// A dead address costs the next one a quarter of a second, and no answer that comes late is lost to it.

/// The order and the moments in which a name's addresses are tried; the first connection wins.
struct HappyEyeballs {
    /// What the owner does next, in order. After `connected` with its `abandon`s, or `failed`, nothing follows.
    enum Action: Equatable {
        /// Start connecting. Numbers count from 1.
        case attempt(Int, NetworkAddress)
        /// Call `woke(at:)` then; replaces an earlier wish.
        case wake(at: Timestamp)
        /// This attempt's connection is the dial's result.
        case connected(Int)
        /// Stop this attempt and close what it has; nothing is to be heard of it any more.
        case abandon(Int, because: AbandonReason)
        case failed(Problem)
    }

    enum AbandonReason: Equatable { case anotherWon, tookTooLong, cancelled }

    enum Problem: Equatable {
        /// Every address was tried in vain, or there was none.
        case refused
        /// The deadline passed.
        case timedOut
        case cancelled
    }

    /// RFC 8305 §8's recommendation. Shorter delays make a second connection for many a slow but living first address.
    static let attemptDelay = Duration.milliseconds(250)

    /// How long IPv4 addresses wait for IPv6 ones that are still being looked up. RFC 8305 §8's recommendation.
    static let resolutionDelay = Duration.milliseconds(50)

    /// How many attempts run at once, so that a thousand dead addresses don't take a thousand sockets. The oldest makes
    /// room: it has had eight seconds, in which the kernel asked four times (after 0, 1, 3 and 7 s).
    static let runningLimit = 32

    private let attemptDelay: Duration
    private let deadline: Timestamp?
    private var untried = AlternatingAddresses()
    /// Whether the lookup has ended: no addresses follow.
    private var isComplete = false
    /// The next attempt waits until then; nil when it needn't.
    private var nextStart: Timestamp?
    private var startedCount = 0
    /// In the order of their start.
    private var running: [Int] = []

    /// - Parameter deadline: For the whole dial; nil leaves the attempts to the kernel's patience.
    init(attemptDelay: Duration = Self.attemptDelay, deadline: Timestamp? = nil) {
        self.attemptDelay = attemptDelay
        self.deadline = deadline
    }

    /// Addresses arrived: all at once, or one family before the other.
    ///
    /// - Parameters:
    ///   - addresses: In the order in which to try them (RFC 6724).
    ///   - preferred: The family that goes first, when other addresses came before; nil takes the first one's.
    ///   - isComplete: Whether the lookup ended with these, which may be none.
    mutating func resolved(
        _ addresses: [NetworkAddress], preferring preferred: NetworkAddress.Family? = nil, isComplete: Bool,
        at now: Timestamp
    ) -> [Action] {
        precondition(!self.isComplete, "addresses after the lookup's end")
        self.isComplete = isComplete
        untried.append(addresses)
        if startedCount == 0, let family = preferred ?? addresses.first?.family {
            untried.nextFamily = family
            nextStart = nextStart ?? now + Self.resolutionDelay
        }
        if startedCount == 0, isComplete || untried.hasIP6 { nextStart = nil }
        return proceed(at: now)
    }

    /// The moment of the last `wake`, or an earlier one, has come.
    mutating func woke(at now: Timestamp) -> [Action] { proceed(at: now) }

    /// A running attempt made its connection.
    mutating func connected(_ number: Int) -> [Action] {
        remove(number)
        return [.connected(number)] + abandonAll(because: .anotherWon)
    }

    /// A running attempt failed.
    mutating func failed(_ number: Int, at now: Timestamp) -> [Action] {
        remove(number)
        nextStart = nil
        return proceed(at: now)
    }

    /// Nobody wants the connection any more.
    mutating func cancelled() -> [Action] { abandonAll(because: .cancelled) + [.failed(.cancelled)] }

    private mutating func proceed(at now: Timestamp) -> [Action] {
        if let deadline, now >= deadline { return abandonAll(because: .tookTooLong) + [.failed(.timedOut)] }
        if untried.isEmpty, running.isEmpty, isComplete { return [.failed(.refused)] }
        if let nextStart, now < nextStart { return nextWake() }
        guard let address = untried.popFirst() else { return nextWake() }

        var actions: [Action] = []
        if running.count == Self.runningLimit {
            actions.append(.abandon(running.removeFirst(), because: .tookTooLong))
        }
        startedCount += 1
        running.append(startedCount)
        nextStart = now + attemptDelay
        return actions + [.attempt(startedCount, address)] + nextWake()
    }

    private func nextWake() -> [Action] {
        let moments = [untried.isEmpty ? nil : nextStart, deadline].compactMap(\.self)
        return moments.min().map { [.wake(at: $0)] } ?? []
    }

    private mutating func abandonAll(because reason: AbandonReason) -> [Action] {
        defer { running = [] }
        return running.map { .abandon($0, because: reason) }
    }

    private mutating func remove(_ number: Int) {
        guard let index = running.firstIndex(of: number) else {
            preconditionFailure("attempt \(number) ended, but running are \(running)")
        }
        running.remove(at: index)
    }
}

/// Addresses of two families, handed out in turns (RFC 8305 §4, with a First Address Family Count of 1): when one family
/// is broken, every second attempt still has a chance. Within a family the order stays.
private struct AlternatingAddresses {
    private var ip4 = Deque<NetworkAddress>()
    private var ip6 = Deque<NetworkAddress>()
    /// Whose turn it is, if it has any left.
    var nextFamily = NetworkAddress.Family.ip6

    var isEmpty: Bool { ip4.isEmpty && ip6.isEmpty }
    var hasIP6: Bool { !ip6.isEmpty }

    mutating func append(_ addresses: [NetworkAddress]) {
        for address in addresses {
            switch address.family {
            case .ip4: ip4.append(address)
            case .ip6: ip6.append(address)
            }
        }
    }

    mutating func popFirst() -> NetworkAddress? {
        let takesIP6 = nextFamily == .ip6 ? !ip6.isEmpty : ip4.isEmpty
        nextFamily = takesIP6 ? .ip4 : .ip6
        return takesIP6 ? ip6.popFirst() : ip4.popFirst()
    }
}
