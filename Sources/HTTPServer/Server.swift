public import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
public import Transport

/// Answers one request. It runs on the network thread and must not block it; waiting is fine. It is cancelled when its
/// client goes away or the server is closed. What it throws before it has answered becomes 500; afterwards the response
/// is cut short.
public typealias ServerHandler = @Sendable @NetworkActor (ServerRequest, ServerResponder) async throws -> Void

/// Told of each state a connection enters, in order, on the network thread, between two steps of the connection: it
/// must not block.
public typealias ConnectionStateObserver = @Sendable @NetworkActor (ServerConnectionChange) -> Void

/// A small HTTP/1.1 and HTTP/2 server that says what its connections are doing.
///
///     let server = try await Server.start(connectionState: { print($0.connection, $0.state) }) { request, responder in
///         try await responder.send(HTTPResponse(status: .ok), Array("hello\n".utf8))
///     }
///
/// It serves until `shutdown` or `close`, also when nobody holds it any more.
@NetworkActor
public final class Server {
    let configuration: ServerConfiguration
    let connectionState: ConnectionStateObserver?
    let handler: ServerHandler
    /// Whether requests must name a loopback host.
    let checksHosts: Bool
    /// No new connections, and no further request on those there are.
    private(set) var isStopping = false
    /// How many connections are in which state, and how long they stay in it.
    public internal(set) var gauge = ServerGauge()
    /// Whether connections may serve more than one request. Switching it off closes the idle ones at once and the
    /// others after their response: Go's `SetKeepAlivesEnabled`.
    public var keepsConnections = true {
        didSet {
            if !keepsConnections { for connection in connections.values { connection.stopIfIdle(.keepAliveOff) } }
        }
    }

    private let listener: TCPListener
    private(set) var connections: [ServerConnectionID: ServerConnection] = [:]
    let numbers: ServerNumbers
    private var standing: StandingFields
    /// When `shutdown` began.
    private var stoppingSince: Timestamp?
    /// Resumed when a connection goes: by the accept loop at the connection limit, and by `shutdown`.
    private var waiters: [WaitingPlace] = []

    /// Where it listens, with the port that was given out when 0 was asked for.
    public nonisolated let address: NetworkAddress
    public nonisolated let scheme: Scheme

    /// Where its URLs begin: the address as a host.
    public nonisolated var origin: Origin { Origin(scheme: scheme, host: address.ip, port: address.port) }

    /// Connections that are open and not hijacked.
    public var connectionCount: Int { connections.count }

    private init(
        _ configuration: ServerConfiguration, _ listener: TCPListener, _ numbers: ServerNumbers,
        _ connectionState: ConnectionStateObserver?, _ handler: @escaping ServerHandler
    ) {
        self.numbers = numbers
        self.configuration = configuration
        self.listener = listener
        self.connectionState = connectionState
        self.handler = handler
        address = listener.address
        scheme = configuration.tls == nil ? .http : .https
        checksHosts = configuration.refusesForeignHosts && HostRule.isLoopback(listener.address)
        standing = StandingFields(serverName: configuration.serverName)
    }

    /// Listens, and serves in the background from then on.
    ///
    /// - Throws: When the address can't be listened on: the system call and its errno.
    public static func start(
        _ configuration: ServerConfiguration = ServerConfiguration(), connectionState: ConnectionStateObserver? = nil,
        handler: @escaping ServerHandler
    ) async throws(StreamError) -> Server {
        try start(configuration, ServerNumbers(), connectionState, handler)
    }

    /// For servers that number their connections together.
    static func start(
        _ configuration: ServerConfiguration, _ numbers: ServerNumbers, _ connectionState: ConnectionStateObserver?,
        _ handler: @escaping ServerHandler
    ) throws(StreamError) -> Server {
        let listener = try TCPListener(configuration.address)
        let server = Server(configuration, listener, numbers, connectionState, handler)
        Task.onNetwork { await server.acceptConnections() }
        return server
    }

    // MARK: Stopping

