internal import HTTPTrace
internal import HTTPWire
internal import Transport

/// Makes connections: name, address, handshake. Streams stack, so a proxy will be one more layer here.
@NetworkActor
struct ConnectionFactory {
    let configuration: ClientConfiguration
    let loop: EventLoop

    init(configuration: ClientConfiguration, loop: EventLoop = .shared) {
        self.configuration = configuration
        self.loop = loop
    }

    /// Opens a connection for `key`.
    ///
    /// - Parameter record: Told of each step as it happens; one done for every start, also on failure.
    /// - Throws: What failed, in which phase. Cancelling the task ends it at once.
    func open(
        _ id: ConnectionID, _ key: ConnectionKey, in pool: ConnectionPool,
        record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> HTTP1Connection {
        let tcp: TCPStream
        do throws(DialError) {
            let dialer = Dialer(resolver: configuration.resolver)
            tcp = try await dialer.dial(key.origin, timeout: configuration.connectTimeout, record: record)
        } catch {
            throw Failure(error, during: error.phase)
        }
        guard key.origin.scheme == .https else {
            let facts = ConnectionFacts(local: tcp.localAddress, remote: tcp.remoteAddress)
            return HTTP1Connection(id: id, stream: tcp, facts: facts, pool: pool, limits: configuration.limits)
        }
        let (tls, tlsFacts) = try await handshake(over: tcp, to: key.origin, record: record)
        let facts = ConnectionFacts(local: tcp.localAddress, remote: tcp.remoteAddress, tls: tlsFacts)
        return HTTP1Connection(id: id, stream: tls, facts: facts, pool: pool, limits: configuration.limits)
    }

    private func handshake(
        over tcp: TCPStream, to origin: Origin, record: @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> (TLSStream, TLSFacts) {
        record(.tlsHandshakeStart)
        let stream: TLSStream
        do throws(TLSError) {
            stream = try TLSStream(over: tcp, client: configuration.tls, host: origin.host)
        } catch {
            try failHandshake(tcp, origin, error, TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil), record)
        }

        var hasTimedOut = false
        let limit = configuration.tlsHandshakeTimeout
        let timer = limit.map { limit in
            loop.schedule(at: loop.now + limit) {
                hasTimedOut = true
                tcp.close()
            }
        }
        defer { if let timer { loop.cancel(timer) } }
        do throws(TLSError) {
            let result = await withTaskCancellationHandler {
                await Result.of { () async throws(TLSError) in try await stream.handshake() }
            } onCancel: { [loop] in
                loop.execute { tcp.close() }
            }
            let facts = try result.get()
            record(.tlsHandshakeDone(facts, nil))
            return (stream, facts)
        } catch {
            if hasTimedOut, let limit {
                let failure = Failure(.timeout, phase: .tls, "the TLS handshake took longer than \(limit.inWords)")
                record(.tlsHandshakeDone(stream.facts, failure))
                throw failure
            }
            try failHandshake(tcp, origin, error, stream.facts, record)
        }
    }

    private func failHandshake(
        _ tcp: TCPStream, _ origin: Origin, _ error: TLSError, _ facts: TLSFacts,
        _ record: @NetworkActor (TraceEvent) -> Void
    ) throws(Failure) -> Never {
        tcp.close()
        var failure = Failure(error)
        // OpenSSL only says "mismatch". Whose certificate it is tells where the request went instead.
        if case .untrusted(let problem) = error, problem.contains("mismatch"), let leaf = facts.certificates.first {
            let names = leaf.names.isEmpty ? "no name" : leaf.names.prefix(3).joined(separator: ", ")
            failure.message +=
                ": it is for \(names)\(leaf.names.count > 3 ? " and others" : ""), not for \(origin.host)"
        }
        record(.tlsHandshakeDone(facts, failure))
        throw failure
    }
}

extension DialError {
    /// What was being done when it failed.
    fileprivate var phase: Phase {
        switch self {
        case .unresolved: .dns
        case .timedOut(_, _, let attempts): attempts.isEmpty ? .dns : .connect
        case .refused, .cancelled: .connect
        }
    }
}
