public import HTTPTrace

// Every connection of a server with its state, as its events tell; and how many are in which.
//
// Ten thousand may be open, and millions may have been: those that are gone are kept up to a limit, the latest ones.

/// A server's connections.
public struct ServerLedger: Equatable, Sendable {
    /// In the order of their numbers: all that are open, and the latest of those that are gone.
    public private(set) var connections: [Connection] = []
    public private(set) var counts = Counts()
    /// Whom a shutdown waits for, as it said last; nil when none is under way.
    public private(set) var waiting: Waiting?
    /// Closed connections in the order of closing.
    private var ended: [ServerConnectionID] = []

    /// How many of those that are gone are kept: more than anybody scrolls through.
    public static let endedLimit = 1_000
    /// Of one connection, the latest that have ended; a connection may carry a million.
    public static let requestLimit = 100

    public init() {}

    /// One connection's life so far.
    public struct Connection: Equatable, Sendable, Identifiable {
        public let id: ServerConnectionID
        public var client: NetworkAddress
        public var server: NetworkAddress
        public var scheme: Scheme
        public var acceptedAt: Timestamp
        public var state = ConnectionState.new
        /// When it entered its state.
        public var since: Timestamp
        /// The TLS handshake; nil over plain TCP.
        public var handshake: PhaseSpans.Span?
        public var tls: TLSFacts?
        /// `http/1.1` or `h2`; nil before that is known.
        public var applicationProtocol: String?
        /// Requests that came on it.
        public var uses = 0
        /// The latest of them, and those that run, oldest first.
        public var requests: [ServedRequest] = []
        /// Nil while it is open.
        public var closeReason: ServerCloseReason?
        public var closedAt: Timestamp?
        /// All that crossed the socket; 0 until it is closed.
        public var received = 0
        public var sent = 0
        /// The same connection as the client of this program numbers it, when it is its other end.
        public var peer: ConnectionID?

        /// Forgets the oldest that have ended. One that still runs, as an event stream does beside hundreds of others over
        /// HTTP/2, has its end to come.
        fileprivate mutating func forgetSome() {
            var count = ServerLedger.requestLimit
            requests.removeAll { request in
                guard count > 0, !request.isRunning else { return false }
                count -= 1
                return true
            }
        }

        /// The one that is being served, or arrives; the oldest of several.
        public var running: ServedRequest? { requests.first { $0.isRunning } }
    }

    /// How many connections are in which state now; `closed` counts all that ever were, those too that had been taken over.
    public struct Counts: Equatable, Sendable {
        public var new = 0
        public var active = 0
        public var idle = 0
        public var hijacked = 0
        public var closed = 0
        public var accepted = 0

        public var open: Int { accepted - closed }

        fileprivate mutating func add(_ step: Int, to state: ConnectionState) {
            switch state {
            case .new: new += step
            case .active: active += step
            case .idle: idle += step
            case .hijacked: hijacked += step
            case .closed: closed += step
            }
        }
    }

    /// Whom a shutdown waits for.
    public struct Waiting: Equatable, Sendable {
        /// The first of them.
        public var connections: [ServerWaiting]
        public var count: Int
    }

    public var isEmpty: Bool { counts.accepted == 0 }

    public subscript(id: ServerConnectionID) -> Connection? { index(of: id).map { connections[$0] } }

    /// The request of that number, while its connection is known and few came after it.
    public subscript(request: ServerRequestID, on connection: ServerConnectionID) -> ServedRequest? {
        index(of: connection).flatMap { connections[$0].requests.last { $0.id == request } }
    }

