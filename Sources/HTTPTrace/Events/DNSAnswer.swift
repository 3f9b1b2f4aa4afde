/// Go's `DNSDoneInfo`, and where the addresses came from.
public struct DNSAnswer: Hashable, Sendable {
    /// In the order in which they are tried (RFC 6724); empty on failure.
    public var addresses: [NetworkAddress]
    public var failure: Failure?
    /// Whether the lookup was shared; true for every participant, the one that started it included, as in Go.
    public var isCoalesced: Bool
    /// Nil on failure, and for resolvers that don't say.
    public var source: NameSource?

    public init(
        addresses: [NetworkAddress], failure: Failure? = nil, isCoalesced: Bool = false, source: NameSource? = nil
    ) {
        self.addresses = addresses
        self.failure = failure
        self.isCoalesced = isCoalesced
        self.source = source
    }
}

/// Who knew a name's addresses.
public enum NameSource: Hashable, Sendable {
    /// DNS servers, asked by us: `dnsAnswered` tells more.
    case dns
    /// The machine's file of names, `/etc/hosts`.
    case hostsFile
    /// RFC 6761 §6.3: `localhost`, and names below it, are this machine whatever a server says.
    case localhostRule
    /// getaddrinfo(3), which tells nothing about its way; and why it had to be asked.
    case system(because: String)
}

extension NameSource: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dns: "DNS"
        case .hostsFile: "hosts file"
        case .localhostRule: "localhost rule"
        case .system(let why): "getaddrinfo, since \(why)"
        }
    }
}

/// What DNS said of a name's addresses of one family.
public struct DNSRecords: Hashable, Sendable {
    public var family: NetworkAddress.Family
    /// As the server listed them; empty on failure.
    public var addresses: [NetworkAddress]
    /// How long it may be kept: the least of all records used. Nil without addresses.
    public var timeToLive: Duration?
    /// The names that led to the addresses (CNAME), the asked one first. They are as printable as DNS makes them: what
    /// is no letter, digit, `-` or `_` is written `\ddd` (RFC 1035 §5.1).
    public var aliases: [DNSAlias]
    /// Who answered; nil when nobody did.
    public var server: NetworkAddress?
    /// Whether it came over TCP: the answer was too long for a datagram.
    public var isOverTCP: Bool
    /// How many questions were sent: more than one after silence, an error, a truncated answer, or with search domains.
    public var tries: Int
    /// From the first question to this answer.
    public var duration: Duration
    /// In words, why there are no addresses; nil when there are.
    public var problem: String?

    public init(
        family: NetworkAddress.Family, addresses: [NetworkAddress], timeToLive: Duration? = nil,
        aliases: [DNSAlias] = [], server: NetworkAddress?, isOverTCP: Bool = false, tries: Int = 1,
        duration: Duration, problem: String? = nil
    ) {
        self.family = family
        self.addresses = addresses
        self.timeToLive = timeToLive
        self.aliases = aliases
        self.server = server
        self.isOverTCP = isOverTCP
        self.tries = tries
        self.duration = duration
        self.problem = problem
    }
}

/// One step of a chain of names.
public struct DNSAlias: Hashable, Sendable {
    public var name: String
    /// What it stands for.
    public var target: String
    public var timeToLive: Duration

    public init(name: String, target: String, timeToLive: Duration) {
        self.name = name
        self.target = target
        self.timeToLive = timeToLive
    }
}

extension NetworkAddress.Family {
    /// `A` or `AAAA`: the kind of record that holds such addresses.
    public var recordType: String { self == .ip4 ? "A" : "AAAA" }
}
