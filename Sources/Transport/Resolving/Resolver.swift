public import HTTPTrace

/// Turns names into addresses.
@NetworkActor
public protocol Resolver: AnyObject, Sendable {
    /// Looks up a name. Ends at once, with `.cancelled`, when the task is cancelled.
    ///
    /// - Parameters:
    ///   - query: Asks for a name; address literals are not asked for.
    ///   - tell: Told of each family's part as it arrives, before the end. Never called by resolvers whose sources
    ///     answer in one piece.
    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution
}

extension Resolver {
    /// Looks up `host` whole: addresses of both families, with `port`.
    public func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> Resolution {
        try await resolve(NameQuery(host: host, port: port)) { _ in }
    }
}

/// What a lookup is to find.
public struct NameQuery: Hashable, Sendable {
    public var host: String
    /// Of the addresses that come out.
    public var port: UInt16
    public var families: AddressFamilies

    public init(host: String, port: UInt16, families: AddressFamilies = .any) {
        self.host = host
        self.port = port
        self.families = families
    }
}

/// Which addresses are wanted: curl's `-4` and `-6`.
public enum AddressFamilies: Sendable, Hashable {
    case any, ip4, ip6

    /// IPv6 first, as it is asked first (RFC 8305 §3).
    public var all: [NetworkAddress.Family] {
        switch self {
        case .any: [.ip6, .ip4]
        case .ip4: [.ip4]
        case .ip6: [.ip6]
        }
    }

    public func includes(_ family: NetworkAddress.Family) -> Bool { all.contains(family) }
}

/// One family's part of an answer, while the other is still being asked for.
public struct ResolvedPart: Equatable, Sendable {
    public var records: DNSRecords
    /// Those of its addresses that are worth a try at once, in order (RFC 6724). What this machine has no route to is
    /// kept for the end.
    public var addresses: [NetworkAddress]

    public init(records: DNSRecords, addresses: [NetworkAddress]) {
        self.records = records
        self.addresses = addresses
    }
}

/// What a lookup found.
public struct Resolution: Equatable, Sendable {
    /// In the order in which to try them (RFC 6724), those of the parts included; at least one.
    public var addresses: [NetworkAddress]
    /// Whether others asked for the same name at the same time and shared the lookup; true for the one that started it
    /// too, as in Go.
    public var isCoalesced: Bool
    public var source: NameSource?

    public init(addresses: [NetworkAddress], isCoalesced: Bool = false, source: NameSource? = nil) {
        self.addresses = addresses
        self.isCoalesced = isCoalesced
        self.source = source
    }
}

extension NetworkAddress {
    func with(port: UInt16) -> NetworkAddress { NetworkAddress(family: family, ip: ip, port: port) }
}
