internal import HTTPTrace
internal import Transport

/// Gives connections and requests their numbers. Servers that are watched together share one.
@NetworkActor
final class ServerNumbers {
    private var connections = 0
    private var requests = 0

    func nextConnection() -> ServerConnectionID {
        connections += 1
        return ServerConnectionID(connections)
    }

    func nextRequest() -> ServerRequestID {
        requests += 1
        return ServerRequestID(requests)
    }
}
