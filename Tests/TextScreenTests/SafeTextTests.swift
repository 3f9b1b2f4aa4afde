import Testing
import TextScreen

@Suite("Safe text")
struct SafeTextTests {
    /// Every scalar of every kind that matters, and most of the others.
    static let scalars: [Unicode.Scalar] =
        (Array(0...0x32FF) + Array(0xA960...0xA97F) + Array(0xD7A0...0xFFFF) + Array(0x1F000...0x1FBFF)
        + Array(0xE0000...0xE01FF) + stride(from: 0x10000, through: 0x10FFFF, by: 251)).compactMap {
            Unicode.Scalar(UInt32($0))
        }

    static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    @Test func `no scalar that commands, reorders or hides gets through`() {
        for scalar in SafeTextTests.scalars {
            let safe = SafeText(untrusted: "a\(scalar)b")
            #expect(!safe.string.unicodeScalars.contains(where: SafeTextTests.isForbidden), "\(scalar.value)")
        }
    }

    @Test func `making text safe twice changes nothing`() {
        for scalar in SafeTextTests.scalars {
            let once = SafeText(untrusted: "\(scalar)a\(scalar)\(scalar)\(scalar)")
            #expect(SafeText(untrusted: once.string) == once, "\(scalar.value)")
        }
    }

    @Test func `the width is the sum of the cells`() {
        for scalar in SafeTextTests.scalars {
            let safe = SafeText(untrusted: "\(scalar)x\(scalar)")
            let screen = ScreenBuffer(size: Size(columns: 40, rows: 1)) { canvas in
                #expect(canvas.write(safe, row: 0) == safe.width, "\(scalar.value)")
            }
            #expect(screen.text(row: 0) == trimmed(safe.string), "\(scalar.value)")
        }
    }

    private func trimmed(_ text: String) -> String {
        var scalars = text.unicodeScalars
        while scalars.last == " " { scalars.removeLast() }
        return String(scalars)
    }

    @Test(arguments: [
        ("plain", "plain"), ("\u{1B}[31m", "^[[31m"), ("a\r\nb", "a^M^Jb"), ("\u{7F}", "^?"), ("\u{0}", "^@"),
        ("\u{9B}", "<U+009B>"), ("\u{202E}gpj", "<U+202E>gpj"), ("a\u{200B}b", "a<U+200B>b"), ("\u{FEFF}", "<U+FEFF>"),
        ("\u{AD}", "<U+00AD>"), ("\u{3164}", "<U+3164>"), ("\u{E0041}", "<U+E0041>"), ("\u{2028}", "<U+2028>"),
        ("\u{FFFF}", "<U+FFFF>"), ("\u{E000}", "<U+E000>"), ("é日本", "é日本"), ("e\u{301}", "e\u{301}"),
    ])
    func `what can't be shown is written out`(text: String, shown: String) {
        #expect(SafeText(untrusted: text).string == shown)
    }

    @Test func `a mark with nothing to stand on is written out`() {
        #expect(SafeText(untrusted: "\u{301}a").string == "<U+0301>a")
    }

    @Test func `stacked marks stop at two`() {
        #expect(SafeText(untrusted: "a\u{301}\u{302}\u{303}b").string == "a\u{301}\u{302}<U+0303>b")
    }

    @Test func `bytes that are no UTF-8 are shown one by one`() {
        #expect(SafeText(untrusted: [0x61, 0xFF, 0xC3, 0xA9, 0xC3]).string == #"a\xFFé\xC3"#)
        #expect(SafeText(untrusted: [0xED, 0xA0, 0x80]).string == #"\xED\xA0\x80"#)
        #expect(SafeText(untrusted: [0xC0, 0x80]).string == #"\xC0\x80"#)
    }

    @Test func `tabs reach the next stop where they may`() {
        #expect(SafeText(untrusted: "a\tb", tabWidth: 4).string == "a   b")
        #expect(SafeText(untrusted: "a\tb").string == "a^Ib")
    }

    @Test func `interpolated text is made safe`() {
        let title = "\u{1B}]0;gotcha\u{7}"
        let text: SafeText = "<\(title)>"
        #expect(text.string == "<^[]0;gotcha^G>")
    }

    @Test(arguments: 0...12)
    func `cutting never exceeds the room nor cuts a character in half`(columns: Int) {
        let text = SafeText(untrusted: "ab日本e\u{301}\u{1B}z")
        for part in [text.prefix(columns: columns), text.suffix(columns: columns), text.truncated(to: columns)] {
            #expect(part.width <= columns)
            #expect(part == SafeText(untrusted: part.string))
        }
        // A wide character on the cut is in neither part.
        #expect(text.prefix(columns: columns).width + text.dropFirst(columns: columns).width >= text.width - 2)
    }

    @Test func `each way of truncating keeps its part`() {
        let text: SafeText = "https://example.com/report.pdf"
        #expect(text.truncated(to: 10, .tail).string == "https://e…")
        #expect(text.truncated(to: 10, .head).string == "…eport.pdf")
        #expect(text.truncated(to: 10, .middle).string == "https….pdf")
        #expect(text.truncated(to: 10, .clip).string == "https://ex")
        #expect(text.truncated(to: 1).string == "h")
        #expect(text.truncated(to: 30) == text)
    }
}

@Suite("Text width")
struct TextWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("日本", 4), ("한글", 4), ("e\u{301}", 1), ("🙂", 2), ("█░─═┄▸›✗…", 9), ("ｆ", 2),
        ("\u{1112}\u{1161}", 2),
        ("\u{1B}", 2),
    ])
    func `columns are what a terminal uses`(text: String, columns: Int) {
        #expect(TextWidth.columns(of: text) == columns)
    }
}
