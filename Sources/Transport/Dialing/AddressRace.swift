internal import HTTPTrace

/// One dial's way through several addresses: carries out what `HappyEyeballs` decides, and records it.
@NetworkActor
struct AddressRace {
    private let host: String
    private let deadline: Dialer.Deadline?
    private let attempts = RunningAttempts()
    private var eyeballs: HappyEyeballs
    private var failed: [Int: DialError.Attempt] = [:]

    init(host: String, attemptDelay: Duration, deadline: Dialer.Deadline?) {
        self.host = host
        self.deadline = deadline
        eyeballs = HappyEyeballs(attemptDelay: attemptDelay, deadline: deadline?.at)
    }

    /// Returns the first connection, at once: those that lost are closed behind the caller's back.
    mutating func run(
        over addresses: [NetworkAddress], record: (TraceEvent) -> Void
    ) async throws(DialError) -> TCPStream {
        defer { attempts.stopTimer() }
        try perform(eyeballs.resolved(addresses, isComplete: true, at: EventLoop.shared.now), record)
        while true {
            switch await attempts.next() {
            case .connected(let number, let stream):
                try perform(eyeballs.connected(number), winner: stream, record)
                return stream
            case .failed(let number, let attempt):
                fail(number, attempt, record)
                try perform(eyeballs.failed(number, at: EventLoop.shared.now), record)
            case .woke: try perform(eyeballs.woke(at: EventLoop.shared.now), record)
            case .cancelled: try perform(eyeballs.cancelled(), record)
            }
        }
    }

    private mutating func perform(
        _ actions: [HappyEyeballs.Action], winner: TCPStream? = nil, _ record: (TraceEvent) -> Void
    ) throws(DialError) {
        for action in actions {
            switch action {
            case .attempt(let number, let address):
                record(.connectStart(attempt: number, address))
                attempts.start(number, address)
            case .wake(let moment): attempts.wake(at: moment)
            case .connected(let number): record(.connectDone(attempt: number, winner!.remoteAddress, nil))
            case .abandon(let number, .tookTooLong): fail(number, attempts.abandon(number), record)
            case .abandon(let number, .anotherWon):
                let words = "given up, since \(winner!.remoteAddress) connected first"
                cancel(number, Failure(.cancelled, phase: .connect, words), record)
            case .abandon(let number, .cancelled): cancel(number, Failure(.cancelled, during: .connect), record)
            case .failed(.refused): throw .refused(failedAttempts)
            case .failed(.timedOut): throw .timedOut(after: deadline!.after, host: host, failedAttempts)
            case .failed(.cancelled): throw .cancelled
            }
        }
    }

    private mutating func fail(_ number: Int, _ attempt: DialError.Attempt, _ record: (TraceEvent) -> Void) {
        failed[number] = attempt
        record(.connectDone(attempt: number, attempt.address, Failure(.refused([attempt]), during: .connect)))
    }

    private func cancel(_ number: Int, _ failure: Failure, _ record: (TraceEvent) -> Void) {
        record(.connectDone(attempt: number, attempts.abandon(number).address, failure))
    }

    /// In the order in which they began.
    private var failedAttempts: [DialError.Attempt] { failed.sorted { $0.key < $1.key }.map(\.value) }
}
