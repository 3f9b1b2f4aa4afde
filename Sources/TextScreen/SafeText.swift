// The only road from other people's text to a cell. Whatever would command the terminal, reorder the line or take no
// room is written out, so that it is seen and never sent:
//
//   ESC ▶ ^[    DEL ▶ ^?    U+0085 ▶ <U+0085>    U+202E ▶ <U+202E>    ZWSP ▶ <U+200B>    byte FF ▶ \xFF
//
// The rule that makes slicing and joining safe: a safe text never begins with a mark, and no character carries more than
// `Glyph.markLimit` of them. Marks beyond that are written out like the rest.

/// Text that may be shown: every character in it is visible and takes the columns it says.
///
/// Literals and interpolations are made safe too, so `canvas.write("GET \(url)", row: 0)` needs no care.
public struct SafeText: Hashable, Sendable {
    /// What is shown.
    public let string: String
    /// The columns it takes: the sum of its cells.
    public let width: Int

    /// Both are known to belong together.
    init(checked string: String, width: Int) {
        self.string = string
        self.width = width
    }

    public static let empty = SafeText(checked: "", width: 0)

    /// Makes `text` showable.
    ///
    /// - Parameter tabWidth: Distance of tab stops; `nil` shows tabs as `^I`, as every other control character.
    public init(untrusted text: String, tabWidth: Int? = nil) {
        // Most text is plain ASCII and stays as it is, without a copy.
        if let width = SafeText.printableASCIICount(text) {
            self.init(checked: text, width: width)
            return
        }
        var writer = SafeTextWriter(tabWidth: tabWidth)
        for scalar in text.unicodeScalars { writer.append(scalar) }
        self = writer.text
    }

    /// Makes bytes showable as UTF-8; each byte that is not part of a character becomes `\xNN`.
    public init(untrusted bytes: some Sequence<UInt8>, tabWidth: Int? = nil) {
        var writer = SafeTextWriter(tabWidth: tabWidth)
        writer.append(bytes: Array(bytes))
        self = writer.text
    }

    public var isEmpty: Bool { string.isEmpty }

    public static func + (left: SafeText, right: SafeText) -> SafeText {
        SafeText(checked: left.string + right.string, width: left.width + right.width)
    }

    public static func += (left: inout SafeText, right: SafeText) { left = left + right }

    /// `count` times the same: `SafeText(repeating: "─", count: 10)`. A negative count gives nothing.
    public init(repeating text: SafeText, count: Int) {
        let count = max(0, count)
        self.init(checked: String(repeating: text.string, count: count), width: text.width * count)
    }

    private static func printableASCIICount(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { bytes in
            // No early exit: the plain loop is vectorised, and most text is printable to its end.
            var isPlain = true
            for byte in bytes { isPlain = isPlain && byte &- 0x20 < 0x5F }
            return isPlain ? bytes.count : nil
        }
    }
}

extension SafeText: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self.init(untrusted: value) }
    // What was interpolated can't be told from the literal around it, and need not be: all of it is made safe.
    public init(stringInterpolation: DefaultStringInterpolation) {
        self.init(untrusted: stringInterpolation.description)
    }
}

extension SafeText: CustomStringConvertible {
    public var description: String { string }
}
