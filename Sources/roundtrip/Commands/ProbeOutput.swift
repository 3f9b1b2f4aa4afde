import Exports
import Glibc
import HTTPTrace
import Sessions

/// What a headless run prints, and how.
@MainActor
final class ProbeOutput {
    private enum Form { case timeline, json, summary, none }

    private let form: Form
    private let usesUnicode: Bool
    private var isFirst = true

    init(command: ProbeCommand) {
        form = command.json ? .json : command.summary ? .summary : command.har == "-" ? .none : .timeline
        setlocale(LC_CTYPE, "")
        usesUnicode = nl_langinfo(nl_item(CODESET)).map { String(cString: $0) == "UTF-8" } ?? false
    }

    func show(_ exchange: Exchange, of session: Session) {
        switch form {
        case .timeline:
            let lines = TextTimeline(usesUnicode: usesUnicode).lines(for: exchange, of: session)
            printOutput((isFirst ? "" : "\n") + lines.map { $0 + "\n" }.joined())
        case .json: printOutput(ExchangeJSON.line(for: exchange, of: session))
        case .summary, .none: break
        }
        isFirst = false
    }

    func finish(_ session: Session) {
        guard form == .summary else { return }
        printOutput(TextSummary.lines(for: session.statistics).map { $0 + "\n" }.joined())
    }
}

/// Data goes to standard output, whole; a reader that has gone ends the program as it would end `cat`.
func printOutput(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(STDOUT_FILENO, rest.baseAddressOfSlice, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EPIPE { printError("roundtrip: standard output: write failed: \(String(cString: strerror(errno)))") }
                exit(ProgramExit.writeError)
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    fileprivate var baseAddressOfSlice: UnsafePointer<UInt8>? { UnsafeBufferPointer(rebasing: self).baseAddress }
}
