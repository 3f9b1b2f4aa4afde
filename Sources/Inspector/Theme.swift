import TextScreen

// Marks and colours by meaning. Three rules hold everywhere: the terminal's own background and its sixteen colours,
// never colour alone (each mark and weight says the same), and no text in colours 7 and 8, which vanish in many schemes.

/// How the interface looks on this terminal: which characters it can show, and whether it has colours.
public struct Theme: Equatable, Sendable {
    public var marks: Marks
    public var hasColors: Bool

    /// - Parameter marks: `.ascii` where the locale is not UTF-8 or box characters are two columns wide.
    public init(marks: Marks = .unicode, hasColors: Bool = true) {
        self.marks = marks
        self.hasColors = hasColors
    }

    private func color(_ color: Color, _ attributes: Style.Attributes = []) -> Style {
        hasColors ? Style(color, attributes) : Style(.default, attributes)
    }

    var plain: Style { .plain }
    var strong: Style { Style(.default, .bold) }
    /// Column heads, units, hints: there when looked for.
    var quiet: Style { Style(.default, .dim) }
    var failure: Style { color(.red, .bold) }
    var warning: Style { color(.yellow, .bold) }
    /// What must not be overlooked.
    var alarm: Style { color(.red, [.bold, .reverse]) }
    var success: Style { color(.green) }
    /// What can be typed.
    var key: Style { color(.cyan, .bold) }
    /// The selected row where its pane has the keys.
    var selection: Style { Style(.default, [.reverse, .bold]) }
    /// What was looked for.
    var match: Style { color(.yellow, [.reverse, .underline]) }
    /// The match gone to last.
    var currentMatch: Style { color(.yellow, [.reverse, .underline, .bold]) }
    /// The rule over the pane that has the keys.
    var activeRule: Style { color(.cyan, .bold) }
    var rule: Style { Style(.default, .dim) }

    func style(of mark: BarMark) -> Style {
        switch mark {
        case .queued, .quiet: Style(.default, .dim)
        case .dns: color(.cyan)
        case .connect: color(.yellow)
        case .tunnel: color(.yellow, .bold)
        case .tls: color(.magenta)
        case .send: color(.cyan, .bold)
        case .wait: color(.blue)
        case .receive: color(.green)
        case .running: Style(.default, .bold)
        case .failed: failure
        case .closed, .earlier, .later, .cut: Style(.default, .dim)
        }
    }

    /// Good answers stay quiet, so that the others are seen.
    func style(ofStatus status: Int) -> Style {
        switch status {
        case ..<300: success
        case ..<400: color(.cyan)
        case ..<500: warning
        default: failure
        }
    }
}

/// Characters by meaning, all one column wide.
public struct Marks: Equatable, Sendable {
    /// In the order of `BarMark`.
    private var bar: [Glyph]
    var pointer, ellipsis, heavyRule, heavyCross, heavyVertical, rule, vertical: Glyph
    var absent, again, shared, arrow, corner, failed, unfinished, marked: SafeText
    var busy, idle, ended, dialing: SafeText
    var enter, middleDot, live, micro, prompt: SafeText
    /// Eight heights, lowest first.
    var spark: [SafeText]

    func glyph(of mark: BarMark) -> Glyph { bar[mark.rawValue] }

    /// Ink grows with meaning, so that bars can be read without colour.
    public static let unicode = Marks(
        bar: ["·", "┄", "─", "╍", "═", "▸", "░", "█", "·", "›", "✗", "×", "‹", "»", "┊"],
        pointer: "▶", ellipsis: "…", heavyRule: "━", heavyCross: "┳", heavyVertical: "┃", rule: "─", vertical: "│",
        absent: "—", again: "↻", shared: "⇉", arrow: "→", corner: "└", failed: "✗", unfinished: "…", marked: "◆",
        busy: "●", idle: "○", ended: "×", dialing: "◌",
        enter: "⏎", middleDot: "·", live: "●", micro: "µs", prompt: "▸",
        spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"])

    /// For `LC_ALL=C` and for terminals that draw box characters two columns wide.
    public static let ascii = Marks(
        bar: [".", "'", "-", "%", "=", ">", ":", "#", ".", "~", "!", "x", "<", ">", ":"],
        pointer: ">", ellipsis: "~", heavyRule: "=", heavyCross: "+", heavyVertical: "|", rule: "-", vertical: "|",
        absent: "-", again: "+", shared: "%", arrow: "->", corner: "`", failed: "ERR", unfinished: "...", marked: "*",
        busy: "*", idle: "o", ended: "x", dialing: "~",
        enter: "Enter", middleDot: "-", live: "*", micro: "us", prompt: ">",
        spark: ["_", ".", "-", "~", "=", "+", "*", "#"])

    /// ASCII with the first letter of each phase: q d c t s w r; p, for the proxy, is `tunnel`.
    public static let letters: Marks = {
        var marks = ascii
        marks.bar.replaceSubrange(0..<8, with: ["q", "d", "c", "p", "t", "s", "w", "r"])
        return marks
    }()
}

/// What one cell of a time bar says.
enum BarMark: Int, CaseIterable, Sendable {
    case queued, dns, connect, tunnel, tls, send, wait, receive
    /// Inside `receive`, where nothing arrived for a while.
    case quiet
    /// The end of a bar that still grows.
    case running
    case failed
    /// A connection that was closed.
    case closed
    /// All of it lies left or right of the axis.
    case earlier, later
    /// Time left out of the axis, in which nothing ran.
    case cut
}
