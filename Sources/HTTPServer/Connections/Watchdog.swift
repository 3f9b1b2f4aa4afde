internal import HTTPTrace
internal import Transport

// One time limit at a time for one connection. A keep-alive connection sets a limit for every request and reaches
// hardly any, so setting one only writes a deadline down: the timer stays where it is, and when it fires too early it
// is set anew.

/// Watches that a wait of a connection does not take too long.
@NetworkActor
final class Watchdog {
    /// What is watched now; nil for nothing.
    private(set) var wait: ServerWait?
    private var deadline = Timestamp.zero
    private var timer: (id: TimerID, deadline: Timestamp)?
    private var isStopped = false
    private let onTimeout: @NetworkActor (ServerWait) -> Void

    /// - Parameter onTimeout: Called once for each limit that is reached.
    init(onTimeout: @escaping @NetworkActor (ServerWait) -> Void) {
        self.onTimeout = onTimeout
    }

    /// From now on only `wait` is watched, and must end within `limit`. Not after `stop`.
    func watch(_ wait: ServerWait, for limit: Duration) {
        guard !isStopped else { return }
        self.wait = wait
        deadline = EventLoop.shared.now + limit
        if let timer, timer.deadline <= deadline { return }
        if let timer { EventLoop.shared.cancel(timer.id) }
        setTimer()
    }

    /// The wait is over; nothing is watched until the next `watch`.
    func relax() { wait = nil }

    /// For the end of the connection, for good: whoever is told of a limit is gone when a later one would be reached, while a
    /// task that wrote for it may still be on its way.
    func stop() {
        isStopped = true
        wait = nil
        if let timer { EventLoop.shared.cancel(timer.id) }
        timer = nil
    }

    private func setTimer() {
        let id = EventLoop.shared.schedule(at: deadline) { [self] in fired() }
        timer = (id, deadline)
    }

    private func fired() {
        timer = nil
        guard let wait else { return }
        guard deadline <= EventLoop.shared.now else { return setTimer() }
        self.wait = nil
        onTimeout(wait)
    }
}
