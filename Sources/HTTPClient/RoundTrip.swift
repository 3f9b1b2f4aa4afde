internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request from the caller's `send` to the last byte of its response, over as many attempts as that takes.
//
//      leasing ──▶ exchanging ──▶ (body read by the caller) ──▶ over
//         ▲            │ the connection was stale, or the server refused
//         └─ pausing ◀─┘
//
// Everything that ends it early (cancellation, a time limit) comes in through `abort`, which ends whatever is waited
// for at this moment. There is no other road, so no phase can be forgotten.

@NetworkActor
final class RoundTrip {
    /// As it is sent, cookies included.
    private let request: ClientRequest
    /// Without cookies, as traces are told; nil where it is the same.
    private let askedRequest: ClientRequest?
    private let redirection: Redirection?
    private let client: Client
    let tracer: Tracer
    private var stage = Stage.leasing(nil)
    /// The latest attempt's, from when it has a connection.
    private var exchange: ClientExchange?
    /// Why it ended before its time; nil otherwise.
    private(set) var failure: Failure?
    private var abortion: Failure?
    private var timer: TimerID?
    private var attempt = 1
    /// How often a server refused to take it on.
    private var refusals = 0
    /// Whether the caller has a body that is neither read to its end nor given up. Written on the network thread, read there
    /// and by `deinit`, which comes after all.
    private nonisolated(unsafe) var isReading = false
    /// When the reader went away with more to come; nil while it waits, and at the end.
    private var readerLeftAt: Timestamp?

    private enum Stage {
        case leasing(RequestID?)
        case exchanging
        /// Between two attempts.
        case pausing(Pause)
        case over
    }

    /// - Parameter redirection: What led here; nil for a request of its own.
    init(_ request: ClientRequest, after redirection: Redirection?, _ client: Client, _ tracer: Tracer) {
        // Never changed from here on: what may change is copied whenever it is handed on.
        if !client.hasCookies {
            self.request = request
            askedRequest = nil
        } else {
            self.request = client.withCookies(request, after: redirection)
            askedRequest = request
        }
        self.redirection = redirection
        self.client = client
        self.tracer = tracer
    }

    deinit {
        guard isReading, let exchange else { return }  // Nearly all are read: there is nothing to abandon.
        EventLoop.shared.execute { [timer] in
            exchange.abandon()
            if let timer { EventLoop.shared.cancel(timer) }
        }
    }

    private var loop: EventLoop { .shared }
    private var pool: ConnectionPool { client.pool }
    private var configuration: ClientConfiguration { _read { yield client.configuration } }

    /// Waits for the response's head, or the failure: `response` gives it.
    @inline(__always)
    func run() async {
        begin()
        do throws(Failure) {
            while true {
                if let waiter = try startAttempt() { try start(on: try await waiter.answer.value.get()) }
                do throws(ExchangeProblem) {
                    while try mustParkForHead() { await park() }
                    return
                } catch {
                    if let pause = try prepareRetry(after: error) { await pause.end() }
                }
            }
        } catch {
            end(error)
        }
    }

    /// Asks for a connection, and sends where there is one at once.
    ///
    /// - Returns: What waits for one otherwise.
    @inline(never)  // As parts of the function that waits, these calls would count a dozen references.
    private func startAttempt() throws(Failure) -> Waiter? {
        if let abortion { throw abortion }
        let head = try client.head(of: request)
        switch try client.lease(for: head, tracer: tracer) {
        case .now(let connection):
            try send(head, on: connection)
            return nil
        case .later(let id, let waiter):
            stage = .leasing(id)
            return waiter
        }
    }

    /// Sends on the connection that was waited for.
    @inline(never)  // As above.
    private func start(on connection: LeasedConnection) throws(Failure) {
        // It was ended after the connection was handed over and before this task came to know.
        if let abortion {
            connection.release(tracer)
            throw abortion
        }
        // The same again, so that it needn't be kept over the wait.
        try send(try client.head(of: request), on: connection)
    }

