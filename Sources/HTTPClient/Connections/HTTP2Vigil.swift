internal import HTTPTrace
internal import Transport

/// Asks the peer for a sign of life where it has been silent for a while: a connection whose other end is gone may stand
/// for hours (Go's `ReadIdleTimeout`).
@NetworkActor
final class HTTP2Vigil {
    private let interval: Duration
    private let patience: Duration
    private var lastSign = EventLoop.shared.now
    private var asked: Timestamp?
    private var timer: TimerID?

    init(every interval: Duration, patience: Duration) {
        self.interval = interval
        self.patience = patience
    }

    func noteLife() {
        lastSign = EventLoop.shared.now
        asked = nil
    }

    /// Watches as long as requests are under way.
    func begin(_ connection: HTTP2Connection) {
        guard timer == nil else { return }
        lastSign = EventLoop.shared.now
        schedule(connection)
    }

    func end() {
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
    }

    private func schedule(_ connection: HTTP2Connection) {
        let deadline = asked.map { $0 + patience } ?? lastSign + interval
        timer = EventLoop.shared.schedule(at: deadline) { [weak self, weak connection] in
            guard let self, let connection else { return }
            timer = nil
            look(connection)
        }
    }

    private func look(_ connection: HTTP2Connection) {
        guard connection.hasExchanges else { return asked = nil }
        let now = EventLoop.shared.now
        if let asked, now >= asked + patience {
            return connection.giveUp(after: patience)
        }
        if asked == nil, now >= lastSign + interval {
            asked = now
            connection.ask()
        }
        schedule(connection)
    }
}
