import TextScreen

/// Which way a search goes.
enum SearchStep: Equatable, Sendable { case forward, backward }

extension DetailPage {
    /// Where a match begins.
    struct Place: Equatable, Comparable, Sendable {
        var line: Int
        /// Its first column; in a body, the offset of its first byte. Below 0 is before all of the line.
        var start: Int

        static func < (left: Place, right: Place) -> Bool { (left.line, left.start) < (right.line, right.start) }
    }

    /// What is marked of a match.
    struct Mark: Equatable, Sendable {
        var columns: Range<Int>
        /// Where the match begins, perhaps in a line above.
        var place: Place
    }

    /// What is to be marked in a line, from left to right.
    func marks(of needle: Needle, in line: Int) -> [Mark] {
        guard let body else {
            return self.line(line).columns(of: needle).map { columns in
                Mark(columns: columns, place: Place(line: line, start: columns.lowerBound))
            }
        }
        guard line >= Self.firstBodyLine, line - Self.firstBodyLine < body.count else { return [] }
        return body.marks(of: needle, in: line - Self.firstBodyLine).map { mark in
            Mark(columns: mark.columns, place: place(ofByte: mark.start, in: body))
        }
    }

    /// The nearest match behind a place, or before it; nil where there is none.
    ///
    /// - Parameter from: Nil begins at the end that the step leads away from.
    func find(_ needle: Needle, from: Place?, _ step: SearchStep) -> Place? {
        if let body { return find(needle, in: body, from: from, step) }
        switch step {
        case .forward:
            let from = from ?? Place(line: 0, start: -1)
            for line in max(0, from.line)..<max(0, from.line, count) {
                if let mark = marks(of: needle, in: line).first(where: { $0.place > from }) { return mark.place }
            }
        case .backward:
            let from = from ?? Place(line: count, start: -1)
            for line in (0..<max(0, min(from.line + 1, count))).reversed() {
                if let mark = marks(of: needle, in: line).last(where: { $0.place < from }) { return mark.place }
            }
        }
        return nil
    }

    /// All bytes of a body are searched, not its lines: those end where the pane does.
    private func find(_ needle: Needle, in body: BodyText, from: Place?, _ step: SearchStep) -> Place? {
        let start = from.map { $0.start >= 0 ? $0.start : body.start(ofLine: $0.line - Self.firstBodyLine) }
        let found: Int?
        switch step {
        case .forward:
            let isOnMatch = from.map { $0.start >= 0 } ?? false
            found = body.first(needle, from: (start ?? 0) + (isOnMatch ? 1 : 0))
        case .backward: found = body.last(needle, before: start ?? .max)
        }
        return found.map { place(ofByte: $0, in: body) }
    }

    private func place(ofByte offset: Int, in body: BodyText) -> Place {
        Place(line: body.line(ofByte: offset) + Self.firstBodyLine, start: offset)
    }

    /// Above it stands what kind of body it is.
    static let firstBodyLine = 1
}

extension StyledLine {
    /// Where a needle stands in the line. Also across pieces: a field's name and its value are one text to whoever reads them.
    func columns(of needle: Needle) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var (text, start, end) = (SafeText.empty, 0, 0)
        for piece in pieces {
            let column = piece.column ?? end
            if column < end {
                // Drawn over what was there.
                found += text.columns(of: needle).map { $0.lowerBound + start..<$0.upperBound + start }
                (text, start) = (.empty, column)
            } else if column > end {
                text += SafeText(repeating: " ", count: column - end)
            }
            text += piece.text
            end = column + piece.text.width
        }
        return found + text.columns(of: needle).map { $0.lowerBound + start..<$0.upperBound + start }
    }
}

extension SafeText {
    /// Where a needle stands in the text.
    func columns(of needle: Needle) -> [Range<Int>] {
        let bytes = Array(string.utf8)
        return needle.all(in: bytes[...]).map { place in
            let end = place + needle.count
            // Nearly always a byte is a column.
            if bytes.count == width { return place..<end }
            return SafeText(untrusted: bytes[..<place]).width..<SafeText(untrusted: bytes[..<end]).width
        }
    }
}
