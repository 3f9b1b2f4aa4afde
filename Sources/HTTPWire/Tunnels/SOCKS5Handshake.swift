// A tunnel by SOCKS5 (RFC 1928, RFC 1929), the client's side. No I/O: bytes come in, bytes to send and the end go out.
//
//      greeting ──▶ choosing ──────────────────────────▶ requested ──▶ open
//                       └──▶ authenticating ──▶ (status 0) ──┘
//
// Every message of the proxy says how long it is, and the longest is 262 bytes: nothing here grows.

/// Asks a SOCKS5 proxy for a way to the target.
public struct SOCKS5Handshake: Sendable {
    /// Where the proxy shall connect to.
    public enum Target: Equatable, Sendable {
        /// Looked up by the proxy. 1 to 255 bytes.
        case name(String)
        /// 4 or 16 bytes.
        case address([UInt8])
    }

    /// What the proxy's bytes led to.
    public enum Event: Equatable, Sendable {
        case send([UInt8])
        /// What follows belongs to the tunnel.
        case open
    }

    private enum State: Sendable { case choosing, authenticating, requested, open, broken }

    private let request: [UInt8]
    /// The message of RFC 1929; nil when there is nothing to say who we are.
    private let login: [UInt8]?
    private var state = State.choosing
    private var gathered: [UInt8] = []
    /// The proxy's last word (RFC 1928 §6); nil before it came.
    public private(set) var reply: UInt8?

    /// - Parameter credentials: Offered, not imposed: the proxy chooses.
    /// - Throws: `.tooLong` for a name, user or password that has no room in a byte's worth of length.
    public init(
        to target: Target, port: UInt16, credentials: (user: String, password: String)? = nil
    ) throws(SOCKS5Error) {
        var request: [UInt8] = [5, 1, 0]
        switch target {
        case .name(let name): request += [3] + (try Self.counted(name, "host name"))
        case .address(let bytes):
            precondition(bytes.count == 4 || bytes.count == 16, "an address of \(bytes.count) bytes")
            request += [bytes.count == 4 ? 1 : 4] + bytes
        }
        self.request = request + [UInt8(port >> 8), UInt8(port & 0xFF)]
        guard let credentials else {
            login = nil
            return
        }
        login =
            [1] + (try Self.counted(credentials.user, "user name"))
            + (try Self.counted(credentials.password, "password"))
    }

    private static func counted(_ text: String, _ what: String) throws(SOCKS5Error) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count <= 255 else { throw .tooLong(what) }
        return [UInt8(bytes.count)] + bytes
    }

    /// The first bytes to send.
    public var greeting: [UInt8] { login == nil ? [5, 1, 0] : [5, 2, 0, 2] }

    /// Reads up to the next event.
    ///
    /// - Parameter bytes: What came after the bytes consumed so far.
    /// - Returns: How many bytes were used; without an event, all of them, and more are needed.
    /// - Throws: The proxy's refusal, or its nonsense.
    public mutating func next(_ bytes: Span<UInt8>) throws(SOCKS5Error) -> (consumed: Int, event: Event?) {
        var consumed = 0
        // The length of a message shows while it comes.
        while gathered.count < neededBytes {
            guard consumed < bytes.count else { return (consumed, nil) }
            gathered.append(bytes[consumed])
            consumed += 1
        }
        defer { gathered = [] }
        do throws(SOCKS5Error) {
            return (consumed, try understand())
        } catch {
            state = .broken
            throw error
        }
    }

    private var neededBytes: Int {
        switch state {
        case .choosing, .authenticating: return 2
        case .requested:
            // A refusal is often cut short by the close that follows it; its rest says nothing.
            if gathered.count >= 2, gathered[1] != 0 { return 2 }
            guard gathered.count >= 5 else { return 5 }
            switch gathered[3] {
            case 1: return 10
            case 3: return 7 + Int(gathered[4])
            case 4: return 22
            default: return 5
            }
        case .open, .broken: preconditionFailure("next() while the handshake is \(state)")
        }
    }

    private mutating func understand() throws(SOCKS5Error) -> Event {
        switch state {
        case .choosing:
            guard gathered[0] == 5 else { throw .notSOCKS5(version: gathered[0]) }
            switch (gathered[1], login) {
            case (0, _): return request(now: .requested)
            case (2, let login?):
                state = .authenticating
                return .send(login)
            case (0xFF, nil): throw .credentialsWanted
            case (0xFF, _): throw .noMethod
            default: throw .malformed
            }
        case .authenticating:
            guard gathered[0] == 1 else { throw .malformed }
            guard gathered[1] == 0 else { throw .credentialsRefused }
            return request(now: .requested)
        case .requested:
            guard gathered[0] == 5 else { throw .notSOCKS5(version: gathered[0]) }
            reply = gathered[1]
            guard gathered[1] == 0 else { throw .refused(reply: gathered[1]) }
            guard [1, 3, 4].contains(gathered[3]) else { throw .malformed }
            state = .open
            return .open
        case .open, .broken: preconditionFailure("a message while the handshake is \(state)")
        }
    }

    private mutating func request(now next: State) -> Event {
        state = next
        return .send(request)
    }
}

/// Why a SOCKS5 proxy opened no way.
public enum SOCKS5Error: Error, Equatable, Sendable {
    /// It answered in something else; 4 would be SOCKS4, 72 is the "H" of HTTP.
    case notSOCKS5(version: UInt8)
    /// It wants to know who we are, and there is nothing to tell it.
    case credentialsWanted
    /// It takes neither strangers nor a user and password.
    case noMethod
    case credentialsRefused
    /// RFC 1928 §6; never 0.
    case refused(reply: UInt8)
    case malformed
    /// Ours: what has no room in the protocol.
    case tooLong(String)
}

extension SOCKS5Error: CustomStringConvertible {
    /// A clause without subject, so that "the proxy " can stand before it.
    public var description: String {
        switch self {
        case .notSOCKS5(let version): "does not speak SOCKS5 (its first byte is \(version))"
        case .credentialsWanted: "asks for a user and password"
        case .noMethod: "takes neither strangers nor a user and password"
        case .credentialsRefused: "refused the user and password"
        case .refused(let reply): Self.words(for: reply)
        case .malformed: "answered what is no SOCKS5"
        case .tooLong(let what): "can't be told a \(what) of more than 255 bytes"
        }
    }

    // RFC 1928 §6.
    private static func words(for reply: UInt8) -> String {
        switch reply {
        case 1: "failed (general SOCKS server failure)"
        case 2: "does not allow this connection"
        case 3: "can't reach the target's network"
        case 4: "can't reach the target"
        case 5: "was refused by the target"
        case 6: "gave up (TTL expired)"
        case 7: "can't connect (command not supported)"
        case 8: "can't use this kind of address"
        default: "answered with the unknown reply \(reply)"
        }
    }
}
