internal import TextScreen

/// Whether to use colours, as on the command line: `--color=auto|always|never`.
public enum ColorChoice: Hashable, Sendable {
    /// Unless NO_COLOR is set and not empty (no-color.org).
    case automatic
    case always
    case never
}

/// The nearest colours that a terminal has.
struct ColorPalette: Hashable {
    /// How many; 0 for none.
    var colors: Int

    /// - Parameters:
    ///   - terminalColors: As terminfo says; negative when it says nothing.
    ///   - noColor: The value of NO_COLOR.
    init(choice: ColorChoice, terminalColors: Int, noColor: String?) {
        let mayUse =
            switch choice {
            case .always: true
            case .never: false
            case .automatic: (noColor ?? "").isEmpty
            }
        // Fewer than the eight named ones can't be told apart by name.
        colors = mayUse && terminalColors >= 8 ? min(terminalColors, 256) : 0
    }

    /// A style in what the terminal has: colour numbers, -1 for its own, and attributes that stand in for lost colours.
    struct Look: Hashable {
        var foreground: Int32
        var background: Int32
        var attributes: Style.Attributes
    }

    func look(of style: Style) -> Look {
        var look = Look(foreground: -1, background: -1, attributes: style.attributes)
        guard colors > 0 else {
            // A patch of colour stays a patch, a bright text a strong one.
            if style.background != .default { look.attributes.insert(.reverse) }
            if case .indexed(8...15) = style.foreground.value { look.attributes.insert(.bold) }
            return look
        }
        look.foreground = number(of: style.foreground)
        look.background = number(of: style.background)
        if colors < 16, case .indexed(8...15) = style.foreground.value { look.attributes.insert(.bold) }
        return look
    }

    /// -1 for the terminal's own colour.
    private func number(of color: Color) -> Int32 {
        switch color.value {
        case .default: -1
        case .indexed(let number) where number < colors: Int32(number)
        case .indexed(let number) where number < 16: Int32(number % 8)
        case .indexed(let number):
            ColorPalette.rgb(ofIndexed: number).map { nearestNamed($0) } ?? -1
        case .rgb(let red, let green, let blue):
            colors >= 256 ? ColorPalette.nearestIndexed(red, green, blue) : nearestNamed((red, green, blue))
        }
    }

    // xterm's 256: sixteen named ones, a cube of 6x6x6, 24 greys.
    private static let cubeLevels: [UInt8] = [0, 95, 135, 175, 215, 255]

    private static func rgb(ofIndexed number: UInt8) -> (UInt8, UInt8, UInt8)? {
        switch number {
        case 0..<16: return nil
        case 16..<232:
            let index = Int(number) - 16
            return (cubeLevels[index / 36], cubeLevels[index / 6 % 6], cubeLevels[index % 6])
        default:
            let grey = 8 + (number - 232) * 10
            return (grey, grey, grey)
        }
    }

    private static func nearestIndexed(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int32 {
        if red == green, green == blue, (8...243).contains(red) { return 232 + Int32((Int(red) - 3) / 10) }
        let steps = [red, green, blue].map { level in
            cubeLevels.indices.min { left, right in
                abs(Int(cubeLevels[left]) - Int(level)) < abs(Int(cubeLevels[right]) - Int(level))
            } ?? 0
        }
        return Int32(16 + steps[0] * 36 + steps[1] * 6 + steps[2])
    }

    // The person's scheme decides what the named colours look like; only the hue can be kept: a bit for each channel.
    private func nearestNamed(_ color: (UInt8, UInt8, UInt8)) -> Int32 {
        (color.0 >= 128 ? 1 : 0) | (color.1 >= 128 ? 2 : 0) | (color.2 >= 128 ? 4 : 0)
    }
}
