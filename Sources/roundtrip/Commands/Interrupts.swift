import Dispatch
import Glibc

/// Waits for ^C or SIGTERM, for commands that serve until somebody ends them.
@MainActor
final class Interrupts {
    private var sources: [any DispatchSourceSignal] = []
    private var waiter: CheckedContinuation<Void, Never>?
    private var hasCome = false

    /// From here on the first one is waited for, and the second ends the program.
    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .main)
            source.setEventHandler { [weak self] in MainActor.assumeIsolated { self?.come(number) } }
            source.resume()
            sources.append(source)
        }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            if hasCome { continuation.resume() } else { waiter = continuation }
        }
    }

    private func come(_ number: Int32) {
        guard !hasCome else { Glibc.exit(ProgramExit.ended(by: number)) }
        hasCome = true
        waiter?.resume()
        waiter = nil
    }
}
