import CursesTerminal
import Glibc

/// A program of the person's own choice that is given a file and the terminal.
enum ExternalProgram {
    case pager, editor

    /// A shell's words, since the variables are: `less -S`, `emacs -nw`. The file's name is an argument and no part of them.
    func arguments(for path: String) -> [String] {
        // Its keys are typed there, whatever our own standard input is.
        let terminal = "[ -t 0 ] || exec </dev/tty; "
        return ["sh", "-c", terminal + (chosen.map { "\($0) \"$1\"" } ?? firstUsual), "roundtrip", path]
    }

    /// Runs the first that is there.
    private var firstUsual: String {
        let tries = usual.map { "command -v \($0) >/dev/null 2>&1 && exec \($0) \"$1\"; " }
        return tries.joined() + "exit \(Self.notFound)"
    }

    /// What went wrong, in a sentence; nil where nothing did.
    func problem(after end: CursesTerminal.ProgramEnd) -> String? {
        switch end {
        case .exited(code: 0): return nil
        case .exited(code: Self.notFound):
            let names = variables.joined(separator: " or ")
            guard let chosen else { return "There is neither \(usual.joined(separator: " nor ")); set \(names)." }
            return "\(chosen), as \(names) says, was not found."
        case .exited(let code): return "\(chosen ?? usual[0]) ended with \(code)."
        case .notStarted(let code): return "sh can't be started: \(String(cString: strerror(code)))."
        }
    }

    /// The ending of a file's name for a body of this type.
    static func ending(ofType type: String) -> String {
        let type = type.lowercased()
        return ["json", "html", "xml"].first { type.contains($0) } ?? "txt"
    }

    /// As shells have it.
    private static let notFound: Int32 = 127

    private var variables: [String] { self == .pager ? ["PAGER"] : ["VISUAL", "EDITOR"] }

    /// Taken in this order where nothing is chosen.
    private var usual: [String] { self == .pager ? ["less", "more"] : ["vi", "nano"] }

    private var chosen: String? {
        variables.lazy.compactMap { getenv($0).map { String(cString: $0) } }.first { !$0.allSatisfy(\.isWhitespace) }
    }
}
