// Dividing a rectangle among its parts. Space is given out in three rounds: the fixed parts in order until it is used
// up, then the minima of the flexible ones, then the rest by weight. Parts that got nothing are empty, never missing,
// so `let [list, detail] = …` style code needs no special case for small terminals.

/// How much room a part of a layout takes.
public enum Extent: Hashable, Sendable {
    case fixed(Int)
    /// A share of what the fixed parts leave, in proportion to `weight`.
    case flexible(weight: Int = 1, minimum: Int = 0)

    /// All that is left, or an equal share of it.
    public static let rest = Extent.flexible()
}

extension Region {
    /// Parts below each other, from the top; as many as there are extents.
    ///
    /// - Parameter gap: Rows left free between two parts.
    public func splitRows(_ extents: Extent..., gap: Int = 0) -> [Region] { splitRows(extents, gap: gap) }
    public func splitRows(_ extents: [Extent], gap: Int = 0) -> [Region] {
        Layout.spans(extents, in: rows, gap: gap).map { span in
            Region(column: column, row: row + span.start, columns: columns, rows: span.length)
        }
    }

    /// Parts beside each other, from the left; as many as there are extents.
    ///
    /// - Parameter gap: Columns left free between two parts.
    public func splitColumns(_ extents: Extent..., gap: Int = 0) -> [Region] { splitColumns(extents, gap: gap) }
    public func splitColumns(_ extents: [Extent], gap: Int = 0) -> [Region] {
        Layout.spans(extents, in: columns, gap: gap).map { span in
            Region(column: column + span.start, row: row, columns: span.length, rows: rows)
        }
    }
}

/// The arithmetic of dividing a length.
public enum Layout {
    public struct Span: Hashable, Sendable {
        public var start: Int
        public var length: Int

        public init(start: Int, length: Int) {
            self.start = start
            self.length = length
        }

        public var end: Int { start + length }
    }

    /// One span for each extent, in order; together with the gaps never longer than `total`.
    public static func spans(_ extents: [Extent], in total: Int, gap: Int = 0) -> [Span] {
        var left = max(0, total - gap * max(0, extents.count - 1))
        var lengths = extents.map { extent in
            guard case .fixed(let length) = extent else { return 0 }
            return take(length, from: &left)
        }
        for (index, extent) in extents.enumerated() {
            if case .flexible(_, let minimum) = extent { lengths[index] = take(minimum, from: &left) }
        }
        var weightLeft = extents.reduce(0) { sum, extent in sum + weight(extent) }
        for (index, extent) in extents.enumerated() where weight(extent) > 0 {
            // Of what is left now: the rounding of each share is made good by the following ones.
            lengths[index] += take(left * weight(extent) / weightLeft, from: &left)
            weightLeft -= weight(extent)
        }
        var start = 0
        return lengths.map { length in
            defer { start = min(max(0, total), start + length + gap) }
            return Span(start: start, length: length)
        }
    }

    private static func take(_ wanted: Int, from left: inout Int) -> Int {
        let taken = min(max(0, wanted), left)
        left -= taken
        return taken
    }

    private static func weight(_ extent: Extent) -> Int {
        guard case .flexible(let weight, _) = extent else { return 0 }
        return max(0, weight)
    }
}
