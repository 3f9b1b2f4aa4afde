import HTTPTrace
import Sessions
import TextScreen

/// A body for a pager: all that is kept of it, and nothing that commands a terminal, for not every pager sees to that. What
/// is no text is dumped.
enum PagerText {
    static func bytes(of body: BodyCapture) -> [UInt8] {
        var text: [UInt8] = []
        func add(_ line: SafeText) {
            text += line.string.utf8
            text.append(UInt8(ascii: "\n"))
        }
        if body.isBinary {
            let dump = BodyText(body, of: ExchangeID(0), columns: dumpColumns)
            for index in 0..<dump.count { add(dump.line(index)) }
        } else {
            var lines = body.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            if lines.last?.isEmpty == true { lines.removeLast() }
            for line in lines { add(SafeText(untrusted: line.last == 13 ? line.dropLast() : line, tabWidth: tabWidth)) }
        }
        if body.isCut {
            let (kept, all) = (Figures.size(body.bytes.count), Figures.size(body.totalBytes))
            add("[Cut at \(kept); \(all) were received.]")
        }
        return text
    }

    /// As everywhere else on a terminal.
    private static let tabWidth = 8
    /// Enough for sixteen bytes and their text.
    private static let dumpColumns = 80
}
