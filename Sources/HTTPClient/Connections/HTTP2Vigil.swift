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
    private weak var connection: HTTP2Connection?

    init(every interval: Duration, patience: Duration) {
        self.interval = interval
        self.patience = patience
    }

    func noteLife() {
        lastSign = EventLoop.shared.now
        guard asked != nil else { return }
        // What was scheduled is the end of patience, which may be long after the next silence.
        asked = nil
        end()
        schedule()
    }

    /// Watches as long as requests are under way.
    func begin(_ connection: HTTP2Connection) {
        guard timer == nil else { return }
        self.connection = connection
        lastSign = EventLoop.shared.now
        schedule()
    }

    func end() {
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
    }

    private func schedule() {
        let deadline = asked.map { $0 + patience } ?? lastSign + interval
        timer = EventLoop.shared.schedule(at: deadline) { [weak self] in self?.look() }
    }

    private func look() {
        timer = nil
        guard let connection, connection.hasExchanges else { return asked = nil }
        let now = EventLoop.shared.now
        if let asked, now >= asked + patience { return connection.giveUp(after: patience) }
        if asked == nil, now >= lastSign + interval {
            asked = now
            connection.ask()
        }
        schedule()
    }
}
