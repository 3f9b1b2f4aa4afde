internal import HTTPTrace

// One dial's way from a name to a connection: carries out what `HappyEyeballs` decides, and records it.
//
//      lookup ── answered, resolved ──┐
//      attempts ── connected, failed ─┼──▶ RunningAttempts ── next ──▶ AddressRace ──▶ HappyEyeballs
//      timer ── woke ─────────────────┘         ▲── start, abandon, wake ──┘  ◀── [Action] ──┘
//
// The first connection ends everything, also a lookup whose second half is still awaited: its done then tells what was
// known.

@NetworkActor
struct AddressRace {
    private let host: String
    private let deadline: Dialer.Deadline?
    private let attempts: RunningAttempts
    private var eyeballs: HappyEyeballs
    private var failed: [Int: DialError.Attempt] = [:]
    private var lookup = LookupState.none
    private let record: (TraceEvent) -> Void
    private var decidedAt = Timestamp.zero

    private enum LookupState {
        /// There was none, or its done is recorded.
        case none
        /// Under way, and what came of it so far.
        case running([NetworkAddress])
    }

    init(
        host: String, options: DialOptions, deadline: Dialer.Deadline?, record: @escaping (TraceEvent) -> Void
    ) {
        self.host = host
        self.deadline = deadline
        self.record = record
        attempts = RunningAttempts(from: options.localEnd)
        eyeballs = HappyEyeballs(attemptDelay: options.attemptDelay, deadline: deadline?.at)
    }

    /// Lets addresses that are known race.
    mutating func run(over addresses: [NetworkAddress]) async throws(DialError) -> TCPStream {
        try await run(eyeballs.resolved(addresses, isComplete: true, at: decisionTime()))
    }

    /// Looks the name up, and lets its addresses race as they arrive.
    mutating func run(lookingUp query: NameQuery, with resolver: any Resolver) async throws(DialError) -> TCPStream {
        record(.dnsStart(host: query.host))
        lookup = .running([])
        attempts.lookUp(query, with: resolver)
        return try await run(eyeballs.resolved([], isComplete: false, at: decisionTime()))
    }

    private mutating func decisionTime() -> Timestamp {
        decidedAt = EventLoop.shared.now
        return decidedAt
    }

    /// Returns the first connection, at once: those that lost are closed behind the caller's back.
    private mutating func run(_ first: [HappyEyeballs.Action]) async throws(DialError) -> TCPStream {
        defer { attempts.stop() }
        try perform(first)
        while true {
            switch await attempts.next() {
            case .answered(let part): try take(part)
            case .resolved(.success(let resolution)): try take(resolution)
            case .resolved(.failure(let error)): try endLookup(error)
            case .connected(let number, let stream):
                try perform(eyeballs.connected(number), winner: stream)
                return stream
            case .failed(let number, let attempt):
                fail(number, attempt)
                try perform(eyeballs.failed(number, at: decisionTime()))
            case .woke: try perform(eyeballs.woke(at: decisionTime()))
            case .cancelled: try perform(eyeballs.cancelled())
            }
        }
    }

    // MARK: The lookup

    private mutating func take(_ part: ResolvedPart) throws(DialError) {
        guard case .running(let known) = lookup else { preconditionFailure("a part of a lookup that is over") }
        lookup = .running(known + part.addresses)
        record(.dnsAnswered(part.records))
        guard !part.addresses.isEmpty else { return }
        try perform(eyeballs.resolved(part.addresses, isComplete: false, at: decisionTime()))
    }

    private mutating func take(_ resolution: Resolution) throws(DialError) {
        guard case .running(let known) = lookup else { preconditionFailure("the end of a lookup that is over") }
        guard let first = resolution.addresses.first else { return try endLookup(.noAddresses(.any, server: nil)) }
        lookup = .none
        record(
            .dnsDone(
                DNSAnswer(
                    addresses: resolution.addresses, isCoalesced: resolution.isCoalesced, source: resolution.source)))
        try perform(
            eyeballs.resolved(
                resolution.addresses.filter { !known.contains($0) }, preferring: first.family, isComplete: true,
                at: decisionTime()))
    }

    /// For a lookup that failed. What it told before is as good as ever, and may be under way.
    private mutating func endLookup(_ problem: ResolverError) throws(DialError) {
        guard case .running(let known) = lookup else { preconditionFailure("the end of a lookup that is over") }
        lookup = .none
        guard known.isEmpty else {
            record(.dnsDone(DNSAnswer(addresses: known, source: .dns)))
            return try perform(eyeballs.resolved([], isComplete: true, at: decisionTime()))
        }
        let error = DialError.unresolved(host: host, problem)
        record(.dnsDone(DNSAnswer(addresses: [], failure: Failure(error, during: .dns))))
        throw error
    }

    /// For a lookup that nobody waits for any more.
    private mutating func abandonLookup(because error: DialError?) {
        guard case .running(let known) = lookup else { return }
        lookup = .none
        attempts.abandonLookup()
        let failure = known.isEmpty ? error.map { Failure($0, during: .dns) } : nil
        record(.dnsDone(DNSAnswer(addresses: known, failure: failure, source: known.isEmpty ? nil : .dns)))
    }

    // MARK: The attempts

    private mutating func perform(_ actions: [HappyEyeballs.Action], winner: TCPStream? = nil) throws(DialError) {
        for action in actions {
            switch action {
            case .attempt(let number, let address):
                record(.connectStart(attempt: number, address))
                attempts.start(number, address)
            // Counted from where the attempt is told to begin, and not from before that: delays between attempts are true then.
            case .wake(let moment): attempts.wake(at: moment + (EventLoop.shared.now - decidedAt))
            case .connected(let number):
                abandonLookup(because: nil)
                record(.connectDone(attempt: number, winner!.remoteAddress, nil))
            case .abandon(let number, .tookTooLong): fail(number, attempts.abandon(number))
            case .abandon(let number, .anotherWon):
                let words = "given up, since \(winner!.remoteAddress) connected first"
                cancel(number, Failure(.cancelled, phase: .connect, words))
            case .abandon(let number, .cancelled): cancel(number, Failure(.cancelled, during: .connect))
            case .failed(.refused): throw .refused(failedAttempts)
            case .failed(.timedOut):
                let error = DialError.timedOut(after: deadline!.after, host: host, failedAttempts)
                abandonLookup(because: error)
                throw error
            case .failed(.cancelled):
                abandonLookup(because: .cancelled)
                throw .cancelled
            }
        }
    }

    private mutating func fail(_ number: Int, _ attempt: DialError.Attempt) {
        failed[number] = attempt
        record(.connectDone(attempt: number, attempt.address, Failure(.refused([attempt]), during: .connect)))
    }

    private func cancel(_ number: Int, _ failure: Failure) {
        record(.connectDone(attempt: number, attempts.abandon(number).address, failure))
    }

    /// In the order in which they began.
    private var failedAttempts: [DialError.Attempt] { failed.sorted { $0.key < $1.key }.map(\.value) }
}
