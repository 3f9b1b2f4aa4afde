internal import Glibc

/// The bytes of an address literal. IPv4 addresses that are written as IPv6 ones (`::ffff:192.0.2.1`) are IPv4.
struct IPAddress: Equatable, Sendable {
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    /// Nil when `text` is no address. A zone (`%eth0`) is left out.
    init?(_ text: some StringProtocol) {
        let text = String(text.prefix { $0 != "%" })
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
        } else {
            return nil
        }
    }

    var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// Whether the first `length` bits are those of `other`; never across families.
    func shares(_ length: Int, bitsWith other: IPAddress) -> Bool {
        guard bytes.count == other.bytes.count else { return false }
        let whole = length / 8
        guard bytes.prefix(whole) == other.bytes.prefix(whole) else { return false }
        let rest = length % 8
        return rest == 0 || (bytes[whole] ^ other.bytes[whole]) >> (8 - rest) == 0
    }
}
