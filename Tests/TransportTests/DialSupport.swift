import Glibc
import HTTPTrace
import TestSupport
import Transport

/// A loopback address where nobody listens.
@NetworkActor
func closedAddress() throws -> NetworkAddress {
    let listener = try TCPListener(.loopback)
    listener.close()
    return listener.address
}

/// Events in the order in which they came.
@NetworkActor
final class Log {
    private(set) var events: [TraceEvent] = []

    func record(_ event: TraceEvent) { events.append(event) }
}

/// Knows the names it was given, and their ports.
final class NamesOnly: Resolver {
    private let names: [String: [NetworkAddress]]

    init(_ names: [String: [NetworkAddress]]) { self.names = names }

    func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> Resolution {
        guard let addresses = names[host] else { throw .failed(code: EAI_NONAME, words: "Name or service not known") }
        return Resolution(addresses: addresses)
    }
}

/// Never answers.
final class Hung: Resolver {
    func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> Resolution {
        try? await Task.sleep(for: .seconds(3_600))
        throw .cancelled
    }
}
