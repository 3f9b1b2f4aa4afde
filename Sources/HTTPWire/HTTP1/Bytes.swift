// The characters HTTP's grammar is made of, and comparisons that make no String.

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")

    /// `tchar` of RFC 9110 §5.6.2. A bit set in two words: as a constant it needs no table load, and names are most
    /// of a head's bytes.
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

    /// Never part of a request target: white space and control characters (RFC 9112 §3.2). Bytes above ASCII pass:
    /// some clients send raw UTF-8, and an inspector shows what came.
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

// Eight bytes at once ("Bit Twiddling Hacks", determine if a word has a zero byte). The top bit of a byte is set in
// the result where the statement holds; above the lowest such byte there can be false ones.
extension UInt64 {
    @inline(__always) fileprivate func bytesEqual(to byte: UInt8) -> UInt64 {
        let zeroWhereEqual = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
        return (zeroWhereEqual &- 0x0101_0101_0101_0101) & ~zeroWhereEqual & 0x8080_8080_8080_8080
    }

    @inline(__always) fileprivate var bytesBelowSpace: UInt64 {
        (self &- 0x2020_2020_2020_2020) & ~self & 0x8080_8080_8080_8080
    }
}

extension Span<UInt8> {
    /// Whether the bytes are `word`, ASCII letters compared without case. `word` is lower case and has no characters
    /// from `@[\]^_` and `` `{|}~ ``, which differ by the same bit.
    @inline(__always) func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let expected = word.utf8Start
        for index in 0..<count {
            let byte = self[unchecked: index]
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

    /// Whether all of `other` stands at the start.
    func begins(with other: Span<UInt8>) -> Bool {
        guard count >= other.count else { return false }
        var index = 0
        while index &+ 8 <= other.count {
            if word(at: index) != other.word(at: index) { return false }
            index &+= 8
        }
        while index < other.count {
            if self[unchecked: index] != other[unchecked: index] { return false }
            index &+= 1
        }
        return true
    }

    // The loops over every byte of a head skip the bounds check and take eight bytes at a time where they can:
    // plainly written they were most of the time of reading a response. Each is bounded by a range of its caller's,
    // checked once.

    /// The first LF at or after `start`.
    @inline(__always) func lineFeed(from start: Int) -> Int? {
        precondition(start >= 0)
        var index = start
        while index &+ 8 <= count {
            let found = word(at: index).bytesEqual(to: .lineFeed)
            if found != 0 { return index &+ found.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count {
            if self[unchecked: index] == .lineFeed { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether any byte of `range` is a control character other than tab.
    @inline(__always) func hasForbiddenControl(in range: Range<Int>) -> Bool {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var index = range.lowerBound
        while index &+ 8 <= range.upperBound {
            let word = word(at: index)
            // A tab is below the space too, and rare: it stops the stride and is looked at closely below.
            if word.bytesBelowSpace | word.bytesEqual(to: 0x7F) != 0 { break }
            index &+= 8
        }
        while index < range.upperBound {
            if self[unchecked: index].isForbiddenControl { return true }
            index &+= 1
        }
        return false
    }

    /// Eight bytes, the first lowest.
    @inline(__always) fileprivate func word(at index: Int) -> UInt64 {
        UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
    }

    /// The end of the token that begins where `range` does; its start when there is none.
    @inline(__always) func tokenEnd(in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var index = range.lowerBound
        while index < range.upperBound, self[unchecked: index].isTokenCharacter { index &+= 1 }
        return index
    }

    /// `range` without the blanks at both its ends.
    @inline(__always) func trimmed(_ range: Range<Int>) -> Range<Int> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var (lower, upper) = (range.lowerBound, range.upperBound)
        while lower < upper, self[unchecked: lower].isBlank { lower &+= 1 }
        while upper > lower, self[unchecked: upper &- 1].isBlank { upper &-= 1 }
        return Range(uncheckedBounds: (lower, upper))
    }

    /// Calls `visit` with each element of a comma-separated list, without the blanks around it, empty ones included
    /// (RFC 9110 §5.6.1).
    func forEachListElement(_ visit: (Span<UInt8>) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == .comma {
            visit(extracting(trimmed(start..<index)))
            start = index + 1
        }
    }
}
