internal import CLinux
internal import Glibc
internal import HTTPTrace

// In which order a name's addresses are tried (RFC 6724 §6): those this machine can reach best come first. The kernel is
// asked which own address it would use for each; the rules then compare. As in Go's net/addrselect.go, the rules that
// need what no program can see (deprecated and home addresses, tunnels) are left out.

/// An address of a name, and from where it would be reached.
struct AddressChoice: Equatable, Sendable {
    var address: NetworkAddress
    /// This machine's own address on the way there; nil when there is no way.
    var source: NetworkAddress?

    var isReachable: Bool { source != nil }

    /// Best first; equals stay in the order in which the server listed them.
    static func sorted(_ choices: [AddressChoice]) -> [AddressChoice] {
        choices.enumerated().map { (index: $0, ranked: Ranked($1)) }
            .sorted { left, right in
                switch left.ranked.isBefore(right.ranked) {
                case true?: true
                case false?: false
                case nil: left.index < right.index
                }
            }.map(\.ranked.choice)
    }
}

/// What the rules compare, worked out once an address.
private struct Ranked {
    let choice: AddressChoice
    private let bytes: [UInt8]
    private let sourceBytes: [UInt8]?
    private let policy: (precedence: Int, label: Int)
    private let sourceLabel: Int?
    private let scope: Int
    private let sourceScope: Int?

    init(_ choice: AddressChoice) {
        self.choice = choice
        bytes = SocketAddress(choice.address)?.bytes ?? []
        sourceBytes = choice.source.flatMap { SocketAddress($0)?.bytes }
        policy = Self.policy(of: bytes)
        sourceLabel = sourceBytes.map { Self.policy(of: $0).label }
        scope = Self.scope(of: bytes)
        sourceScope = sourceBytes.map(Self.scope)
    }

    /// Nil when no rule tells them apart.
    func isBefore(_ other: Ranked) -> Bool? {
        // Rule 1: avoid what can't be reached.
        if choice.isReachable != other.choice.isReachable { return choice.isReachable }
        guard choice.isReachable else { return nil }
        // Rule 2: prefer a matching scope.
        let (fits, otherFits) = (scope == sourceScope, other.scope == other.sourceScope)
        if fits != otherFits { return fits }
        // Rule 5: prefer a matching label.
        let (matches, otherMatches) = (policy.label == sourceLabel, other.policy.label == other.sourceLabel)
        if matches != otherMatches { return matches }
        // Rule 6: prefer higher precedence.
        if policy.precedence != other.policy.precedence { return policy.precedence > other.policy.precedence }
        // Rule 8: prefer a smaller scope.
        if scope != other.scope { return scope < other.scope }
        // Rule 9: use the longest matching prefix. For IPv4 it would undo the servers' rotation (golang/go#13283).
        if choice.address.family == .ip6, other.choice.address.family == .ip6 {
            let (own, others) = (commonPrefixBits, other.commonPrefixBits)
            if own != others { return own > others }
        }
        return nil
    }

    /// Of the address and its source; the first half of an IPv6 address, which is its network, counts.
    private var commonPrefixBits: Int {
        guard let sourceBytes, sourceBytes.count == bytes.count else { return 0 }
        var bits = 0
        for (left, right) in zip(bytes.prefix(8), sourceBytes.prefix(8)) {
            guard left == right else { return bits + (left ^ right).leadingZeroBitCount }
            bits += 8
        }
        return bits
    }

    /// RFC 6724 §2.1, the default table. IPv4 counts as ::ffff:0:0/96.
    private static func policy(of bytes: [UInt8]) -> (precedence: Int, label: Int) {
        guard bytes.count == 16 else { return (35, 4) }
        if bytes == [UInt8](repeating: 0, count: 15) + [1] { return (50, 0) }
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) { return (35, 4) }
        if bytes.starts(with: [0x20, 0x02]) { return (30, 2) }
        if bytes.starts(with: [0x20, 0x01, 0, 0]) { return (5, 5) }
        if bytes[0] & 0xFE == 0xFC { return (3, 13) }
        if bytes.prefix(12).allSatisfy({ $0 == 0 }) { return (1, 3) }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0xC0 { return (1, 11) }
        if bytes.starts(with: [0x3F, 0xFE]) { return (1, 12) }
        return (40, 1)
    }

    /// RFC 6724 §3.1 and §3.2: 2 is the link, 5 the site, 14 the world.
    private static func scope(of bytes: [UInt8]) -> Int {
        if bytes.count == 4 { return bytes[0] == 127 || bytes[0] == 169 && bytes[1] == 254 ? 2 : 14 }
        guard bytes.count == 16 else { return 14 }
        if bytes[0] == 0xFF { return Int(bytes[1] & 0x0F) }
        if bytes == [UInt8](repeating: 0, count: 15) + [1] { return 2 }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 { return 2 }
        if bytes[0] == 0xFE, bytes[1] & 0xC0 == 0xC0 { return 5 }
        return 14
    }
}

extension AddressChoice {
    /// Asks the kernel for the way there. Nothing is sent: connecting a datagram socket only looks up the route.
    init(_ address: NetworkAddress) {
        self.address = address
        // Any port will do, except that 0 is refused.
        guard let target = SocketAddress(address.with(port: 9)) else { return }
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(target.family, kind, 0)
        guard number >= 0 else { return }
        defer { close(number) }
        guard target.withBytes({ connect(number, $0, $1) }) == 0 else { return }
        var own = SocketAddress()
        guard own.withMutableBytes({ getsockname(number, $0, $1) }) == 0 else { return }
        source = own.networkAddress
    }
}
