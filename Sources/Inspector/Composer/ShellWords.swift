/// A line split into words as a shell does it, so that quoting learned there, and curl commands copied from a browser,
/// mean the same here.
struct ShellWords {
    struct Word: Equatable {
        var text: String
        /// Unicode scalars of the line before it.
        var column: Int
    }

    /// Why a line can't be split.
    struct Unclosed: Error, Equatable {
        var quote: Unicode.Scalar
        var column: Int
    }

    /// Quotes that a line end may stand in, where it is text and ends no line.
    enum Quote {
        case single, double, ansiC

        /// How a line end is written in them, in a line that has none.
        var lineEnd: String {
            switch self {
            case .single: "'$'\\n''"
            case .double: "\"$'\\n'\""
            case .ansiC: "\\n"
            }
        }

        /// Those that are open behind `text`; nil outside of all.
        ///
        /// - Parameter before: Those that are open where it begins.
        static func open(after text: some StringProtocol, before: Quote?) -> Quote? {
            var open = before
            var last: Unicode.Scalar?
            // Not by characters: a quote and a combining mark behind it would be one.
            var scalars = text.unicodeScalars.makeIterator()
            while let scalar = scalars.next() {
                switch (open, scalar) {
                case (nil, "\\"), (.double, "\\"), (.ansiC, "\\"):
                    // What follows stands for itself.
                    _ = scalars.next()
                    last = nil
                    continue
                case (nil, "'"): open = last == "$" ? .ansiC : .single
                case (nil, "\""): open = .double
                case (.single, "'"), (.ansiC, "'"), (.double, "\""): open = nil
                default: break
                }
                last = scalar
            }
            return open
        }
    }

    /// Splits at blanks outside of quotes. `\` takes the next character as it is, except between single quotes; between
    /// double quotes only before `"`, `\`, `$` and `` ` `` (POSIX shell §2.2). `$'…'` is bash's, with all its escapes.
    static func split(_ line: String) throws(Unclosed) -> [Word] {
        var reader = Reader(scalars: Array(line.unicodeScalars))
        var words: [Word] = []
        while let word = try reader.nextWord() { words.append(word) }
        return words
    }

    /// The word in quotes where a shell would not take it as one word otherwise.
    static func quoted(_ text: String) -> String {
        if text.unicodeScalars.contains(where: { isLostInLine($0) }) { return escaped(text) }
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._~:/?#@!+,;=%&".contains($0)) }
        // Outside a shell `?` and `&` are harmless, and a URL without quotes is easier to edit.
        guard !plain || text.isEmpty else { return text }
        var word = "'"
        for scalar in text.unicodeScalars {
            if scalar == "'" { word += "'\\''" } else { word.unicodeScalars.append(scalar) }
        }
        return word + "'"
    }

    /// Line ends and control characters: a line being edited has no place for them.
    private static func isLostInLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Between `$'` and `'`, where a line end can be written.
    private static func escaped(_ text: String) -> String {
        var word = "$'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": word += "\\n"
            case "\r": word += "\\r"
            case "\t": word += "\\t"
            case "'": word += "\\'"
            case "\\": word += "\\\\"
            case _ where isLostInLine(scalar):
                let digits = String(scalar.value, radix: 16)
                word += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: word.unicodeScalars.append(scalar)
            }
        }
        return word + "'"
    }
}

/// Of scalars: as a character, a quote and a combining mark behind it are one.
private struct Reader {
    let scalars: [Unicode.Scalar]
    var index = 0

    mutating func nextWord() throws(ShellWords.Unclosed) -> ShellWords.Word? {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
        guard index < scalars.count else { return nil }
        var word = ShellWords.Word(text: "", column: index)
        while index < scalars.count, !scalars[index].properties.isWhitespace {
            let scalar = scalars[index]
            switch scalar {
            case "'": word.text += try quotedText(scalar, escapes: .none)
            case "\"": word.text += try quotedText(scalar, escapes: .shell)
            case "$" where index + 1 < scalars.count && scalars[index + 1] == "'":
                index += 1
                word.text += try quotedText("'", escapes: .ansiC)
            case "\\" where index + 1 < scalars.count:
                // At a word's begin: a line continued with a backslash, whose end became a blank. In a word it is a blank.
                let next = scalars[index + 1]
                if !next.properties.isWhitespace || index > word.column { word.text.unicodeScalars.append(next) }
                index += 2
            default:
                word.text.unicodeScalars.append(scalar)
                index += 1
            }
        }
        // The continuation itself is no word.
        return word.text.isEmpty && scalars[word.column] == "\\" ? try nextWord() : word
    }

