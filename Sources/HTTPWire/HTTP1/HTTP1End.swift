/// How a message ended: whether the connection can carry another one.
public enum HTTP1End: Equatable, Sendable {
    case reusable
    case notReusable(NotReusable)

    public var isReusable: Bool { self == .reusable }
}

/// Why a connection cannot be used again after a message, as far as the message itself tells (RFC 9112 §9.3). Whether
/// the other direction is finished, and whether stray bytes follow, only the connection knows.
public enum NotReusable: Equatable, Sendable {
    /// `Connection: close`, in the request or in the response.
    case connectionClose(by: HTTP1Party)
    /// The message is HTTP/1.0 and did not ask for keep-alive.
    case http10
    /// The body lasted until the close.
    case bodyUntilClose
    /// Content-Length beside Transfer-Encoding, or Transfer-Encoding in HTTP/1.0: the body was read, but somebody on
    /// the way may have seen another end, and what follows may be an attacker's (RFC 9112 §6.1, §6.3).
    case ambiguousFraming
    /// The connection speaks another protocol now: 101, or a tunnel after CONNECT. The bytes not consumed belong to
    /// that.
    case upgraded
    /// A CONNECT got another answer than a tunnel. Somebody on the way may take what follows for the tunnel's bytes all the
    /// same; Go gives such connections up too.
    case tunnelRefused
}

/// The two ends of a connection.
public enum HTTP1Party: String, Equatable, Sendable { case client, server }

extension NotReusable: CustomStringConvertible {
    /// Words for people: "the server asked for Connection: close".
    public var description: String {
        switch self {
        case .connectionClose(let party): "the \(party.rawValue) asked for Connection: close"
        case .http10: "HTTP/1.0 without keep-alive"
        case .bodyUntilClose: "the body lasted until the connection closed"
        case .ambiguousFraming: "the framing was ambiguous"
        case .upgraded: "the connection was upgraded to another protocol"
        case .tunnelRefused: "CONNECT was refused"
        }
    }
}

extension HTTP1End {
    /// The verdict over a message whose head and framing are known.
    ///
    /// - Parameter sender: Who sent the head.
    static func after(_ head: ReceivedHead, _ framing: BodyFraming, from sender: HTTP1Party) -> HTTP1End {
        let fields = head.lines.recognised
        if framing == .untilClose { return .notReusable(.bodyUntilClose) }
        if fields.transferEncoding.isPresent, fields.contentLength != .absent || head.version == .http10 {
            return .notReusable(.ambiguousFraming)
        }
        // close wins where both are named.
        if fields.closes { return .notReusable(.connectionClose(by: sender)) }
        if head.version == .http10, !fields.keepsAlive { return .notReusable(.http10) }
        return .reusable
    }
}

/// What a server says about how long it keeps an idle connection: `Keep-Alive: timeout=5, max=100` (RFC 2068
/// §19.7.1.1, never standard, widely sent). A hint, not a promise.
public struct KeepAliveHint: Equatable, Sendable {
    public var timeout: Duration?
    /// How many more requests it will take.
    public var max: Int64?

    public init(timeout: Duration? = nil, max: Int64? = nil) {
        self.timeout = timeout
        self.max = max
    }
}

extension ReceivedHead {
    /// The Keep-Alive field's hint; nil when there is none, or none that can be read.
    public var keepAliveHint: KeepAliveHint? {
        guard lines.recognised.hasKeepAlive else { return nil }
        var hint = KeepAliveHint()
        for value in values("keep-alive") {
            value.utf8.span.forEachListElement { element in
                for (name, apply) in [
                    ("timeout=", { hint.timeout = .seconds($0) }), ("max=", { hint.max = $0 }),
                ] as [(StaticString, (Int64) -> Void)] {
                    let count = name.utf8CodeUnitCount
                    guard element.count > count, element.extracting(0..<count).isWord(name) else { continue }
                    if let number = Int64(digits: element.extracting(count..<element.count)) { apply(number) }
                }
            }
        }
        return hint == KeepAliveHint() ? nil : hint
    }
}
