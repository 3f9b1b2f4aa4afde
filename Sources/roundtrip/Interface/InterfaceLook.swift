import CursesTerminal
import Glibc
import Inspector

/// How the interface looks, and whether it takes the mouse.
struct InterfaceLook {
    var color = ColorChoice.automatic
    var bars = InterfaceOptions.BarsOption.auto
    var hasMouse = true

    /// Takes the terminal over, or ends the program with a sentence on why it can't be.
    ///
    /// - Parameter other: The command to advise then, of those that need no terminal.
    @MainActor
    func openTerminal(orElse other: String) -> CursesTerminal {
        do throws(TerminalError) {
            return try CursesTerminal(
                CursesTerminal.Options(color: color, mouse: hasMouse, keysFromControllingTerminal: true))
        } catch {
            printError("roundtrip: \(error); `\(other)` needs no terminal")
            Glibc.exit(ProgramExit.usage)
        }
    }

    @MainActor
    func theme(for terminal: CursesTerminal) -> Theme {
        let marks: Marks =
            switch bars {
            case .auto: terminal.supportsUnicode ? .unicode : .ascii
            case .unicode: .unicode
            case .ascii: .ascii
            case .letters: .letters
            }
        return Theme(marks: marks, hasColors: terminal.colors > 0)
    }
}
