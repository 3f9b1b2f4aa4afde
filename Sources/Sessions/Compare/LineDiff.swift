// What changed between two texts, line by line. Texts of a session are mostly alike, so what they share at both ends is
// taken off first; what is left goes through the standard library's difference (Myers), within a limit that keeps a
// comparison below a few milliseconds.

/// One line of a comparison.
public enum LineEdit<Line: Hashable & Sendable>: Hashable, Sendable {
    case same(Line)
    /// Only in the first text.
    case removed(Line)
    /// Only in the second text.
    case added(Line)
}

/// Compares lists of lines.
public enum LineDiff {
    /// More lines than this between the first and the last difference are not compared: nobody reads them either.
    public static let limit = 1_000

    /// All lines of both, in order, with what became of them; removed ones before those that took their place.
    ///
    /// - Returns: Nil when they differ over more than `limit` lines.
    public static func edits<Line>(from old: [Line], to new: [Line]) -> [LineEdit<Line>]? {
        var start = 0
        while start < min(old.count, new.count), old[start] == new[start] { start += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - start, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
            tail += 1
        }
        let oldMiddle = old[start..<old.count - tail]
        let newMiddle = new[start..<new.count - tail]
        guard oldMiddle.count <= limit, newMiddle.count <= limit else { return nil }

        let difference = Array(newMiddle).difference(from: Array(oldMiddle))
        var removals: Set<Int> = []
        var insertions: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removals.insert(offset)
            case .insert(let offset, _, _): insertions.insert(offset)
            }
        }
        var edits: [LineEdit<Line>] = old[..<start].map { .same($0) }
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < oldMiddle.count || newIndex < newMiddle.count {
            if removals.contains(oldIndex) {
                edits.append(.removed(oldMiddle[start + oldIndex]))
                oldIndex += 1
            } else if insertions.contains(newIndex) {
                edits.append(.added(newMiddle[start + newIndex]))
                newIndex += 1
            } else {
                edits.append(.same(oldMiddle[start + oldIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return edits + old[(old.count - tail)...].map { .same($0) }
    }
}
