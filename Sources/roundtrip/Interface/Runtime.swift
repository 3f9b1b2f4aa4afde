import CursesTerminal
import Dispatch
import Exports
import HTTPTrace
import HTTPTypes
import Inspector
import Sessions
import TextScreen
import Transport

// The interface's loop: messages in, `update`, effects out, and a frame when something changed.
//
//      terminal ──┐                          ┌──▶ EffectRunner ──▶ Prober, files, clipboard
//      Prober ────┼──▶ update(model) ── effects
//      clock  ────┘          │
//                            └──▶ render(model) ──▶ CursesTerminal         at most 60 times a second
//
// All of it is on the main actor, and nothing of it waits: between two messages the process sleeps in the kernel.

@MainActor
final class Runtime {
    /// Called once, at the first key: a request may follow.
    var firstKey: (() -> Void)?

    private var model: Model
    private let terminal: CursesTerminal
    private let effects: EffectRunner
    private let time = SystemTime()
    private var sources: [Int32: any DispatchSourceRead] = [:]
    private var lastFrame = Timestamp.zero
    private var frame: (due: Timestamp, task: Task<Void, Never>)?
    private var ending: CheckedContinuation<Int32, Never>?
    private var exitCode: Int32?

    /// 60 frames a second: more can't be seen, and every frame is processor time taken from the network thread. Half of them
    /// while rows rush by that nobody can read.
    private var frameInterval: Duration { model.isRepeating ? .milliseconds(33) : .milliseconds(16) }

    init(model: Model, terminal: CursesTerminal, effects: EffectRunner) {
        self.model = model
        self.terminal = terminal
        self.effects = effects
        self.model.homePath = StateFolder.home
        effects.post = { [weak self] in self?.handle($0) }
        effects.currentModel = { [unowned self] in self.model }
    }

    /// Runs until the person, a signal or a lost terminal ends it.
    ///
    /// - Returns: The program's exit code.
    func run() async -> Int32 {
        handle(.resized(terminal.size))
        watchTerminal()
        draw()
        let code = await withCheckedContinuation { continuation in
            if let exitCode { continuation.resume(returning: exitCode) } else { ending = continuation }
        }
        for source in sources.values { source.cancel() }
        frame?.task.cancel()
        terminal.close()
        return code
    }

    /// Takes in what happened; the screen follows within a frame.
    func handle(_ message: Message) {
        for effect in update(&model, message, at: time.now) { carryOut(effect) }
        requestFrame(at: max(time.now, lastFrame + frameInterval))
    }

    /// Starts a request that nobody typed: the command line's, the demo's.
    func send(_ draft: RequestDraft, cause: Exchange.Cause = .typed) {
        let id = model.numbers.next()
        handle(.begin(draft, id, cause))
        effects.run(.send(draft, id, cause))
    }

    // MARK: - Effects that are the loop's own

    private func carryOut(_ effect: Effect) {
        switch effect {
        case .quit: end(0)
        case .suspend: take(terminal.suspend())
        case .redraw: terminal.forceRedraw()
        case .setMouse(let isOn): terminal.isMouseOn = isOn
        // At the end of what is waiting, keys among it.
        case .goOnSearching: Task { self.handle(.searchOn) }
        case .view(let text): view(text)
        case .editBody(let body, let id): edit(body, of: id)
        case .copy(let text): copy(text)
        case .copyCurl(let id): copyCurl(id)
        case .send, .startRepeat, .stopRepeat, .cancel, .followRedirect, .setOptions, .export, .saveHistory, .setAnswer:
            effects.run(effect)
        }
    }

    /// Puts `text` on the clipboard through the terminal (OSC 52), which also works over ssh.
    ///
    /// - Returns: False where it is too long, which is then said.
    @discardableResult
    private func copy(_ text: String) -> Bool {
        guard !terminal.copy(text) else { return true }
        handle(.notice("Not copied: \(text.utf8.count) bytes are more than terminals take.", isError: true))
        return false
    }

    private func copyCurl(_ id: ExchangeID) {
        guard let exchange = model.session[id] else { return }
        var redaction = Redaction()
        guard copy(CurlCommand.text(of: exchange, redacting: &redaction)) else { return }
        let left = redaction.counts.total
        handle(
            .notice(
                "Copied \(id) as a curl command"
                    + (left == 0 ? "." : "; \(left) secret\(left == 1 ? "" : "s") left out."),
                isError: false))
    }

