// A command that a browser copied for Windows' cmd.exe, where ^ takes the next character as it is:
//
//   curl ^"https://example.com/^" ^
//     -H ^"accept: */*^"

/// Takes cmd.exe's quoting off.
enum CmdQuoting {
    /// The command as a shell would have it; any other text as it is.
    static func removed(from text: String) -> String {
        // Between a shell's quotes a ^ is one like any other character.
        guard text.drop(while: \.isWhitespace).hasPrefix("curl"),
            let quote = text.firstIndex(where: { $0 == "\"" || $0 == "'" }), text[quote] == "\"",
            text[..<quote].last == "^"
        else { return text }
        var plain = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "^", let next = rest.popFirst() else {
                plain.append(character)
                continue
            }
            if !next.isNewline {
                plain.append(next)
            } else if rest.first?.isNewline == true {
                // A line end in the text is an empty line behind the one that goes on.
                rest.removeFirst()
                plain.append("\n")
            } else {
                plain.append(" ")
            }
        }
        return plain
    }
}
