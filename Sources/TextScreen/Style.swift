/// A colour of the terminal's own palette, or a fixed one. Packed into 26 bits so that a whole style is one machine word.
public struct Color: Hashable, Sendable {
    let bits: UInt32

    private enum Kind { static let `default`: UInt32 = 0, indexed: UInt32 = 1 << 24, rgb: UInt32 = 2 << 24 }

    /// Whatever the person chose for the terminal: the only colour that is readable in every scheme.
    public static let `default` = Color(bits: Kind.default)

    /// One of the terminal's 256; 0 to 15 are the named ones.
    public static func indexed(_ number: UInt8) -> Color { Color(bits: Kind.indexed | UInt32(number)) }

    /// A fixed colour. Terminals with fewer colours show the nearest they have.
    public static func rgb(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Color {
        Color(bits: Kind.rgb | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
    }

    public static let black = indexed(0)
    public static let red = indexed(1)
    public static let green = indexed(2)
    public static let yellow = indexed(3)
    public static let blue = indexed(4)
    public static let magenta = indexed(5)
    public static let cyan = indexed(6)
    public static let white = indexed(7)
    // Invisible in many schemes; here for completeness, never for text.
    public static let brightBlack = indexed(8)
    public static let brightRed = indexed(9)
    public static let brightGreen = indexed(10)
    public static let brightYellow = indexed(11)
    public static let brightBlue = indexed(12)
    public static let brightMagenta = indexed(13)
    public static let brightCyan = indexed(14)
    public static let brightWhite = indexed(15)

    /// What the colour is, for those who must translate it.
    public enum Value: Hashable, Sendable {
        case `default`
        case indexed(UInt8)
        case rgb(red: UInt8, green: UInt8, blue: UInt8)
    }

    public var value: Value {
        switch bits >> 24 {
        case 0: .default
        case 1: .indexed(UInt8(truncatingIfNeeded: bits))
        default:
            .rgb(
                red: UInt8(truncatingIfNeeded: bits >> 16), green: UInt8(truncatingIfNeeded: bits >> 8),
                blue: UInt8(truncatingIfNeeded: bits))
        }
    }
}

/// How a cell looks: two colours and attributes, in one word so that comparing two screens is comparing integers.
public struct Style: Hashable, Sendable {
    // 0–25 foreground, 26–51 background, 52–59 attributes.
    private var bits: UInt64

    /// The terminal's own colours, no attribute.
    public static let plain = Style()

    public init(
        _ foreground: Color = .default, on background: Color = .default, _ attributes: Attributes = []
    ) {
        bits = UInt64(foreground.bits) | UInt64(background.bits) << 26 | UInt64(attributes.rawValue) << 52
    }

    private static let colorMask: UInt64 = 1 << 26 - 1

    public var foreground: Color {
        get { Color(bits: UInt32(bits & Style.colorMask)) }
        set { bits = bits & ~Style.colorMask | UInt64(newValue.bits) }
    }

    public var background: Color {
        get { Color(bits: UInt32(bits >> 26 & Style.colorMask)) }
        set { bits = bits & ~(Style.colorMask << 26) | UInt64(newValue.bits) << 26 }
    }

    public var attributes: Attributes {
        get { Attributes(rawValue: UInt8(truncatingIfNeeded: bits >> 52)) }
        set { bits = bits & (1 << 52 - 1) | UInt64(newValue.rawValue) << 52 }
    }

    /// Weight and shape; what is left when a terminal has no colours.
    public struct Attributes: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let bold = Attributes(rawValue: 1)
        public static let dim = Attributes(rawValue: 2)
        public static let reverse = Attributes(rawValue: 4)
        public static let underline = Attributes(rawValue: 8)
        public static let italic = Attributes(rawValue: 16)
    }

    /// The same style with more attributes: `theme.failure.adding(.reverse)`.
    public func adding(_ more: Attributes) -> Style {
        var style = self
        style.attributes.formUnion(more)
        return style
    }

    /// The same style in another colour.
    public func colored(_ foreground: Color) -> Style {
        var style = self
        style.foreground = foreground
        return style
    }
}
