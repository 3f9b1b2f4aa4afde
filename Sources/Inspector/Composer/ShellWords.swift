/// A line split into words as a shell does it, so that quoting learned there, and curl commands copied from a browser,
/// mean the same here.
struct ShellWords {
    struct Word: Equatable {
        var text: String
        /// Characters of the line before it.
        var column: Int
    }

    /// Why a line can't be split.
    struct Unclosed: Error, Equatable {
        var quote: Character
        var column: Int
    }

    /// Splits at blanks outside of quotes. `\` takes the next character as it is, except between single quotes; between
    /// double quotes only before `"`, `\`, `$` and `` ` `` (POSIX shell §2.2). `$'…'` knows `\n`, `\t` and `\\`.
    static func split(_ line: String) throws(Unclosed) -> [Word] {
        var reader = Reader(characters: Array(line))
        var words: [Word] = []
        while let word = try reader.nextWord() { words.append(word) }
        return words
    }

    /// The word in quotes where a shell would not take it as one word otherwise.
    static func quoted(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._~:/?#@!+,;=%&".contains($0)) }
        // Outside a shell `?` and `&` are harmless, and a URL without quotes is easier to edit.
        guard !plain || text.isEmpty else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

private struct Reader {
    let characters: [Character]
    var index = 0

    mutating func nextWord() throws(ShellWords.Unclosed) -> ShellWords.Word? {
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        guard index < characters.count else { return nil }
        var word = ShellWords.Word(text: "", column: index)
        while index < characters.count, !characters[index].isWhitespace {
            let character = characters[index]
            switch character {
            case "'": word.text += try quotedText(character, escapes: .none)
            case "\"": word.text += try quotedText(character, escapes: .shell)
            case "$" where index + 1 < characters.count && characters[index + 1] == "'":
                index += 1
                word.text += try quotedText("'", escapes: .ansiC)
            case "\\" where index + 1 < characters.count:
                // A copied command of several lines continues with a backslash; pasting made a blank of the line end.
                if !characters[index + 1].isWhitespace { word.text.append(characters[index + 1]) }
                index += 2
            default:
                word.text.append(character)
                index += 1
            }
        }
        // The continuation itself is no word.
        return word.text.isEmpty && characters[word.column] == "\\" ? try nextWord() : word
    }

    private enum Escapes { case none, shell, ansiC }

    private mutating func quotedText(
        _ quote: Character, escapes: Escapes
    ) throws(ShellWords.Unclosed) -> String {
        let start = index
        var text = ""
        index += 1
        while index < characters.count, characters[index] != quote {
            if escapes != .none, characters[index] == "\\", index + 1 < characters.count {
                let next = characters[index + 1]
                if escapes == .ansiC {
                    text.append(next == "n" ? "\n" : next == "t" ? "\t" : next == "r" ? "\r" : next)
                } else {
                    if !"\"\\$`".contains(next) { text.append("\\") }
                    text.append(next)
                }
                index += 2
            } else {
                text.append(characters[index])
                index += 1
            }
        }
        guard index < characters.count else { throw .init(quote: quote, column: start) }
        index += 1
        return text
    }
}
