internal import HTTPTrace

/// What the exchanges of a page have in common, each once. Equal things get the same place.
struct PageTable: Sendable {
    private(set) var drafts: [RequestDraft] = []
    private(set) var bodies: [BodyCapture] = []
    /// Events with something to say that is no number: heads, names, failures.
    private(set) var events: [TraceEvent] = []
    /// Connections as `gotConn` told them, without what changes from use to use.
    private(set) var connections: [GotConnection] = []
    /// Who sent what a server of ours received.
    private(set) var clients: [NetworkAddress] = []
    private(set) var incomingHeads: [IncomingHead] = []
    private(set) var serverEvents: [ServerEvent] = []
    private var connectionPlaces: [ConnectionID: Int] = [:]
    /// Where each of the events that nearly every exchange has was found last.
    private var latestPlaces = Array(repeating: 0, count: 6)

    /// How many of the latest are compared: enough for a load of several URLs, whose events take turns.
    private static let window = 48

    mutating func place(of draft: RequestDraft) -> Int { Self.place(of: draft, in: &drafts) }
    mutating func place(of body: BodyCapture) -> Int { Self.place(of: body, in: &bodies) }
    mutating func place(of client: NetworkAddress) -> Int { Self.place(of: client, in: &clients) }
    mutating func place(of head: IncomingHead) -> Int { Self.place(of: head, in: &incomingHeads) }
    mutating func place(of event: ServerEvent) -> Int { Self.place(of: event, in: &serverEvents) }

    mutating func place(of event: TraceEvent) -> Int {
        let kind: Int
        switch event {
        case .requestStarted: kind = 0
        case .getConn: kind = 1
        case .wroteHeaders: kind = 2
        case .responseHead: kind = 3
        case .queued: kind = 4
        case .dequeued: kind = 5
        // Never the same twice.
        case .tcpMeasured, .bodyHeldUp:
            events.append(event)
            return events.count - 1
        default: return Self.place(of: event, in: &events)
        }
        // In a load they are mostly what they were in the exchange before.
        let latest = latestPlaces[kind]
        let isSame = events.withUnsafeBufferPointer { events in
            latest < events.count && (events.baseAddress! + latest).lend { $0 == event }
        }
        if isSame { return latest }
        latestPlaces[kind] = Self.place(of: event, in: &events)
        return latestPlaces[kind]
    }

    mutating func place(of connection: GotConnection) -> Int {
        if let place = connectionPlaces[connection.connection], place < connections.count,
            connections[place] == connection
        {
            return place
        }
        connections.append(connection)
        connectionPlaces[connection.connection] = connections.count - 1
        return connections.count - 1
    }

    private static func place<Thing: Equatable>(of thing: Thing, in things: inout [Thing]) -> Int {
        // From the latest on: what was met a moment ago is met again.
        for place in things.indices.suffix(window).reversed() where things[place] == thing { return place }
        things.append(thing)
        return things.count - 1
    }

    // MARK: - Going back

    /// How much was in the table at some time. Cheaper to keep than the table itself, which the next addition would copy.
    struct Mark {
        fileprivate var drafts, bodies, events, connections, clients, incomingHeads, serverEvents: Int
    }

    var mark: Mark {
        Mark(
            drafts: drafts.count, bodies: bodies.count, events: events.count, connections: connections.count,
            clients: clients.count, incomingHeads: incomingHeads.count, serverEvents: serverEvents.count)
    }

    /// Takes out what came after `mark`, of which nothing may make use.
    mutating func forget(after mark: Mark) {
        drafts.removeSubrange(mark.drafts...)
        bodies.removeSubrange(mark.bodies...)
        events.removeSubrange(mark.events...)
        connections.removeSubrange(mark.connections...)
        clients.removeSubrange(mark.clients...)
        incomingHeads.removeSubrange(mark.incomingHeads...)
        serverEvents.removeSubrange(mark.serverEvents...)
    }
}
