internal import CLinux
internal import Glibc
public import HTTPTrace

/// Turns names into addresses.
@NetworkActor
public protocol Resolver: AnyObject, Sendable {
    /// Looks up `host`. Ends at once, with `.cancelled`, when the task is cancelled.
    ///
    /// - Parameter host: A name; address literals are not asked for.
    func resolve(_ host: String, port: UInt16) async throws(ResolverError) -> Resolution
}

/// What a lookup found.
public struct Resolution: Equatable, Sendable {
    /// In the order in which to try them (RFC 6724); at least one.
    public var addresses: [NetworkAddress]
    /// Whether others asked for the same name at the same time and shared the lookup; true for the one that started it
    /// too, as in Go.
    public var isCoalesced: Bool

    public init(addresses: [NetworkAddress], isCoalesced: Bool = false) {
        self.addresses = addresses
        self.isCoalesced = isCoalesced
    }
}

/// Why a name has no addresses.
public enum ResolverError: Error, Equatable, Sendable {
    /// `code` is one of `EAI_…` (getaddrinfo(3)), `words` what the system calls it.
    case failed(code: Int32, words: String)
    /// The task was cancelled, or its time ran out.
    case cancelled

    /// Whether the name does not exist, as opposed to a lookup that broke.
    public var isUnknownName: Bool {
        // EAI_NODATA (-5) is hidden from Swift: the name exists, without addresses.
        if case .failed(let code, _) = self { code == EAI_NONAME || code == -5 } else { false }
    }
}

extension ResolverError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .failed(_, let words): words
        case .cancelled: "the lookup was cancelled"
        }
    }
}
