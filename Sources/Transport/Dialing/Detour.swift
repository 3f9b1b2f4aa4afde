internal import HTTPTrace

/// Sends dials elsewhere than the request says: curl's `--connect-to`. The request, its Host field and the name the
/// certificate must be for stay as they are.
public struct Detour: Hashable, Sendable {
    /// Lower case; nil matches every host.
    public var fromHost: String?
    /// Nil matches every port.
    public var fromPort: UInt16?
    /// Nil leaves the host as it is.
    public var toHost: String?
    /// Nil leaves the port as it is.
    public var toPort: UInt16?

    /// Reads `HOST1:PORT1:HOST2:PORT2`, each of which may be empty; IPv6 addresses stand in brackets.
    public static func parse(_ text: String) throws(DialOptionProblem) -> Detour {
        let (fromHost, afterFrom) = try splitHost(Substring(text), of: .connectTo, text)
        guard let colon = afterFrom.firstIndex(of: ":") else { throw .malformed(.connectTo, text) }
        let fromPort = try port(afterFrom[..<colon])
        let (toHost, afterTo) = try splitHost(afterFrom[afterFrom.index(after: colon)...], of: .connectTo, text)
        guard let from = InternationalName.ascii(fromHost), let goal = InternationalName.ascii(toHost) else {
            throw .malformed(.connectTo, text)
        }
        return Detour(
            fromHost: from.isEmpty ? nil : from, fromPort: fromPort, toHost: goal.isEmpty ? nil : goal,
            toPort: try port(afterTo))
    }

    private static func port(_ text: Substring) throws(DialOptionProblem) -> UInt16? {
        guard !text.isEmpty else { return nil }
        guard let port = UInt16(digits: text), port > 0 else { throw .badPort(.connectTo, String(text)) }
        return port
    }
}

extension [Detour] {
    /// Where a dial for `origin` goes: the first that matches decides.
    func destination(of origin: Origin) -> Origin {
        let detour = first {
            ($0.fromHost ?? origin.host) == origin.host && ($0.fromPort ?? origin.port) == origin.port
        }
        guard let detour else { return origin }
        return Origin(scheme: origin.scheme, host: detour.toHost ?? origin.host, port: detour.toPort ?? origin.port)
    }
}
