import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The Body page: what came back, as text or as bytes.
enum BodyPage {
    static func page(of exchange: Exchange, _ model: Model, at now: Timestamp) -> DetailPage {
        let theme = model.theme
        let shown = model.shownBody(of: exchange)
        guard let body = shown.capture, let text = model.bodyText else {
            return DetailPage([StyledLine(" \(reasonForNothing(exchange, shown.side))", theme.quiet)])
        }
        let isRequest = shown.side == .request
        let type = isRequest ? exchange.draft.fields[.contentType] : exchange.answer?.fields[.contentType]
        var head = StyledLine(" ")
        if isRequest || exchange.cause == .caught { head.add(isRequest ? "request: " : "answer: ", theme.quiet) }
        head.add("\(type ?? "no content type")", theme.strong)
        if !body.codings.isEmpty {
            let wire = "\(Figures.size(exchange.bodyBytes)) \(theme.marks.arrow.string) "
            head.add("  wire \(wire)\(Figures.size(body.totalBytes)) \(body.codings.joined(separator: ", "))")
        } else {
            head.add("  \(Figures.size(body.totalBytes))")
        }
        let damage = body.damage
        if let damage {
            // What is shown is a part, and so is what was digested.
            let words = damage.kind == .tooLarge ? "stopped" : "damaged"
            head.add("  \(words) at \(Figures.size(body.totalBytes))", theme.failure)
        }
        if let reason = body.reasonLeftEncoded { head.add("  not decoded: \(reason)", theme.warning) }
        if !body.sha256.isEmpty, damage == nil { head.add("  sha256 \(body.sha256.prefix(16))", theme.quiet) }
        guard !body.bytes.isEmpty else {
            let words = reasonForNoBytes(exchange, shown.side, body)
            return DetailPage([head, StyledLine(" \(words)", damage == nil ? theme.quiet : theme.failure)])
        }
        let last = text.count + 1
        return DetailPage(count: last + (body.isCut ? 1 : 0) + (damage == nil ? 0 : 1), body: text) { index in
            if index == 0 { return head }
            if index >= last, let damage, index > last || !body.isCut {
                return StyledLine(" Only the beginning: \(damage.message).", theme.failure)
            }
            if index == last {
                let (kept, all) = (Figures.size(body.bytes.count), Figures.size(body.totalBytes))
                return StyledLine(" Cut at \(kept); \(all) were received.", theme.warning)
            }
            return StyledLine(text.line(index - 1))
        }
    }

    /// Why a body that was captured has nothing to show.
    private static func reasonForNoBytes(_ exchange: Exchange, _ side: BodySide, _ body: BodyCapture) -> String {
        if let damage = body.damage { return "Nothing could be decoded: \(damage.message)." }
        if body.isCut { return "The body was not kept." }
        return side == .response && exchange.failure?.phase == .receive
            ? "Nothing of the body came." : "The body is empty."
    }

    private static func reasonForNothing(_ exchange: Exchange, _ side: BodySide) -> String {
        if side == .request {
            let bytes = exchange.served?.requestBytes ?? 0
            return exchange.isRunning ? "Still arriving: \(Figures.size(bytes)) so far." : "The request has no body."
        }
        if exchange.isRunning { return "Still arriving: \(Figures.size(exchange.bodyBytes)) so far." }
        guard exchange.answer != nil else { return "No answer, no body." }
        return exchange.answerBytes == 0 ? "The answer has no body." : "The body was not kept."
    }

    /// The first lines of a text body, to stand below the timing where there is room.
    static func preview(of exchange: Exchange, rows: Int) -> [StyledLine] {
        guard rows > 0, let body = exchange.body, !body.isBinary else { return [] }
        return body.bytes.prefix(4096).split(separator: UInt8(ascii: "\n")).prefix(rows).map { line in
            StyledLine(" " + SafeText(untrusted: line.prefix(512), tabWidth: 4))
        }
    }
}

/// A body cut into lines for a pane of some width, made once and drawn often. Only the places where lines begin are kept.
struct BodyText: Equatable, Sendable {
    private let id: ExchangeID
    private let columns: Int
    private let bytes: [UInt8]
    /// Text: where each line ends (as it begins where the one before ended). Binary: empty.
    private var lineEnds: [Int] = []
    private let isBinary: Bool

    init(_ body: BodyCapture, of id: ExchangeID, columns: Int) {
        self.id = id
        self.columns = columns
        bytes = body.bytes
        isBinary = body.isBinary
        if !isBinary { cutLines() }
    }

    func isOf(_ id: ExchangeID, columns: Int) -> Bool { self.id == id && self.columns == columns }

    var count: Int { isBinary ? (bytes.count + bytesPerRow - 1) / bytesPerRow : lineEnds.count }

    func line(_ index: Int) -> SafeText {
        if isBinary { return dumpLine(index) }
        var slice = bytes[(index == 0 ? 0 : lineEnds[index - 1])..<lineEnds[index]]
        while let last = slice.last, last == 10 || last == 13 { slice.removeLast() }
        return " " + SafeText(untrusted: slice, tabWidth: Self.tabWidth)
    }

