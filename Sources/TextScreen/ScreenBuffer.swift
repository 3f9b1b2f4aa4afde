// A whole screen as a value: computed from the model, compared in tests, shown by the terminal. Rows lie one after the
// other in one array; a cell is two machine words, so comparing two screens of 200x60 takes some ten microseconds.

/// A grid of cells.
///
/// The grid keeps one promise to the terminal: the right half of a wide glyph is always right of its left half. Putting
/// something on either half blanks the other.
public struct ScreenBuffer: Hashable, Sendable {
    public let size: Size
    private var cells: [Cell]

    public init(size: Size, filledWith cell: Cell = .blank) {
        self.size = size
        let filler = cell.glyph.width == 1 ? cell : Cell(.space, cell.style)
        cells = Array(repeating: filler, count: size.columns * size.rows)
    }

    public var bounds: Region { Region(column: 0, row: 0, size: size) }

    /// The cell at a place on the screen.
    public subscript(column: Int, row: Int) -> Cell {
        precondition(bounds.contains(column: column, row: row), "no cell at \(column),\(row) on \(size)")
        return cells[row * size.columns + column]
    }

    /// A row from left to right.
    public subscript(row row: Int) -> ArraySlice<Cell> {
        precondition(row >= 0 && row < size.rows, "no row \(row) on \(size)")
        return cells[row * size.columns..<(row + 1) * size.columns]
    }

    /// The row as text, without what follows its last visible character.
    public func text(row: Int) -> String {
        // By cells, not characters: some letters join the blank after them into one Character.
        let cells = self[row: row]
        let end = cells.lastIndex { $0.glyph != .space } ?? cells.startIndex - 1
        return cells[...end].reduce(into: "") { text, cell in text += cell.glyph.text }
    }

    /// Puts a glyph into the grid, on the columns from `column` on. The caller has made sure that all of it is inside.
    mutating func set(_ cell: Cell, column: Int, row: Int) {
        let index = row * size.columns + column
        // A narrow glyph for a narrow one: nearly every call.
        let width = cell.glyph.width
        if width == 1, cells[index].glyph.width == 1 {
            cells[index] = cell
            return
        }
        detach(index, column: column)
        cells[index] = cell
        guard width == 2 else { return }
        detach(index + 1, column: column + 1)
        cells[index + 1] = Cell(.continuation, cell.style)
    }

    /// Puts printable ASCII side by side. The caller has made sure that all of it is inside.
    mutating func set(ascii: some Collection<UInt8>, _ style: Style, column: Int, row: Int) {
        guard !ascii.isEmpty else { return }
        let start = row * size.columns + column
        detach(start, column: column)
        detach(start + ascii.count - 1, column: column + ascii.count - 1)
        cells.withUnsafeMutableBufferPointer { cells in
            var index = start
            for byte in ascii {
                cells[index] = Cell(Glyph(checked: byte), style)
                index += 1
            }
        }
    }

    /// Blanks the other half of a wide glyph that is about to lose this one.
    private mutating func detach(_ index: Int, column: Int) {
        switch cells[index].glyph.width {
        case 2: cells[index + 1].glyph = .space
        case 0 where column > 0: cells[index - 1].glyph = .space
        default: break
        }
    }

    /// Changes the style of a cell and leaves what stands in it. Both halves of a wide glyph look the same.
    mutating func restyle(column: Int, row: Int, _ change: (inout Style) -> Void) {
        let index = row * size.columns + column
        change(&cells[index].style)
        switch cells[index].glyph.width {
        case 2: cells[index + 1].style = cells[index].style
        case 0 where column > 0: cells[index - 1].style = cells[index].style
        default: break
        }
    }
}

extension ScreenBuffer {
    /// Cells side by side that have to be drawn.
    public struct Run: Hashable, Sendable {
        public var column: Int
        public var row: Int
        /// Never begins with the right half of a wide glyph, nor ends with the left one.
        public var cells: ArraySlice<Cell>
    }

    /// What has to be drawn to turn `previous` into this screen, from the top left on: everything when the sizes differ.
    public func runs(changedFrom previous: ScreenBuffer) -> [Run] {
        guard previous.size == size else {
            guard !size.isEmpty else { return [] }
            return (0..<size.rows).map { Run(column: 0, row: $0, cells: self[row: $0]) }
        }
        var runs: [Run] = []
        for (row, columns) in changedColumns(from: previous) {
            let base = row * size.columns
            runs.append(
                Run(
                    column: columns.lowerBound, row: row,
                    cells: cells[base + columns.lowerBound..<base + columns.upperBound]))
        }
        return runs
    }

    private func changedColumns(from previous: ScreenBuffer) -> [(row: Int, columns: Range<Int>)] {
        var changes: [(row: Int, columns: Range<Int>)] = []
        let width = size.columns
        // Bounds are checked once, here: both arrays have width x rows cells.
        cells.withUnsafeBufferPointer { new in
            previous.cells.withUnsafeBufferPointer { old in
                for row in 0..<size.rows {
                    let base = row * width
                    var column = 0
                    while column < width {
                        guard new[base + column] != old[base + column] else {
                            column += 1
                            continue
                        }
                        var start = column
                        while column < width, new[base + column] != old[base + column] { column += 1 }
                        // Whole glyphs only.
                        if new[base + start].glyph.isContinuation, start > 0 { start -= 1 }
                        while column < width, new[base + column].glyph.isContinuation { column += 1 }
                        changes.append((row, start..<column))
                    }
                }
            }
        }
        return changes
    }
}
