import TestSupport

/// The interface, running in a pseudo-terminal with a home of its own.
enum Inspection {
    /// - Parameter variables: Added to the environment; TERM and the locale are a good terminal's otherwise.
    static func start(
        _ arguments: [String], columns: Int = 120, rows: Int = 36, _ variables: [String: String] = [:],
        folder: TemporaryFolder, input: ChildProcess.Stream? = nil, output: ChildProcess.Stream? = nil
    ) throws -> Pseudoterminal {
        try Pseudoterminal(
            [BuiltProgram.path] + arguments, columns: columns, rows: rows, environment: environment(variables, folder),
            folder: folder, input: input, output: output)
    }

    static func environment(_ more: [String: String], _ folder: TemporaryFolder) throws -> [String: String] {
        ChildProcess.environment(
            ["TERM": "xterm-256color", "HOME": folder.path, "XDG_STATE_HOME": folder.path].merging(more) { $1 })
    }
}

extension TerminalScreen {
    /// The number before a word in the top line: `14` for "requests" in "14 requests   3 in flight".
    func count(of word: String) -> Int {
        let words = lines[0].split(separator: " ").map(String.init)
        return zip(words, words.dropFirst()).first { $1 == word }.flatMap { Int($0.0) } ?? 0
    }

    /// How many requests the top line counts.
    var requestCount: Int { max(count(of: "requests"), count(of: "request"), count(of: "req")) }
}
