/// The extent of a screen or of a part of it, in cells. Never negative.
public struct Size: Hashable, Sendable {
    public let columns: Int
    public let rows: Int

    /// Negative numbers count as zero: panels compute with what is left, and less than nothing is nothing.
    public init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    public static let zero = Size(columns: 0, rows: 0)

    public var isEmpty: Bool { columns == 0 || rows == 0 }
}

/// A rectangle of cells. The origin is its top left cell.
public struct Region: Hashable, Sendable {
    public var column: Int
    public var row: Int
    public var size: Size

    public init(column: Int, row: Int, size: Size) {
        self.column = column
        self.row = row
        self.size = size
    }

    public init(column: Int = 0, row: Int = 0, columns: Int, rows: Int) {
        self.init(column: column, row: row, size: Size(columns: columns, rows: rows))
    }

    public var columns: Int { size.columns }
    public var rows: Int { size.rows }
    /// One past the last column, one past the last row.
    public var endColumn: Int { column + columns }
    public var endRow: Int { row + rows }
    public var isEmpty: Bool { size.isEmpty }

    public func contains(column: Int, row: Int) -> Bool {
        column >= self.column && column < endColumn && row >= self.row && row < endRow
    }

    /// What both cover; empty when they don't meet.
    public func intersection(_ other: Region) -> Region {
        let left = max(column, other.column)
        let top = max(row, other.row)
        return Region(
            column: left, row: top, columns: min(endColumn, other.endColumn) - left,
            rows: min(endRow, other.endRow) - top)
    }

    /// The region without the given margins.
    public func inset(left: Int = 0, top: Int = 0, right: Int = 0, bottom: Int = 0) -> Region {
        Region(column: column + left, row: row + top, columns: columns - left - right, rows: rows - top - bottom)
    }

    /// The same size, moved.
    public func moved(columns: Int = 0, rows: Int = 0) -> Region {
        Region(column: column + columns, row: row + rows, size: size)
    }
}