    private enum Escapes { case none, shell, ansiC }

    private mutating func quotedText(
        _ quote: Unicode.Scalar, escapes: Escapes
    ) throws(ShellWords.Unclosed) -> String {
        let start = index
        var text = ""
        index += 1
        while index < scalars.count, scalars[index] != quote {
            if escapes == .ansiC, scalars[index] == "\\", index + 1 < scalars.count {
                text += takeEscape()
            } else if escapes == .shell, scalars[index] == "\\", index + 1 < scalars.count {
                let next = scalars[index + 1]
                if !"\"\\$`".unicodeScalars.contains(next) { text.append("\\") }
                text.unicodeScalars.append(next)
                index += 2
            } else {
                text.unicodeScalars.append(scalars[index])
                index += 1
            }
        }
        guard index < scalars.count else { throw .init(quote: quote, column: start) }
        index += 1
        return text
    }
}

// What a backslash stands for between `$'` and `'` (bash(1), QUOTING). Browsers write every `!` so, and what is not ASCII.
extension Reader {
    /// Reads what `\` and the scalars behind it stand for; there is at least one.
    fileprivate mutating func takeEscape() -> String {
        var bytes: [UInt8] = []
        while let byte = takeByte() { bytes.append(byte) }
        if !bytes.isEmpty {
            // Firefox writes ü as \xfc, which is no UTF-8: then each is a character.
            return String(validating: bytes, as: UTF8.self) ?? bytes.map { String(Unicode.Scalar($0)) }.joined()
        }
        if let scalar = takeScalar() { return String(scalar) }
        let letter = scalars[index + 1]
        index += 2
        switch letter {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "e", "E": return "\u{1B}"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "\\", "'", "\"", "?": return String(letter)
        default: return "\\\(letter)"
        }
    }

    /// `\x21` or `\041`; nil where no such thing stands next.
    private mutating func takeByte() -> UInt8? {
        guard index + 1 < scalars.count, scalars[index] == "\\" else { return nil }
        let isHexadecimal = scalars[index + 1] == "x"
        guard
            let found = isHexadecimal
                ? number(from: index + 2, digits: 2, radix: 16) : number(from: index + 1, digits: 3, radix: 8)
        else { return nil }
        index = found.end
        return UInt8(truncatingIfNeeded: found.value)
    }

    /// `\u00fc`, `\U0001f600`, or two halves as UTF-16 has them, which is how Firefox writes the latter; nil where no such
    /// thing stands next.
    private mutating func takeScalar() -> Unicode.Scalar? {
        guard let value = takeCode() else { return nil }
        guard (0xD800...0xDBFF).contains(value) else { return Unicode.Scalar(value) ?? "\u{FFFD}" }
        let end = index
        if let second = takeCode(), (0xDC00...0xDFFF).contains(second) {
            return Unicode.Scalar(0x10000 + ((value - 0xD800) << 10) + (second - 0xDC00))
        }
        index = end
        return "\u{FFFD}"
    }

    private mutating func takeCode() -> UInt32? {
        guard index + 1 < scalars.count, scalars[index] == "\\", "uU".unicodeScalars.contains(scalars[index + 1]),
            let found = number(from: index + 2, digits: scalars[index + 1] == "u" ? 4 : 8, radix: 16)
        else { return nil }
        index = found.end
        return found.value
    }

    /// The number that begins there, of at most so many digits, and where it ends; nil where there is none.
    private func number(from start: Int, digits limit: Int, radix: Int) -> (value: UInt32, end: Int)? {
        var (value, end): (UInt32, Int) = (0, start)
        while end < min(start + limit, scalars.count), scalars[end].isASCII,
            let digit = Character(scalars[end]).hexDigitValue, digit < radix
        {
            value = value * UInt32(radix) + UInt32(digit)
            end += 1
        }
        return end > start ? (value, end) : nil
    }
}
