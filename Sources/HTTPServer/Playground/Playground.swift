public import HTTPTrace
public import Transport

/// A server to try things out on: `/` lists what it can do, and do wrong. `roundtrip --demo` and the tests talk to it.
///
///     let playground = try await Playground.start()
///     playground.origin                     // http://127.0.0.1:40123
///
/// It listens on loopback ports of its own, serves everyone on this machine and knows no secrets.
@NetworkActor
public final class Playground {
    private let server: Server
    public nonisolated var origin: Origin { server.origin }

    private init(_ server: Server) {
        self.server = server
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - configuration: How it listens; its ports are taken only from 0.
    ///   - connectionState: Told of all its connections.
    public static func start(
        _ configuration: ServerConfiguration = ServerConfiguration(), connectionState: ConnectionStateObserver? = nil
    ) async throws -> Playground {
        Playground(
            try await Server.start(configuration, connectionState: connectionState, handler: PlaygroundRoute.answer))
    }

    /// As `Server.shutdown`.
    @discardableResult
    public func shutdown(within limit: Duration = .seconds(5)) async -> Bool { await server.shutdown(within: limit) }

    /// As `Server.close`.
    public func close() { server.close() }
}
