import Dispatch
import Glibc
import HTTPClient
import HTTPTrace
import Sessions
import Transport

/// Sends drafts so many times, so many at once, and hands over each exchange as it ends.
@MainActor
final class ProbeRun {
    private(set) var session: Session
    /// The exit code of the first request that failed; nil without any.
    private(set) var firstFailure: Int32?
    private(set) var firstBadStatus: Int32?
    private(set) var isInterrupted = false

    private let drafts: [RequestDraft]
    private let repeats: Int
    private let concurrency: Int
    private let keepsAll: Bool
    private let output: ProbeOutput
    private let recording: SessionRecording
    private var prober: Prober?
    private var started = 0
    private var ended = 0
    private var whenDone: CheckedContinuation<Void, Never>?

    /// Bodies kept for a HAR file; the digest is of the whole body anyway.
    private static let keptBodyBytes = 1 << 20

    init(
        clock: ClockAnchor, drafts: [RequestDraft], repeats: Int, concurrency: Int, keepsAll: Bool, output: ProbeOutput,
        recording: SessionRecording
    ) {
        self.drafts = drafts
        self.repeats = repeats
        self.concurrency = concurrency
        self.keepsAll = keepsAll
        self.recording = recording
        self.output = output
        session = Session(clock: clock)
    }

    private var total: Int { drafts.count * repeats }

    /// Returns when all have ended, or after an interrupt when the running ones have been cancelled.
    func run(_ configuration: ClientConfiguration) async throws {
        let prober = await Prober(configuration, keptBodyBytes: keepsAll ? Self.keptBodyBytes : 0) { [self] in
            await take($0)
        }
        self.prober = prober
        let interrupt = watchInterrupt()
        await withCheckedContinuation { continuation in
            whenDone = continuation
            startMore()
        }
        interrupt.cancel()
        await prober.shutDown()
        await recording.close()
        output.finish()
    }

    private func startMore() {
        while !isInterrupted, started < total, started - ended < concurrency {
            // All URLs once, then all again: a cold one of each comes before the warm ones.
            let draft = drafts[started % drafts.count]
            started += 1
            let id = ExchangeID(started)
            let now = SystemTime().now
            session.begin(draft, as: id, at: now)
            recording.begin(draft, as: id, cause: .typed, at: now)
            prober?.send(draft, as: id)
        }
    }

    private func take(_ report: Prober.Report) {
        session.apply(report.records)
        if let problem = recording.take(report) { printError("roundtrip: \(problem)") }
        // A capture comes for every exchange, and after its last record: it is the sign that one is complete.
        for (id, capture) in report.bodies {
            session.keep(capture, of: id)
            if let exchange = session[id] { note(exchange) }
            ended += 1
            if !keepsAll { session.remove(id) }
        }
        startMore()
        if ended == started, isInterrupted || started == total {
            whenDone?.resume()
            whenDone = nil
        }
    }

    private func note(_ exchange: Exchange) {
        if let failure = exchange.failure { firstFailure = firstFailure ?? failure.exitCode }
        if let status = exchange.response?.status, status >= 400 { firstBadStatus = ProgramExit.status }
        output.show(exchange, of: session)
    }

    /// The first interrupt cancels what runs, so that the report is still printed; the second ends the program.
    private func watchInterrupt() -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .main)
        source.setEventHandler { [weak self] in
            MainActor.assumeIsolated {
                guard let self, !self.isInterrupted else { Glibc.exit(ProgramExit.interrupted) }
                self.isInterrupted = true
                self.prober?.cancelAll()
            }
        }
        source.resume()
        return source
    }
}
