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
    ) async throws(Failure) -> HTTP1Connection {
        let tcp: TCPStream
        do throws(DialError) {
            let dialer = Dialer(resolver: configuration.resolver, options: configuration.dialing)
            tcp = try await dialer.dial(key.origin, timeout: configuration.connectTimeout, record: record)
        } catch {
            throw Failure(error, during: error.phase)
        }
        guard key.origin.scheme == .https else {
            let facts = ConnectionFacts(local: tcp.localAddress, remote: tcp.remoteAddress)
            return HTTP1Connection(id: id, stream: tcp, facts: facts, pool: pool, limits: configuration.limits)
        }
        var handshake = Handshake(context: configuration.tls, limit: configuration.tlsHandshakeTimeout, loop: loop)
        handshake.tellsMessages = isTraced
        let (tls, tlsFacts) = try await handshake.run(over: tcp, with: key.origin, record: record)
        let facts = ConnectionFacts(local: tcp.localAddress, remote: tcp.remoteAddress, tls: tlsFacts)
        return HTTP1Connection(id: id, stream: tls, facts: facts, pool: pool, limits: configuration.limits)
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
