// The characters HTTP's grammar is made of, and comparisons that make no String.

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")

    /// `tchar` of RFC 9110 §5.6.2. A bit set in two words: as a constant it needs no table load, and names are most of a head's bytes.
    @inline(__always) var isTokenCharacter: Bool {
        // ! # $ % & ' * + - . 0-9, then A-Z ^ _ ` a-z | ~
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        return self < 0x80 && ((self < 0x40 ? low : high) >> UInt64(self & 0x3F)) & 1 == 1
    }

    /// Space or tab: the white space that may stand around field values and list elements (RFC 9110 §5.6.3).
    @inline(__always) var isBlank: Bool { self == .space || self == .tab }

    /// A control character other than tab.
    @inline(__always) var isForbiddenControl: Bool { (self < .space && self != .tab) || self == 0x7F }

    /// Never part of a request target: white space and control characters (RFC 9112 §3.2). Bytes above ASCII pass: some clients send raw
    /// UTF-8, and an inspector shows what came.
    @inline(__always) var isTargetCharacter: Bool { self > .space && self != 0x7F }

    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// 0 to 15, or nil for anything but `0-9A-Fa-f`.
    @inline(__always) var hexValue: UInt64? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(self &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(self &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(self &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }
}

extension Span<UInt8> {
    /// Whether the bytes are `word`, ASCII letters compared without case. `word` is lower case and has no characters from `@[\]^_` and
    /// `` `{|}~ ``, which differ by the same bit.
    @inline(__always) func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let expected = word.utf8Start
        for index in 0..<count {
            let byte = self[index]
            guard byte == expected[index] || (byte | 0x20 == expected[index] && byte &- 0x41 < 26) else { return false }
        }
        return true
    }

    /// Whether the bytes begin with as much of `prefix` as there are bytes: a shorter span agrees so far.
    func agrees(with prefix: StaticString) -> Bool {
        for index in 0..<Swift.min(count, prefix.utf8CodeUnitCount) where self[index] != prefix.utf8Start[index] {
            return false
        }
        return true
    }

    /// `range` without the blanks at both its ends.
    @inline(__always) func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        while lower < upper, self[lower].isBlank { lower += 1 }
        while upper > lower, self[upper - 1].isBlank { upper -= 1 }
        return lower..<upper
    }

    /// Calls `visit` with each element of a comma-separated list, without the blanks around it, empty ones included (RFC 9110 §5.6.1).
    func forEachListElement(_ visit: (Span<UInt8>) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == .comma {
            visit(extracting(trimmed(start..<index)))
            start = index + 1
        }
    }
}
