import HTTPServer
import HTTPTrace
import Transport

/// The two servers that `--demo` talks to: the same playground in plain HTTP and over TLS.
struct DemoServers: Sendable {
    let plain: Origin
    let secure: Origin
    let certificateAuthorityPEM: [UInt8]
    private let servers: [Playground]

    static func start() async throws -> DemoServers {
        let authority = CertificateAuthority()
        let plain = try await Playground.start()
        var configuration = ServerConfiguration()
        configuration.tls = try TLSContext(server: authority.issue(for: ["127.0.0.1"]))
        let secure = try await Playground.start(configuration)
        return DemoServers(
            plain: plain.origin, secure: secure.origin, certificateAuthorityPEM: authority.certificatePEM,
            servers: [plain, secure])
    }

    func stop() async {
        for server in servers { await server.close() }
    }
}
