internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One connection, from accept to close. HTTP/1 is spoken here: it reads a request, lets the handler answer, and again.
// `ConnectionMachine` says which state that is, `HTTP1RequestReader` what the bytes mean, `ResponsePlan` whether there is a
// next request. A client that begins with HTTP/2's preface, or agreed on it by ALPN, is left to `HTTP2Conversation`.
//
// It runs in one task. What comes from elsewhere (a limit reached, the server closed) goes through `end`: that notes
// the reason, cancels the task and closes the stream, and the task finds out at its next step.

/// Serves one connection.
@NetworkActor
final class ServerConnection {
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
    /// Nil until a client over HTTP/1 was slow.
    var writeWait: WriteWait?
    private var requestCount = 0
    /// The request of which bytes have come and which is not finished.
    var underWay: ServerRequestID?
    /// Since when the machine is in its state.
    var stateSince: Timestamp
    var lastReported: ConnectionState?
    /// When the TLS handshake was over, or found not to be needed; nil before that.
    private(set) var securedAt: Timestamp?
    /// By ALPN; nil when nothing was agreed.
    var agreedProtocol: String?
    /// Set once the connection speaks HTTP/2.
    var http2: HTTP2Conversation?
    /// The host of the last request that passed; a client names the same one each time.
    private var knownHost: String?

    init(_ tcp: TCPStream, _ id: ServerConnectionID, of server: Server) {
        self.id = id
        self.server = server
        self.tcp = tcp
        stream = tcp
        stateSince = EventLoop.shared.now
        input = RequestInput(
            limits: server.configuration.limits.http1,
            mayBeHTTP2: server.configuration.tls == nil && server.configuration.speaksHTTP2)
    }

    /// Whether the TLS handshake is over.
    var isSecured: Bool { securedAt != nil }
    var scheme: Scheme { server.configuration.tls == nil ? .http : .https }
    var limits: ServerLimits { server.configuration.limits }
    var timeouts: ServerTimeouts { server.configuration.timeouts }