    /// Stops listening, closes idle connections and lets busy ones finish their response; a connection that has sent
    /// nothing yet is given `ServerTimeouts.untouched`. Hijacked connections are not waited for.
    ///
    /// - Parameter limit: What is still open then is closed as by `close()`.
    /// - Returns: Whether everything finished in time; all its `closed` have been reported then.
    @discardableResult
    public func shutdown(within limit: Duration = .seconds(30)) async -> Bool {
        isStopping = true
        listener.close()
        for connection in connections.values { connection.stopIfIdle(.serverStopped) }
        let start = EventLoop.shared.now
        stoppingSince = start
        reportWaiting()
        var isInTime = true
        let timers = [
            EventLoop.shared.schedule(at: start + configuration.timeouts.untouched) { [self] in
                for connection in connections.values { connection.stopIfUntouched() }
            },
            EventLoop.shared.schedule(at: start + limit) { [self] in
                isInTime = connections.isEmpty
                close()
                wakeWaiters()
            },
        ]
        await untilConnectionGoes(while: { !connections.isEmpty && isInTime })
        for timer in timers { EventLoop.shared.cancel(timer) }
        record(.shutdownDone(isInTime: isInTime), of: nil)
        return isInTime
    }

    /// Stops listening and closes all connections at once, whatever they are doing, except hijacked ones. Their
    /// `closed` is reported as soon as their handlers have stopped, which may be after this returns, as in Go.
    public func close() {
        isStopping = true
        listener.close()
        for connection in connections.values { connection.end(.serverStopped) }
    }

    /// Who `shutdown` would wait for now, or waits for, and why; those that came first first. Empty when it would not
    /// wait.
    public var waiting: [ServerWaiting] {
        connections.values.compactMap { $0.waiting(untouchedUntil: untouchedDeadline) }
            .sorted { $0.connection < $1.connection }
    }

    private var untouchedDeadline: Timestamp {
        (stoppingSince ?? EventLoop.shared.now) + configuration.timeouts.untouched
    }

    /// What a report lists of those that are waited for; the rest is counted. More nobody reads.
    private static let reportedWaits = 100

    private func reportWaiting() {
        guard configuration.observer != nil, stoppingSince != nil else { return }
        let all = waiting
        record(.shutdownWaits(Array(all.prefix(Self.reportedWaits)), count: all.count), of: nil)
    }

    // MARK: Connections

    private func acceptConnections() async {
        while !isStopping {
            await untilConnectionGoes(while: { connections.count >= configuration.limits.connections })
            if let pace = configuration.observerPace { while pace.isBehind(), !isStopping { await pace.ready() } }
            guard !isStopping else { return }
            do {
                accepted(try await listener.accept())
            } catch .closed {
                return
            } catch {
                // No descriptor or no memory left: the connection stays in the queue, and asking at once would spin.
                try? await Pause.wait(for: .milliseconds(50))
            }
        }
    }

    private func accepted(_ stream: TCPStream) {
        let id = numbers.nextConnection()
        let connection = ServerConnection(stream, id, of: self)
        connections[id] = connection
        connection.start()
    }

    /// A connection's handshake is over. While the server shuts down, that may be after the others were given up on that had
    /// sent nothing.
    func secured(_ connection: ServerConnection) {
        guard stoppingSince != nil else { return }
        EventLoop.shared.schedule(at: EventLoop.shared.now + configuration.timeouts.untouched) { [weak connection] in
            connection?.stopIfUntouched()
        }
    }

    func forget(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        wakeWaiters()
        reportWaiting()
    }

    var isObserved: Bool { configuration.observer != nil }

    func record(
        _ event: @autoclosure () -> ServerEvent, of connection: ServerConnectionID?, _ request: ServerRequestID? = nil
    ) {
        guard let observer = configuration.observer else { return }
        observer(
            ServerRecord(time: EventLoop.shared.now, connection: connection, request: request, event: event()))
    }

    /// Date and Server for HTTP/2, which has no lines.
    var standingFields: [(HTTPField.Name, String)] { standing.fields(at: StandingFields.currentSecond) }

    /// Whether a connection may serve another request, as far as the server is asked.
    var mayKeep: Bool { reasonNotToKeep == nil }

    var reasonNotToKeep: ServerCloseReason? {
        isStopping ? .serverStopped : keepsConnections ? nil : .keepAliveOff
    }

    func standingLines(besides fields: HTTPFields) -> [UInt8] {
        standing.lines(at: StandingFields.currentSecond, besides: fields)
    }

    /// Returns when `mustWait` no longer holds; it is asked whenever a connection has gone.
    private func untilConnectionGoes(while mustWait: () -> Bool) async {
        while mustWait() {
            let waiter = WaitingPlace()
            waiters.append(waiter)
            await waiter.wait()
        }
    }

    private func wakeWaiters() {
        for waiter in waiters { waiter.wake() }
        waiters = []
    }
}
