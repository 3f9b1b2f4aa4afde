import ArgumentParser
import HTTPServer
import HTTPTrace
import Transport

/// The demo's server on its own, for other clients.
struct PlaygroundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "playground",
        abstract: "Serve routes that exercise each phase and each failure, until ^C.",
        discussion: "The index page lists all routes: delays, drips, redirects, broken bodies, resets, and more.")

    @OptionGroup var serving: ServingOptions

    @Option(name: .customLong("tls-port"), help: "Port of the TLS server; 0 takes a free one.")
    var tlsPort: UInt16 = 0

    func validate() throws {
        guard serving.cert == nil else {
            throw ValidationError("The playground makes its own certificate; --write-ca writes what to trust.")
        }
    }

    @MainActor
    func run() async throws {
        let interrupts = Interrupts()
        var configuration = try serving.configuration()
        configuration.tls = nil
        let playground: Playground
        do {
            playground = try await Playground.start(
                port: serving.port, securePort: tlsPort, configuration)
        } catch {
            printError("roundtrip: can't listen on \(configuration.address): \(error)")
            throw ExitCode(ProgramExit.listen)
        }
        try serving.writeCertificate(of: playground.certificateAuthorityPEM)
        printOutput("\(playground.origin)/\n\(playground.secureOrigin)/\n")
        await interrupts.wait()
        await playground.shutdown()
    }
}