    private static let tabWidth = 4
    private var width: Int { max(8, columns - 2) }

    private mutating func cutLines() {
        var used = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            var length = 1
            var taken = 1
            switch byte {
            case 10:
                lineEnds.append(index + 1)
                (used, index) = (0, index + 1)
                continue
            case 9: taken = Self.tabWidth - used % Self.tabWidth
            case 0x20...0x7E: break
            case 0xC2...0xF4:
                length = min(byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4, bytes.count - index)
                let scalar = String(decoding: bytes[index..<index + length], as: UTF8.self).unicodeScalars.first
                // Hidden characters and broken bytes are written out, at most as `<U+10FFFF>` or four `\xNN`.
                taken = scalar.map { $0 == "\u{FFFD}" ? 4 * length : max(TextWidth.columns(of: $0), 0) } ?? 4
                if taken == 0 { taken = 10 }
            default: taken = byte == 13 ? 0 : 4
            }
            if used + taken > width, used > 0 {
                lineEnds.append(index)
                used = 0
            }
            used += taken
            index += length
        }
        if lineEnds.last != bytes.count, !bytes.isEmpty { lineEnds.append(bytes.count) }
    }

    // MARK: bytes

    /// 16 where they fit with their text beside them.
    private var bytesPerRow: Int { columns >= 78 ? 16 : columns >= 46 ? 8 : 4 }

    /// `0000a0  1f 8b 08 00 00 00 00 00  00 03 4b 4c 4a 06 00 c2  ..........KLJ...`
    private func dumpLine(_ index: Int) -> SafeText {
        let start = index * bytesPerRow
        let row = bytes[start..<min(start + bytesPerRow, bytes.count)]
        var text = " " + Self.hex(start, digits: 6) + " "
        for place in 0..<bytesPerRow {
            if place % 8 == 0 { text += " " }
            text += place < row.count ? Self.hex(Int(row[start + place]), digits: 2) + " " : "   "
        }
        text += " "
        for byte in row {
            text.unicodeScalars.append((0x20...0x7E).contains(byte) ? Unicode.Scalar(byte) : ".")
        }
        return "\(text)"
    }

    private static func hex(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

// MARK: - Searching

extension BodyText {
    /// The first match that begins at a byte or behind it.
    func first(_ needle: Needle, from offset: Int) -> Int? {
        needle.first(in: bytes[min(max(0, offset), bytes.count)...])
    }

    /// The last match that begins before a byte.
    func last(_ needle: Needle, before offset: Int) -> Int? {
        let end = min(max(0, offset), bytes.count)
        return needle.last(in: bytes[..<min(end + needle.count - 1, bytes.count)])
    }

    /// The byte a line begins with; past the last one, where the body ends.
    func start(ofLine index: Int) -> Int {
        guard index > 0 else { return 0 }
        if isBinary { return min(index * bytesPerRow, bytes.count) }
        return index <= lineEnds.count ? lineEnds[index - 1] : bytes.count
    }

    /// The line that shows a byte.
    func line(ofByte offset: Int) -> Int {
        guard !isBinary else { return offset / bytesPerRow }
        var (low, high) = (0, lineEnds.count)
        while low < high {
            let middle = (low + high) / 2
            if lineEnds[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return min(low, max(0, lineEnds.count - 1))
    }

    /// What of a line belongs to matches, which may begin in a line above.
    func marks(of needle: Needle, in index: Int) -> [Mark] {
        let shown = start(ofLine: index)..<start(ofLine: index + 1)
        let reach = needle.count - 1
        let looked = max(0, shown.lowerBound - reach)..<min(bytes.count, shown.upperBound + reach)
        var marks: [Mark] = []
        for start in needle.all(in: bytes[looked]) {
            let match = (start..<start + needle.count).clamped(to: shown)
            for part in shownColumns(of: match, from: shown.lowerBound) {
                marks.append(Mark(columns: part, start: start))
            }
        }
        return marks
    }

    /// What is marked, and the byte its match begins with.
    struct Mark: Equatable {
        var columns: Range<Int>
        var start: Int
    }

    /// Where bytes of a line stand: once as text, twice in a dump.
    private func shownColumns(of match: Range<Int>, from start: Int) -> [Range<Int>] {
        guard !match.isEmpty else { return [] }
        guard isBinary else {
            let column: (Int) -> Int = { end in
                1 + SafeText(untrusted: bytes[start..<end], tabWidth: Self.tabWidth).width
            }
            return [column(match.lowerBound)..<column(match.upperBound)]
        }
        let (first, last) = (match.lowerBound - start, match.upperBound - 1 - start)
        // As `dumpLine` writes it: the offset, the bytes in groups of eight, and their text.
        let digits = max(6, String(start, radix: 16).count)
        let column: (Int) -> Int = { place in digits + 3 + 3 * place + place / 8 }
        let text = column(bytesPerRow - 1) + 4
        return [column(first)..<column(last) + 2, text + first..<text + last + 1]
    }
}
