// One line of text being typed: the URL prompt, filters, search, header values. Keys come in, the new line comes out;
// Enter, Esc and Tab are left to the owner, who knows what they mean.

/// A text field with a cursor, Emacs keys and a history.
public struct LineEditor: Hashable, Sendable {
    private var characters: [Character]
    /// The characters before the cursor: 0 to the length of the text.
    public private(set) var cursor: Int
    private var killed: [Character] = []
    /// What was entered before, oldest first.
    public private(set) var history: [String]
    /// Where in the history Up and Down stand; `nil` on the line being written.
    private var historyIndex: Int?
    /// The line being written, while an older one is looked at.
    private var draft: [Character] = []

    /// Long enough for a pasted curl command with a body, short enough that moving in it stays instant.
    public static let lengthLimit = 65_536
    /// More than anyone scrolls through, and a history file of some 100 kB.
    public static let historyLimit = 1_000

    /// - Parameter text: What stands in the field at first, the cursor behind it.
    public init(_ text: String = "", history: [String] = []) {
        characters = []
        cursor = 0
        self.history = history.suffix(LineEditor.historyLimit)
        insert(text)
    }

    /// The line. Setting it puts the cursor at its end.
    public var text: String {
        get { String(characters) }
        set {
            characters = []
            cursor = 0
            insert(newValue)
        }
    }

    public var isEmpty: Bool { characters.isEmpty }

    /// Inserts at the cursor. Line ends and tabs become spaces and other control characters go: a line is one line.
    /// What exceeds `lengthLimit` is left out.
    public mutating func insert(_ more: String) {
        let new = more.compactMap { LineEditor.insertable($0) }.prefix(LineEditor.lengthLimit - characters.count)
        characters.insert(contentsOf: new, at: cursor)
        cursor += new.count
    }

    private static func insertable(_ character: Character) -> Character? {
        if character.isNewline || character == "\t" { return " " }
        guard character.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return character
        }
        return nil
    }

    /// Adds the line to the history, unless it repeats the newest entry, and empties the field.
    ///
    /// - Returns: The line.
    public mutating func submit() -> String {
        let line = text
        if !line.isEmpty, history.last != line { history.append(line) }
        history = history.suffix(LineEditor.historyLimit)
        historyIndex = nil
        text = ""
        return line
    }

    /// Applies a key.
    ///
    /// - Returns: Whether the key means something here; `false` leaves it to the owner, the field unchanged.
    public mutating func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let character): insert(String(character))
        case .paste(let text): insert(text)
        case .left, .control("b"): cursor = max(0, cursor - 1)
        case .right, .control("f"): cursor = min(characters.count, cursor + 1)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .arrow(.left, .control), .arrow(.left, .alt), .alt("b"): cursor = wordStart
        case .arrow(.right, .control), .arrow(.right, .alt), .alt("f"): cursor = wordEnd
        case .backspace, .control("h"): delete(max(0, cursor - 1)..<cursor)
        case .delete, .control("d"): delete(cursor..<min(characters.count, cursor + 1))
        case .control("k"): kill(cursor..<characters.count)
        case .control("u"): kill(0..<cursor)
        case .control("w"): kill(blankWordStart..<cursor)
        case .alt("\u{7F}"): kill(wordStart..<cursor)
        case .alt("d"): kill(cursor..<wordEnd)
        case .control("y"): insert(String(killed))
        case .control("t"): transpose()
        case .up, .control("p"): showHistory(from: (historyIndex ?? history.count) - 1)
        case .down, .control("n"): showHistory(from: (historyIndex ?? history.count) + 1)
        default: return false
        }
        return true
    }

    private mutating func delete(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    /// Deletes, and keeps what was deleted for `^Y`.
    private mutating func kill(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        killed = Array(characters[range])
        delete(range)
    }

    private mutating func transpose() {
        guard characters.count > 1, cursor > 0 else { return }
        let right = min(cursor, characters.count - 1)
        characters.swapAt(right - 1, right)
        cursor = right + 1
    }

    private mutating func showHistory(from index: Int) {
        guard index >= 0, index <= history.count, !history.isEmpty else { return }
        if historyIndex == nil { draft = characters }
        historyIndex = index < history.count ? index : nil
        text = index < history.count ? history[index] : String(draft)
    }
}

extension LineEditor {
    // Words of letters and digits for moving and Alt keys, as in readline: in a URL they stop at every part.
    private var wordStart: Int {
        var index = cursor
        while index > 0, !LineEditor.isWordPart(characters[index - 1]) { index -= 1 }
        while index > 0, LineEditor.isWordPart(characters[index - 1]) { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < characters.count, !LineEditor.isWordPart(characters[index]) { index += 1 }
        while index < characters.count, LineEditor.isWordPart(characters[index]) { index += 1 }
        return index
    }

    // ^W deletes back to a blank, as in readline and the terminal's own line editing.
    private var blankWordStart: Int {
        var index = cursor
        while index > 0, characters[index - 1] == " " { index -= 1 }
        while index > 0, characters[index - 1] != " " { index -= 1 }
        return index
    }

    private static func isWordPart(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// The part of the line that fits into `width` columns, chosen so that the cursor is in it.
    ///
    /// - Returns: The text, and the cursor's column in it: below `width`, unless that is 0.
    public func visible(width: Int) -> (text: SafeText, cursorColumn: Int) {
        guard width > 0 else { return (.empty, 0) }
        let before = SafeText(untrusted: text(in: 0..<cursor))
        // One column is kept free for the cursor behind the last character.
        let scroll = max(0, before.width - (width - 1))
        let head = before.dropFirst(columns: scroll)
        let line = head + SafeText(untrusted: text(in: cursor..<characters.count))
        return (line.prefix(columns: width), head.width)
    }

    // String's own initializer has the runtime look up what a slice of an array is.
    private func text(in range: Range<Int>) -> String {
        characters[range].reduce(into: "") { $0.append($1) }
    }
}

extension Canvas {
    /// Draws a line being edited.
    ///
    /// - Returns: The cursor's column, for whoever places the terminal's cursor.
    @discardableResult
    public mutating func write(
        _ editor: LineEditor, column: Int = 0, row: Int, style: Style = .plain, width: Int? = nil
    ) -> Int {
        let room = max(0, min(width ?? .max, columns - column))
        let (text, cursorColumn) = editor.visible(width: room)
        write(text, column: column, row: row, style: style, width: room, truncation: .clip)
        return column + cursorColumn
    }
}
