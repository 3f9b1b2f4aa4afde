// Numbers in as few bytes as they need (LEB128): seven bits a byte, lowest first, the top bit set on all but the last.

extension [UInt8] {
    mutating func pack(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func pack(_ number: Int) { pack(UInt64(bitPattern: Int64(number))) }

    /// Either sign; small ones of both take few bytes.
    mutating func pack(signed number: Int64) { pack(UInt64(bitPattern: number << 1 ^ number >> 63)) }
}

/// Reads what was packed, in the order in which it was. A borrower of the page's bytes, so that reading copies nothing.
struct PackedReader {
    private let bytes: [UInt8]
    private var index: Int

    init(_ bytes: [UInt8], at index: Int) {
        self.bytes = bytes
        self.index = index
    }

    mutating func byte() -> UInt8 {
        defer { index += 1 }
        return bytes[index]
    }

    mutating func number() -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = byte()
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
    }

    mutating func int() -> Int { Int(truncatingIfNeeded: number()) }

    mutating func signed() -> Int64 {
        let number = number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }
}
