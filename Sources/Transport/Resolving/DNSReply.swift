internal import HTTPTrace

// A DNS message, as far as addresses need it (RFC 1035 §4). Anybody may have sent it: every length is checked, a name's
// pointers must lead backwards, and what is kept has limits.

/// The answer part of a reply.
struct DNSReply: Equatable {
    enum Problem: Error { case malformed }

    struct Record: Equatable {
        var name: String
        var timeToLive: Duration
        var data: Data
    }

    enum Data: Equatable {
        case address(NetworkAddress)
        /// CNAME
        case alias(String)
    }

    /// The name that was asked for.
    var question: String
    /// 1 is A, 28 is AAAA.
    var questionType: UInt16
    /// Addresses and aliases; other kinds are left out.
    var records: [Record] = []

    static let ip4Type: UInt16 = 1
    static let aliasType: UInt16 = 5
    static let ip6Type: UInt16 = 28

    /// Records that are looked at. A name with more addresses than this is a joke or an attack.
    static let recordLimit = 256

    init(parsing bytes: borrowing Span<UInt8>) throws(Problem) {
        let questions = try Self.number(bytes, 4)
        let answers = try Self.number(bytes, 6)
        guard questions == 1 else { throw .malformed }
        var place = 12
        question = try Self.name(bytes, &place)
        questionType = UInt16(try Self.number(bytes, place))
        place += 4
        for _ in 0..<min(answers, Self.recordLimit) {
            let owner = try Self.name(bytes, &place)
            let type = UInt16(try Self.number(bytes, place))
            let isInternet = try Self.number(bytes, place + 2) == 1
            let life = try Self.number(bytes, place + 4) << 16 | Self.number(bytes, place + 6)
            let length = try Self.number(bytes, place + 8)
            place += 10
            guard place + length <= bytes.count else { throw .malformed }
            if isInternet, let data = try Self.data(bytes, place, length, type) {
                // RFC 2181 §8: one with the highest bit set is taken for zero.
                let seconds = life >> 31 == 0 ? life : 0
                records.append(Record(name: owner, timeToLive: .seconds(seconds), data: data))
            }
            place += length
        }
    }

    private static func data(
        _ bytes: borrowing Span<UInt8>, _ place: Int, _ length: Int, _ type: UInt16
    ) throws(Problem) -> Data? {
        switch type {
        case ip4Type:
            guard length == 4 else { throw .malformed }
            return .address(SocketAddress.ip4((0..<4).map { bytes[place + $0] }))
        case ip6Type:
            guard length == 16 else { throw .malformed }
            return .address(SocketAddress.ip6((0..<16).map { bytes[place + $0] }))
        case aliasType:
            var end = place
            return .alias(try name(bytes, &end))
        default: return nil
        }
    }

    private static func number(_ bytes: borrowing Span<UInt8>, _ place: Int) throws(Problem) -> Int {
        guard place + 2 <= bytes.count else { throw .malformed }
        return Int(bytes[place]) << 8 | Int(bytes[place + 1])
    }

    /// Reads a name in the form for people, without the last dot, and moves `place` behind it. Lower case, since names
    /// that differ in case are equal (RFC 4343) and the screen shows one spelling.
    static func name(_ bytes: borrowing Span<UInt8>, _ place: inout Int) throws(Problem) -> String {
        var text = ""
        var cursor = place
        var octets = 0
        var end: Int?
        while true {
            guard cursor < bytes.count else { throw .malformed }
            let length = Int(bytes[cursor])
            if length >= 0xC0 {
                guard cursor + 1 < bytes.count else { throw .malformed }
                let target = (length & 0x3F) << 8 | Int(bytes[cursor + 1])
                end = end ?? cursor + 2
                // Only backwards, which a loop never is.
                guard target < cursor else { throw .malformed }
                cursor = target
                // Steps cost nothing of the name's length: without this, a chain of pointers is walked for each record.
                octets += 1
            } else {
                guard length < 0x40, cursor + length < bytes.count else { throw .malformed }
                cursor += 1
                if length == 0 { break }
                if !text.isEmpty { text += "." }
                for index in cursor..<cursor + length { append(bytes[index], to: &text) }
                cursor += length
                octets += length + 1
            }
            // RFC 1035 §2.3.4.
            guard octets <= 255 else { throw .malformed }
        }
        place = end ?? cursor
        return text
    }

    private static func append(_ byte: UInt8, to text: inout String) {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            text.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte)
            text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
    }
}

extension DNSReply {
    /// Where the chain of aliases leads from the question, and the addresses at its end. Records of other names are
    /// nobody's business: a server could slip them in.
    func follow() -> (aliases: [DNSAlias], addresses: [NetworkAddress], timeToLive: Duration?) {
        var aliases: [DNSAlias] = []
        var owner = question
        while aliases.count < Self.aliasLimit, let step = alias(of: owner),
            step.target != question, !aliases.contains(where: { $0.name == step.target })
        {
            aliases.append(step)
            owner = step.target
        }
        var addresses: [NetworkAddress] = []
        var life: Duration?
        for record in records where record.name == owner {
            guard case .address(let address) = record.data, addresses.count < Self.addressLimit else { continue }
            life = min(life ?? record.timeToLive, record.timeToLive)
            if !addresses.contains(address) { addresses.append(address) }
        }
        if let shortest = aliases.map(\.timeToLive).min(), let known = life { life = min(known, shortest) }
        return (aliases, addresses, life)
    }

    /// Longer chains than this are broken (BIND follows 16).
    static let aliasLimit = 16
    /// Addresses of one family that are kept: nobody waits for the 65th to be tried.
    static let addressLimit = 64

    private func alias(of name: String) -> DNSAlias? {
        for record in records where record.name == name {
            if case .alias(let target) = record.data {
                return DNSAlias(name: name, target: target, timeToLive: record.timeToLive)
            }
        }
        return nil
    }
}