    /// False when the head is there; otherwise the task is to `park` now, see `WaitingPlace.mustPark`.
    @inline(never)  // As above.
    private func mustParkForHead() throws(ExchangeProblem) -> Bool {
        let exchange = exchange!
        // The head first: what broke in the same read comes with the body, as in Go.
        while !exchange.hasHead { if try exchange.mustPark() { return true } }
        if client.hasCookies { client.keepCookies(of: exchange.head!, for: request) }
        return false
    }

    /// What `run` waited for. Once.
    func response() throws(Failure) -> Response {
        if let failure { throw failure }
        guard let head = exchange?.head else { preconditionFailure("no response, and no failure") }
        isReading = true
        if let exchange, !exchange.isEnded { readerLeftAt = loop.now }
        return Response(head: head, body: BodyStream(self), upgraded: exchange?.upgraded)
    }

    private var asked: RequestedHead {
        // Not with `??`, which copies.
        if let askedRequest { client.requestedHead(of: askedRequest) } else { client.requestedHead(of: request) }
    }

    private func begin() {
        tracer.recordUnhooked(.requestStarted(asked))
        if let redirection { tracer.recordUnhooked(.redirected(redirection)) }
        startTimer()
    }

    /// Ends it at once, whatever it waits for. Later calls, and calls after the end, change nothing.
    func abort(because failure: Failure) {
        guard abortion == nil else { return }
        switch stage {
        case .leasing(let request):
            abortion = failure
            if let request { pool.cancel(request, because: failure) }
        case .exchanging:
            abortion = failure
            exchange?.abort(because: failure)
        case .pausing(let pause):
            abortion = failure
            pause.cut()
        case .over: break
        }
    }

    private func cancel() { abort(because: .cancelledByCaller(in: currentPhase)) }

    /// The same for a task that is cancelled, on whichever thread that happens.
    nonisolated func cancelSoon() { EventLoop.shared.execute { self.cancel() } }

    // MARK: - Attempts

    @inline(never)  // Else what that takes would stay for as long as the request waits.
    private func send(_ head: MadeHead, on connection: LeasedConnection) throws(Failure) {
        switch connection {
        case .http1(let connection):
            let exchange = HTTP1Exchange(
                on: connection, responseHeaderTimeout: configuration.responseHeaderTimeout, tracer: tracer)
            self.exchange = .http1(exchange)
            stage = .exchanging
            exchange.send(request, head, expectTimeout: configuration.expectContinueTimeout)
        case .http2(let exchange):
            do throws(Failure) {
                let head = try client.http2Head(of: request)
                self.exchange = .http2(exchange)
                stage = .exchanging
                tracer.recordWroteHeaders(head.told, on: exchange.connection.id)
                exchange.send(request, head.head, configuration)
            } catch {
                exchange.giveBack()
                throw error
            }
        }
    }

    /// - Returns: What to wait for before the next attempt.
    /// - Throws: Why it failed, when there may be no other attempt.
    @inline(never)  // As above.
    private func prepareRetry(after problem: ExchangeProblem) throws(Failure) -> Pause? {
        let exchange = exchange!
        var failure = self.failure(problem, exchange)
        let mayRetry = self.mayRetry(after: problem, exchange)
        if case .refused = problem, !mayRetry, refusals > 0, !isAborted(exchange) {
            failure.message += ", \(refusals + 1) times in all"
        }
        exchange.fail(failure)
        guard mayRetry else { throw failure }
        attempt += 1
        tracer.beginAttempt()
        tracer.recordUnhooked(.attemptRetried(failure, number: attempt), on: exchange.connectionID)
        guard case .refused = problem else { return nil }
        refusals += 1
        guard let length = RefusalRule.pause(after: refusals), length > .zero else { return nil }
        let pause = Pause(length)
        stage = .pausing(pause)
        return pause
    }

    private func mayRetry(after problem: ExchangeProblem, _ exchange: ClientExchange) -> Bool {
        guard !isAborted(exchange), !exchange.hasTakenFromStream else { return false }
        // The server says that it did nothing.
        if case .refused = problem { return RefusalRule.pause(after: refusals + 1) != nil }
        return RetryRule(
            isReused: exchange.isReused, gotFirstByte: exchange.gotFirstByte, hasSent: exchange.hasSent,
            isReplayable: request.isReplayable, wasCutOff: problem.isCutOff
        ).allows
    }