    /// Takes in a record.
    public mutating func apply(_ record: ServerRecord) {
        guard let id = record.connection else { return applyToServer(record) }
        if case .accepted(let client, let server, let scheme) = record.event {
            return accept(id, client, server, scheme, at: record.time)
        }
        guard let index = index(of: id) else { return }
        if record.request != nil { return applyToRequest(record, at: index) }
        switch record.event {
        case .tlsHandshakeStart: connections[index].handshake = PhaseSpans.Span(start: record.time)
        case .tlsHandshakeDone(let facts, _):
            connections[index].handshake?.end = record.time
            connections[index].tls = facts
        case .protocolChosen(let name): connections[index].applicationProtocol = name
        case .state(let state): enter(state, at: index, record.time)
        case .closed(let reason, let received, let sent):
            // Also one that was taken over, though the server closed nothing.
            enter(.closed, at: index, record.time)
            connections[index].closeReason = reason
            connections[index].closedAt = record.time
            (connections[index].received, connections[index].sent) = (received, sent)
            ended.append(id)
            forgetSome()
        default: break
        }
    }

    /// Says that this is the other end of one of the program's own connections.
    mutating func pair(_ id: ServerConnectionID, with peer: ConnectionID) {
        if let index = index(of: id) { connections[index].peer = peer }
    }

    mutating func keep(_ body: BodyCapture, of request: ServerRequestID, on connection: ServerConnectionID) {
        guard let index = index(of: connection),
            let place = connections[index].requests.lastIndex(where: { $0.id == request })
        else { return }
        connections[index].requests[place].body = body
    }

    private mutating func applyToServer(_ record: ServerRecord) {
        switch record.event {
        case .shutdownWaits(let connections, let count): waiting = Waiting(connections: connections, count: count)
        case .shutdownDone: waiting = nil
        default: break
        }
    }

    private mutating func accept(
        _ id: ServerConnectionID, _ client: NetworkAddress, _ server: NetworkAddress, _ scheme: Scheme,
        at time: Timestamp
    ) {
        guard connections.last.map({ $0.id < id }) ?? true else { return }
        connections.append(
            Connection(id: id, client: client, server: server, scheme: scheme, acceptedAt: time, since: time))
        counts.accepted += 1
        counts.new += 1
    }

    private mutating func enter(_ state: ConnectionState, at index: Int, _ time: Timestamp) {
        counts.add(-1, to: connections[index].state)
        counts.add(1, to: state)
        (connections[index].state, connections[index].since) = (state, time)
    }

    private mutating func applyToRequest(_ record: ServerRecord, at index: Int) {
        guard let request = record.request else { return }
        if case .requestFirstByte = record.event {
            // Not by a copy of the connection: while one is held, adding to its requests copies them all.
            let (id, client) = (connections[index].id, connections[index].client)
            connections[index].requests.append(
                ServedRequest(id: request, connection: id, client: client, at: record.time))
            // A few at a time, so that most requests move nothing.
            if connections[index].requests.count > Self.requestLimit * 2 { connections[index].forgetSome() }
        }
        if case .requestHead = record.event { connections[index].uses += 1 }
        guard let place = connections[index].requests.lastIndex(where: { $0.id == request }) else { return }
        connections[index].requests[place].apply(record)
    }

    private mutating func forgetSome() {
        guard ended.count > Self.endedLimit * 2 else { return }
        let gone = Set(ended.prefix(Self.endedLimit))
        ended.removeFirst(Self.endedLimit)
        connections.removeAll { gone.contains($0.id) }
    }

    /// Those to list: by number while all fit into `limit`; beyond that the open ones first, those that work before
    /// those that rest, then the latest that ended.
    public func listed(limit: Int) -> [ServerConnectionID] {
        guard connections.count > limit else { return connections.map(\.id) }
        var (working, resting): ([ServerConnectionID], [ServerConnectionID]) = ([], [])
        for connection in connections where connection.closedAt == nil {
            if connection.state == .idle || connection.state == .new {
                resting.append(connection.id)
            } else {
                working.append(connection.id)
            }
        }
        return working + resting + ended.reversed()
    }

    // Numbers ascend, so a search by halves finds one among ten thousand; without gaps the first guess is right.
    private func index(of id: ServerConnectionID) -> Int? {
        guard let first = connections.first?.id.number else { return nil }
        let guess = id.number - first
        if connections.indices.contains(guess), connections[guess].id == id { return guess }
        var (low, high) = (0, connections.count)
        while low < high {
            let middle = (low + high) / 2
            if connections[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < connections.count && connections[low].id == id ? low : nil
    }
}
