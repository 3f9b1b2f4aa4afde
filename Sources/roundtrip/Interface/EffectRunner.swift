import Exports
import Glibc
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
    /// Files being written: the program waits for them when it ends.
    private var writing: [Task<Void, Never>] = []

    init(prober: Prober, recording: SessionRecording) {
        self.prober = prober
        self.recording = recording
    }

    func run(_ effect: Effect) {
        switch effect {
        case .send(let draft, let id, let cause):
            recording.begin(draft, as: id, cause: cause, at: SystemTime().now)
            prober.send(draft, as: id)
        case .cancel(let id): prober.cancel(id)
        case .export(let request): export(request)
        case .saveHistory(let lines): save(lines)
        case .setAnswer(let answer): setAnswer(answer)
        case .copyCurl, .copy, .setMouse, .redraw, .suspend, .quit:
            preconditionFailure("\(effect) is the loop's own")
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
            session: model.session, screen: render(model, at: now).screen, now: now)
        writing.append(
            Task {
                do {
                    post(.notice(try await export.write(), isError: false))
                } catch let problem as ExportFile.Problem where problem.code == EEXIST {
                    post(.exportExists(request))
                } catch {
                    post(.notice("\(error)", isError: true))
                }
            })
    }

    private func save(_ lines: [String]) {
        writing.append(
            Task {
                let problem = await Task.detached { () -> String? in
                    do { try ProbeHistory.save(lines) } catch { return "\(error)" }
                    return nil
                }.value
                if let problem { post(.notice("The history was not saved: \(problem)", isError: true)) }
            })
    }
}
