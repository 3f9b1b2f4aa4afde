/// What a TLS handshake agreed on, and what the peer showed. An object, so that an event carries one pointer of it.
public final class TLSFacts: Sendable, Hashable {
    /// As the protocol is written: `TLSv1.3`; empty when the handshake failed before it was agreed.
    public let version: String
    /// The IANA name, `TLS_AES_256_GCM_SHA384`; empty as above.
    public let cipher: String
    /// The application protocol agreed by ALPN (`http/1.1`, `h2`); nil when the peer chose none.
    public let alpn: String?
    /// The name asked for by SNI; nil for an address literal (RFC 6066 §3 forbids those).
    public let serverName: String?
    /// Whether an earlier session was resumed, which saves certificates and a signature.
    public let isResumed: Bool
    /// The peer's chain, leaf first; also kept when verification failed.
    public let certificates: [Certificate]
    /// What verification found wrong, in words; nil when the chain and the name are good.
    public let verificationProblem: String?
    /// Whether a bad certificate was accepted because checking was switched off (`-k`).
    public let isUnverified: Bool

    /// One certificate of the chain, in words.
    public struct Certificate: Hashable, Sendable, Codable {
        public var subject: String
        public var issuer: String
        /// Subject alternative names: `example.com`, `192.0.2.1`.
        public var names: [String]
        /// Seconds since 1970.
        public var notBefore: Int64
        public var notAfter: Int64
        /// Of the DER form, lower-case hex.
        public var sha256: String
        /// `RSA 2048`, `EC P-256`, `ED25519`.
        public var key: String

        public init(
            subject: String, issuer: String, names: [String], notBefore: Int64, notAfter: Int64, sha256: String,
            key: String
        ) {
            self.subject = subject
            self.issuer = issuer
            self.names = names
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.sha256 = sha256
            self.key = key
        }
    }

    public init(
        version: String, cipher: String, alpn: String?, serverName: String?, isResumed: Bool = false,
        certificates: [Certificate] = [], verificationProblem: String? = nil, isUnverified: Bool = false
    ) {
        self.version = version
        self.cipher = cipher
        self.alpn = alpn
        self.serverName = serverName
        self.isResumed = isResumed
        self.certificates = certificates
        self.verificationProblem = verificationProblem
        self.isUnverified = isUnverified
    }

    public static func == (left: TLSFacts, right: TLSFacts) -> Bool {
        left === right
            || (left.version == right.version && left.cipher == right.cipher && left.alpn == right.alpn
                && left.serverName == right.serverName && left.isResumed == right.isResumed
                && left.certificates == right.certificates && left.verificationProblem == right.verificationProblem
                && left.isUnverified == right.isUnverified)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(version)
        hasher.combine(cipher)
        hasher.combine(certificates)
    }
}
