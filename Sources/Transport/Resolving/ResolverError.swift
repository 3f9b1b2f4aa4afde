internal import CLinux
internal import Glibc
public import HTTPTrace

/// Why a name has no addresses.
public enum ResolverError: Error, Equatable, Sendable {
    /// The name does not exist. `server` said so; nil where no DNS server was asked.
    case unknownName(server: NetworkAddress?)
    /// The name exists, and has no addresses of a wanted family.
    case noAddresses(AddressFamilies, server: NetworkAddress?)
    /// A DNS server answered, and had no answer. `words` finish the sentence that its name begins.
    case serverFailed(NetworkAddress?, words: String)
    /// No DNS server answered: who was asked, how often, and for how long.
    case noAnswer(from: [NetworkAddress], tries: Int, after: Duration)
    /// getaddrinfo(3) failed: `code` is one of `EAI_…`, `words` what the system calls it.
    case failed(code: Int32, words: String)
    /// The task was cancelled, or its time ran out.
    case cancelled

    /// Whether the name has no addresses, as opposed to a lookup that broke.
    public var isUnknownName: Bool {
        switch self {
        case .unknownName, .noAddresses: true
        // EAI_NODATA (-5) is hidden from Swift: the name exists, without addresses.
        case .failed(let code, _): code == EAI_NONAME || code == -5
        case .serverFailed, .noAnswer, .cancelled: false
        }
    }
}

extension ResolverError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownName(let server): "no such name\(server.map { " (NXDOMAIN from \($0))" } ?? "")"
        case .noAddresses(let families, let server):
            "the name has no \(families.words)\(server.map { " (says \($0))" } ?? "")"
        case .serverFailed(let server, let words): "\(server.map { "DNS server \($0)" } ?? "the DNS server") \(words)"
        case .noAnswer(let servers, let tries, let time):
            "no answer from \(servers.isEmpty ? "any DNS server" : servers.map(\.description).joined(separator: ", "))"
                + " within \(time.inWords), asked \(tries == 1 ? "once" : "\(tries) times")"
        case .failed(_, let words): words
        case .cancelled: "the lookup was cancelled"
        }
    }
}

extension AddressFamilies {
    fileprivate var words: String {
        switch self {
        case .any: "addresses"
        case .ip4: "IPv4 address"
        case .ip6: "IPv6 address"
        }
    }
}
