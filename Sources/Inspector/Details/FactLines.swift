import TextScreen

/// Names and values in two columns; a value that is too long goes on below itself.
struct FactLines {
    var lines: [StyledLine] = []
    private let room: Int
    private let theme: Theme

    private static let valueStart = 15

    init(columns: Int, theme: Theme) {
        room = max(8, columns - Self.valueStart)
        self.theme = theme
    }

    /// - Parameter value: Untrusted text.
    mutating func add(_ name: String, _ value: String, _ style: Style = .plain) {
        var line = StyledLine(" \(name)", theme.quiet)
        for part in Self.wrapped(value, columns: room) {
            line.add(part, style, at: Self.valueStart)
            lines.append(line)
            line = StyledLine()
        }
    }

    /// At spaces; a word that has no room even alone is cut where it must.
    static func wrapped(_ text: String, columns: Int) -> [SafeText] {
        var parts: [SafeText] = []
        var part = SafeText.empty
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            var rest = SafeText(untrusted: String(word))
            if !part.isEmpty, part.width + 1 + rest.width <= columns {
                part += " " + rest
                continue
            }
            if !part.isEmpty { parts.append(part) }
            while rest.width > columns {
                let piece = rest.prefix(columns: columns)
                // A character that is wider than the room.
                guard piece.width > 0 else { break }
                parts.append(piece)
                rest = rest.dropFirst(columns: piece.width)
            }
            part = rest
        }
        return parts + [part]
    }
}
