/// Why a session can't be recorded, or no longer: which call failed on which file.
public struct StoreProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// `open`, `write`, or what SQLite was asked to do: `migrate`, `commit`.
    public var call: String
    public var path: String
    /// In SQLite's or the system's words: *"database or disk is full"*.
    public var message: String

    public init(call: String, path: String, message: String) {
        self.call = call
        self.path = path
        self.message = message
    }

    /// *"commit ~/.local/state/roundtrip/session.db: database or disk is full"*
    public var description: String { "\(call) \(path): \(message)" }
}
