/// How connections are made; the names in the comments are curl's options.
public struct DialOptions: Hashable, Sendable {
    /// `-4`, `-6`: which addresses of a name are used. Addresses that stand in the URL are used in any case.
    public var families = AddressFamilies.any
    /// `--resolve`
    public var pins: [AddressPin] = []
    /// `--connect-to`
    public var detours: [Detour] = []
    /// `--happy-eyeballs-timeout-ms`: how long an address has the field to itself before the next one is tried too.
    public var attemptDelay = HappyEyeballs.attemptDelay
    /// `--interface`; nil leaves it to the kernel.
    public var localEnd: LocalEnd?

    public init() {}
}

/// Why an option's text can't be used.
public enum DialOptionProblem: Error, Equatable, Sendable {
    public enum Option: String, Sendable {
        case resolve = "--resolve"
        case connectTo = "--connect-to"
        case servers = "--dns-servers"
    }

    case malformed(Option, String)
    case badPort(Option, String)
    case noAddress(Option, String)
    case unknownLocalEnd(String)
}

extension DialOptionProblem: CustomStringConvertible {
    /// A sentence for the person who typed it.
    public var description: String {
        switch self {
        case .malformed(.resolve, let text): "--resolve takes HOST:PORT:ADDR[,ADDR]...; \"\(text)\" is not that."
        case .malformed(.connectTo, let text): "--connect-to takes HOST1:PORT1:HOST2:PORT2; \"\(text)\" is not that."
        case .malformed(.servers, let text):
            "--dns-servers takes ADDR[:PORT][,ADDR[:PORT]]...; \"\(text)\" is not that."
        case .badPort(let option, let text): "\(option.rawValue): \"\(text)\" is no port; a port is 1 to 65535."
        case .noAddress(let option, let text): "\(option.rawValue): \"\(text)\" is no IP address."
        case .unknownLocalEnd(let text):
            "--interface takes an address or a network device of this machine; \"\(text)\" is neither."
        }
    }
}
