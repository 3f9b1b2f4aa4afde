import ArgumentParser
import CursesTerminal
import Exports
import Glibc
import HTTPClient
import HTTPServer
import HTTPTrace
import HTTPTypes
import Inspector
import Sessions
import Transport

/// The interface from the other side: requests that come in are its rows.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Catch requests and look at them, or sit in front of another server.",
        discussion: """
            Examples:
              roundtrip listen --port 8080                 answers 200; A edits the answer
              roundtrip listen --status 503 --delay 2000   a server that is down, slowly
              roundtrip listen --forward 127.0.0.1:3000    goes on; both halves on one axis
              roundtrip listen --json | jq .ev             no interface: a line an event

            Exit codes: 0 good, 2 usage, 3 when the address can't be listened on, --cert or --key can't be used or \
            --write-ca can't be written, 23 when standard output can't be written, 26 when the body to answer can't be \
            read, 128 and its number ended by a signal.
            """)

    @OptionGroup var serving: ServingOptions

    @Option(help: ArgumentHelp("Send each request on to this server and pass its answer back.", valueName: "url"))
    var forward: String?

    @Option(help: "Status to answer, 200 to 599.")
    var status = 200

    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Field of the answer; may be repeated.", valueName: "name: value"))
    var headers: [String] = []

    @Option(
        name: [.customShort("d"), .customLong("data")], parsing: .unconditional,
        help: ArgumentHelp("Body of the answer; @FILE reads it from a file, @- from stdin.", valueName: "data"))
    var data: String?

    @Option(help: ArgumentHelp("How long to hold each answer back.", valueName: "ms"))
    var delay = 0

    @Flag(help: "Print one JSON object an event, one a line, instead of opening the interface.")
    var json = false

    @Flag(name: [.customShort("k"), .long], help: "Accept any certificate when sending on or replaying.")
    var insecure = false

    @Option(help: ArgumentHelp("Trust the certificates in this PEM file when sending on.", valueName: "file"))
    var cacert: String?

    @OptionGroup var interface: InterfaceOptions

    func validate() throws {
        guard (200...599).contains(status) else { throw ValidationError("--status takes 200 to 599.") }
        let limit = Int(AnswerDraft.delayLimit.components.seconds) * 1000
        guard (0...limit).contains(delay) else { throw ValidationError("--delay takes 0 to \(limit) milliseconds.") }
        guard AnswerDraft(status: status).mayHaveBody || data == nil else {
            throw ValidationError("A \(status) has no body: leave -d out.")
        }
        guard serving.writeCA == nil || serving.tls else { throw ValidationError("--write-ca is for --tls.") }
        _ = try answerFields()
        if forward != nil {
            guard status == 200, headers.isEmpty, data == nil, delay == 0 else {
                throw ValidationError("With --forward the server behind answers: no --status, -H, -d or --delay.")
            }
            _ = try target()
        }
    }

    @MainActor
    func run() async throws {
        let target = try target()
        let answer = try answer()
        var configuration = try serverConfiguration()
        let reports = ReportRelay()
        let client = try clientSettings()
        let numbers = ExchangeNumbers()
        let prober = await Prober(
            client.configuration, Prober.Options(keptBodyBytes: EffectRunner.keptBodyBytes),
            numbers: numbers, report: { await reports.pass($0) })
        configuration.observer = prober.recorder.serverObserver
        configuration.observerPace = prober.recorder.serverPace
        let catcher = Catcher(answer: answer, recorder: prober.recorder)
        let forwarder = target.map { Forwarder(to: $0, prober.client, prober.recorder) }
        let server = try await startServer(configuration) { request, responder in
            if let forwarder {
                try await forwarder.handle(request, responder)
            } else {
                try await catcher.handle(request, responder)
            }
        }
        let listening = Listening(origin: server.origin, forwardsTo: target, answer: answer)
        if json {
            await printEvents(reports, server)
        } else {
            let code = await show(listening, reports, prober, numbers, catcher, client)
            await server.close()
            if code != 0 { throw ExitCode(code) }
        }
        await prober.shutDown()
    }

    /// Until ^C; then running requests are finished, for a while.
    @MainActor
    private func printEvents(_ reports: ReportRelay, _ server: Server) async {
        let interrupts = Interrupts()
        let clock = ClockAnchor.now
        printOutput(ServerEventLines.firstLine(clock))
        var lines = ServerEventLines(since: clock.monotonic)
        var redaction = Redaction()
        reports.receiver = { report in
            var text = ""
            for event in ListenEvent.merged(report.served, report.records) {
                text += lines.line(event, redacting: &redaction)
            }
            printOutput(text)
        }
        printError("roundtrip: listening on \(server.origin)/; ^C ends it")
        await interrupts.wait()
        await server.shutdown(within: .seconds(10))
    }

    @MainActor
    private func show(
        _ listening: Listening, _ reports: ReportRelay, _ prober: Prober, _ numbers: ExchangeNumbers,
        _ catcher: Catcher, _ client: ClientSettings
    ) async -> Int32 {
        let look = interface.look
        let terminal = look.openTerminal(orElse: "roundtrip listen --json")
        var model = Model(
            clock: ClockAnchor.now, theme: look.theme(for: terminal), history: ProbeHistory.load(), numbers: numbers)
        model.listening = listening
        model.side = .server
        // What is replayed goes where its server sends it, as in the inspector.
        model.options.followsRedirects = true
        model.alarm = client.tls.verify ? nil : "NO CERTIFICATE IS CHECKED (-k)"
        let recording = SessionRecording()
        let effects = EffectRunner(prober: prober, recording: recording, client: client, options: model.options)
        effects.setAnswer = { answer in Task.onNetwork { catcher.set(answer) } }
        let runtime = Runtime(model: model, terminal: terminal, effects: effects)
        var (turns, waits) = (RecentTurns(), RecentLongest())
        reports.receiver = { report in
            let wait = waits.note(report.longestWait)
            runtime.handle(.engine(EngineFacts(longestTurn: turns.longest(), longestWait: wait)))
            if !report.begun.isEmpty { runtime.handle(.begun(report.begun)) }
            // Heads first: what went on for a request finds the row that its head made.
            runtime.handle(.served(report.served))
            runtime.handle(.trace(report.records))
            for body in report.requestBodies { runtime.handle(.requestBody(body.request, body.capture)) }
            if !report.bodies.isEmpty { runtime.handle(.bodies(report.bodies)) }
            if report.hasLoadEnded { runtime.handle(.repeatEnded) }
        }
        let code = await runtime.run()
        await effects.finish()
        return code
    }

    private func target() throws -> RequestURL? {
        guard let forward else { return nil }
        do throws(TypedURL.Problem) { return try TypedURL.parse(forward) } catch {
            throw ValidationError(error.description)
        }
    }

    private func answer() throws -> AnswerDraft {
        var body: [UInt8] = []
        if let data {
            body = data.hasPrefix("@") ? try readBodyFile(String(data.dropFirst())) : Array(data.utf8)
        }
        return AnswerDraft(status: status, fields: try answerFields(), body: body, delay: .milliseconds(delay))
    }

    /// In the words of the interface, so that both say the same of a field that can't be answered.
    private func answerFields() throws -> HTTPFields {
        let line = headers.map {
            "-H '\($0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
        }
        do throws(ProbeLine.Problem) { return try AnswerLine.parse(line.joined(separator: " ")).fields } catch {
            throw ValidationError(error.message)
        }
    }

    private func serverConfiguration() throws -> ServerConfiguration {
        do { return try serving.configuration() } catch {
            printError("roundtrip: \(error)")
            throw ExitCode(ProgramExit.listen)
        }
    }

    /// How requests are sent on, and again.
    private func clientSettings() throws -> ClientSettings {
        var tls = TLSContext.ClientConfiguration.standard
        (tls.verify, tls.caFile) = (!insecure, cacert)
        var settings = try ClientSettings(tls: tls)
        // What a client upgrades to (a WebSocket) can be passed on over HTTP/1.1 only, and which requests upgrade is not
        // known when the connection is made.
        if forward != nil { settings.configuration.versions = .http1Only }
        // A client of ours waits as long as it likes; what goes on for it is no different.
        settings.configuration.userAgent = nil
        return settings
    }
}
