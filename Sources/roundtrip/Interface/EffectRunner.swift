import Exports
import Glibc
import HTTPClient
import HTTPTrace
import Inspector
import Sessions
import Transport

/// Carries out what `update` asks for beyond the screen: requests, files, what goes to the clipboard.
@MainActor
final class EffectRunner {
    /// Of each body in the interface; the rest is counted and digested. A thousand rows then stay below a gigabyte.
    nonisolated static let keptBodyBytes = 1 << 20

    /// Back into the loop.
    var post: (Message) -> Void = { _ in }
    /// Where a new answer of a listening server goes.
    var setAnswer: (AnswerDraft) -> Void = { _ in }
    /// What the loop holds now.
    var currentModel: (() -> Model)?

    private let prober: Prober
    private let recording: SessionRecording
    private let client: ClientSettings
    private var options: RequestOptions
    /// Files being written: the program waits for them when it ends.
    private var writing: [Task<Void, Never>] = []
    /// The history, which is among them: one at a time, so that the last to be asked for is the last to be written.
    private var savingHistory: Task<Void, Never>?
    /// Cookies being turned on or off.
    private var turning: Task<Void, Never>?

    init(prober: Prober, recording: SessionRecording, client: ClientSettings, options: RequestOptions) {
        self.prober = prober
        self.recording = recording
        self.client = client
        self.options = options
    }

    private var redirects: RedirectPolicy? { options.followsRedirects ? client.redirects : nil }

    func run(_ effect: Effect) {
        switch effect {
        case .send(let draft, let id, let cause):
            recording.begin(draft, as: id, cause: cause, at: SystemTime().now)
            prober.send(draft, as: id, following: redirects)
        case .startRepeat(let draft, let plan, let original):
            prober.start([draft], plan, cause: .replay(of: original), following: redirects)
        case .stopRepeat: prober.stopLoad()
        case .cancel(let id): prober.cancel(id)
        case .followRedirect(let id): followRedirect(of: id)
        case .setOptions(let options): turn(to: options)
        case .export(let request): export(request)
        case .saveHistory(let lines): save(lines)
        case .setAnswer(let answer): setAnswer(answer)
        case .copyCurl, .copy, .view, .editBody, .goOnSearching, .setMouse, .redraw, .suspend, .quit:
            preconditionFailure("\(effect) is the loop's own")
        }
    }

    /// Sends what the response of `id` leads to. The chain's time begins here: a person's thinking is no part of it.
    private func followRedirect(of id: ExchangeID) {
        guard let model = currentModel?(), let exchange = model.session[id], let head = exchange.response else {
            return
        }
        var chain = RedirectChain(client.redirects, at: SystemTime().now)
        switch chain.step(after: head, to: ClientRequest(exchange.draft), sentAs: id) {
        case .stay: break
        case .refuse(let failure): post(.notice("Not followed: \(failure.message).", isError: true))
        case .follow(let next, let redirection):
            let (draft, hop) = (RequestDraft(next), model.numbers.next())
            post(.begin(draft, hop, .redirect(from: id)))
            recording.begin(draft, as: hop, cause: .redirect(from: id), at: SystemTime().now)
            prober.send(draft, as: hop, following: redirects, after: redirection)
        }
    }

    private func turn(to options: RequestOptions) {
        defer { self.options = options }
        guard options.keepsCookies != self.options.keepsCookies else { return }
        // One after the other: on takes longer than off, and what was asked for last is to hold.
        turning = Task { [turning, keeps = options.keepsCookies] in
            await turning?.value
            await keepCookies(keeps)
        }
    }

    private func keepCookies(_ keeps: Bool) async {
        guard keeps else { return await prober.keepCookies(nil) }
        // The list of public suffixes is a file of 250 kB.
        let reading = Task.detached { [cookies = client.cookies] in try cookies.newJar() }
        do { await prober.keepCookies(try await reading.value) } catch {
            post(.notice("No cookies to begin with: \(error)", isError: true))
            await prober.keepCookies(CookieJar())
        }
    }

    /// Waits until every file is written.
    func finish() async {
        for task in writing { await task.value }
        writing.removeAll()
    }

    /// Writes what is asked for from the session as it stands now; the interface goes on meanwhile.
    private func export(_ request: ExportRequest) {
        guard let model = currentModel?() else { return }
        let now = SystemTime().now
        let export = SessionExport(
            path: request.path, isFull: request.isFull, mayReplace: request.mayReplace, exchanges: request.exchanges,
            session: model.session, screen: render(model, at: now).screen, now: now, note: request.note)
        writing.append(
            Task {
                do {
                    post(.notice(try await export.write(), isError: false))
                } catch let problem as ExportFile.Problem where problem.code == EEXIST {
                    post(.exportExists(request))
                } catch {
                    post(.exportFailed("\(error)"))
                }
            })
    }

    private func save(_ lines: [String]) {
        let saving = Task { [savingHistory] in
            await savingHistory?.value
            let problem = await Task.detached { () -> String? in
                do { try ProbeHistory.save(lines) } catch { return "\(error)" }
                return nil
            }.value
            if let problem { post(.notice("The history was not saved: \(problem)", isError: true)) }
        }
        savingHistory = saving
        writing.append(saving)
    }
}
