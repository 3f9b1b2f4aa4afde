internal import HTTPTrace
package import Transport

// `Task.sleep` comes back by way of the global pool; the loop's own timers are exact to the turn and stay on the
// network thread.

/// One wait for a time.
@NetworkActor
package final class Pause {
    private var continuation: UnsafeContinuation<Void, Never>?
    private var timer: TimerID?
    private var isOver = false

    /// - Throws: `CancellationError`, at once when the task is cancelled.
    package static func wait(for duration: Duration) async throws {
        let pause = Pause()
        await withTaskCancellationHandler {
            await pause.run(duration)
        } onCancel: {
            EventLoop.shared.execute { pause.end() }
        }
        try Task.checkCancellation()
    }

    private func run(_ duration: Duration) async {
        await withUnsafeContinuation { continuation in
            guard !isOver else { return continuation.resume() }
            self.continuation = continuation
            timer = EventLoop.shared.schedule(at: EventLoop.shared.now + duration) { [self] in end() }
        }
    }

    private func end() {
        isOver = true
        if let timer { EventLoop.shared.cancel(timer) }
        continuation?.resume()
        continuation = nil
    }
}
