import ArgumentParser
import FoundationEssentials
import Glibc
import HTTPClient
import Transport

/// How TLS is spoken, in curl's words.
struct TLSOptions: ParsableArguments {
    @Flag(name: [.customShort("k"), .long], help: "Accept any certificate. Shown wherever it mattered.")
    var insecure = false

    @Option(help: ArgumentHelp("Trust the certificates in this PEM file instead of the system's.", valueName: "file"))
    var cacert: String?

    @Option(
        help: ArgumentHelp("Trust the certificates in this folder (openssl rehash) instead.", valueName: "folder"))
    var capath: String?

    @Option(
        name: [.customShort("E"), .customLong("cert")],
        help: ArgumentHelp("Show this certificate (PEM) to servers that ask.", valueName: "file[:password]"))
    var certificate: String?

    @Option(help: ArgumentHelp("The certificate's key (PEM); without this it is in the same file.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("The password of an encrypted key.", valueName: "password"))
    var pass: String?

    @Flag(name: .customLong("tlsv1.2"), help: "Speak TLS 1.2 at least, as without this.")
    var atLeastTLS12 = false

    @Flag(name: .customLong("tlsv1.3"), help: "Speak TLS 1.3 at least.")
    var atLeastTLS13 = false

    @Option(help: ArgumentHelp("Speak this TLS at most: 1.2 or 1.3.", valueName: "version"))
    var tlsMax: Version?

    @Option(help: ArgumentHelp("Ciphers to offer for TLS 1.2, as in ciphers(1).", valueName: "list"))
    var ciphers: String?

    @Option(
        name: .customLong("tls13-ciphers"),
        help: ArgumentHelp("Ciphers to offer for TLS 1.3, with colons between.", valueName: "list"))
    var tls13Ciphers: String?

    @Option(help: ArgumentHelp("Key exchange groups to offer: X25519:P-256.", valueName: "list"))
    var curves: String?

    @Option(
        help: ArgumentHelp("Public keys, one of which the server must have: sha256//BASE64;….", valueName: "hashes"))
    var pinnedpubkey: String?

    @Flag(name: .customLong("no-sessionid"), help: "Resume no TLS session of an earlier connection.")
    var noSessionID = false

    enum Version: String, ExpressibleByArgument {
        case tls12 = "1.2"
        case tls13 = "1.3"
        /// As curl has it.
        case any = "default"
    }

    func validate() throws {
        if key != nil, certificate == nil { throw ValidationError("--key needs --cert.") }
        if atLeastTLS13, tlsMax == .tls12 { throw ValidationError("--tlsv1.3 and --tls-max 1.2 leave no version.") }
        _ = try pinnedKeys()
    }

    /// Reads the files that hold the client's own certificate. Ends the program with a sentence when that can't be used.
    func settings() throws -> TLSContext.ClientConfiguration {
        var settings = TLSContext.ClientConfiguration.standard
        settings.verify = !insecure
        settings.caFile = cacert
        settings.caDirectory = capath
        settings.pinnedKeys = try pinnedKeys()
        settings.identity = try identity()
        settings.oldestVersion = atLeastTLS13 ? .tls13 : .tls12
        settings.newestVersion = tlsMax == .tls12 ? .tls12 : .tls13
        settings.ciphers = ciphers
        settings.tls13Ciphers = tls13Ciphers
        settings.groups = curves
        settings.resumesSessions = !noSessionID
        return settings
    }

    private func identity() throws -> TLSIdentity? {
        guard let certificate else { return nil }
        var (file, password) = (certificate, pass)
        // curl's file:password, unless that is the name of a file.
        if let colon = certificate.lastIndex(of: ":"), access(certificate, F_OK) != 0 {
            file = String(certificate[..<colon])
            password = pass ?? String(certificate[certificate.index(after: colon)...])
        }
        do {
            let pem = try readFile(file, limit: Self.fileLimit)
            let keyPEM = try key.map { try readFile($0, limit: Self.fileLimit) } ?? pem
            let identity = TLSIdentity(certificatePEM: pem, keyPEM: keyPEM, password: password)
            try identity.check()
            return identity
        } catch let error as TLSError {
            let isLocked = password == nil && error.description.contains("encrypted")
            throw ended("\(key ?? file): \(error)\(isLocked ? " (--pass)" : "")")
        } catch {
            throw ended("\(error)")
        }
    }

    // A chain with its key has a few kB.
    private static let fileLimit = 1 << 20

    private func pinnedKeys() throws -> [[UInt8]] {
        guard let pinnedpubkey else { return [] }
        return try pinnedpubkey.split(separator: ";").map { pin in
            guard pin.hasPrefix("sha256//"), let digest = Data(base64Encoded: String(pin.dropFirst(8))),
                digest.count == 32
            else {
                throw ValidationError("--pinnedpubkey takes sha256// and 32 bytes in base64; \"\(pin)\" is not that.")
            }
            return Array(digest)
        }
    }

    private func ended(_ words: String) -> ExitCode {
        printError("roundtrip: \(words)")
        return ExitCode(ProgramExit.clientCertificate)
    }
}
