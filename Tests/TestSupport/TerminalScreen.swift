internal import Glibc
internal import TextScreen

// A terminal as far as tests need one: bytes in, rows of text and modes out. It understands what ncurses and we send for
// TERM=xterm-256color and vt100, and nothing else: every other sequence is written down as foreign, so that a test can expect that
// no byte from the network reached the terminal.
//
//   bytes ──▶ ground ──ESC──▶ escape ──[──▶ CSI …final ──▶ carry out, or `foreign`
//                               ├──]──▶ OSC …BEL or ST
//                               └──( ──▶ character set

/// What a terminal would show after the bytes it was sent.
public struct TerminalScreen: Sendable {
    /// The private modes a terminal has before anybody changes them: autowrap and the cursor.
    public static let initialModes: Set<Int> = [7, 25]
    /// The application keypad (`ESC =`), which is a mode without a number of its own.
    public static let applicationKeypad = -1
    /// The line drawing character set, likewise.
    public static let lineDrawing = -2

    public private(set) var columns: Int
    public private(set) var rows: Int
    /// The private modes that are on, by number: 1049 is the alternate screen, 25 the cursor.
    public private(set) var modes = initialModes
    /// Whether text would be drawn bold, in colour or in reverse now.
    public private(set) var isStyled = false
    /// Whether a colour was ever set.
    public private(set) var hasUsedColor = false
    /// Sequences and characters that are none of ours, readable.
    public private(set) var foreign: [String] = []
    /// What was put on the clipboard (OSC 52), in base64.
    public private(set) var clipboard: [String] = []
    public private(set) var cursor = (column: 0, row: 0)

    private var cells: [[String]]
    private var otherCells: [[String]]
    private var savedCursor = (column: 0, row: 0)
    private var top = 0
    private var bottom: Int
    /// The last column was written: the next character starts a new row (`xenl`).
    private var wrapsNext = false
    private var lastCharacter = " "
    private var state = State.ground
    private var pendingText: [UInt8] = []

