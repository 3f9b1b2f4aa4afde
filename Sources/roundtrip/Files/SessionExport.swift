import Exports
import HTTPTrace
import Sessions
import TextScreen

/// A session on its way into a file. A copy: what is recorded meanwhile is not in it.
struct SessionExport: Sendable {
    /// `-` is standard output.
    let path: String
    /// What is written; nil where the ending of `path` says it.
    var form: Form?
    /// Whether secrets stay in.
    let isFull: Bool
    /// Whether an existing file is replaced.
    var mayReplace = true
    /// Which exchanges; nil for all.
    let exchanges: [ExchangeID]?
    let session: Session
    /// What a picture shows; nil where there is no screen.
    let screen: ScreenBuffer?
    let now: Timestamp
    /// What is to be said of the choice; nil for nothing.
    var note: String?

    /// What can be written, by the ending of a file's name.
    enum Form: Equatable {
        case session(ExportFormat)
        /// The screen as a picture.
        case picture

        init(path: String) throws(Problem) {
            let name = path.split(separator: "/").last ?? ""
            guard path != "-", let dot = name.lastIndex(of: ".") else {
                self = .session(.har)
                return
            }
            let ending = name[name.index(after: dot)...].lowercased()
            if ending == "svg" {
                self = .picture
            } else if let format = ExportFormat.allCases.first(where: { $0.fileExtension == ending }) {
                self = .session(format)
            } else {
                let known = ExportFormat.allCases.map { "." + $0.fileExtension }.joined(separator: ", ")
                throw Problem(words: "Nothing is known that ends in .\(ending); there are \(known) and .svg.")
            }
        }
    }

    struct Problem: Error, CustomStringConvertible {
        var words: String
        var description: String { words }
    }

    /// How many there are of each kind, counted as the interface's head line does.
    private struct Tally {
        var entries = 0
        var failed = 0
        var cancelled = 0
        var running = 0

        mutating func add(_ standing: Exchange.Standing) {
            entries += 1
            switch standing {
            case .failed: failed += 1
            case .cancelled: cancelled += 1
            case .queued, .inFlight: running += 1
            case .good: break
            }
        }
    }

    /// Writes it off the main actor.
    ///
    /// - Returns: A sentence on what was written, what failed in it and what was left out.
    func write() async throws -> String {
        try await Task.detached {
            switch try form ?? Form(path: path) {
            case .session(.har): try writeHAR()
            case .session(let format): try writeText(format)
            case .picture: try writePicture()
            }
        }.value
    }

    /// One at a time: unpacked all at once, a long session would not fit in memory. In the order of asking, as readers of a
    /// HAR expect it, whatever the list is ordered by.
    private var chosen: AnySequence<Exchange> {
        guard let exchanges else { return AnySequence(session.exchanges) }
        return AnySequence(exchanges.sorted().lazy.compactMap { session[$0] })
    }

    private func writeHAR() throws -> String {
        var writer = HARWriter(
            version: programVersion, clock: session.clock, redacting: isFull ? .full : .secrets, at: now)
        try withOutput { output in
            try writer.write(chosen, of: session) { (bytes: [UInt8]) throws in try output(bytes) }
        }
        let summary = writer.summary
        return sentence(
            Tally(
                entries: summary.entries, failed: summary.failed, cancelled: summary.cancelled, running: summary.running
            ), redacted: summary.redacted.total)
    }

    private func writeText(_ format: ExportFormat) throws -> String {
        var redaction = Redaction(isFull ? .full : .secrets)
        var tally = Tally()
        try withOutput { output in
            for exchange in chosen {
                tally.add(exchange.standing)
                let connection = exchange.connection.flatMap { session.connections[$0.connection] }
                switch format {
                case .json:
                    try output(Array(ExchangeJSON.line(exchange, on: connection, redacting: &redaction, at: now)))
                case .curl:
                    let command = CurlCommand.text(of: exchange, redacting: &redaction)
                    try output(Array((command + "\n").utf8))
                case .text:
                    let text = TextTimeline(marks: .unicode).text(
                        exchange, on: connection, twin: session.twin(of: exchange), redacting: &redaction, at: now)
                    try output(Array((text + "\n").utf8))
                case .har: preconditionFailure("HAR is one document, not a text an exchange")
                }
            }
        }
        return sentence(tally, redacted: redaction.counts.total)
    }

    private func writePicture() throws -> String {
        guard let screen else { throw Problem(words: "There is no screen to make a picture of.") }
        let picture = ScreenPicture.svg(screen, title: "roundtrip")
        try withOutput { output in try output(Array(picture.utf8)) }
        // What is cut, wrapped or spread over cells can't be found again for certain: so it is said, and never left half done.
        return "Saved a picture of the screen, with what secrets it shows: \(path)."
    }

    private func withOutput(_ write: (_ output: ([UInt8]) throws -> Void) throws -> Void) throws {
        if path == "-" {
            try write { printOutput(String(decoding: $0, as: UTF8.self)) }
        } else {
            let file = try ExportFile(path: path, mayReplace: mayReplace)
            try write { try file.write($0) }
            try file.commit()
        }
    }

    private func sentence(_ tally: Tally, redacted: Int) -> String {
        var parts = ["\(tally.entries) \(tally.entries == 1 ? "entry" : "entries")"]
        if tally.failed > 0 { parts.append("\(tally.failed) failed") }
        if tally.cancelled > 0 { parts.append("\(tally.cancelled) cancelled") }
        if tally.running > 0 { parts.append("\(tally.running) still running") }
        if let note { parts.append(note) }
        let name = path == "-" ? "standard output" : path
        let left = " \(redacted) secret\(redacted == 1 ? "" : "s") redacted (--full keeps them)."
        return "Saved \(name): \(parts.joined(separator: ", "))."
            + (isFull ? " Secrets are in it." : redacted == 0 ? "" : left)
    }
}
