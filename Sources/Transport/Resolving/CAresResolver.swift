internal import HTTPTrace

/// Asks DNS servers: both families at once, each told as it comes. Nothing is kept for the next lookup: a new connection's
/// lookup is what an inspector is asked to show, and Go keeps nothing either.
@NetworkActor
final class CAresResolver {
    private let table = LookupTable()
    private var running: [LookupTable.Key: CAresLookup] = [:]
    private var lookupCount = 0

    nonisolated init() {}

    /// As `Resolver.resolve`.
    ///
    /// - Parameter settings: Of those who share a lookup, the first one's count.
    func resolve(
        _ query: NameQuery, settings: ResolverSettings, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        try await table.take(partIn: query, tell: tell) { key in
            start(key, settings)
        } abandon: { key in
            self.running.removeValue(forKey: key)?.cancel()
            return true
        }
    }

    private func start(_ key: LookupTable.Key, _ settings: ResolverSettings) {
        var settings = settings
        if settings.rotates {
            // Channels live for one lookup, so that turns must be taken here.
            let first = lookupCount % settings.servers.count
            settings.servers = Array(settings.servers[first...] + settings.servers[..<first])
        }
        lookupCount += 1
        let lookup = CAresLookup(host: key.host, families: key.families, settings: settings) { [self] news in
            switch news {
            case .part(let part): table.tell(part, of: key)
            case .finished(let result):
                running[key] = nil
                table.finish(key, result)
            }
        }
        running[key] = lookup
        lookup.start()
    }
}
