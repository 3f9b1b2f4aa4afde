/// Which part of a text that is too long is left out.
public enum Truncation: Hashable, Sendable {
    /// Cut at the end, without a mark: for text whose cut shows anyway.
    case clip
    /// `https://example.com/a/very/lo…`
    case tail
    /// `https://exam…/report.pdf`: for URLs and names that differ at their end.
    case middle
    /// `…/very/long/report.pdf`
    case head
}

extension SafeText {
    /// The longest beginning that fits into `columns`. A wide character that would be cut in half is left out.
    public func prefix(columns: Int) -> SafeText {
        guard columns < width else { return self }
        var used = 0
        var end = string.unicodeScalars.startIndex
        for glyph in glyphs {
            guard used + glyph.glyph.width <= columns else { break }
            used += glyph.glyph.width
            end = glyph.end
        }
        return SafeText(checked: String(string.unicodeScalars[..<end]), width: used)
    }

    /// The longest ending that fits into `columns`.
    public func suffix(columns: Int) -> SafeText { dropFirst(columns: width - max(0, columns)) }

    /// What is left of the text when `columns` are scrolled away at its start. A wide character that is cut in half goes.
    public func dropFirst(columns: Int) -> SafeText {
        guard columns > 0 else { return self }
        guard columns < width else { return .empty }
        var used = 0
        var start = string.unicodeScalars.startIndex
        for glyph in glyphs {
            guard used < columns else { break }
            used += glyph.glyph.width
            start = glyph.end
        }
        return SafeText(checked: String(string.unicodeScalars[start...]), width: width - used)
    }

    /// The text in at most `columns`, with `ellipsis` where something was left out.
    public func truncated(to columns: Int, _ truncation: Truncation = .tail, ellipsis: Glyph = "…") -> SafeText {
        guard columns < width else { return self }
        guard columns > 0 else { return .empty }
        let mark = SafeText(checked: ellipsis.text, width: ellipsis.width)
        let room = columns - mark.width
        // A mark that fills all the room says less than one character would.
        guard truncation != .clip, room > 0 else { return prefix(columns: columns) }
        switch truncation {
        case .clip: return prefix(columns: columns)
        case .tail: return prefix(columns: room) + mark
        case .head: return mark + suffix(columns: room)
        case .middle: return prefix(columns: room - room / 2) + mark + suffix(columns: room / 2)
        }
    }

    /// The text's cells, each with the index where the next begins.
    var glyphs: GlyphSequence { GlyphSequence(scalars: string.unicodeScalars) }

    struct GlyphSequence: Sequence, IteratorProtocol {
        private let scalars: String.UnicodeScalarView
        private var index: String.Index

        init(scalars: String.UnicodeScalarView) {
            self.scalars = scalars
            index = scalars.startIndex
        }

        mutating func next() -> (glyph: Glyph, end: String.Index)? {
            guard index < scalars.endIndex else { return nil }
            var glyph = Glyph(scalars[index])
            scalars.formIndex(after: &index)
            // Below U+0300 there are no marks; most text never asks the table.
            while index < scalars.endIndex, scalars[index].value >= 0x300,
                TextWidth.visibility(of: scalars[index]) == .mark
            {
                glyph.add(mark: scalars[index])
                scalars.formIndex(after: &index)
            }
            return (glyph, index)
        }
    }
}
