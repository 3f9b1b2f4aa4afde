internal import FoundationEssentials
public import Testing
public import TextScreen

// Compares a screen with a text file that a reviewer can read:
//
//   │GET 200 example.com/        182 ms ▕▇▇▇▇▏│
//   -- styles: . plain · a reverse · b dim
//   .aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.
//
// First the rows as text, without blanks at their ends; then one letter for the style of every cell, in full width.
// Letters are given in order of appearance and `.` is plain. A missing file is a failure, too: run once with
// ROUNDTRIP_RECORD_SCREENS=1 and read what was written before it is committed.

/// Expects `screen` to look as recorded in `Tests/<folder>/<name>.screen`.
public func expectScreen(
    _ screen: ScreenBuffer, matches name: String, in folder: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let file = GoldenScreen.file(name, in: folder)
    let actual = GoldenScreen.text(of: screen)
    if GoldenScreen.isRecording {
        do {
            try GoldenScreen.record(actual, in: file)
        } catch {
            Issue.record("\(file.path) could not be written: \(error)", sourceLocation: sourceLocation)
        }
        return
    }
    guard let expected = try? String(contentsOf: file, encoding: .utf8) else {
        Issue.record(
            "no screen recorded in \(file.path); run with ROUNDTRIP_RECORD_SCREENS=1 to record this:\n\(actual)",
            sourceLocation: sourceLocation)
        return
    }
    if let difference = GoldenScreen.difference(expected: expected, actual: actual) {
        Issue.record("the screen is not as in \(file.path)\n\(difference)", sourceLocation: sourceLocation)
    }
}

/// Screens as text.
public enum GoldenScreen {
    static var isRecording: Bool { ProcessInfo.processInfo.environment["ROUNDTRIP_RECORD_SCREENS"] == "1" }

    static func file(_ name: String, in folder: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(folder).appendingPathComponent("\(name).screen")
    }

    static func record(_ text: String, in file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    /// The screen in the format above.
    public static func text(of screen: ScreenBuffer) -> String {
        var letters: [Style: Character] = [.plain: "."]
        var legend = ["\(letters[.plain] ?? ".") plain"]
        var styleRows: [String] = []
        for row in 0..<screen.size.rows {
            var line = ""
            for cell in screen[row: row] {
                if letters[cell.style] == nil {
                    // More styles than letters would be a screen nobody can read.
                    let letter = alphabet.dropFirst(letters.count - 1).first ?? "?"
                    letters[cell.style] = letter
                    legend.append("\(letter) \(words(for: cell.style))")
                }
                line.append(letters[cell.style] ?? "?")
            }
            styleRows.append(line)
        }
        let rows = (0..<screen.size.rows).map { screen.text(row: $0) }
        return (rows + ["-- styles: " + legend.joined(separator: " · ")] + styleRows).joined(separator: "\n") + "\n"
    }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

    private static func words(for style: Style) -> String {
        var words: [String] = []
        let attributes: [(Style.Attributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.italic, "italic"), (.underline, "underline"), (.reverse, "reverse"),
        ]
        words += attributes.filter { style.attributes.contains($0.0) }.map(\.1)
        if style.foreground != .default { words.append(word(for: style.foreground)) }
        if style.background != .default { words.append("on " + word(for: style.background)) }
        return words.joined(separator: " ")
    }

    private static func word(for color: Color) -> String {
        let names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
        switch color.value {
        case .default: return "default"
        case .indexed(let number) where number < 8: return names[Int(number)]
        case .indexed(let number) where number < 16: return "bright-" + names[Int(number) - 8]
        case .indexed(let number): return "colour-\(number)"
        case .rgb(let red, let green, let blue): return "rgb(\(red),\(green),\(blue))"
        }
    }

    /// The rows that differ, both ways; `nil` when none does.
    public static func difference(expected: String, actual: String) -> String? {
        guard expected != actual else { return nil }
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        var lines: [String] = []
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? String(old[index]) : nil
            let after = index < new.count ? String(new[index]) : nil
            guard before != after else { continue }
            if let before { lines.append("line \(index + 1) expected: \(before)") }
            if let after { lines.append("line \(index + 1)   actual: \(after)") }
        }
        return (lines + ["", "all of it now:", actual]).joined(separator: "\n")
    }
}
