import ArgumentParser
import CursesTerminal
import HTTPClient
import HTTPServer
import HTTPTrace
import Inspector
import Sessions
import Transport

/// The interface.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Open the interface (the default).")

    @Argument(help: ArgumentHelp("URLs to probe at once; http is taken where no scheme is given.", valueName: "url"))
    var urls: [String] = []

    @Flag(help: "Start a demo server on loopback and a gentle stream of requests to it. Needs no network.")
    var demo = false

    @OptionGroup var client: ClientOptions

    @OptionGroup var interface: InterfaceOptions

    @Option(help: ArgumentHelp("Record everything into this SQLite file while it happens.", valueName: "file"))
    var record: String?

    init() {}

    /// The command that a line of addresses and `--demo` means; nil for any other line, which is the parser's.
    ///
    /// An address has a dot, a colon or a slash; no name of a command has.
    init?(plain words: some Sequence<String>) {
        var (urls, demo): ([String], Bool) = ([], false)
        for word in words {
            if word == "--demo" {
                demo = true
            } else if !word.hasPrefix("-"), word.contains(where: { ".:/".contains($0) }) {
                urls.append(word)
            } else {
                return nil
            }
        }
        (self.urls, self.demo, record) = (urls, demo, nil)
        (client, interface) = (.none, .none)
    }

    @MainActor
    func run() async throws {
        let drafts = try drafts(for: urls, client)
        let serverEvents = ServerEventRelay()
        let playground = demo ? try await startPlayground(serverEvents) : nil
        var configuration = try client.configuration(trusting: playground?.certificateAuthorityPEM)
        configuration.prepareTLS(for: drafts)
        // So that a burst shows what waiting for a connection looks like.
        if demo { configuration.pool.openPerHost = 4 }

        let terminal = interface.openTerminal()
        let code: Int32
        do {
            code = try await show(drafts, on: terminal, configuration, playground, serverEvents)
        } catch {
            terminal.close()
            throw error
        }
        await playground?.close()
        if code != 0 { throw ExitCode(code) }
    }

    @MainActor
    private func show(
        _ drafts: [RequestDraft], on terminal: CursesTerminal, _ configuration: ClientConfiguration,
        _ playground: Playground?, _ serverEvents: ServerEventRelay
    ) async throws -> Int32 {
        let clock = ClockAnchor.now
        let jar = try client.startingCookies()
        let recording = try await startRecording(to: record, clock)
        var model = Model(clock: clock, theme: interface.theme(for: terminal), history: ProbeHistory.load())
        model.mark = demo ? "demo" : nil
        // As a browser does: what was asked for is seen to its end.
        model.options.followsRedirects = true
        model.options.keepsCookies = client.keepsCookies
        model.options.offersCompression = client.compressed
        model.standingOptions = client.tls.insecure ? [] : ["verify"]
        model.standingOptions += client.dialing.words
        model.alarm = client.tls.insecure ? "NO CERTIFICATE IS CHECKED (-k)" : nil
        model.keyLogPath = TLSOptions.keyLogFile
        if let proxy = configuration.proxies.http ?? configuration.proxies.https {
            let isUnchecked = proxy.server.kind == .https && client.proxies.proxyInsecure
            model.standingOptions.append("proxy \(proxy.server)\(isUnchecked ? ", any certificate" : "")")
        }
        if drafts.isEmpty, !demo { model.openProbeLine() }

        let reports = ReportRelay()
        let prober = await Prober(
            configuration, Prober.Options(keptBodyBytes: EffectRunner.keptBodyBytes, isRaw: client.raw),
            beginHop: { await reports.beginHop($0, from: $1) }, report: { await reports.pass($0) })
        await prober.keepCookies(jar)
        await serverEvents.pass(to: prober.recorder.serverObserver)
        let effects = EffectRunner(prober: prober, recording: recording, client: client, options: model.options)
        reports.hopReceiver = { effects.beginHop($0, from: $1) }
        let runtime = Runtime(model: model, terminal: terminal, effects: effects)
        runtime.firstKey = { configuration.tls.warmUp() }
        var turns = RecentTurns()
        reports.receiver = { report in
            if let problem = recording.take(report) { runtime.handle(.notice(problem, isError: true)) }
            runtime.handle(.engine(EngineFacts(longestTurn: turns.longest())))
            runtime.handle(.trace(report.records))
            runtime.handle(.served(report.served))
            if !report.bodies.isEmpty { runtime.handle(.bodies(report.bodies)) }
        }
        runtime.handle(.recording(path: recording.path))
        for draft in drafts { runtime.send(draft) }
        let demonstration = playground.map { playground in Task { await demonstrate(runtime, playground) } }
        let code = await runtime.run()
        demonstration?.cancel()
        await prober.shutDown()
        let cookies = await prober.cookies
        await recording.close()
        await effects.finish()
        if let cookies { try client.save(cookies) }
        return code
    }

    /// Sends the demo's requests until it is cancelled.
    @MainActor
    private func demonstrate(_ runtime: Runtime, _ playground: Playground) async {
        var probes = DemoProbe.opening[...]
        // By name, so that there is a lookup to see.
        var secure = playground.secureOrigin
        secure.host = "localhost"
        while !Task.isCancelled {
            if probes.isEmpty { probes = DemoProbe.stream[...] }
            let probe = probes.removeFirst()
            if probe.pause > 0 { try? await Task.sleep(for: .milliseconds(probe.pause)) }
            guard !Task.isCancelled else { return }
            runtime.send(probe.draft(plain: playground.origin, secure: secure))
        }
    }

    /// A playground whose events go where `events` passes them.
    private func startPlayground(_ events: ServerEventRelay) async throws -> Playground {
        var configuration = ServerConfiguration()
        configuration.observer = events.observer
        return try await Playground.start(configuration)
    }
}

/// Where a server's events go, once there is a recorder for them: the server has to start first, since the client must
/// know its certificate.
@NetworkActor
final class ServerEventRelay {
    private var receiver: ServerObserver?

    nonisolated init() {}

    nonisolated var observer: ServerObserver { { [self] record in receiver?(record) } }

    func pass(to receiver: @escaping ServerObserver) { self.receiver = receiver }
}

/// Where reports go once there is an interface to receive them.
@MainActor
final class ReportRelay {
    var receiver: ((Prober.Report) -> Void)?
    var hopReceiver: ((RequestDraft, ExchangeID) -> ExchangeID)?

    nonisolated init() {}

    func pass(_ report: Prober.Report) { receiver?(report) }

    func beginHop(_ draft: RequestDraft, from: ExchangeID) -> ExchangeID {
        guard let hopReceiver else { preconditionFailure("\(from) led on before anything was sent") }
        return hopReceiver(draft, from)
    }
}

/// Reads the URLs of a command line; the first that is none ends it.
func drafts(for urls: [String], _ options: ClientOptions) throws -> [RequestDraft] {
    let body = try options.body()
    return try urls.map { text in
        let url: RequestURL
        do throws(TypedURL.Problem) { url = try TypedURL.parse(text) } catch {
            throw ValidationError(error.description)
        }
        return try options.draft(for: url, body: body)
    }
}
