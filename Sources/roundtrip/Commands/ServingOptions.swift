import ArgumentParser
import Exports
import HTTPServer
import HTTPTrace
import Transport

/// Where a server listens, and with which certificate. Shared by every subcommand that serves.
struct ServingOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Port to listen on; 0 takes a free one.")
    var port: UInt16 = 8080

    @Option(help: ArgumentHelp("Address to listen on; 0.0.0.0 lets others in.", valueName: "address"))
    var host = "127.0.0.1"

    @Flag(help: "Speak TLS, with a certificate made for this run unless --cert names one.")
    var tls = false

    @Option(help: ArgumentHelp("PEM file with the certificate and its chain, for --tls.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("PEM file with the certificate's key.", valueName: "file"))
    var key: String?

    @Option(
        name: .customLong("write-ca"),
        help: ArgumentHelp("Write the certificate that clients have to trust to this file.", valueName: "file"))
    var writeCA: String?

    @Flag(
        name: .customLong("any-host"),
        help: "Answer whatever name is asked for, for tunnels that keep the outer name.")
    var anyHost = false

    func validate() throws {
        guard address != nil else { throw ValidationError("--host takes an IP address; \(host) is none.") }
        guard (cert == nil) == (key == nil) else { throw ValidationError("--cert and --key go together.") }
        guard cert == nil || tls else { throw ValidationError("--cert is for --tls.") }
        guard writeCA == nil || cert == nil else {
            throw ValidationError("--write-ca writes the certificate made for this run; --cert names another.")
        }
    }

    /// Nil when `host` is no address.
    private var address: NetworkAddress? {
        if host.contains(":") { return NetworkAddress(family: .ip6, ip: host, port: port) }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { return nil }
        return NetworkAddress(family: .ip4, ip: host, port: port)
    }

    /// - Throws: What keeps the files from being read or written, or OpenSSL from taking them.
    func configuration() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        if let address { configuration.address = address }
        configuration.refusesForeignHosts = !anyHost
        if tls { configuration.tls = try TLSContext(server: try identity(), applicationProtocols: ["h2", "http/1.1"]) }
        return configuration
    }

    private func identity() throws -> TLSIdentity {
        if let cert, let key {
            return TLSIdentity(
                certificatePEM: try readFile(cert, limit: 1 << 20), keyPEM: try readFile(key, limit: 1 << 20))
        }
        let authority = CertificateAuthority()
        try writeCertificate(of: authority.certificatePEM)
        return authority.issue(for: ["localhost", "127.0.0.1", "::1", host])
    }

    /// Writes the authority's certificate where `--write-ca` wants it.
    func writeCertificate(of pem: [UInt8]) throws {
        guard let writeCA else { return }
        try ExportFile.write(pem, to: writeCA, mayReplace: true)
    }
}

/// Starts a server, or ends the program with a sentence on why it can't be.
func startServer(
    _ configuration: ServerConfiguration, handler: @escaping ServerHandler
) async throws -> Server {
    do throws(StreamError) {
        return try await Server.start(configuration, handler: handler)
    } catch {
        printError("roundtrip: can't listen on \(configuration.address): \(error)")
        throw ExitCode(ProgramExit.listen)
    }
}
