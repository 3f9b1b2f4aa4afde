import Exports

/// The probe lines of earlier runs, one a line, oldest first, in a file only its owner may read: they may hold secrets.
enum ProbeHistory {
    /// As many as a person will ever scroll back through.
    static let limit = 1_000
    /// Read at every start. A line may hold a pasted body, of which some forty are kept.
    private static let bytesLimit = 4 << 20

    /// Empty when there is none, or it can't be read: a history is no reason to fail.
    static func load() -> [String] {
        // What an earlier version wrote, which counted lines alone, may be larger.
        guard let path = StateFolder.file("history"), let bytes = try? readFile(path, limit: 16 * bytesLimit) else {
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(limit).map(String.init)
    }

    static func save(_ lines: [String]) throws {
        guard let path = StateFolder.file("history") else { return }
        var (texts, count) = ([String](), 0)
        for line in lines.suffix(limit).reversed() {
            let text = line.filter { $0 != "\n" } + "\n"
            // The latest are those one comes back to.
            guard count + text.utf8.count <= bytesLimit else { break }
            texts.append(text)
            count += text.utf8.count
        }
        try ExportFile.write(Array(texts.reversed().joined().utf8), to: path, mayReplace: true)
    }
}
