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
    private var failures: ProbeFailures
    /// The signal that ended it early; nil without one.
    private(set) var signal: Int32?

    private let drafts: [RequestDraft]
    private let plan: RepeatPlan
    private let keepsAll: Bool
    private let output: ProbeOutput
    private let recording: SessionRecording
    private var prober: Prober?

    /// Of each body, for a HAR file or a recording, as in the interface; the digest is of the whole body anyway.
    private static let keptBodyBytes = EffectRunner.keptBodyBytes

    /// - Parameters:
    ///   - plan: Of all drafts together.
    ///   - countsStatus: Whether a status of 400 or above is a failure.
    init(
        clock: ClockAnchor, drafts: [RequestDraft], _ plan: RepeatPlan, keepsAll: Bool, countsStatus: Bool,
        output: ProbeOutput, recording: SessionRecording
    ) {
        failures = ProbeFailures(countsStatus: countsStatus)
        self.drafts = drafts
        self.plan = plan
        self.keepsAll = keepsAll
        self.recording = recording
        self.output = output
        session = Session(clock: clock)
    }

    /// The exit code of the first request that failed; nil without any.
    var failureCode: Int32? { failures.code }

    /// Returns when all have ended, or after an interrupt when the running ones have been cancelled.
    ///
    /// - Parameter redirects: How they are followed; nil when they are not.
    func run(_ client: ClientSettings, following redirects: RedirectPolicy?) async throws {
        let options = Prober.Options(
            keptBodyBytes: keepsAll || recording.path != nil ? Self.keptBodyBytes : 0, isRaw: client.isRaw,
            digests: output.showsDigests || recording.path != nil)
        let prober = await Prober(client.configuration, options) { [self] in await take($0) }
        self.prober = prober
        await prober.keepCookies(try client.cookies.startingJar())
        let signals = watchSignals()
        // All URLs once, then all again: a cold one of each comes before the warm ones.
        await prober.start(drafts, plan, following: redirects).value
        // What is left in the recorder is reported before this returns.
        await prober.shutDown()
        for source in signals { source.cancel() }
        await recording.close()
        output.finish()
    }

    /// Writes the cookies that were kept where they are to go. After `run`.
    func save(_ files: CookieFiles) async throws {
        if let jar = await prober?.cookies { try files.save(jar) }
    }

    private func take(_ report: Prober.Report) {
        for begun in report.begun {
            session.begin(begun.draft, as: begun.id, cause: begun.cause, at: begun.time)
        }
        session.apply(report.records)
        output.note(report)
        if let problem = recording.take(report) { printError("roundtrip: \(problem)") }
        // A capture comes for every exchange, and after its last record: it is the sign that one is complete.
        for (id, capture) in report.bodies {
            session.keep(capture, of: id)
            if let index = session.exchanges.index(of: id) { session.exchanges.read(at: index) { note($0) } }
        }
        // After the captures: a hop begins when the one before it has ended, and may be told of at once.
        for begun in report.begun { if case .redirect(let from) = begun.cause { failures.forgive(from) } }
        let ended = report.bodies.map { $0.exchange }
        guard keepsAll else {
            var gone = session.forget(ended)
            // The recording has them already, and a limit to them; here they would wait for the disk without one.
            for place in gone.indices where gone[place].body != nil { gone[place].body = nil }
            return recording.end(gone)
        }
        if recording.path != nil { recording.end(session.exchanges(ended)) }
    }

    private func note(_ exchange: borrowing Exchange) {
        failures.note(exchange)
        output.show(exchange, of: { session })
    }

    /// The first signal cancels what runs, so that the report is still printed and files are whole; the second ends the
    /// program.
    private func watchSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].compactMap { number in
            // Under nohup(1) a hang-up is nothing.
            let before = Glibc.signal(number, SIG_IGN)
            guard number != SIGHUP || before.map(address) != address(SIG_IGN) else { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .main)
            source.setEventHandler { [weak self] in
                MainActor.assumeIsolated {
                    guard let self, self.signal == nil else { Glibc.exit(ProgramExit.ended(by: number)) }
                    self.signal = number
                    self.prober?.cancelAll()
                }
            }
            source.resume()
            return source
        }
    }
    /// Functions of C can't be compared.
    private func address(_ handler: @escaping @convention(c) (Int32) -> Void) -> Int {
        unsafeBitCast(handler, to: Int.self)
    }
}
