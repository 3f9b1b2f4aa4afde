internal import COpenSSL
internal import Synchronization

// What many TLS sessions have in common: roots, identity, versions, application protocols. Immutable once made, so any
// thread may start sessions from it (SSL_CTX counts its own references).
//
// A client's in whose settings OpenSSL can find nothing wrong is made when it is first wanted, on the thread that reads the
// system's roots: the process's first one takes 3 ms and 2 MB, for nothing where all is plain.

/// The settings from which TLS sessions are made, for one side.
public final class TLSContext: Sendable {
    enum Side: Equatable { case client(verifies: Bool), server }

    enum State: Sendable {
        case unmade(@Sendable () -> Result<OpenSSLContext, TLSError>)
        case made(Result<OpenSSLContext, TLSError>)
    }

    private let state: Mutex<State>
    let side: Side
    /// What a server chooses from; OpenSSL keeps only a pointer to it.
    let choices: ApplicationProtocols?
    /// A client's sessions to resume; nil where none are.
    let tickets: SessionTickets?
    /// SHA-256 of public keys, one of which a server must have; empty lets all pass.
    let pinnedKeys: [[UInt8]]
    let keyLog: KeyLogFile?
    /// A client's; nil where it trusts others.
    let systemRoots: SystemRoots?
    /// What a server knows of its certificate's revocation: an OCSP response in DER.
    let staple: [UInt8]?

    init(
        _ side: Side, _ state: State, choices: ApplicationProtocols? = nil, tickets: SessionTickets? = nil,
        pinnedKeys: [[UInt8]] = [], keyLog: KeyLogFile? = nil, systemRoots: SystemRoots? = nil, staple: [UInt8]? = nil
    ) {
        self.state = Mutex(state)
        self.side = side
        self.choices = choices
        self.tickets = tickets
        self.pinnedKeys = pinnedKeys
        self.keyLog = keyLog
        self.systemRoots = systemRoots
        self.staple = staple
    }

    /// OpenSSL's part. Made now if nobody has wanted it before, which blocks the caller.
    var openSSL: OpenSSLContext {
        get throws(TLSError) {
            let result = state.withLock { state in
                switch state {
                case .made(let result): return result
                case .unmade(let making):
                    let result = making()
                    state = .made(result)
                    return result
                }
            }
            return try result.get()
        }
    }

    var isMade: Bool { state.withLock { if case .made = $0 { true } else { false } } }

    /// Has OpenSSL's part made on a thread of its own, if that has not been done: for whoever sees that a request may come.
    /// The roots are left for the first dial.
    public func warmUp() {
        guard !isMade else { return }
        // With no thread left to have, the first dial makes it.
        _ = startThread(named: "tls") { [self] in _ = try? openSSL }
    }

    /// Each name with its length in front, as ALPN sends them (RFC 7301 §3.1).
    ///
    /// - Throws: `.unusable` for a name that is empty or longer than 255 bytes.
    static func wireFormat(_ protocols: [String]) throws(TLSError) -> [UInt8] {
        var bytes: [UInt8] = []
        for name in protocols {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else {
                throw .unusable("\"\(name)\" is no application protocol")
            }
            bytes.append(length)
            bytes.append(contentsOf: name.utf8)
        }
        return bytes
    }
}

/// A certificate with its chain, and the key that proves it is ours.
public struct TLSIdentity: Sendable, Equatable {
    /// Leaf first, then what links it to a root.
    public var certificatePEM: [UInt8]
    public var keyPEM: [UInt8]
    /// For a key that is encrypted.
    public var password: String?

    public init(certificatePEM: [UInt8], keyPEM: [UInt8], password: String? = nil) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.password = password
    }

    /// Sees whether it can be used.
    ///
    /// - Throws: `.unusable` when certificate or key can't be read or don't fit each other.
    public func check() throws(TLSError) { try OpenSSLContext(TLS_method()).use(self) }
}

/// A list in wire format, at a fixed address: ALPN's answer points into it.
final class ApplicationProtocols: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>

    init(_ protocols: [UInt8]) {
        bytes = .allocate(capacity: protocols.count)
        _ = bytes.initialize(from: protocols)
    }

    deinit { bytes.deallocate() }
}
