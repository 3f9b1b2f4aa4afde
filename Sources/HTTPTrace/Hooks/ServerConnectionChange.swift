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