    private func isAborted(_ exchange: ClientExchange) -> Bool { abortion != nil || exchange.abortion != nil }

    // MARK: - The body, for its reader

    /// What is here already; nil when it must be waited for.
    func takePiece() -> BodyPiece? {
        if readerLeftAt != nil { noteReturn() }
        let piece = exchange!.takePiece()
        if case .end = piece { isReading = false }
        if exchange!.isEnded { end(nil) } else if piece != nil { readerLeftAt = loop.now }
        return piece
    }

    /// A reader that was away while the server could not send was what the body waited for.
    @inline(never)  // Most bodies come whole.
    private func noteReturn() {
        guard let left = readerLeftAt.take(), case .exchanging = stage else { return }
        let absence = loop.now - left
        guard absence >= Self.shortestHold, let exchange, exchange.isFull else { return }
        tracer.recordUnhooked(.bodyHeldUp(absence), on: exchange.connectionID)
    }

    /// Less is how long threads wait for their turn.
    private static let shortestHold = Duration.milliseconds(1)

    /// Waits until there is a piece to take, or a failure. It may end early: look, and wait again.
    func awaitPiece() async {
        if readerLeftAt != nil { noteReturn() }
        do throws(ExchangeProblem) {
            while !exchange!.hasPiece { if try exchange!.mustPark() { await park() } }
        } catch {
            let failure = self.failure(error, exchange!)
            exchange!.fail(failure)
            end(failure)
        }
    }

    /// The reader wants no more; nothing happens after the end.
    func abandon() {
        guard isReading else { return }
        isReading = false
        exchange!.abandon()
        end(nil)
    }

    /// Nil before the end, and without a trailer section.
    var trailers: HTTPFields? { exchange.flatMap { $0.isEnded ? $0.trailers : nil } }

    // MARK: - Ending

    private func end(_ failure: Failure?) {
        if let timer { loop.cancel(timer) }
        timer = nil
        if let failure {
            self.failure = failure
            var connection: ConnectionID?
            if case .exchanging = stage { connection = exchange?.connectionID }
            tracer.finish(failure, on: connection)
        }
        stage = .over
    }

    private func startTimer() {
        guard let limit = configuration.requestTimeout else { return }
        // The whole of a chain of redirects, as for whoever waits for its end.
        timer = loop.schedule(at: (redirection?.chainStart ?? loop.now) + limit) { [weak self] in
            guard let self else { return }
            let words = "the whole request took longer than \(limit.inWords)\(tracer.timesInWords)"
            abort(because: Failure(.timeout, phase: currentPhase, words))
        }
    }

    /// Which phase a limit or a cancellation ends now.
    private var currentPhase: Phase {
        switch stage {
        case .leasing: tracer.dialPhase ?? .queued
        case .pausing: .queued
        case .exchanging: exchange!.phase
        case .over: .receive
        }
    }

    private func failure(_ problem: ExchangeProblem, _ exchange: ClientExchange) -> Failure {
        if let failure = abortion ?? exchange.abortion { return failure }
        let phase = exchange.phase
        return switch problem {
        case .stream(let error): Failure(error, during: phase)
        case .wire(let error): Failure(error, in: phase)
        case .reset(let code):
            Failure(.reset, phase: phase, "the server reset the HTTP/2 stream: \(code)", detail: .http2Stream)
        case .refused(let why), .turnedAway(let why): Failure(.reset, phase: phase, why)
        case .hook(let error as Failure): error.during(phase)
        case .hook(let error):
            Failure(.cancelled, phase: phase, "a trace's got1xxResponse hook ended the request: \(error)")
        }
    }
}

extension Failure {
    /// The same, which names `phase` where it named none.
    fileprivate func during(_ phase: Phase) -> Failure {
        var failure = self
        failure.phase = failure.phase ?? phase
        return failure
    }
}

extension ExchangeProblem {
    fileprivate var isCutOff: Bool {
        switch self {
        case .stream: true
        case .wire(let error): error.kind == .closedBeforeResponse
        case .hook, .refused, .turnedAway, .reset: false
        }
    }
}
