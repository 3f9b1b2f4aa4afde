/// What came from the keyboard or the mouse.
///
/// `Character` cases carry what was typed: `.character("é")`. A key bound in a file is written the same way it is
/// matched here.
public enum Key: Hashable, Sendable {
    /// A printable character, Shift already applied.
    case character(Character)
    /// Ctrl with a lower-case letter, space or one of `\ ] ^ _`. Ctrl-I, -M and -[ can't be told from Tab, Enter, Esc.
    case control(Character)
    /// Alt, or Esc pressed shortly before. Alt-Backspace is `.alt("\u{7F}")`.
    case alt(Character)
    case arrow(Direction, Modifiers)
    case enter
    case escape
    case tab
    case backTab
    case backspace
    case delete
    case insert
    case home
    case end
    case pageUp
    case pageDown
    /// F1 is 1.
    case function(Int)
    case mouse(MouseEvent)
    /// Text that was pasted: data, never commands. As the terminal sent it, so other people's text.
    case paste(String)
    /// The terminal's window got the keyboard, or lost it. Only where asked for.
    case focus(Bool)
    /// A sequence nobody knows; kept so that the status line can show it.
    case unknown([UInt8])

    public enum Direction: Hashable, Sendable { case up, down, left, right }

    public struct Modifiers: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let shift = Modifiers(rawValue: 1)
        public static let alt = Modifiers(rawValue: 2)
        public static let control = Modifiers(rawValue: 4)
    }

    public static let up = Key.arrow(.up, [])
    public static let down = Key.arrow(.down, [])
    public static let left = Key.arrow(.left, [])
    public static let right = Key.arrow(.right, [])
}

/// Something the mouse did, at a cell of the screen.
public struct MouseEvent: Hashable, Sendable {
    public var action: Action
    /// From 0, in the screen's coordinates.
    public var column: Int
    public var row: Int
    public var modifiers: Key.Modifiers

    public init(_ action: Action, column: Int, row: Int, modifiers: Key.Modifiers = []) {
        self.action = action
        self.column = column
        self.row = row
        self.modifiers = modifiers
    }

    public enum Action: Hashable, Sendable {
        case press(Button)
        case release(Button)
        /// Moved with the button held; once for every cell passed.
        case drag(Button)
        case wheelUp
        case wheelDown
        case wheelLeft
        case wheelRight
    }

    public enum Button: Hashable, Sendable { case left, middle, right }
}

extension Key: CustomStringConvertible {
    /// The key's name for people, short enough for the help line: `^d`, `M-b`, `S-Tab`, `PgUp`.
    public var description: String {
        switch self {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let character): "^\(character)"
        case .alt("\u{7F}"): "M-Backspace"
        case .alt(let character): "M-\(character)"
        case .arrow(let direction, let modifiers): modifiers.prefix + direction.name
        case .enter: "Enter"
        case .escape: "Esc"
        case .tab: "Tab"
        case .backTab: "S-Tab"
        case .backspace: "Backspace"
        case .delete: "Del"
        case .insert: "Ins"
        case .home: "Home"
        case .end: "End"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .function(let number): "F\(number)"
        case .mouse: "Mouse"
        case .paste: "Paste"
        case .focus(let has): has ? "Focus" : "Focus lost"
        case .unknown(let bytes): SafeText(untrusted: bytes).string
        }
    }
}

extension Key.Direction {
    fileprivate var name: String {
        switch self {
        case .up: "Up"
        case .down: "Down"
        case .left: "Left"
        case .right: "Right"
        }
    }
}

extension Key.Modifiers {
    fileprivate var prefix: String {
        (contains(.control) ? "C-" : "") + (contains(.alt) ? "M-" : "") + (contains(.shift) ? "S-" : "")
    }
}
