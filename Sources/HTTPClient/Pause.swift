internal import HTTPTrace
internal import Transport

/// A wait for a given time that somebody else may cut short.
@NetworkActor
final class Pause {
    private let length: Duration
    private var timer: TimerID?
    private var waiter: UnsafeContinuation<Void, Never>?
    private var isOver = false

    init(_ length: Duration) { self.length = length }

    /// Waits. Once.
    func end() async {
        await withUnsafeContinuation { continuation in
            if isOver { return continuation.resume() }
            waiter = continuation
            timer = EventLoop.shared.schedule(at: EventLoop.shared.now + length) { self.cut() }
        }
    }

    /// Ends the wait now. Later calls change nothing.
    func cut() {
        isOver = true
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
        waiter.take()?.resume()
    }
}
