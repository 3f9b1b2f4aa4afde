public import HTTPTrace
public import Transport

/// Servers to try things out on: `/` lists what they can do, and do wrong. `roundtrip --demo` and the tests talk to
/// them.
///
///     let playground = try await Playground.start()
///     playground.origin                         // http://127.0.0.1:40123
///     playground.secureOrigin                   // https://127.0.0.1:40124
///     tls.extraRoots = playground.certificateAuthorityPEM
///
/// One server speaks plain HTTP and one TLS, both on loopback ports of their own with the same routes.
@NetworkActor
public final class Playground {
    private let server: Server
    private let secureServer: Server

    /// To be trusted while this playground lives. Its key is made with it, signs one certificate and is gone.
    public nonisolated let certificateAuthorityPEM: [UInt8]

    /// Where the routes are over plain HTTP and over TLS. The certificate is good for `localhost` as well.
    public nonisolated var origin: Origin { server.origin }
    public nonisolated var secureOrigin: Origin { secureServer.origin }

    private init(_ server: Server, _ secureServer: Server, _ certificateAuthorityPEM: [UInt8]) {
        self.server = server
        self.secureServer = secureServer
        self.certificateAuthorityPEM = certificateAuthorityPEM
    }

    /// Starts both.
    ///
    /// - Parameters:
    ///   - port: Of the plain server; 0 takes a free one.
    ///   - securePort: The same for the one that speaks TLS.
    ///   - configuration: For both; its port and TLS settings are replaced.
    ///   - connectionState: Told of all connections of both, which are numbered together.
    /// - Throws: `StreamError` when a port can't be listened on.
    public static func start(
        port: UInt16 = 0, securePort: UInt16 = 0, _ configuration: ServerConfiguration = ServerConfiguration(),
        connectionState: ConnectionStateObserver? = nil
    ) async throws -> Playground {
        let authority = CertificateAuthority()
        let numbers = ServerNumbers()
        var (plain, secure) = (configuration, configuration)
        plain.tls = nil
        plain.address.port = port
        secure.tls = try TLSContext(
            server: authority.issue(for: ["localhost", "127.0.0.1", "::1"]), applicationProtocols: ["h2", "http/1.1"])
        secure.address.port = securePort
        let handler: ServerHandler = { try await PlaygroundRoute.answer($0, $1) }
        let server = try Server.start(plain, numbers, connectionState, handler)
        do {
            let secureServer = try Server.start(secure, numbers, connectionState, handler)
            return Playground(server, secureServer, authority.certificatePEM)
        } catch {
            server.close()
            throw error
        }
    }

    /// As `Server.shutdown`, for both at a time.
    @discardableResult
    public func shutdown(within limit: Duration = .seconds(5)) async -> Bool {
        async let isInTime = server.shutdown(within: limit)
        let isSecureInTime = await secureServer.shutdown(within: limit)
        return await isInTime && isSecureInTime
    }

    /// As `Server.close`, for both.
    public func close() {
        server.close()
        secureServer.close()
    }
}
