public import HTTPTrace

/// Every connection of a session, open or gone, as its events tell.
public struct ConnectionLedger: Equatable, Sendable {
    /// In the order of their numbers.
    public private(set) var connections: [Connection] = []

    public init() {}

    /// One connection's life so far.
    public struct Connection: Equatable, Sendable, Identifiable {
        public let id: ConnectionID
        public var key: ConnectionKey
        public var state: State
        /// When its dial began.
        public var dialedAt: Timestamp
        /// Nil before it stood.
        public var openedAt: Timestamp?
        public var facts: ConnectionFacts?
        /// Requests it has carried, the current one included.
        public var uses = 0
        /// Which, oldest first.
        public var exchanges: [ExchangeID] = []
        /// Requests under way on it, of which HTTP/2 allows many, oldest first; `state` names the last.
        public var underWay: [ExchangeID] = []
        /// The request whose wish it was dialed for, served by it or not.
        public var dialedFor: ExchangeID?

        /// When it ended; nil while it stands.
        public var closedAt: Timestamp? {
            switch state {
            case .closed(_, let time), .failed(_, let time): time
            case .dialing, .busy, .idle: nil
            }
        }
    }

    public enum State: Equatable, Sendable {
        case dialing
        case busy(ExchangeID)
        /// `until` is nil when no limit is set.
        case idle(since: Timestamp, until: Timestamp?)
        case closed(CloseReason, at: Timestamp)
        /// It never stood.
        case failed(Failure, at: Timestamp)
    }

    public subscript(id: ConnectionID) -> Connection? { index(of: id).map { connections[$0] } }

    /// How that connection stands; nil when there is none.
    public func state(of id: ConnectionID) -> State? { index(of: id).map { connections[$0].state } }

    /// Takes in a record; those without a connection, and those of requests, change nothing.
    ///
    /// - Returns: The connection it tells of; nil when it changes nothing.
    @discardableResult
    public mutating func apply(_ record: borrowing TraceRecord) -> ConnectionID? {
        guard let id = record.connection else { return nil }
        if case .connectionDialing(let key) = record.event {
            guard index(of: id) == nil else { return nil }
            var connection = Connection(id: id, key: key, state: .dialing, dialedAt: record.time)
            connection.dialedFor = record.exchange
            connections.insert(connection, at: insertionIndex(of: id))
            return id
        }
        let (time, exchange) = (record.time, record.exchange)
        switch record.event {
        case .connectionOpened(let facts):
            change(id) {
                $0.openedAt = time
                $0.facts = facts
            }
        case .connectionFailed(let failure): change(id) { $0.state = .failed(failure, at: time) }
        case .connectionActive(let use):
            change(id) {
                $0.uses = use
                guard let exchange else { return }
                // Its room is kept: each request would ask for it anew.
                if $0.facts?.applicationProtocol != "h2" { $0.underWay.removeAll(keepingCapacity: true) }
                $0.underWay.append(exchange)
                $0.state = .busy(exchange)
                $0.exchanges.append(exchange)
            }
        case .connectionStreamEnded:
            change(id) { connection in
                connection.underWay.removeAll { $0 == exchange }
                if let last = connection.underWay.last { connection.state = .busy(last) }
            }
        case .connectionIdle(let deadline):
            change(id) {
                $0.underWay.removeAll(keepingCapacity: true)
                $0.state = .idle(since: time, until: deadline)
            }
        case .connectionClosed(let reason):
            change(id) {
                $0.underWay.removeAll(keepingCapacity: true)
                $0.state = .closed(reason, at: time)
            }
        default: return nil
        }
        return id
    }

    // What is closed stays closed: an event on its way when the socket went does not revive it.
    private mutating func change(_ id: ConnectionID, _ change: (inout Connection) -> Void) {
        guard let index = index(of: id), connections[index].closedAt == nil else { return }
        change(&connections[index])
    }

    // Numbers ascend, so a search by halves finds one among ten thousand without an index to keep.
    private func index(of id: ConnectionID) -> Int? {
        let index = insertionIndex(of: id)
        return index < connections.count && connections[index].id == id ? index : nil
    }

    private func insertionIndex(of id: ConnectionID) -> Int {
        var low = 0
        var high = connections.count
        // Numbers mostly have no gaps, and then the first guess is right.
        if high > 0, case let guess = id.number - connections[0].id.number, guess >= 0, guess < high,
            connections[guess].id == id
        {
            return guess
        }
        while low < high {
            let middle = (low + high) / 2
            if connections[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension TraceEvent {
    /// Whether the ledger may learn something from it. To be asked before anything of a record is copied: of a request's
    /// events two or three are about its connection.
    var isAboutConnection: Bool {
        switch self {
        case .connectionDialing, .connectionOpened, .connectionFailed, .connectionActive, .connectionStreamEnded,
            .connectionIdle, .connectionClosed:
            true
        default: false
        }
    }
}
