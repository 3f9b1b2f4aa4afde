import Glibc
import HTTPTrace
import Transport

/// A loopback address that refuses; different numbers make different ones. Not a port that was free a moment ago: the
/// kernel may give that to another test's listener.
func closedAddress(_ number: Int = 1) -> NetworkAddress {
    NetworkAddress(family: .ip4, ip: "127.0.0.\(number)", port: 1)
}

/// Events in the order in which they came.
@NetworkActor
final class Log {
    private(set) var events: [TraceEvent] = []
    private(set) var tcpFacts: [TCPFacts] = []

    func record(_ event: TraceEvent) {
        // It comes last of every dial that connects, with figures of the moment.
        if case .tcpMeasured(let facts) = event { return tcpFacts.append(facts) }
        events.append(event)
    }
}

/// Knows the names it was given, and their ports.
final class NamesOnly: Resolver {
    private let names: [String: [NetworkAddress]]

    init(_ names: [String: [NetworkAddress]]) { self.names = names }

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        guard let addresses = names[query.host] else {
            throw .failed(code: EAI_NONAME, words: "Name or service not known")
        }
        return Resolution(addresses: addresses)
    }
}

/// Never answers.
final class Hung: Resolver {
    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        try? await Task.sleep(for: .seconds(3_600))
        throw .cancelled
    }
}
