internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request from the caller's `send` to the last byte of its response, over as many attempts as that takes.
//
//      leasing ──▶ exchanging ──▶ (body read by the caller) ──▶ over
//         ▲            │ the connection was stale
//         └────────────┘
//
// Everything that ends it early (cancellation, a time limit) comes in through `abort`, which ends whatever is waited
// for at this moment. There is no other road, so no phase can be forgotten.

@NetworkActor
final class RoundTrip {
    /// As it is sent, cookies included.
    private let request: ClientRequest
    /// The caller's own fields, as traces are told.
    private let askedFields: HTTPFields
    private let redirection: Redirection?
    private let client: Client
    let tracer: Tracer
    private var stage = Stage.leasing(nil)
    private var abortion: Failure?
    private var timer: TimerID?
    private var attempt = 1

    private enum Stage {
        case leasing(RequestID?)
        case exchanging(HTTP1Exchange)
        case over
    }

    /// - Parameter redirection: What led here; nil for a request of its own.
    init(_ request: ClientRequest, after redirection: Redirection?, _ client: Client, _ tracer: Tracer) {
        askedFields = request.fields
        var request = request
        client.addCookies(to: &request, after: redirection)
        // Never changed from here on: what may change is copied whenever it is handed on.
        self.request = request
        self.redirection = redirection
        self.client = client
        self.tracer = tracer
    }

    private var loop: EventLoop { .shared }
    private var pool: ConnectionPool { client.pool }
    private var configuration: ClientConfiguration { _read { yield client.configuration } }

    /// Waits for the response's head.
    ///
    /// A result and no throw, since errors lose their type on the way through `withTaskCancellationHandler`. And all waits in
    /// one function, put into its caller: every asynchronous call costs two looks at which executor the task prefers, under
    /// a lock.
    @inline(__always)
    func run() async -> Result<Response, Failure> {
        begin()
        do throws(Failure) {
            let key = try configuration.proxies.key(for: request.url.origin)
            let head = try client.heads.head(of: request, to: key)
            while true {
                let connection: HTTP1Connection
                switch try lease(key) {
                case .now(let idle): connection = idle
                case .later(let waiter): connection = try await waiter.answer()
                }
                if let abortion {
                    // It was ended after the connection was handed over and before this task came to know.
                    connection.release(tracer)
                    throw abortion
                }
                let exchange = send(head, on: connection)
                do throws(HTTP1Exchange.Problem) {
                    while true {
                        if let head = exchange.head {
                            client.keepCookies(of: head, from: request.url)
                            return .success(
                                Response(
                                    head: head, body: BodyStream(self, exchange), upgraded: exchange.upgraded))
                        }
                        try await exchange.advance()
                    }
                } catch {
                    try prepareRetry(after: error, exchange)
                }
            }
        } catch {
            end(error)
            return .failure(error)
        }
    }

    private func begin() {
        tracer.record(
            .requestStarted(
                RequestedHead(
                    method: request.method, url: request.url, fields: askedFields,
                    bodyBytes: request.announcedBytes)))
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
        case .over: break
        }
    }

    // MARK: - Attempts

    private func lease(_ key: ConnectionKey) throws(Failure) -> ConnectionPool.Lease {
        if let abortion { throw abortion }
        let lease = pool.makeRequestID()
        stage = .leasing(lease)
        return try pool.lease(lease, for: key, tracer: tracer)
    }

    private func send(_ head: MadeHead, on connection: HTTP1Connection) -> HTTP1Exchange {
        let exchange = HTTP1Exchange(
            request.body, on: connection, responseHeaderTimeout: configuration.responseHeaderTimeout, tracer: tracer)
        stage = .exchanging(exchange)
        tracer.record(.wroteHeaders(head.told), on: connection.id)
        exchange.send(request, head: head.bytes, expectTimeout: configuration.expectContinueTimeout)
        return exchange
    }

    /// - Throws: Why it failed, when there may be no other attempt.
    private func prepareRetry(after problem: HTTP1Exchange.Problem, _ exchange: HTTP1Exchange) throws(Failure) {
        let failure = self.failure(problem, exchange)
        exchange.fail(failure)
        guard mayRetry(after: problem, exchange) else { throw failure }
        attempt += 1
        tracer.record(.attemptRetried(failure, number: attempt), on: exchange.connection.id)
    }

    private func mayRetry(after problem: HTTP1Exchange.Problem, _ exchange: HTTP1Exchange) -> Bool {
        guard abortion == nil, exchange.abortion == nil else { return false }
        return RetryRule(
            isReused: exchange.connection.isReused, gotFirstByte: exchange.gotFirstByte, sentBytes: exchange.sentBytes,
            isReplayable: request.isReplayable, wasCutOff: problem.isCutOff
        ).allows
    }

    // MARK: - The body, for its reader

    /// What is here already; nil when it must be waited for.
    func takePiece(of exchange: HTTP1Exchange) -> HTTP1Exchange.Piece? {
        let piece = exchange.takePiece()
        if exchange.isEnded { end(nil) }
        return piece
    }

    func nextPiece(of exchange: HTTP1Exchange) async -> Result<HTTP1Exchange.Piece, Failure> {
        do throws(HTTP1Exchange.Problem) {
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

    func abandon(_ exchange: HTTP1Exchange) {
        exchange.abandon()
        end(nil)
    }

    // MARK: - Ending

    private func end(_ failure: Failure?) {
        if let timer { loop.cancel(timer) }
        timer = nil
        if let failure {
            var connection: ConnectionID?
            if case .exchanging(let exchange) = stage { connection = exchange.connection.id }
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
        case .leasing: .queued
        case .exchanging(let exchange): exchange.head != nil ? .receive : exchange.sentBytes == 0 ? .send : .wait
        case .over: .receive
        }
    }

    private func failure(_ problem: HTTP1Exchange.Problem, _ exchange: HTTP1Exchange) -> Failure {
        if let failure = abortion ?? exchange.abortion { return failure }
        let phase: Phase =
            exchange.head != nil || exchange.gotFirstByte ? .receive : exchange.sentBytes == 0 ? .send : .wait
        return switch problem {
        case .stream(let error): Failure(error, during: phase)
        case .wire(let error): Failure(error, in: phase)
        case .hook(let error):
            Failure(.cancelled, phase: phase, "a trace's got1xxResponse hook ended the request: \(error)")
        }
    }
}

extension HTTP1Exchange.Problem {
    fileprivate var isCutOff: Bool {
        switch self {
        case .stream: true
        case .wire(let error): error.kind == .closedBeforeResponse
        case .hook: false
        }
    }
}
