import ArgumentParser
import Exports
import Glibc
import HTTPClient
import HTTPTrace
import Sessions
import Transport

/// The same engine and the same figures without a terminal.
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Send requests and print where their time went.",
        discussion: """
            Exit codes are curl's where curl has one: 0 good, 2 usage or a request that can't be sent, \
            5 proxy's name not resolved, 6 name not resolved, 7 connection refused, 8 not HTTP, 18 body cut short, \
            22 status 400 or above with --fail, 23 a file can't be written, 26 the body to send can't be read, \
            28 timeout, 35 TLS handshake, 47 too many redirects or a bad one, 52 empty reply, 56 reset, \
            58 own certificate, 59 unknown ciphers, 60 certificate, 61 a body that can't be decoded, \
            63 one that grows without end, 77 authorities, 90 not the pinned key, 92 HTTP/2 stream reset, 97 proxy, \
            128 and its number ended by a signal (130 by ^C). Of several requests, that of the first that failed.
            """)

    @Argument(
        help: ArgumentHelp(
            "URLs; http is taken where no scheme is given. - reads them from standard input, one a line.",
            valueName: "url"))
    var urls: [String]

    @Option(name: [.customShort("n"), .customLong("repeat")], help: "How often each URL is requested.")
    var repeats = 1

    @Option(name: .shortAndLong, help: "How many requests run at the same time.")
    var concurrency = 16

    @Option(help: ArgumentHelp("The most requests that begin in a second.", valueName: "number"))
    var rate: Double?

    @OptionGroup var client: ClientOptions

    @Flag(help: "Print one JSON object a request, one a line, as each ends.")
    var json = false

    @Flag(help: "Print one JSON object an event, one a line, as it happens.")
    var ndjson = false

    @Flag(help: "Print the figures of all requests together instead of each.")
    var summary = false

    @Option(help: ArgumentHelp("Write a HAR 1.2 file when all have ended; - is standard output.", valueName: "file"))
    var har: String?

    @Flag(help: "Leave secrets in the HAR file: authorization, cookies, tokens in URLs.")
    var full = false

    @Option(help: ArgumentHelp("Record everything into this SQLite file while it happens.", valueName: "file"))
    var record: String?

    @Flag(name: [.customShort("f"), .long], help: "Exit with 22 when a status is 400 or above.")
    var fail = false

    func validate() throws {
        guard !urls.isEmpty else { throw ValidationError("Name at least one URL, like: roundtrip probe example.com") }
        guard (1...10_000_000).contains(repeats) else { throw ValidationError("-n takes 1 to 10000000.") }
        guard (1...RepeatPlan.concurrencyLimit).contains(concurrency) else {
            throw ValidationError("-c takes 1 to \(RepeatPlan.concurrencyLimit).")
        }
        guard rate.map({ RepeatPlan.rates.contains($0) }) ?? true else {
            throw ValidationError("--rate takes 0.001 to 1000000 a second.")
        }
        try checkRecord(record)
        let forms = [json, ndjson, summary].count { $0 }
        guard forms <= 1 else { throw ValidationError("--json, --ndjson and --summary exclude each other.") }
        guard har != "-" || forms == 0 else {
            throw ValidationError("--har - writes to standard output, and so would --json, --ndjson or --summary.")
        }
    }

    @MainActor
    func run() async throws {
        let drafts = try client.drafts(for: urls)
        guard !drafts.isEmpty else { throw ValidationError("There is no URL in standard input.") }
        let settings = try client.settings()
        if let har, har != "-" { try checkFile(har) }
        settings.configuration.prepareTLS(for: drafts)
        let clock = ClockAnchor.now
        let output = ProbeOutput(command: self, clock: clock)
        let run = ProbeRun(
            clock: clock, drafts: drafts,
            RepeatPlan(count: drafts.count * repeats, concurrency: concurrency, rate: rate), keepsAll: har != nil,
            countsStatus: fail, output: output, recording: try await startRecording(to: record, clock))
        try await run.run(settings, following: client.location ? settings.redirects : nil)
        if !settings.tls.verify { printError("Certificates were not checked (-k).") }
        if !settings.proxyTLS.verify { printError("The proxy's certificate was not checked (--proxy-insecure).") }
        var unwritten: (any Error)?
        do { try await run.save(settings.cookies) } catch { unwritten = error }
        // One file that can't be written takes no other along.
        if let har { try await writeHAR(to: har, run.session) }
        if let unwritten { throw unwritten }
        if let code = run.signal.map(ProgramExit.ended) ?? run.failureCode { throw ExitCode(code) }
    }

    @MainActor
    private func writeHAR(to path: String, _ session: Session) async throws {
        let export = SessionExport(
            path: path, form: .session(.har), isFull: full, exchanges: nil, session: session, screen: nil,
            now: SystemTime().now)
        do {
            let outcome = try await export.write()
            printError(outcome)
        } catch {
            printError("roundtrip: \(error)")
            throw ExitCode(ProgramExit.writeError)
        }
    }
}

/// Refuses what is no name of a file to record into.
func checkRecord(_ path: String?) throws {
    guard path != "-" else {
        throw ValidationError("--record takes the name of a file: a database can't go to standard output.")
    }
}

/// Opens the recording, or ends the program with a sentence on why it can't be.
///
/// - Parameter leaveScreen: Called before that sentence: on an alternate screen it would be gone at once.
@MainActor
func startRecording(
    to path: String?, _ clock: ClockAnchor, leaveScreen: @MainActor () -> Void = {}
) async throws -> SessionRecording {
    do throws(StoreProblem) {
        return try await SessionRecording(path: path, clock: clock)
    } catch {
        leaveScreen()
        printError("roundtrip: \(error)")
        throw ExitCode(ProgramExit.writeError)
    }
}

/// Ends the program with a sentence where a file can't be made: said before any request, not after the last.
func checkFile(_ path: String) throws {
    do { try ExportFile.check(path) } catch {
        printError("roundtrip: \(error)")
        throw ExitCode(ProgramExit.writeError)
    }
}
