import Glibc

/// A list of URLs that comes in where others type.
enum StandardInput {
    /// What stands for it on a command line.
    static let name = "-"

    /// Whether a list comes in without having been named: by a pipe or from a file, where there is a screen to show it on.
    /// What is neither (`/dev/null`, a socket) may never end, or was put there by others.
    static var isList: Bool {
        var status = stat()
        guard isatty(STDOUT_FILENO) == 1, fstat(STDIN_FILENO, &status) == 0 else { return false }
        let kind = status.st_mode & S_IFMT
        return kind == S_IFIFO || kind == S_IFREG
    }

    /// Reads it to its end. Its lines that say something, by their number from 1: blank ones and comments are left out.
    static func lines() throws -> [(number: Int, text: String)] {
        var bytes = try readFile(name, limit: limit)
        // Windows' mark that a file is UTF-8.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var lines: [(number: Int, text: String)] = []
        let split = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in split.enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            guard let first = text.first(where: { !$0.isWhitespace }), first != "#" else { continue }
            lines.append((index + 1, text))
        }
        return lines
    }

    /// More than any list has that a person made or a tool for one.
    private static let limit = 64 << 20
}
