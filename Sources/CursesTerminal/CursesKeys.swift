internal import TextScreen

/// The keys terminfo knows, for terminals that don't speak as xterm does.
enum CursesKeys {
    /// Terminfo's names, in terminfo(5) and user_caps(5) (the ones with modifiers).
    static let names: [(name: String, key: Key)] =
        [
            ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home), ("kend", .end),
            ("kpp", .pageUp), ("knp", .pageDown), ("kich1", .insert), ("kdch1", .delete), ("kcbt", .backTab),
            ("kbs", .backspace), ("kent", .enter),
            ("kUP5", .arrow(.up, .control)), ("kDN5", .arrow(.down, .control)),
            ("kLFT5", .arrow(.left, .control)), ("kRIT5", .arrow(.right, .control)),
            ("kri", .arrow(.up, .shift)), ("kind", .arrow(.down, .shift)),
            ("kLFT", .arrow(.left, .shift)), ("kRIT", .arrow(.right, .shift)),
        ] + (1...12).map { ("kf\($0)", .function($0)) }

    /// The sequences of one terminal and the keys they mean.
    ///
    /// - Parameter capability: The terminal's string for a terminfo name; `nil` when it has none.
    static func sequences(capability: (String) -> [UInt8]?) -> [[UInt8]: Key] {
        var sequences: [[UInt8]: Key] = [:]
        for (name, key) in names {
            guard let bytes = capability(name), let first = bytes.first else { continue }
            // A printable character can't be a key as well; a few old descriptions claim so.
            guard first < 0x20 || first >= 0x7F else { continue }
            sequences[bytes] = key
        }
        return sequences
    }
}
