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

    /// How many of the latest are compared: enough for a load of several URLs, whose events take turns.
    private static let window = 48

    mutating func place(of draft: RequestDraft) -> Int { Self.place(of: draft, in: &drafts) }
    mutating func place(of body: BodyCapture) -> Int { Self.place(of: body, in: &bodies) }
    mutating func place(of event: TraceEvent) -> Int { Self.place(of: event, in: &events) }
    mutating func place(of client: NetworkAddress) -> Int { Self.place(of: client, in: &clients) }
    mutating func place(of head: IncomingHead) -> Int { Self.place(of: head, in: &incomingHeads) }
    mutating func place(of event: ServerEvent) -> Int { Self.place(of: event, in: &serverEvents) }

    mutating func place(of connection: GotConnection) -> Int {
        if let place = connectionPlaces[connection.connection], connections[place] == connection { return place }
        connections.append(connection)
        connectionPlaces[connection.connection] = connections.count - 1
        return connections.count - 1
    }

    private static func place<Thing: Equatable>(of thing: Thing, in things: inout [Thing]) -> Int {
        for place in things.indices.suffix(window) where things[place] == thing { return place }
        things.append(thing)
        return things.count - 1
    }
}
