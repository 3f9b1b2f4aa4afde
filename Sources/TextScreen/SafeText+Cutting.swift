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
        let (bytes, used) = measure { used, next in used + next <= columns }
        return SafeText(checked: String(string.utf8.prefix(bytes)) ?? "", width: used)
    }

    /// The longest ending that fits into `columns`.
    public func suffix(columns: Int) -> SafeText { dropFirst(columns: width - max(0, columns)) }

    /// What is left of the text when `columns` are scrolled away at its start. A wide character that is cut in half goes.
    public func dropFirst(columns: Int) -> SafeText {
        guard columns > 0 else { return self }
        guard columns < width else { return .empty }
        let (bytes, used) = measure { used, _ in used < columns }
        return SafeText(checked: String(string.utf8.dropFirst(bytes)) ?? "", width: width - used)
    }

    /// The bytes and columns of the beginning for which `goesOn` holds, asked with the columns so far and the next glyph's.
    private func measure(while goesOn: (_ used: Int, _ next: Int) -> Bool) -> (bytes: Int, columns: Int) {
        var bytes = 0
        var used = 0
        for (glyph, length) in glyphs {
            guard goesOn(used, glyph.width) else { break }
            used += glyph.width
            bytes += length
        }
        return (bytes, used)
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

    /// Whether a byte is a character and a cell. Every other character has more bytes than columns.
    var isASCII: Bool { string.utf8.count == width }

    /// The text's cells, each with the bytes it has in UTF-8.
    var glyphs: GlyphSequence { GlyphSequence(scalars: string.unicodeScalars.makeIterator()) }

    struct GlyphSequence: Sequence, IteratorProtocol {
        private var scalars: String.UnicodeScalarView.Iterator
        private var upcoming: Unicode.Scalar?

        init(scalars: String.UnicodeScalarView.Iterator) {
            self.scalars = scalars
            upcoming = self.scalars.next()
        }

        mutating func next() -> (glyph: Glyph, byteCount: Int)? {
            guard let base = upcoming else { return nil }
            var glyph = Glyph(base)
            var byteCount = UTF8.width(base)
            upcoming = scalars.next()
            // Below U+0300 there are no marks; most text never asks the table.
            while let mark = upcoming, mark.value >= 0x300, TextWidth.visibility(of: mark) == .mark {
                glyph.add(mark: mark)
                byteCount += UTF8.width(mark)
                upcoming = scalars.next()
            }
            return (glyph, byteCount)
        }
    }
}
