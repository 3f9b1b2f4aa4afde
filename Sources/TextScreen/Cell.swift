/// What stands in one cell: a base character and up to two marks on it (é typed as e and an accent; a Hangul syllable
/// typed in three letters). Packed into one word: a screen of Strings would be 12,000 heap objects a frame.
///
/// There is no way to make a glyph of a control, bidi or zero-width character: each becomes `�`.
public struct Glyph: Hashable, Sendable, ExpressibleByUnicodeScalarLiteral {
    // 0–20 base, 21–41 first mark, 42–62 second mark, 63 wide. All zero: the right half of the wide glyph before it.
    var bits: UInt64

    private static let scalarMask: UInt64 = 1 << 21 - 1
    private static let wideBit: UInt64 = 1 << 63

    /// The marks a cell holds. Terminals and ncurses (5 a cell) keep few; real scripts rarely need more than two, and
    /// text that stacks dozens means to spill over its neighbours.
    public static let markLimit = 2

    public static let space = Glyph(checked: " ", isWide: false)
    /// The right half of a wide glyph.
    static let continuation = Glyph(bits: 0)

    private init(bits: UInt64) { self.bits = bits }

    /// - Parameter ascii: Known to be printable.
    init(checked ascii: UInt8) { bits = UInt64(ascii) }

    /// - Parameter scalar: Known to be printable, with a width of 1 or 2.
    init(checked scalar: Unicode.Scalar, isWide: Bool) {
        bits = UInt64(scalar.value) | (isWide ? Glyph.wideBit : 0)
    }

    /// The glyph of `scalar`; `�` when it would be invisible or command the terminal.
    public init(_ scalar: Unicode.Scalar) {
        switch TextWidth.visibility(of: scalar) {
        case .narrow: self.init(checked: scalar, isWide: false)
        case .wide: self.init(checked: scalar, isWide: true)
        case .mark, .hidden: self.init(checked: "\u{FFFD}", isWide: false)
        }
    }

    public init(unicodeScalarLiteral value: Unicode.Scalar) { self.init(value) }

    /// Puts a mark on the glyph. Without effect when it holds `markLimit` marks already.
    mutating func add(mark: Unicode.Scalar) {
        if bits >> 21 & Glyph.scalarMask == 0 {
            bits |= UInt64(mark.value) << 21
        } else if bits >> 42 & Glyph.scalarMask == 0 {
            bits |= UInt64(mark.value) << 42
        }
    }

    /// Columns taken: 1 or 2; 0 for the right half of a wide glyph.
    public var width: Int { bits == 0 ? 0 : bits & Glyph.wideBit == 0 ? 1 : 2 }

    public var isContinuation: Bool { bits == 0 }

    /// The base and its marks as code points, zero where there is none; all zero for a continuation.
    public var codePoints: (base: UInt32, firstMark: UInt32, secondMark: UInt32) {
        (
            UInt32(bits & Glyph.scalarMask), UInt32(bits >> 21 & Glyph.scalarMask),
            UInt32(bits >> 42 & Glyph.scalarMask)
        )
    }

    /// The glyph as text; empty for a continuation, so that joining a row's glyphs gives the row.
    public var text: String {
        let (base, first, second) = codePoints
        var text = ""
        for value in [base, first, second] where value != 0 {
            if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}

/// One place on the screen.
public struct Cell: Hashable, Sendable {
    public var glyph: Glyph
    public var style: Style

    public init(_ glyph: Glyph, _ style: Style = .plain) {
        self.glyph = glyph
        self.style = style
    }

    /// An empty place in the terminal's own colours.
    public static let blank = Cell(.space)
}
