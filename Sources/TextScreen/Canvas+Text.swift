/// Where text stands in the room it was given.
public enum Alignment: Hashable, Sendable { case leading, trailing, center }

extension Canvas {
    /// Writes a line of text; what does not fit is left out the way `truncation` says.
    ///
    /// - Parameters:
    ///   - column: Where the room for the text begins; may be left of the canvas, which then shows the rest.
    ///   - width: The room in columns; `nil` reaches to the right edge of the canvas.
    /// - Returns: The column after the text, where the next piece of the line goes.
    @discardableResult
    public mutating func write(
        _ text: SafeText, column: Int = 0, row: Int, style: Style = .plain, width: Int? = nil,
        align: Alignment = .leading, truncation: Truncation = .tail
    ) -> Int {
        let room = max(0, min(width ?? .max, columns - column))
        let shown = text.truncated(to: room, truncation, ellipsis: ellipsis)
        let start =
            switch align {
            case .leading: column
            case .trailing: column + room - shown.width
            case .center: column + (room - shown.width) / 2
            }
        putText(shown, column: start, row: row, style: style)
        return start + shown.width
    }

    /// Writes pieces of different styles one after the other.
    ///
    /// - Returns: The column after the last piece.
    @discardableResult
    public mutating func write(_ pieces: [(text: SafeText, style: Style)], column: Int = 0, row: Int) -> Int {
        pieces.reduce(column) { next, piece in write(piece.text, column: next, row: row, style: piece.style) }
    }

    /// A line from left to right, by default over the whole canvas.
    public mutating func horizontalRule(
        row: Int, column: Int = 0, columns: Int? = nil, glyph: Glyph = "─", style: Style = .plain
    ) {
        fill(
            Region(column: column, row: row, columns: columns ?? self.columns - column, rows: 1), with: glyph,
            style: style)
    }

    /// A line from top to bottom, by default over the whole canvas.
    public mutating func verticalRule(
        column: Int, row: Int = 0, rows: Int? = nil, glyph: Glyph = "│", style: Style = .plain
    ) {
        fill(Region(column: column, row: row, columns: 1, rows: rows ?? self.rows - row), with: glyph, style: style)
    }
}