    /// The network's thread goes on meanwhile; what it has to tell waits.
    private func view(_ text: [UInt8]) {
        do {
            let file = try PrivateFile(text, ending: "txt")
            let problem = run(.pager, on: file) { file.remove() }
            if let problem { handle(.notice(problem, isError: true)) }
        } catch { handle(.notice("\(error)", isError: true)) }
    }

    private func edit(_ body: [UInt8], of id: ExchangeID) {
        let type = model.session[id]?.draft.fields[.contentType] ?? ""
        do {
            let file = try PrivateFile(body, ending: ExternalProgram.ending(ofType: type))
            var edited: Result<[UInt8], any Error> = .success([])
            let problem = run(.editor, on: file) {
                edited = Result { try file.read(limit: Self.editedBytes) }
                file.remove()
            }
            if let problem {
                handle(.notice("\(problem) Nothing is sent.", isError: true))
            } else {
                handle(.edited(try edited.get(), of: id))
            }
        } catch { handle(.notice("\(error)", isError: true)) }
    }

    /// What comes back from an editor: more than goes in, and little enough to be kept.
    private static let editedBytes = 64 << 20

    /// - Parameter ended: Called before the screen is back: who sees it finds no file any more.
    /// - Returns: What went wrong, in a sentence; nil where nothing did.
    private func run(_ program: ExternalProgram, on file: PrivateFile, ended: () -> Void) -> String? {
        let end = terminal.handOver {
            defer { ended() }
            return terminal.run(program.arguments(for: file.path))
        }
        // The window may have another size by now, and the screen is drawn anew in any case.
        take(terminal.readEvents())
        draw()
        return program.problem(after: end)
    }

    private func end(_ code: Int32) {
        guard exitCode == nil else { return }
        exitCode = code
        ending?.resume(returning: code)
        ending = nil
    }

    // MARK: - Terminal

    private func watchTerminal() {
        let wanted = terminal.descriptors
        for (descriptor, source) in sources where !wanted.contains(descriptor) {
            source.cancel()
            sources[descriptor] = nil
        }
        for descriptor in wanted where sources[descriptor] == nil {
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .main)
            source.setEventHandler { [weak self] in
                MainActor.assumeIsolated {
                    guard let self else { return }
                    self.take(self.terminal.readEvents())
                }
            }
            source.resume()
            sources[descriptor] = source
        }
    }

    private func take(_ events: [TerminalEvent]) {
        var hasKey = false
        for event in events {
            switch event {
            case .key(let key):
                hasKey = true
                firstKey?()
                firstKey = nil
                handle(.key(key))
            case .pasteCut(let bytes):
                handle(.notice("The paste was too long: \(bytes) bytes were left out.", isError: true))
            case .resized(let size):
                hasKey = true
                handle(.resized(size))
            case .resumed: hasKey = true
            // As shells report it: 128 and the signal's number; 130 is SIGINT's.
            case .endRequested(let signal): end(128 + signal)
            case .inputEnded:
                watchTerminal()
                end(129)  // The terminal is gone, as after SIGHUP.
            }
        }
        // A key is answered at once; everything else may wait for its frame.
        if hasKey { draw() }
    }

    // MARK: - Frames

    private func requestFrame(at due: Timestamp) {
        if let frame, frame.due <= due { return }
        frame?.task.cancel()
        let delay = due - time.now
        let task = Task { [weak self] in
            if delay > .zero {
                do { try await Task.sleep(for: delay, tolerance: .zero) } catch { return }
            }
            guard !Task.isCancelled else { return }
            self?.draw()
        }
        frame = (due, task)
    }

    private func draw() {
        self.frame?.task.cancel()
        self.frame = nil
        guard exitCode == nil else { return }
        let now = time.now
        lastFrame = now
        let frame = render(model, at: now)
        if let cursor = frame.cursor {
            terminal.setCursor(column: cursor.column, row: cursor.row)
        } else {
            terminal.hideCursor()
        }
        terminal.show(frame.screen)
        // Bars that grow and idle times that count move on their own; when nothing does, nothing wakes us.
        if let next = nextFrame(model, after: now) { requestFrame(at: max(next, now + frameInterval)) }
    }
}
