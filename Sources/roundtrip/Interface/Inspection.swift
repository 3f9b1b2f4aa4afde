import ArgumentParser
import CursesTerminal
import HTTPClient
import HTTPServer
import HTTPTrace
import HTTPTypes
import Inspector
import Sessions
import Transport

/// The interface on requests of our own, from the first of them to its end.
struct Inspection {
    /// Sent at once.
    var drafts: [RequestDraft] = []
    var isDemo = false
    var look = InterfaceLook()
    var client: ClientSettings
    /// The file everything is recorded into; nil without one.
    var record: String?

    /// The parser's part, for a line of nothing but addresses and `--demo`; nil for any other line.
    ///
    /// An address has a dot, a colon or a slash; no name of a command has.
    static func plain(_ words: some Sequence<String>) throws -> Inspection? {
        var (urls, isDemo): ([String], Bool) = ([], false)
        for word in words {
            if word == "--demo" {
                isDemo = true
            } else if word == StandardInput.name {
                urls.append(word)
            } else if !word.hasPrefix("-"), word.contains(where: { ".:/".contains($0) }) {
                urls.append(word)
            } else {
                return nil
            }
        }
        if urls.isEmpty, !isDemo { urls = standardList }
        let drafts = try roundtrip.drafts(for: urls) { RequestDraft(method: .get, url: $0) }
        return Inspection(drafts: drafts, isDemo: isDemo, client: try ClientSettings())
    }

    /// What stands for URLs where none are named: a list in standard input, if there is one. An empty one names none.
    static var standardList: [String] { StandardInput.isList ? [StandardInput.name] : [] }

    /// Returns when the person has ended it.
    @MainActor
    func run() async throws {
        guard drafts.count <= RepeatPlan.concurrencyLimit else {
            let limit = RepeatPlan.concurrencyLimit
            throw ValidationError(
                "\(drafts.count) URLs can't be sent at once; \(limit) can, and `roundtrip probe` takes more.")
        }
        var client = client
        let serverEvents = ServerEventRelay()
        let playground = isDemo ? try await startPlayground(serverEvents) : nil
        if let playground { try client.trust(playground.certificateAuthorityPEM) }
        client.configuration.prepareTLS(for: drafts)
        // So that a burst shows what waiting for a connection looks like.
        if isDemo { client.configuration.pool.openPerHost = 4 }

        let terminal = look.openTerminal(orElse: "roundtrip probe URL")
        let code: Int32
        do {
            code = try await show(on: terminal, client, playground, serverEvents)
        } catch {
            terminal.close()
            throw error
        }
        await playground?.close()
        if code != 0 { throw ExitCode(code) }
    }

    @MainActor
    private func show(
        on terminal: CursesTerminal, _ client: ClientSettings, _ playground: Playground?,
        _ serverEvents: ServerEventRelay
    ) async throws -> Int32 {
        let clock = ClockAnchor.now
        let jar = try client.cookies.startingJar()
        let recording = try await startRecording(to: record, clock) { terminal.close() }
        let numbers = ExchangeNumbers()
        var model = Model(
            clock: clock, theme: look.theme(for: terminal), history: ProbeHistory.load(), numbers: numbers)
        model.mark = isDemo ? "demo" : nil
        // As a browser does: what was asked for is seen to its end.
        model.options.followsRedirects = true
        model.options.keepsCookies = client.cookies.keepsCookies
        model.options.offersCompression = client.offersCompression
        model.standingOptions = client.tls.verify ? ["verify"] : []
        model.standingOptions += client.words
        model.alarm = client.tls.verify ? nil : "NO CERTIFICATE IS CHECKED (-k)"
        model.keyLogPath = client.tls.keyLogFile
        if let proxy = client.configuration.proxies.http ?? client.configuration.proxies.https {
            let isUnchecked = proxy.server.kind == .https && !client.proxyTLS.verify
            model.standingOptions.append("proxy \(proxy.server)\(isUnchecked ? ", any certificate" : "")")
        }
        if drafts.isEmpty, !isDemo { model.openProbeLine() }

        let reports = ReportRelay()
        let prober = await Prober(
            client.configuration, Prober.Options(keptBodyBytes: EffectRunner.keptBodyBytes, isRaw: client.isRaw),
            numbers: numbers, report: { await reports.pass($0) })
        await prober.keepCookies(jar)
        await serverEvents.pass(to: prober.recorder.serverObserver)
        let effects = EffectRunner(prober: prober, recording: recording, client: client, options: model.options)
        let runtime = Runtime(model: model, terminal: terminal, effects: effects)
        runtime.firstKey = { client.configuration.tls.warmUp() }
        var turns = RecentTurns()
        reports.receiver = { report in
            if let problem = recording.take(report) { runtime.handle(.notice(problem, isError: true)) }
            runtime.handle(.engine(EngineFacts(longestTurn: turns.longest())))
            if !report.begun.isEmpty { runtime.handle(.begun(report.begun)) }
            runtime.handle(.trace(report.records))
            runtime.handle(.served(report.served))
            if !report.bodies.isEmpty { runtime.handle(.bodies(report.bodies)) }
            if report.hasLoadEnded { runtime.handle(.repeatEnded) }
            guard recording.path != nil, let session = effects.currentModel?().session else { return }
            recording.end(session.exchanges(report.bodies.map { $0.exchange }))
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
        if let cookies { try client.cookies.save(cookies) }
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
