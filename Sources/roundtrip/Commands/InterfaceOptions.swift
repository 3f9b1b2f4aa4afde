import ArgumentParser
import CursesTerminal
import Glibc
import Inspector

/// How the interface looks. Shared by every subcommand that opens it.
struct InterfaceOptions: ParsableArguments {
    @Option(help: "Use colours: auto, always or never. NO_COLOR is followed too.")
    var color = ColorOption.auto

    @Option(help: "Marks of the bars: auto, unicode, ascii or letters.")
    var bars = BarsOption.auto

    @Flag(name: .customLong("no-mouse"), help: "Leave the mouse to the terminal.")
    var noMouse = false

    static var none: Self {
        var options = Self()
        (options.color, options.bars, options.noMouse) = (.auto, .auto, false)
        return options
    }

    enum ColorOption: String, ExpressibleByArgument { case auto, always, never }

    enum BarsOption: String, ExpressibleByArgument { case auto, unicode, ascii, letters }

    /// Takes the terminal over, or ends the program with a sentence on why it can't be.
    @MainActor
    func openTerminal() -> CursesTerminal {
        do throws(TerminalError) {
            return try CursesTerminal(
                CursesTerminal.Options(color: colorChoice, mouse: !noMouse, keysFromControllingTerminal: true))
        } catch {
            printError("roundtrip: \(error)")
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

    private var colorChoice: ColorChoice {
        switch color {
        case .auto: .automatic
        case .always: .always
        case .never: .never
        }
    }
}
