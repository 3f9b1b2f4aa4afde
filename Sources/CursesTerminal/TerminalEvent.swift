public import TextScreen

/// What the terminal has to tell.
public enum TerminalEvent: Hashable, Sendable {
    case key(Key)
    /// The paste before was longer than `KeyDecoder.pasteLimit`; so many bytes of it were left out.
    case pasteCut(droppedBytes: Int)
    /// The window has another size. The screen shown before is gone.
    case resized(Size)
    /// The program was stopped and goes on. The screen is drawn anew with the next `show`.
    case resumed
    /// Somebody asked the program to end: TERM, HUP, INT or QUIT. A second request ends it at once.
    case endRequested(signal: Int32)
    /// No key will ever come: the terminal is gone. Once, and last of its kind.
    case inputEnded
}

/// Why there is no terminal to draw on.
public enum TerminalError: Error, Hashable, Sendable {
    case outputIsNoTerminal
    case inputIsNoTerminal
    case noTerminalType
    case unknownTerminal(String)
    case tooSimple(String)
    case failed(call: String)
}

extension TerminalError: CustomStringConvertible {
    /// What is wrong and which TERM may help, in one line. What works without a terminal, the program knows.
    public var description: String {
        switch self {
        case .outputIsNoTerminal: "standard output is no terminal"
        case .inputIsNoTerminal: "standard input is no terminal and /dev/tty can't be opened"
        case .noTerminalType: "TERM is not set; try TERM=xterm-256color"
        case .unknownTerminal(let name):
            "no description of the terminal TERM=\(SafeText(untrusted: name)) is installed; try TERM=xterm-256color"
        case .tooSimple(let name):
            "the terminal TERM=\(SafeText(untrusted: name)) can't place its cursor; try TERM=xterm-256color"
        case .failed(let call): "the terminal can't be set up: \(call) failed"
        }
    }
}
