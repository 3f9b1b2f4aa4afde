public import HTTPTrace

/// Addresses for a host and port that are taken without a lookup: curl's `--resolve`.
public struct AddressPin: Hashable, Sendable {
    /// Lower case; nil is `*`, which stands for every host that no other pin names.
    public var host: String?
    public var port: UInt16
    /// At least one, in the order in which to try them.
    public var addresses: [NetworkAddress]

    /// Reads `HOST:PORT:ADDR[,ADDR]…`; IPv6 addresses may stand in brackets. A `+` before it is allowed, since curl has
    /// it: it limits how long the entry lasts, and ours last as long as the program anyway.
    public static func parse(_ text: String) throws(DialOptionProblem) -> AddressPin {
        var rest = Substring(text)
        if rest.first == "+" { rest.removeFirst() }
        let (name, afterHost) = try splitHost(rest, of: .resolve, text)
        guard !name.isEmpty, let colon = afterHost.firstIndex(of: ":") else { throw .malformed(.resolve, text) }
        guard let port = UInt16(digits: afterHost[..<colon]), port > 0 else {
            throw .badPort(.resolve, String(afterHost[..<colon]))
        }
        let list = afterHost[afterHost.index(after: colon)...]
        guard !list.isEmpty else { throw .malformed(.resolve, text) }
        var addresses: [NetworkAddress] = []
        for item in list.split(separator: ",", omittingEmptySubsequences: false) {
            let bare = item.hasPrefix("[") && item.hasSuffix("]") ? item.dropFirst().dropLast() : item
            guard let address = SocketAddress.literal(String(bare), port: port) else {
                throw .noAddress(.resolve, String(item))
            }
            addresses.append(address)
        }
        guard let host = InternationalName.ascii(name) else { throw .malformed(.resolve, text) }
        return AddressPin(host: host == "*" ? nil : host, port: port, addresses: addresses)
    }
}

extension [AddressPin] {
    /// The addresses for `host` and `port`; nil when none are pinned. The last pin of a host counts, and one that names
    /// it counts more than `*`.
    func addresses(of host: String, port: UInt16) -> [NetworkAddress]? {
        let ofPort = filter { $0.port == port }
        return (ofPort.last { $0.host == host } ?? ofPort.last { $0.host == nil })?.addresses
    }
}

/// Cuts `host` or `[v6]` off the front, and the colon after it.
func splitHost(
    _ text: Substring, of option: DialOptionProblem.Option, _ whole: String
) throws(DialOptionProblem) -> (host: Substring, rest: Substring) {
    if text.first == "[" {
        guard let close = text.firstRange(of: "]:") else { throw .malformed(option, whole) }
        return (text[text.index(after: text.startIndex)..<close.lowerBound], text[close.upperBound...])
    }
    guard let colon = text.firstIndex(of: ":") else { throw .malformed(option, whole) }
    return (text[..<colon], text[text.index(after: colon)...])
}
