import HTTPTrace
import TextScreen

@testable import Inspector

/// A suite that presses keys.
protocol PressesKeys {
    /// When they are pressed.
    static var now: Timestamp { get }
}

extension PressesKeys {
    static var now: Timestamp { ScriptedSession.now }

    /// Types a text: `\r` is Enter, `\u{1B}` Esc.
    @discardableResult
    func press(_ text: String, in model: inout Model) -> [Effect] {
        text.flatMap { character in
            let key: Key = character == "\r" ? .enter : character == "\u{1B}" ? .escape : .character(character)
            return press(key, in: &model)
        }
    }

    /// Presses keys one after the other.
    @discardableResult
    func press(_ keys: Key..., in model: inout Model) -> [Effect] {
        keys.flatMap { update(&model, .key($0), at: Self.now) }
    }
}
