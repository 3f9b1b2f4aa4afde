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
    private var abortion: Failure?
    private var timer: TimerID?
    private var attempt = 1
    /// How often a server refused to take it on.
    private var refusals = 0

    private enum Stage {
        case leasing(RequestID?)
        case exchanging(ClientExchange)
        /// Between two attempts.
        case pausing(Pause)
        case over
    }

    /// - Parameter redirection: What led here; nil for a request of its own.
    init(_ request: ClientRequest, after redirection: Redirection?, _ client: Client, _ tracer: Tracer) {
        // Never changed from here on: what may change is copied whenever it is handed on.
        if client.cookies == nil {
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

    private var loop: EventLoop { .shared }
    private var pool: ConnectionPool { client.pool }
    private var configuration: ClientConfiguration { _read { yield client.configuration } }

    /// Waits for the response's head.
    ///
    /// A result and no throw, since errors lose their type on the way through `withTaskCancellationHandler`.
    @inline(__always)
    func run() async -> Result<Response, Failure> {
        begin()
        do throws(Failure) {
            let key = try client.key(for: request.url.origin)
            let head = try client.heads.head(of: request, to: key)
            while true {
                if let abortion { throw abortion }
                let connection: LeasedConnection
                switch try pool.lease(for: key, tracer: tracer) {
                case .now(let idle): connection = idle
                case .later(let request, let waiter):
                    stage = .leasing(request)
                    connection = try await waiter.answer.value.get()
                    // It was ended after the connection was handed over and before this task came to know.
                    if let abortion {
                        connection.release(tracer)
                        throw abortion
                    }
                }
                let exchange = try send(head, on: connection)
                do throws(ExchangeProblem) {
                    while true {
                        if let head = exchange.head {
                            client.keepCookies(of: head, for: request)
                            return .success(
                                Response(
                                    head: head, body: BodyStream(self, exchange), upgraded: exchange.upgraded))
                        }
                        try await exchange.advance()
                    }
                } catch {
                    if let pause = try prepareRetry(after: error, exchange) { await pause.end() }
                }
            }
        } catch {
            end(error)
            return .failure(error)
        }
    }

    private var asked: RequestedHead {
        // Not with `??`, which copies.
        if let askedRequest { client.heads.requested(askedRequest) } else { client.heads.requested(request) }
    }

    private func begin() {
        tracer.record(.requestStarted(asked))
        if let redirection { tracer.record(.redirected(redirection)) }
        startTimer()
    }

    /// Ends it at once, whatever it waits for. Later calls, and calls after the end, change nothing.
    func abort(because failure: Failure) {
        guard abortion == nil else { return }
        switch stage {
        case .leasing(let request):
            abortion = failure
            if let request { pool.cancel(request, because: failure) }
        case .exchanging(let exchange):
            abortion = failure
            exchange.abort(because: failure)
        case .pausing(let pause):
            abortion = failure
            pause.cut()
        case .over: break
        }
    }

    // MARK: - Attempts

    private func send(_ head: MadeHead, on connection: LeasedConnection) throws(Failure) -> ClientExchange {
        switch connection {
        case .http1(let connection):
            let exchange = HTTP1Exchange(
                request.body, on: connection, responseHeaderTimeout: configuration.responseHeaderTimeout,
                tracer: tracer)
            stage = .exchanging(.http1(exchange))
            tracer.record(.wroteHeaders(head.told), on: connection.id)
            exchange.send(request, head: head.bytes, expectTimeout: configuration.expectContinueTimeout)
            return .http1(exchange)
        case .http2(let exchange):
            do throws(Failure) {
                let head = try client.heads.http2Head(of: request)
                stage = .exchanging(.http2(exchange))
                tracer.record(.wroteHeaders(SentHead(bytes: head.lines)), on: exchange.connection.id)
                exchange.send(request, head, configuration)
                return .http2(exchange)
            } catch {
                exchange.giveBack()
                throw error
            }
        }
    }

    /// - Returns: What to wait for before the next attempt.
    /// - Throws: Why it failed, when there may be no other attempt.
    private func prepareRetry(
        after problem: ExchangeProblem, _ exchange: ClientExchange
    ) throws(Failure) -> Pause? {
        let failure = self.failure(problem, exchange)
        exchange.fail(failure)
        guard mayRetry(after: problem, exchange) else { throw failure }
        attempt += 1
        tracer.record(.attemptRetried(failure, number: attempt), on: exchange.connectionID)
        guard case .refused = problem else { return nil }
        refusals += 1
        guard let length = RefusalRule.pause(after: refusals), length > .zero else { return nil }
        let pause = Pause(length)
        stage = .pausing(pause)
        return pause
    }

    private func mayRetry(after problem: ExchangeProblem, _ exchange: ClientExchange) -> Bool {
        guard abortion == nil, exchange.abortion == nil else { return false }
        // The server says that it did nothing.
        if case .refused = problem {
            return RefusalRule.pause(after: refusals + 1) != nil && !exchange.hasTakenFromStream
        }
        return RetryRule(
            isReused: exchange.isReused, gotFirstByte: exchange.gotFirstByte, sentBytes: exchange.sentBytes,
            isReplayable: request.isReplayable, wasCutOff: problem.isCutOff
        ).allows
    }

    // MARK: - The body, for its reader

    /// What is here already; nil when it must be waited for.
    func takePiece(of exchange: ClientExchange) -> BodyPiece? {
        let piece = exchange.takePiece()
        if exchange.isEnded { end(nil) }
        return piece
    }

    func nextPiece(of exchange: ClientExchange) async -> Result<BodyPiece, Failure> {
        do throws(ExchangeProblem) {
            while true {
                if let piece = takePiece(of: exchange) { return .success(piece) }
                try await exchange.advance()
            }
        } catch {
            let failure = self.failure(error, exchange)
            exchange.fail(failure)
            end(failure)
            return .failure(failure)
        }
    }

    func abandon(_ exchange: ClientExchange) {
        exchange.abandon()
        end(nil)
    }

    // MARK: - Ending

    private func end(_ failure: Failure?) {
        if let timer { loop.cancel(timer) }
        timer = nil
        if let failure {
            var connection: ConnectionID?
            if case .exchanging(let exchange) = stage { connection = exchange.connectionID }
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

    /// Which phase a limit ends now, as far as this level knows; the recorded events know it exactly.
    var currentPhase: Phase {
        switch stage {
        case .leasing, .pausing: .queued
        case .exchanging(let exchange): exchange.head != nil ? .receive : exchange.sentBytes == 0 ? .send : .wait
        case .over: .receive
        }
    }

    private func failure(_ problem: ExchangeProblem, _ exchange: ClientExchange) -> Failure {
        if let failure = abortion ?? exchange.abortion { return failure }
        let phase: Phase =
            exchange.head != nil || exchange.gotFirstByte ? .receive : exchange.sentBytes == 0 ? .send : .wait
        return switch problem {
        case .stream(let error): Failure(error, during: phase)
        case .wire(let error): Failure(error, in: phase)
        case .reset(let code): Failure(.reset, phase: phase, "the server reset the HTTP/2 stream: \(code)")
        case .refused(let why), .turnedAway(let why): Failure(.reset, phase: phase, why)
        case .hook(let error):
            Failure(.cancelled, phase: phase, "a trace's got1xxResponse hook ended the request: \(error)")
        }
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
