internal import TextScreen

/// The colours of a picture: the terminal's sixteen in a light and a dark scheme, the others as they are.
enum PicturePalette {
    /// Classes `f…` for ink and `b…` for paper: `fd` and `bd` the default, `c0` to `c15` the named colours.
    static let css: String = {
        let font = "text{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}"
        return font + scheme(light) + "@media(prefers-color-scheme:dark){" + scheme(dark) + "}"
    }()

    /// The attribute that fills in that colour.
    static func fill(_ color: Color, isPaper: Bool) -> String {
        switch color.value {
        case .default: isPaper ? "class=\"bd\"" : "class=\"fd\""
        case .indexed(let number) where number < 16: "class=\"c\(number)\""
        case .indexed(let number): "fill=\"\(fixed(number))\""
        case .rgb(let red, let green, let blue): "fill=\"\(hex(red, green, blue))\""
        }
    }

    // Named colours as ink on their paper, each with a contrast of at least 4.5 where ink is meant (WCAG 2.2, 1.4.3).
    // First paper and ink, then black, red, green, yellow, blue, magenta, cyan, white, and the bright ones.
    private static let light = [
        "#ffffff", "#24292f", "#24292f", "#b3141d", "#116329", "#7d5200", "#0550ae", "#8250df", "#0f6674", "#57606a",
        "#57606a", "#a40e26", "#1a7f37", "#633c01", "#0969da", "#8250df", "#1b7c83", "#32383f",
    ]
    private static let dark = [
        "#0d1117", "#d7dde4", "#6e7681", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#c9d1d9",
        "#8b949e", "#ffa198", "#7ee787", "#f2cc60", "#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff",
    ]

    private static func scheme(_ colors: [String]) -> String {
        var css = ".bd{fill:\(colors[0])}.fd{fill:\(colors[1])}"
        for number in 0..<16 { css += ".c\(number){fill:\(colors[number + 2])}" }
        return css
    }

    // xterm's cube of 6 x 6 x 6 and its 24 greys.
    private static func fixed(_ number: UInt8) -> String {
        guard number < 232 else {
            let grey = 8 + (number - 232) * 10
            return hex(grey, grey, grey)
        }
        let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
        let place = Int(number) - 16
        return hex(steps[place / 36], steps[place / 6 % 6], steps[place % 6])
    }

    private static func hex(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
