import ArgumentParser
import CursesTerminal

/// How the interface looks. Shared by every subcommand that opens it.
struct InterfaceOptions: ParsableArguments {
    @Option(help: "Use colours: auto, always or never. NO_COLOR is followed too.")
    var color = ColorOption.auto

    @Option(help: "Marks of the bars: auto, unicode, ascii or letters.")
    var bars = BarsOption.auto

    @Flag(name: .customLong("no-mouse"), help: "Leave the mouse to the terminal.")
    var noMouse = false

    enum ColorOption: String, ExpressibleByArgument { case auto, always, never }

    enum BarsOption: String, ExpressibleByArgument { case auto, unicode, ascii, letters }

    var look: InterfaceLook {
        let choice: ColorChoice =
            switch color {
            case .auto: .automatic
            case .always: .always
            case .never: .never
            }
        return InterfaceLook(color: choice, bars: bars, hasMouse: !noMouse)
    }
}
