public import HTTPTrace
internal import Transport

/// What became of the connections when the idle ones were to be closed.
public struct CloseIdleReport: Equatable, Sendable {
    /// Idle, and closed at once.
    public var closed: [ConnectionID]
    /// Dialing or in use: closed when they are free, unless a request comes first.
    public var busy: [ConnectionID]
}

/// Connections that somebody waits for to go.
@NetworkActor
final class Leaving {
    /// Those still there.
    private(set) var connections: Set<ConnectionID>
    private let waiting = WaitingPlace()
    private var isOver = false

    init(_ connections: Set<ConnectionID>) { self.connections = connections }

    func gone(_ connection: ConnectionID) {
        connections.remove(connection)
        if connections.isEmpty { end() }
    }

    /// Ends the wait, whoever is still there.
    func end() {
        isOver = true
        waiting.wake()
    }

    /// Returns when all are gone, or after `end`. Once.
    func wait() async {
        while !isOver { await waiting.wait() }
    }
}
