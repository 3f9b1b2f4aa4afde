internal import HTTPTrace
internal import HTTPWire
internal import Transport

// Makes connections. Streams stack, so the ways to an origin differ only in their layers:
//
//      direct        TCP ▸ (TLS with the origin)
//      forwarded     TCP ▸ (TLS with the proxy)
//      tunnelled     TCP ▸ (TLS with the proxy) ▸ CONNECT or SOCKS ▸ (TLS with the origin)
//                          └──────────── tunnelStart … tunnelDone ┘
//
// Ten thousand dials may wait at once, and what a function keeps over its waits is allocated for each (see `Dialer`): so the
// factory is an object, and what only other ways need stands apart from the direct one.

@NetworkActor
final class ConnectionFactory {
    let configuration: ClientConfiguration
    private let dialer: Dialer
    let loop: EventLoop

    init(configuration: ClientConfiguration, loop: EventLoop = .shared) {
        self.configuration = configuration
        dialer = Dialer(resolver: configuration.resolver, options: configuration.dialing)
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
        let tcp = try await dial(key, record: record)
        guard key.hasMoreLayers else { return make(id, tcp, tls: nil, isHTTP2: knowsHTTP2(key), in: pool) }
        return try await layer(id, key, over: tcp, in: pool, isTraced: isTraced, record: record)
    }

    /// Puts what `key` wants over `tcp`.
    @inline(never)
    private func layer(
        _ id: ConnectionID, _ key: ConnectionKey, over tcp: TCPStream, in pool: ConnectionPool, isTraced: Bool,
        record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> ClientConnection {
        var stream: any ByteStream = tcp
        if case .tunnelled(let proxy) = key.way {
            stream = try await tunnel(over: tcp, to: key.origin, through: proxy, isTraced: isTraced, record: record)
        }
        guard key.origin.scheme == .https else {
            return make(id, stream, tls: nil, isHTTP2: knowsHTTP2(key), in: pool)
        }
        var handshake = key.isProxy ? proxyHandshake : originHandshake
        handshake.tellsMessages = isTraced
        let (tls, tlsFacts) = try await handshake.run(over: stream, with: key.origin, record: record)
        // A server that chose nothing speaks HTTP/1.1, unless it is known to speak HTTP/2.
        let isHTTP2 = tlsFacts.alpn == "h2" || (tlsFacts.alpn == nil && knowsHTTP2(key))
        return make(id, tls, tls: tlsFacts, isHTTP2: isHTTP2, in: pool)
    }

    private func knowsHTTP2(_ key: ConnectionKey) -> Bool { configuration.versions == .http2Only && !key.isProxy }

    @inline(never)
    private func make(
        _ id: ConnectionID, _ stream: any ByteStream, tls: TLSFacts?, isHTTP2: Bool, in pool: ConnectionPool
    ) -> ClientConnection {
        let facts = ConnectionFacts(
            local: stream.localAddress, remote: stream.remoteAddress, applicationProtocol: isHTTP2 ? "h2" : "http/1.1",
            tls: tls)
        guard isHTTP2 else {
            return .http1(
                HTTP1Connection(id: id, stream: stream, facts: facts, pool: pool, configuration: configuration))
        }
        return .http2(HTTP2Connection(id: id, stream: stream, facts: facts, pool: pool, configuration))
    }

    private var originHandshake: Handshake {
        Handshake(
            context: configuration.tls, limit: configuration.tlsHandshakeTimeout,
            applicationProtocols: configuration.versions.applicationProtocols, loop: loop)
    }

    // A proxy is spoken to in HTTP/1.1, whatever origins are offered.
    private var proxyHandshake: Handshake {
        Handshake(
            context: configuration.proxyTLS ?? configuration.tls, limit: configuration.tlsHandshakeTimeout,
            applicationProtocols: ["http/1.1"], loop: loop)
    }

    @inline(__always)
    private func dial(
        _ key: ConnectionKey, record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> TCPStream {
        do throws(DialError) {
            return try await dialer.dial(key.firstHop, timeout: configuration.connectTimeout, record: record)
        } catch {
            throw Self.failure(error, dialing: key)
        }
    }

    @inline(never)
    private static func failure(_ error: DialError, dialing key: ConnectionKey) -> Failure {
        var failure = Failure(error, during: error.phase)
        if case .timedOut(let limit, _, _) = error {
            failure.message += " (the limit for lookup and connecting is \(limit.inWords))"
        }
        if key.proxy != nil {
            failure.message = "the proxy can't be reached: \(failure.message)"
            if failure.kind == .dns { failure.detail = .proxyName }
        }
        return failure
    }

    // MARK: - Tunnels

    /// A stream whose bytes are the origin's, or none and `tcp` closed.
    private func tunnel(
        over tcp: TCPStream, to origin: Origin, through proxy: ProxyServer, isTraced: Bool,
        record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> any ByteStream {
        record(.tunnelStart(proxy, target: origin.hostPort))
        let opener = TunnelOpener(configuration: configuration, origin: origin, proxy: proxy, loop: loop)
        var hasTimedOut = false
        let limit = configuration.tunnelTimeout
        let timer = limit.map { limit in
            loop.schedule(at: loop.now + limit) {
                hasTimedOut = true
                tcp.close()
                opener.giveUp()
            }
        }
        defer { if let timer { loop.cancel(timer) } }
        do throws(Failure) {
            let result = await withTaskCancellationHandler {
                await Result.of { () async throws(Failure) in
                    let stream: any ByteStream =
                        proxy.kind == .https
                        ? try await encrypt(tcp, to: proxy, isTraced: isTraced, record: record) : tcp
                    try await opener.open(over: stream)
                    return stream
                }
            } onCancel: { [loop] in
                loop.execute { tcp.close() }
            }
            let stream = try result.get()
            record(.tunnelDone(opener.facts, nil))
            return stream
        } catch {
            tcp.close()
            var failure = error
            if hasTimedOut, let limit {
                failure = Failure(.timeout, phase: .tunnel, "the proxy made no way within \(limit.inWords)")
            }
            record(.tunnelDone(opener.facts, failure))
            throw failure
        }
    }

    private func encrypt(
        _ tcp: TCPStream, to proxy: ProxyServer, isTraced: Bool, record: @escaping @NetworkActor (TraceEvent) -> Void
    ) async throws(Failure) -> TLSStream {
        var handshake = proxyHandshake
        handshake.tellsMessages = isTraced
        do throws(Failure) {
            return try await handshake.run(over: tcp, with: proxy.origin, record: record).0
        } catch {
            var failure = error
            failure.phase = .tunnel
            failure.message = "TLS with the proxy: \(error.message)"
            throw failure
        }
    }
}

extension ConnectionKey {
    /// Whether it ends at a proxy that makes requests itself.
    fileprivate var isProxy: Bool { if case .forwarded = way { true } else { false } }

    /// Whether TCP alone is not all of it.
    fileprivate var hasMoreLayers: Bool {
        if origin.scheme == .https { return true }
        return if case .tunnelled = way { true } else { false }
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
