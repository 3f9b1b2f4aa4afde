internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One HTTP/1 connection, from accept to close: reads a request, lets the handler answer, and again. `ConnectionMachine`
// says which state that is, `HTTP1RequestReader` what the bytes mean, `ResponsePlan` whether there is a next request.
//
// It runs in one task. What comes from elsewhere (a limit reached, the server closed) goes through `end`: that notes
// the reason, cancels the task and closes the stream, and the task finds out at its next step.

/// Serves one connection.
@NetworkActor
final class HTTP1ServerConnection {
    let id: ServerConnectionID
    let server: Server
    let tcp: TCPStream
    /// What is read and written: TCP, or TLS over it.
    var stream: any ByteStream
    var input: RequestInput
    var output = ResponseOutput()
    var machine = ConnectionMachine()
    /// The request that a handler is answering.
    private(set) var current: HTTP1Exchange?
    /// Set once, by whatever ended the connection first.
    var closeReason: ServerCloseReason?
    private(set) var task: Task<Void, Never>?
    private(set) lazy var watchdog = Watchdog { [unowned self] in timedOut($0) }
    private var requestCount = 0
    /// The host of the last request that passed; a client names the same one each time.
    private var knownHost: String?

    init(_ tcp: TCPStream, _ id: ServerConnectionID, of server: Server) {
        self.id = id
        self.server = server
        self.tcp = tcp
        stream = tcp
        input = RequestInput(limits: server.configuration.limits.http1)
    }

    var scheme: Scheme { server.configuration.tls == nil ? .http : .https }
    var limits: ServerLimits { server.configuration.limits }
    var timeouts: ServerTimeouts { server.configuration.timeouts }

    /// Begins to serve; reports `new` before it returns.
    func start() {
        report(.new)
        task = Task.onNetwork { [self] in
            await serve()
            finish()
        }
    }

    private func serve() async {
        do {
            if let context = server.configuration.tls { try await shakeHands(context) }
            guard closeReason == nil else { return }
            stream.onReadableWhileIdle = { [weak self] in self?.lookAhead() }
            while closeReason == nil, try await serveOne() {}
        } catch let error as StreamError {
            end(because: error)
        } catch let error as TLSError {
            if error == .notTLS { sayThatThisIsTLS() }
            end(.handshakeFailed(error.description))
        } catch let error as WireError {
            // In what was left of a body after its answer: there is nobody to tell.
            end(error.answer == nil ? .clientGone : .broken(error.description))
        } catch {
            end(.broken("\(error)"))
        }
    }

    /// Reads one request and sees it answered.
    ///
    /// - Returns: Whether another one may follow.
    private func serveOne() async throws -> Bool {
        guard let exchange = try await nextExchange() else { return false }
        report(machine.headRead())
        if let (status, words) = objection(to: exchange.head) {
            await refuse(status, words)
            return false
        }
        try exchange.readEmptyBody()

        current = exchange
        defer { current = nil }
        do {
            try await server.handler(ServerRequest(exchange: exchange), ServerResponder(exchange: exchange))
            try await exchange.finishIfNeeded()
        } catch {
            await handlerFailed(exchange, error)
            return false
        }
        return try await conclude(exchange)
    }

    /// Waits for the next request; nil when there will be none.
    private func nextExchange() async throws -> HTTP1Exchange? {
        machine.received(input.restCount, areNew: false)
        do {
            guard let (head, framing) = try await nextHead() else {
                end(.clientClosed)
                return nil
            }
            requestCount += 1
            return HTTP1Exchange(head, framing, number: requestCount, on: self)
        } catch let error as WireError {
            report(machine.headFailed())
            if let status = error.answer { await refuse(status, error.description) } else { end(.clientGone) }
            return nil
        } catch {
            report(machine.headFailed())
            throw error
        }
    }

    /// What the server itself says to a request, before any handler sees it.
    private func objection(to head: ReceivedHead) -> (HTTPResponse.Status, String)? {
        if !head.expectsContinue, head.version == .http11, let expectation = head.firstValue("expect") {
            return (.expectationFailed, "nothing is known of Expect: \(expectation)")
        }
        guard server.checksHosts else { return nil }
        let authority = authority(of: head)
        guard authority == knownHost || HostRule.isLoopback(authority: authority) else {
            return (.misdirectedRequest, "this server answers to localhost and loopback addresses only")
        }
        knownHost = authority
        return nil
    }

    // A target in absolute form overrides Host (RFC 9112 §3.2.2). HTTP/1.0 may name no host at all; browsers don't
    // speak it.
    private func authority(of head: ReceivedHead) -> String {
        if head.target.hasPrefix("/") || head.target == "*" { return head.firstValue("host") ?? "localhost" }
        return head.request(scheme: scheme.rawValue).authority ?? ""
    }

    /// After the response: reads what is left of the request, and closes unless the connection is kept.
    private func conclude(_ exchange: HTTP1Exchange) async throws -> Bool {
        guard closeReason == nil else { return false }
        switch exchange.progress {
        case .ended(let plan):
            if plan.isKept, try await discardBody(of: exchange), exchange.requestEnd?.isReusable == true,
                !server.isStopping
            {
                report(machine.responseEnded(isKept: true))
                return true
            }
            await close(because: exchange.closeReason ?? (server.isStopping ? .serverStopped : .weSaidClose))
        case .raw:
            await close(because: .handlerClosed)
        case .hijacked: break
        case .unanswered, .started: preconditionFailure("a handler ended and its response is \(exchange.progress)")
        }
        return false
    }

    /// - Returns: Whether the request was read to its end.
    private func discardBody(of exchange: HTTP1Exchange) async throws -> Bool {
        var discarded = 0
        // In all, since a client could send a byte now and then for ever.
        let deadline = EventLoop.shared.now + timeouts.body
        while exchange.requestEnd == nil, discarded <= limits.discardedBodyBytes, EventLoop.shared.now < deadline {
            discarded += try await exchange.readPart()?.count ?? 0
        }
        return exchange.requestEnd != nil
    }

    private func handlerFailed(_ exchange: HTTP1Exchange, _ error: any Error) async {
        guard closeReason == nil, exchange.progress != .hijacked else { return }
        if error is CancellationError { return end(.clientGone) }
        if let bodyError = exchange.bodyError, exchange.progress == .unanswered {
            guard let status = bodyError.answer else { return end(.clientGone) }
            await refuse(status, bodyError.description)
        } else if exchange.progress == .unanswered {
            closeReason = .handlerFailed("\(error)")
            await refuse(.internalServerError, "the handler failed")
        } else {
            abort(.handlerFailed("\(error)"))
        }
    }
}
