import Exports
import Glibc
import HTTPTrace
import Sessions
import Transport

/// What a headless run prints, and how.
@MainActor
final class ProbeOutput {
    private enum Form { case timeline, json, events, summary, none }

    private let form: Form
    private let marks: TextTimeline.Marks
    private var isFirst = true
    private var summary = LoadSummary()
    private var log: EventLog

    init(command: ProbeCommand, clock: ClockAnchor) {
        form =
            command.json
            ? .json : command.ndjson ? .events : command.summary ? .summary : command.har == "-" ? .none : .timeline
        log = EventLog(clock: clock)
        setlocale(LC_CTYPE, "")
        let usesUnicode = nl_langinfo(nl_item(CODESET)).map { String(cString: $0) == "UTF-8" } ?? false
        marks = usesUnicode ? .unicode : .ascii
    }

    /// Whether anything of what is printed tells of a body's digest.
    var showsDigests: Bool { form == .json || form == .events }

    /// Takes in what happened, before `show` is called for what has ended by it.
    func note(_ report: Prober.Report) {
        guard form == .events else { return }
        for record in report.records { log.add(record) }
        for body in report.bodies { log.add(body.capture, of: body.exchange, at: SystemTime().now) }
        // Whole lines in one write, sixty times a second at most: a reader sees each as soon as anybody could.
        printOutput(String(decoding: log.takeBytes(), as: UTF8.self))
    }

    /// - Parameter session: Asked for only where there is something to look up: it would be copied for each exchange.
    func show(_ exchange: borrowing Exchange, of session: () -> Session) {
        switch form {
        case .timeline:
            let session = session()
            var redaction = Redaction()
            let lines = TextTimeline(marks: marks).text(
                exchange, on: exchange.connection.flatMap { session.connections[$0.connection] },
                twin: session.twin(of: exchange), redacting: &redaction, at: SystemTime().now)
            printOutput((isFirst ? "" : "\n") + lines)
        case .json:
            var redaction = Redaction()
            let connection = exchange.connection.flatMap { session().connections[$0.connection] }
            let line = ExchangeJSON.line(exchange, on: connection, redacting: &redaction, at: SystemTime().now)
            printOutput(String(decoding: line, as: UTF8.self))
        case .summary: if let ending = exchange.ending { summary.add(ending) }
        case .events, .none: break
        }
        isFirst = false
    }

    func finish() {
        if form == .summary {
            printOutput(SummaryText.text(summary, marks: marks, longestTurn: EventLoop.shared.longestTurn))
        }
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
                if errno == EAGAIN {
                    // Somebody else who holds it made it non-blocking, for himself. It is waited for all the same.
                    var room = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&room, 1, -1)
                    continue
                }
                if errno != EPIPE {
                    printError("roundtrip: standard output: write failed: \(String(cString: strerror(errno)))")
                }
                exit(ProgramExit.writeError)
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    fileprivate var baseAddressOfSlice: UnsafePointer<UInt8>? { UnsafeBufferPointer(rebasing: self).baseAddress }
}
