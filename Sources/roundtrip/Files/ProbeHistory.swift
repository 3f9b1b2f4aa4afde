import Exports

/// The probe lines of earlier runs, one a line, oldest first, in a file only its owner may read: they may hold secrets.
enum ProbeHistory {
    /// As many as a person will ever scroll back through.
    static let limit = 1_000

    /// Empty when there is none, or it can't be read: a history is no reason to fail.
    static func load() -> [String] {
        guard let path = StateFolder.file("history"), let bytes = try? readFile(path, limit: 4 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(limit).map(String.init)
    }

    static func save(_ lines: [String]) throws {
        guard let path = StateFolder.file("history") else { return }
        let text = lines.suffix(limit).map { $0.filter { $0 != "\n" } + "\n" }.joined()
        try ExportFile.write(Array(text.utf8), to: path, mayReplace: true)
    }
}