    /// Begins to serve; reports `new` before it returns.
    func start() {
        record(.accepted(client: tcp.remoteAddress, server: tcp.localAddress, scheme))
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
            securedAt = EventLoop.shared.now
            server.secured(self)
            if agreedProtocol == "h2" { return await serveHTTP2(opening: []) }
            stream.onReadableWhileIdle = { [weak self] in self?.lookAhead() }
            while closeReason == nil, try await serveOne() {}
            if input.isHTTP2, closeReason == nil { await serveHTTP2(opening: input.takeOpening()) }
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

    private func serveHTTP2(opening: [UInt8]) async {
        record(.protocolChosen("h2"))
        let conversation = HTTP2Conversation(on: self)
        http2 = conversation
        await conversation.run(opening: opening)
    }

    /// Reads one request and sees it answered.
    ///
    /// - Returns: Whether another one may follow.
    private func serveOne() async throws -> Bool {
        guard let exchange = try await nextExchange() else { return false }
        report(machine.headRead())
        if let (status, words) = objection(to: exchange) {
            await refuse(status, words, to: exchange.method)
            return false
        }
        try exchange.readEmptyBody()

        current = exchange
        defer {
            exchange.noteBroken()
            current = nil
        }
        do {
            try await letHandlerAnswer(exchange)
            try await exchange.finishIfNeeded()
        } catch {
            await handlerFailed(exchange, error)
            return false
        }
        return try await conclude(exchange)
    }

    /// Runs the handler: one done for its start, whatever happens.
    func letHandlerAnswer(_ exchange: any ServerExchange) async throws {
        record(.handlerStart, of: exchange.id)
        do {
            try await server.handler(ServerRequest(exchange: exchange), ServerResponder(exchange: exchange))
        } catch {
            // A handler is cancelled when its client has gone, or the server closes.
            let isCancelled = error is CancellationError
            let failure = isCancelled ? (closeReason ?? .clientGone).failure : Failure(.truncated, "\(error)")
            record(.handlerDone(failure), of: exchange.id)
            throw error
        }
        record(.handlerDone(nil), of: exchange.id)
    }

    /// Bytes of a request have come, of one that is not known yet.
    func noteFirstByte() {
        guard underWay == nil else { return }
        if requestCount == 0 { record(.protocolChosen("http/1.1")) }
        underWay = server.numbers.nextRequest()
        record(.requestFirstByte, of: underWay)
    }

    /// - Parameter failure: Nil when it was answered whole.
    func finishRequest(_ failure: Failure?) {
        guard let request = underWay.take() else { return }
        record(.requestFinished(failure), of: request)
    }

    /// Waits for the next request; nil when there will be none.
    private func nextExchange() async throws -> HTTP1Exchange? {
        machine.received(input.restCount, areNew: false)
        if input.restCount > 0 { noteFirstByte() }
        do {
            guard let (head, framing) = try await nextHead() else {
                if !input.isHTTP2 { end(.clientClosed) }
                return nil
            }
            requestCount += 1
            guard let underWay else { preconditionFailure("a head of which no byte came") }
            let exchange = HTTP1Exchange(head, framing, id: underWay, number: requestCount, on: self)
            record(.requestHead(exchange.incoming, use: requestCount), of: underWay)
            return exchange
        } catch let error as WireError {
            report(machine.headFailed())
            if let underWay { record(.requestUnreadable(line: input.unreadableLine), of: underWay) }
            if let status = error.answer { await refuse(status, error.description) } else { end(.clientGone) }
            return nil
        } catch {
            report(machine.headFailed())
            throw error
        }
    }

    /// What the server itself says to a request, before any handler sees it.
    func objection(to exchange: any ServerExchange) -> (HTTPResponse.Status, String)? {
        if let expectation = exchange.firstValue("expect"), expectation.lowercased() != "100-continue",
            exchange.version != "HTTP/1.0"
        {
            return (.expectationFailed, "nothing is known of Expect: \(expectation)")
        }
        guard server.checksHosts else { return nil }
        let authority = authority(of: exchange)
        guard authority == knownHost || HostRule.isLoopback(authority: authority) else {
            return (.misdirectedRequest, "this server answers to localhost and loopback addresses only")
        }
        knownHost = authority
        return nil
    }

    // A target in absolute form overrides Host (RFC 9112 §3.2.2). HTTP/1.0 may name no host at all; browsers don't
    // speak it.
    private func authority(of exchange: any ServerExchange) -> String {
        let isPlain = exchange.target.hasPrefix("/") || exchange.target == "*"
        // The name stands in `:authority` there.
        if exchange.version == "HTTP/2" { return exchange.request.authority ?? "" }
        return isPlain ? exchange.firstValue("host") ?? "localhost" : exchange.request.authority ?? ""
    }

    /// HTTP/2's preface was read.
    func prefaceRead() {
        for state in machine.prefaceRead() { report(state) }
    }

    /// So many HTTP/2 streams are open now.
    func streamsChanged(to count: Int) { report(machine.streamsChanged(to: count)) }

    /// After the response: reads what is left of the request, and closes unless the connection is kept.
    private func conclude(_ exchange: HTTP1Exchange) async throws -> Bool {
        guard closeReason == nil else { return false }
        switch exchange.progress {
        case .ended(let plan):
            if plan.isKept, try await discardBody(of: exchange), exchange.requestEnd?.isReusable == true,
                server.mayKeep
            {
                finishRequest(nil)
                report(machine.responseEnded(isKept: true))
                return true
            }
            finishRequest(nil)
            await close(because: exchange.closeReason ?? server.reasonNotToKeep ?? .weSaidClose)
        case .raw:
            exchange.noteEnded()
            finishRequest(nil)
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
        // It broke off in its body.
        if let bodyError = exchange.bodyError, bodyError.answer == nil { return end(.clientGone) }
        if let bodyError = exchange.bodyError, let status = bodyError.answer, exchange.progress == .unanswered {
            await refuse(status, bodyError.description, to: exchange.method)
        } else if exchange.progress == .unanswered {
            closeReason = .handlerFailed("\(error)")
            await refuse(.internalServerError, "the handler failed", to: exchange.method)
        } else {
            abort(.handlerFailed("\(error)"))
        }
    }
}

extension RequestURL {
    /// What a request asked for, so that it can be sent again.
    ///
    /// - Parameters:
    ///   - authority: As the client named it, possibly nonsense: the address it came in on is taken then.
    ///   - path: As the client wrote it; `*` and nonsense become `/`.
    init(scheme: Scheme, authority: String?, path: String?, receivedAt address: NetworkAddress) {
        let fallback = Origin(scheme: scheme, host: address.ip, port: address.port)
        let named = authority.flatMap { try? TypedURL.parse("\(scheme.rawValue)://\($0)") }
        let target = path.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/"
        self.init(origin: named.map(\.origin) ?? fallback, target: target)
    }
}
