import ArgumentParser
import Glibc
import HTTPClient
import HTTPTrace
import Sessions
import Transport

/// What the options of a client come to. Made of nothing it is as without any option, and no parser has run: that searches
/// every type of the program, which is half of what the interface's start would cost.
struct ClientSettings: Sendable {
    var configuration: ClientConfiguration
    /// What `configuration.tls` is made of.
    private(set) var tls: TLSContext.ClientConfiguration
    /// The same of https proxies.
    let proxyTLS: TLSContext.ClientConfiguration
    /// How redirects are followed when they are.
    var redirects = RedirectPolicy()
    var cookies = CookieFiles()
    var offersCompression = false
    /// Whether bodies stay in the content coding they come in.
    var isRaw = false
    /// What is not as it always is, for the interface's line of standing options.
    var words: [String] = []

    /// Ends the program with a sentence when a file can't be used.
    init(
        tls: TLSContext.ClientConfiguration = .standard, proxies: ProxyRules = ProxyRules(environment: .ofProxies),
        proxyTLS: TLSContext.ClientConfiguration = TLSContext.ClientConfiguration()
    ) throws {
        (self.tls, self.proxyTLS) = (tls, proxyTLS)
        configuration = try ClientConfiguration(tls: Self.context(tls))
        for (name, problem) in proxies.ignored.sorted(by: { $0.key < $1.key }) {
            printError("roundtrip: \(name) is ignored. \(problem)")
        }
        configuration.proxies = proxies
        if proxies.http?.server.kind == .https || proxies.https?.server.kind == .https {
            configuration.proxyTLS = try Self.context(proxyTLS)
        }
    }

    /// Trusts `roots` as well.
    mutating func trust(_ roots: [UInt8]) throws {
        tls.extraRoots = roots
        configuration.tls = try Self.context(tls)
    }

    private static func context(_ settings: TLSContext.ClientConfiguration) throws -> TLSContext {
        do throws(TLSError) { return try TLSContext(client: settings) } catch {
            printError("roundtrip: \(error)")
            let isCiphers = if case .unknownCiphers = error { true } else { false }
            throw ExitCode(isCiphers ? ProgramExit.ciphers : ProgramExit.trust)
        }
    }
}

extension TLSContext.ClientConfiguration {
    /// As it is where no option says otherwise: SSLKEYLOGFILE, where secrets of sessions are written, is followed always.
    static var standard: Self {
        var settings = Self()
        settings.keyLogFile = getenv("SSLKEYLOGFILE").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        return settings
    }
}

extension [String: String] {
    /// The environment's variables that name proxies.
    static var ofProxies: Self {
        var values = Self()
        for name in ProxyRules.variables { values[name] = getenv(name).map { String(cString: $0) } }
        return values
    }
}

extension ClientConfiguration {
    /// Begins what handshakes wait for, if there will be any: the rest of the start goes on meanwhile.
    func prepareTLS(for drafts: [RequestDraft]) {
        if drafts.contains(where: { $0.url.origin.scheme == .https }) { tls.prepare() }
    }
}
