import TextScreen

/// One line of a pane: pieces of text with their looks, made before it is known where on the screen it stands.
struct StyledLine: Equatable, Sendable {
    struct Piece: Equatable, Sendable {
        var text: SafeText
        var style: Style
        /// Where the piece begins; nil puts it right after the one before.
        var column: Int?
    }

    private(set) var pieces: [Piece] = []

    init() {}
    init(_ text: SafeText, _ style: Style = .plain) { add(text, style) }

    static let empty = StyledLine()

    /// Adds text behind what is there, or at `column`.
    mutating func add(_ text: SafeText, _ style: Style = .plain, at column: Int? = nil) {
        pieces.append(Piece(text: text, style: style, column: column))
    }

    /// Adds text that ends before `column`, as figures in a table do.
    mutating func add(_ text: SafeText, _ style: Style = .plain, endingAt column: Int) {
        pieces.append(Piece(text: text, style: style, column: max(0, column - text.width)))
    }

    /// Where the next piece would go.
    var width: Int {
        pieces.reduce(0) { end, piece in (piece.column ?? end) + piece.text.width }
    }
}

extension Canvas {
    /// Draws the line; what does not fit on the right is left out with a mark.
    ///
    /// - Parameter start: Where the line's own column 0 stands.
    mutating func write(_ line: StyledLine, row: Int, startingAt start: Int = 0) {
        var next = start
        for piece in line.pieces {
            next = write(piece.text, column: piece.column.map { $0 + start } ?? next, row: row, style: piece.style)
        }
    }
}
