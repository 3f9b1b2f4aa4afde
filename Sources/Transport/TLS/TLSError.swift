/// Why TLS could not be agreed on, or broke.
public enum TLSError: Error, Equatable, Sendable {
    /// The peer's certificate is not good, in OpenSSL's words: *"hostname mismatch"*, *"certificate has expired"*.
    case untrusted(String)
    /// The peer's public key is none of those that were pinned, in words.
    case notPinned(String)
    /// The peer gave up and said why: the alert's number and words (RFC 8446 §6), `40` and *"handshake failure"*.
    case alert(code: UInt8, String)
    /// What the peer sent first is no TLS: most often plain HTTP on this port.
    case notTLS
    /// The peer closed the connection in the middle of the handshake.
    case closedByPeer
    /// The peer broke the rules, or shares no version or cipher with us; in OpenSSL's words.
    case failed(String)
    /// Our own settings are not usable: a certificate file that can't be read, a key that doesn't fit.
    case unusable(String)
    /// OpenSSL knows nothing in a list of ciphers or groups: which list, and its words.
    case unknownCiphers(String)
    /// The stream below broke, or was closed, during the handshake.
    case stream(StreamError)

    /// Whether the peer's certificate was the reason, which scripts tell apart.
    public var isCertificate: Bool {
        switch self {
        case .untrusted, .notPinned: true
        default: false
        }
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .untrusted(let problem), .notPinned(let problem): "the certificate can't be trusted: \(problem)"
        case .alert(let code, let words): "the peer refused TLS: \(words) (alert \(code))"
        case .notTLS: "the peer does not speak TLS on this port"
        case .closedByPeer: "the peer closed the connection during the TLS handshake"
        case .failed(let words): "TLS failed: \(words)"
        case .unusable(let words), .unknownCiphers(let words): words
        case .stream(let error): error.description
        }
    }
}
