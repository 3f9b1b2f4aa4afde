internal import HTTPTrace

/// A wait for a given time that somebody else may cut short. `Task.sleep` comes back by way of the global pool; the loop's own
/// timers are exact to the turn and stay on the network thread.
@NetworkActor
public final class Pause {
    private let length: Duration
    private let waiting = WaitingPlace()
    private var isOver = false

    public init(_ length: Duration) { self.length = length }

    /// Waits. Once.
    public func end() async {
        let timer = EventLoop.shared.schedule(at: EventLoop.shared.now + length) { self.cut() }
        while !isOver { await waiting.wait() }
        EventLoop.shared.cancel(timer)
    }

    /// Ends the wait now. Later calls change nothing.
    public func cut() {
        isOver = true
        waiting.wake()
    }

    /// Waits for `length`.
    ///
    /// - Throws: `CancellationError`, at once when the task is cancelled.
    public static func wait(for length: Duration) async throws {
        let pause = Pause(length)
        await withTaskCancellationHandler {
            await pause.end()
        } onCancel: {
            EventLoop.shared.execute { pause.cut() }
        }
        try Task.checkCancellation()
    }
}
