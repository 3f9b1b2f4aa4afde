internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// Every wait for the client, each with its limit.

extension ServerConnection {
    func shakeHands(_ context: TLSContext) async throws {
        watchdog.watch(.handshake, for: timeouts.handshake)
        record(.tlsHandshakeStart)
        let secure = try TLSStream(over: tcp, server: context)
        stream = secure
        do {
            let facts = try await secure.handshake()
            record(.tlsHandshakeDone(facts, nil))
            agreedProtocol = facts.alpn
        } catch {
            let failure = closeReason?.failure ?? Failure(.tls, phase: .tls, error.description)
            record(.tlsHandshakeDone(secure.facts, failure))
            throw error
        }
        watchdog.relax()
    }

    /// The head of the next request; nil when the client closed instead.
    func nextHead() async throws -> (ReceivedHead, BodyFraming)? {
        var watched: ServerWait?
        while true {
            if let part = try partAtHand() {
                guard case .head(let head, let framing) = part else { preconditionFailure("\(part) between requests") }
                watchdog.relax()
                return (head, framing)
            }
            if input.isEnd || input.isHTTP2 { return nil }
            let wait = machine.isResting ? ServerWait.nextRequest : .head
            if wait != watched { watchdog.watch(wait, for: wait == .head ? timeouts.head : timeouts.idle) }
            watched = wait
            try await stream.readable()
        }
    }

    /// The next part of a request's body.
    func nextBodyPart() async throws -> RequestPart {
        while true {
            if let part = try partAtHand() {
                watchdog.relax()
                return part
            }
            watchdog.watch(.body, for: timeouts.body)
            try await stream.readable()
        }
    }

    /// The next part of a request if it is there already.
    func partAtHand() throws -> RequestPart? {
        let before = stream.bytesReceived
        defer {
            let count = stream.bytesReceived - before
            machine.received(count, areNew: true)
            if count > 0, machine.awaitsHead, !input.isOpening { noteFirstByte() }
        }
        return try input.next(from: stream)
    }

    /// Sends what `output` holds. Several tasks of one handler may be at it.
    ///
    /// - Throws: `ServerError.clientGone`, also when the connection was ended from elsewhere.
    func flush() async throws {
        guard closeReason == nil else { throw ServerError.clientGone }
        do {
            while true {
                let isWhole = try output.write(to: stream)
                current?.noteWritten(upTo: stream.bytesSent)
                if isWhole { return }
                let wait = writeWait ?? WriteWait { [unowned self] in timedOut($0) }
                writeWait = wait
                try await wait.room(in: stream, within: timeouts.write)
            }
        } catch let error as StreamError {
            end(because: error)
            throw ServerError.clientGone
        }
    }

    /// While a handler works: has the client gone away? Nobody would read the answer, so the handler is cancelled, as
    /// Go does. A client that only ended its side and still reads gets what a handler writes that takes no notice.
    func lookAhead() {
        guard closeReason == nil, let current, current.requestEnd != nil else { return }
        do {
            if try input.lookAhead(from: stream) { task?.cancel() }
        } catch {
            end(because: error)
        }
    }
}