    private enum State { case ground, escape, control([UInt8]), system([UInt8]), charset(UInt8) }

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Self.blank(columns, rows)
        otherCells = cells
        bottom = rows - 1
    }

    /// The rows without blanks at their ends.
    public var lines: [String] {
        cells.map { row in
            var text = row.joined()
            while text.last == " " { text.removeLast() }
            return text
        }
    }

    public var text: String { lines.joined(separator: "\n") }

    public func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

    /// The first row that contains `text`.
    public func line(containing text: String) -> String? { lines.first { $0.contains(text) } }

    /// The window changed; what is shown is kept at the top left, as most terminals do.
    public mutating func resize(columns: Int, rows: Int) {
        func fitted(_ old: [[String]]) -> [[String]] {
            var new = Self.blank(columns, rows)
            for row in 0..<min(rows, old.count) {
                for column in 0..<min(columns, old[row].count) { new[row][column] = old[row][column] }
            }
            return new
        }
        cells = fitted(cells)
        otherCells = fitted(otherCells)
        (self.columns, self.rows) = (columns, rows)
        (top, bottom) = (0, rows - 1)
        cursor = (min(cursor.column, columns - 1), min(cursor.row, rows - 1))
        wrapsNext = false
    }

    public mutating func feed(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { take(byte) }
    }

    private static func blank(_ columns: Int, _ rows: Int) -> [[String]] {
        Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    // MARK: - Bytes

    private mutating func take(_ byte: UInt8) {
        switch state {
        case .ground: takeText(byte)
        case .escape: takeEscape(byte)
        case .control(var sequence):
            sequence.append(byte)
            if (0x40...0x7E).contains(byte) {
                state = .ground
                carryOut(String(decoding: sequence.dropLast(), as: UTF8.self), Character(Unicode.Scalar(byte)))
            } else {
                state = .control(sequence)
            }
        case .system(var sequence):
            // Ended by BEL, or by ESC \, whose backslash is taken by `takeEscape`.
            if byte == 0x07 || byte == 0x1B {
                state = byte == 0x07 ? .ground : .escape
                carryOutSystem(String(decoding: sequence, as: UTF8.self))
            } else {
                sequence.append(byte)
                state = .system(sequence)
            }
        case .charset(let slot):
            state = .ground
            // A VT100 keeps line drawing in its second set, and switches by SO and SI.
            if slot == UInt8(ascii: ")"), byte == UInt8(ascii: "0") { return }
            guard slot == UInt8(ascii: "("), byte == UInt8(ascii: "B") || byte == UInt8(ascii: "0") else {
                return note("ESC \(Character(Unicode.Scalar(slot)))\(Character(Unicode.Scalar(byte)))")
            }
            set(Self.lineDrawing, to: byte == UInt8(ascii: "0"))
        }
    }

    private mutating func takeText(_ byte: UInt8) {
        guard pendingText.isEmpty, byte < 0x80 else { return takeMultibyte(byte) }
        switch byte {
        case 0x1B: state = .escape
        case 0x08: move(column: cursor.column - 1, row: cursor.row)
        case 0x09: move(column: (cursor.column / 8 + 1) * 8, row: cursor.row)
        case 0x0A: lineFeed()
        case 0x0E, 0x0F: set(Self.lineDrawing, to: byte == 0x0E)
        case 0x0D: move(column: 0, row: cursor.row)
        case 0x20...0x7E: write(Unicode.Scalar(byte))
        default: note("control character \(String(byte, radix: 16))")
        }
    }

    private mutating func takeMultibyte(_ byte: UInt8) {
        pendingText.append(byte)
        guard let text = String(validating: pendingText, as: UTF8.self) else {
            // Four bytes make a character or nothing.
            if pendingText.count >= 4 {
                note("not UTF-8: \(pendingText)")
                pendingText = []
            }
            return
        }
        pendingText = []
        for scalar in text.unicodeScalars { write(scalar) }
    }

    private mutating func takeEscape(_ byte: UInt8) {
        state = .ground
        switch byte {
        case UInt8(ascii: "["): state = .control([])
        case UInt8(ascii: "]"): state = .system([])
        case UInt8(ascii: "("), UInt8(ascii: ")"): state = .charset(byte)
        case UInt8(ascii: "\\"): break
        case UInt8(ascii: "="): set(Self.applicationKeypad, to: true)
        case UInt8(ascii: ">"): set(Self.applicationKeypad, to: false)
        case UInt8(ascii: "7"): savedCursor = cursor
        case UInt8(ascii: "8"): move(column: savedCursor.column, row: savedCursor.row)
        case UInt8(ascii: "M"):
            if cursor.row == top { scroll(by: -1) } else { move(column: cursor.column, row: cursor.row - 1) }
        default: note("ESC \(Character(Unicode.Scalar(byte)))")
        }
    }

    // MARK: - Sequences

    private mutating func carryOut(_ parameters: String, _ final: Character) {
        if parameters.hasPrefix("?"), final == "h" || final == "l" {
            for number in parameters.dropFirst().split(separator: ";") {
                guard let mode = Int(number) else { return note("CSI \(parameters)\(final)") }
                setMode(mode, to: final == "h")
            }
            return
        }
        let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
        guard parameters.allSatisfy({ $0.isNumber || $0 == ";" }) else { return note("CSI \(parameters)\(final)") }
        let first = numbers.first.flatMap { $0 }
        let count = max(first ?? 1, 1)
        switch final {
        case "H": move(column: (numbers.count > 1 ? numbers[1] ?? 1 : 1) - 1, row: (first ?? 1) - 1)
        case "A": move(column: cursor.column, row: cursor.row - count)
        case "B": move(column: cursor.column, row: cursor.row + count)
        case "C": move(column: cursor.column + count, row: cursor.row)
        case "D": move(column: cursor.column - count, row: cursor.row)
        case "G": move(column: count - 1, row: cursor.row)
        case "d": move(column: cursor.column, row: count - 1)
        case "Z": move(column: max(0, (cursor.column - 1) / 8 * 8), row: cursor.row)
        case "J": eraseScreen(first ?? 0)
        case "K": eraseLine(first ?? 0)
        case "X": erase(row: cursor.row, cursor.column..<cursor.column + count)
        case "b": for _ in 0..<count { for scalar in lastCharacter.unicodeScalars { write(scalar) } }
        case "P", "@": shiftCells(by: final == "P" ? count : -count)
        case "L", "M": scroll(by: final == "M" ? count : -count, from: cursor.row)
        case "S": scroll(by: count)
        case "T": scroll(by: -count)
        case "r":
            let last = numbers.count > 1 ? numbers[1] ?? rows : rows
            (top, bottom) = (min(count, rows) - 1, min(last, rows) - 1)
            move(column: 0, row: 0)
        case "m": setStyle(numbers.map { $0 ?? 0 })
        // ncurses keeps the title on the terminal's stack (smcup, rmcup); mode 4 is insertion, `rmir`.
        case "t" where parameters == "22;0;0" || parameters == "23;0;0": break
        case "l" where parameters == "4": break
        default: note("CSI \(parameters)\(final)")
        }
    }

    private mutating func carryOutSystem(_ command: String) {
        // ncurses gives the colours back their own looks (`oc`) where it might have changed them.
        if command == "104" { return }
        guard command.hasPrefix("52;c;") else { return note("OSC \(command)") }
        clipboard.append(String(command.dropFirst(5)))
    }

    private static let knownModes: Set<Int> = [1, 7, 12, 25, 1000, 1002, 1003, 1004, 1006, 1049, 2004, 2026]

    private mutating func setMode(_ mode: Int, to isOn: Bool) {
        guard Self.knownModes.contains(mode) else { return note("CSI ?\(mode)\(isOn ? "h" : "l")") }
        if mode == 1049, modes.contains(1049) != isOn {
            swap(&cells, &otherCells)
            if isOn {
                savedCursor = cursor
                cells = Self.blank(columns, rows)
            } else {
                move(column: savedCursor.column, row: savedCursor.row)
            }
        }
        set(mode, to: isOn)
    }

    private mutating func set(_ mode: Int, to isOn: Bool) {
        if isOn { modes.insert(mode) } else { modes.remove(mode) }
    }

    private mutating func setStyle(_ numbers: [Int]) {
        var rest = (numbers.isEmpty ? [0] : numbers)[...]
        while let number = rest.popFirst() {
            switch number {
            case 0: isStyled = false
            case 1...9: isStyled = true
            case 22...29, 39, 49: break
            case 30...37, 40...47, 90...97, 100...107: (isStyled, hasUsedColor) = (true, true)
            case 38, 48:
                (isStyled, hasUsedColor) = (true, true)
                rest = rest.dropFirst(rest.first == 5 ? 2 : 4)
            default: note("SGR \(number)")
            }
        }
    }

    private mutating func note(_ what: String) {
        // As many as anybody reads.
        if foreign.count < 50 { foreign.append(what) }
    }

    // MARK: - Cells

    private mutating func write(_ scalar: Unicode.Scalar) {
        let width = TextWidth.columns(of: scalar)
        guard width > 0 else {
            let category = scalar.properties.generalCategory
            guard category == .nonspacingMark || category == .enclosingMark else {
                return note("U+\(String(scalar.value, radix: 16, uppercase: true))")
            }
            let column = max(0, wrapsNext ? cursor.column : cursor.column - 1)
            cells[cursor.row][column].unicodeScalars.append(scalar)
            return
        }
        if wrapsNext || cursor.column + width > columns {
            move(column: 0, row: cursor.row)
            lineFeed()
        }
        lastCharacter = String(Character(scalar))
        cells[cursor.row][cursor.column] = lastCharacter
        if width == 2, cursor.column + 1 < columns { cells[cursor.row][cursor.column + 1] = "" }
        if cursor.column + width >= columns {
            cursor.column = columns - 1
            wrapsNext = true
        } else {
            cursor.column += width
        }
    }

    private mutating func move(column: Int, row: Int) {
        cursor = (min(max(column, 0), columns - 1), min(max(row, 0), rows - 1))
        wrapsNext = false
    }

    private mutating func lineFeed() {
        wrapsNext = false
        if cursor.row == bottom { scroll(by: 1) } else { move(column: cursor.column, row: cursor.row + 1) }
    }

    /// Rows from `first` to the lower margin move up by `count`, or down when it is negative.
    private mutating func scroll(by count: Int, from first: Int? = nil) {
        let range = (first ?? top)..<bottom + 1
        guard !range.isEmpty else { return }
        let old = Array(cells[range])
        for index in old.indices {
            let source = index + count
            cells[range.lowerBound + index] =
                old.indices.contains(source) ? old[source] : Array(repeating: " ", count: columns)
        }
    }

    private mutating func shiftCells(by count: Int) {
        let old = cells[cursor.row]
        for column in cursor.column..<columns {
            let source = column + count
            cells[cursor.row][column] = source >= cursor.column && source < columns ? old[source] : " "
        }
    }

    private mutating func eraseScreen(_ part: Int) {
        let erased = part == 0 ? cursor.row + 1..<rows : part == 1 ? 0..<cursor.row : 0..<rows
        for row in erased { erase(row: row, 0..<columns) }
        if part < 2 { eraseLine(part) }
    }

    private mutating func eraseLine(_ part: Int) {
        switch part {
        case 0: erase(row: cursor.row, cursor.column..<columns)
        case 1: erase(row: cursor.row, 0..<cursor.column + 1)
        default: erase(row: cursor.row, 0..<columns)
        }
    }

    private mutating func erase(row: Int, _ range: Range<Int>) {
        for column in range.clamped(to: 0..<columns) { cells[row][column] = " " }
    }
}
