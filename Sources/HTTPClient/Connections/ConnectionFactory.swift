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
    /// - Parameters:
    ///   - isTraced: Whether `record` leads anywhere: the messages of a handshake are not even looked at otherwise.
    ///   - record: Told of each step as it happens; one done for every start, also on failure.
    /// - Throws: What failed, in which phase. Cancelling the task ends it at once.
    func open(
        _ id: ConnectionID, _ key: ConnectionKey, in pool: ConnectionPool, isTraced: Bool,
        record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> ClientConnection {
        let tcp: TCPStream
        do throws(DialError) {
            let dialer = Dialer(resolver: configuration.resolver, options: configuration.dialing)
            tcp = try await dialer.dial(key.origin, timeout: configuration.connectTimeout, record: record)
        } catch {
            throw Failure(error, during: error.phase)
        }
        guard key.origin.scheme == .https else {
            return make(id, tcp, tls: nil, isHTTP2: configuration.versions == .http2Only, in: pool)
        }
        var handshake = Handshake(
            context: configuration.tls, limit: configuration.tlsHandshakeTimeout,
            applicationProtocols: configuration.versions.applicationProtocols, loop: loop)
        handshake.tellsMessages = isTraced
        let (tls, tlsFacts) = try await handshake.run(over: tcp, with: key.origin, record: record)
        // A server that chose nothing speaks HTTP/1.1, unless it is known to speak HTTP/2.
        let isHTTP2 = tlsFacts.alpn == "h2" || (tlsFacts.alpn == nil && configuration.versions == .http2Only)
        return make(id, tls, tls: tlsFacts, isHTTP2: isHTTP2, in: pool)
    }

    private func make(
        _ id: ConnectionID, _ stream: any ByteStream, tls: TLSFacts?, isHTTP2: Bool, in pool: ConnectionPool
    ) -> ClientConnection {
        let facts = ConnectionFacts(
            local: stream.localAddress, remote: stream.remoteAddress, applicationProtocol: isHTTP2 ? "h2" : "http/1.1",
            tls: tls)
        guard isHTTP2 else {
            return .http1(
                HTTP1Connection(id: id, stream: stream, facts: facts, pool: pool, limits: configuration.limits))
        }
        return .http2(HTTP2Connection(id: id, stream: stream, facts: facts, pool: pool, configuration))
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
