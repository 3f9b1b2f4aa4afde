// Where panels draw. A canvas is a window onto a part of a screen, with its own coordinates from (0, 0); whatever falls
// outside is cut off, so a panel draws the same way at 200x60 and at 1x1.
//
//   let screen = ScreenBuffer(size: size) { canvas in
//       let parts = canvas.bounds.splitRows(.fixed(1), .rest)
//       canvas.within(parts[0]) { title.draw(into: &$0) }
//       canvas.within(parts[1]) { list.draw(into: &$0) }
//   }

/// Draws into a rectangle of a screen.
public struct Canvas {
    private var screen: ScreenBuffer
    /// In the screen's coordinates, and never outside of it.
    private var clip: Region
    private var origin: (column: Int, row: Int) = (0, 0)
    /// The size the owner gave; what of it lies outside the screen is not drawn.
    public private(set) var size: Size

    /// What stands for text left out. The theme sets it: `…`, or `~` where only ASCII can be shown.
    public var ellipsis: Glyph = "…"

    fileprivate init(screen: ScreenBuffer) {
        self.screen = screen
        clip = screen.bounds
        size = screen.size
    }

    fileprivate var finished: ScreenBuffer { screen }

    public var columns: Int { size.columns }
    public var rows: Int { size.rows }
    /// The whole canvas, in its own coordinates: what `within` and `Region.splitRows` start from.
    public var bounds: Region { Region(column: 0, row: 0, size: size) }

    /// Lets `draw` see only `region`, with its own coordinates from (0, 0).
    public mutating func within<Result>(
        _ region: Region, _ draw: (inout Canvas) throws -> Result
    ) rethrows -> Result {
        let outer = (clip, origin, size)
        defer { (clip, origin, size) = outer }
        origin = (origin.column + region.column, origin.row + region.row)
        size = region.size
        clip = clip.intersection(Region(column: origin.column, row: origin.row, size: size))
        return try draw(&self)
    }

    /// Puts one glyph into one cell.
    public mutating func put(_ glyph: Glyph, column: Int, row: Int, style: Style = .plain) {
        let column = origin.column + column
        let row = origin.row + row
        guard row >= clip.row, row < clip.endRow else { return }
        putClipped(glyph, column: column, row: row, style: style)
    }

    /// Puts the glyphs of a text side by side, from `column` on.
    mutating func putText(_ text: SafeText, column: Int, row: Int, style: Style) {
        let row = origin.row + row
        guard row >= clip.row, row < clip.endRow else { return }
        var next = origin.column + column
        if text.isASCII {
            let visible = max(next, clip.column)..<max(next, clip.column, min(next + text.width, clip.endColumn))
            screen.set(
                ascii: text.string.utf8.dropFirst(visible.lowerBound - next).prefix(visible.count), style,
                column: visible.lowerBound, row: row)
            return
        }
        for (glyph, _) in text.glyphs {
            putClipped(glyph, column: next, row: row, style: style)
            next += glyph.width
        }
    }

    /// In the screen's coordinates, in a row that is inside. Half a wide glyph at the edge is drawn as a blank.
    private mutating func putClipped(_ glyph: Glyph, column: Int, row: Int, style: Style) {
        if glyph.width == 1 {
            guard column >= clip.column, column < clip.endColumn else { return }
            screen.set(Cell(glyph, style), column: column, row: row)
        } else if column >= clip.column, column + 1 < clip.endColumn {
            screen.set(Cell(glyph, style), column: column, row: row)
        } else {
            for half in [column, column + 1] where half >= clip.column && half < clip.endColumn {
                screen.set(Cell(.space, style), column: half, row: row)
            }
        }
    }

    /// Fills a part of the canvas, by default all of it.
    public mutating func fill(_ region: Region? = nil, with glyph: Glyph = .space, style: Style = .plain) {
        let visible = onScreen(region ?? bounds)
        guard !visible.isEmpty else { return }
        let step = max(1, glyph.width)
        for row in visible.row..<visible.endRow {
            for column in stride(from: visible.column, to: visible.endColumn, by: step) {
                // A wide glyph that would stick out of the region on the right is left as a blank.
                let fits = column + step <= visible.endColumn
                putClipped(fits ? glyph : .space, column: column, row: row, style: style)
            }
        }
    }

    /// Changes how cells look and leaves what they say: a selection, a shade over what is out of focus.
    public mutating func restyle(_ region: Region? = nil, _ change: (inout Style) -> Void) {
        let visible = onScreen(region ?? bounds)
        guard !visible.isEmpty else { return }
        for row in visible.row..<visible.endRow {
            for column in visible.column..<visible.endColumn {
                // The right half follows the left one; on its own it counts only where the region cuts a wide glyph.
                let isFollower = screen[column, row].glyph.isContinuation && column > visible.column
                if !isFollower { screen.restyle(column: column, row: row, change) }
            }
        }
    }

    private func onScreen(_ region: Region) -> Region {
        clip.intersection(region.moved(columns: origin.column, rows: origin.row))
    }
}

extension ScreenBuffer {
    /// The screen that `draw` draws.
    public init(size: Size, _ draw: (inout Canvas) throws -> Void) rethrows {
        var canvas = Canvas(screen: ScreenBuffer(size: size))
        try draw(&canvas)
        self = canvas.finished
    }
}
