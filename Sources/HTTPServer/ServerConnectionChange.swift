public import HTTPTrace
internal import Transport

/// One connection of a server, numbered in the order of accepting: `s7`.
public struct ServerConnectionID: Hashable, Sendable, Comparable, Codable {
    /// Counted from 1.
    public var number: Int

    public init(_ number: Int) { self.number = number }

    public static func < (left: ServerConnectionID, right: ServerConnectionID) -> Bool { left.number < right.number }
}

extension ServerConnectionID: CustomStringConvertible {
    public var description: String { "s\(number)" }
}

/// Gives connections their numbers.
@NetworkActor
final class ConnectionNumbers {
    private var count = 0

    func next() -> ServerConnectionID {
        count += 1
        return ServerConnectionID(count)
    }
}

/// A connection has entered a state: what Go's `http.Server.ConnState` is told, and who, when and why with it.
public struct ServerConnectionChange: Equatable, Sendable {
    public var connection: ServerConnectionID
    /// `new` first and once; `hijacked` or `closed` last and once.
    public var state: ConnectionState
    public var time: Timestamp
    public var client: NetworkAddress
    /// Present exactly when `state` is `closed`.
    public var closeReason: ServerCloseReason?

    public init(
        connection: ServerConnectionID, state: ConnectionState, time: Timestamp, client: NetworkAddress,
        closeReason: ServerCloseReason? = nil
    ) {
        self.connection = connection
        self.state = state
        self.time = time
        self.client = client
        self.closeReason = closeReason
    }
}
