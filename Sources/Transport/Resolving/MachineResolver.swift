public import HTTPTrace

// The way of a name, as this machine's files have it:
//
//      resolve ──▶ NameSources ──ours──▶ hosts file ──▶ localhost rule ──▶ DNS servers (c-ares, on the network thread)
//                       └──────system──▶ getaddrinfo(3), on helper threads

/// The machine's own way to look up names, done by ourselves wherever that is the same, since only then there is
/// something to see; otherwise by the C library.
@NetworkActor
public final class MachineResolver: Resolver {
    public nonisolated static let shared = MachineResolver()

    private let files: MachineFiles
    private let servers: [NetworkAddress]
    private let dns = CAresResolver()
    private let system: SystemResolver
    private let serverPort: UInt16

    /// - Parameter servers: Asked instead of those the machine names, and then nobody else but the hosts file: curl's
    ///   `--dns-servers`. Empty leaves it to the machine.
    public nonisolated convenience init(servers: [NetworkAddress] = []) {
        self.init(servers: servers, folder: "/etc", system: .shared)
    }

    /// - Parameters:
    ///   - folder: Where the machine's files are.
    ///   - serverPort: Of the servers in resolv.conf, which names none.
    nonisolated init(servers: [NetworkAddress], folder: String, system: SystemResolver, serverPort: UInt16 = 53) {
        self.servers = servers
        self.serverPort = serverPort
        files = MachineFiles(folder: folder)
        self.system = system
    }

    public func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        guard !Task.isCancelled else { throw .cancelled }
        // The C library would take it for this machine; Go calls it an error.
        guard !query.host.isEmpty else { throw .unknownName(server: nil) }
        var settings = files.settings(serverPort: serverPort)
        var sources = NameSources.ours([.hostsFile, .dns])
        if servers.isEmpty {
            sources = NameSources.forName(query.host, files.facts(settings))
        } else {
            settings.servers = servers
        }
        switch sources {
        case .system(let why):
            var resolution = try await system.resolve(query, tell: tell)
            resolution.source = .system(because: why)
            return resolution
        case .ours(let order): return try await resolve(query, by: order, settings, tell)
        }
    }

    private func resolve(
        _ query: NameQuery, by order: [NameSources.Ours], _ settings: ResolverSettings,
        _ tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        var failure = ResolverError.unknownName(server: nil)
        for source in order {
            switch source {
            case .hostsFile:
                let known = await files.addresses(of: query.host).filter { query.families.includes($0.family) }
                if Task.isCancelled { throw .cancelled }
                if !known.isEmpty { return resolution(known, query, .hostsFile) }
            case .dns:
                // RFC 6761 §6.3: such a question must not reach a server.
                if query.host.isLocalhost { continue }
                do throws(ResolverError) {
                    return try await dns.resolve(query, settings: settings, tell: tell)
                } catch {
                    guard error.isUnknownName else { throw error }
                    failure = error
                }
            }
        }
        guard query.host.isLocalhost else { throw failure }
        let own = query.families.all.map { SocketAddress.literal($0 == .ip4 ? "127.0.0.1" : "::1", port: 0)! }
        return resolution(own, query, .localhostRule)
    }

    private func resolution(_ addresses: [NetworkAddress], _ query: NameQuery, _ source: NameSource) -> Resolution {
        let sorted = AddressChoice.sorted(addresses.map(AddressChoice.init)).map { $0.address.with(port: query.port) }
        return Resolution(addresses: sorted, source: source)
    }
}

extension MachineResolver {
    /// Reads `ADDR[:PORT][,ADDR[:PORT]]…`, IPv6 addresses in brackets when a port follows: curl's `--dns-servers`.
    public nonisolated static func parseServers(_ text: String) throws(DialOptionProblem) -> [NetworkAddress] {
        var servers: [NetworkAddress] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let server = try parseServer(item) else { throw .noAddress(.servers, String(item)) }
            servers.append(server)
        }
        guard servers.count <= ResolverSettings.serverLimit else { throw .malformed(.servers, text) }
        return servers
    }

    private nonisolated static func parseServer(_ text: Substring) throws(DialOptionProblem) -> NetworkAddress? {
        if let bare = SocketAddress.literal(String(text), port: 53) { return bare }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = UInt16(digits: text[text.index(after: colon)...]), port > 0 else {
            // "[::1]" has its last colon inside.
            guard text.hasPrefix("["), text.hasSuffix("]") else {
                throw .badPort(.servers, String(text[text.index(after: colon)...]))
            }
            return SocketAddress.literal(String(text.dropFirst().dropLast()), port: 53)
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return SocketAddress.literal(String(host), port: port)
    }
}

extension String {
    fileprivate var isLocalhost: Bool {
        let name = (hasSuffix(".") ? String(dropLast()) : self).lowercased()
        return name == "localhost" || name.hasSuffix(".localhost")
    }
}
