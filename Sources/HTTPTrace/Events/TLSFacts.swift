/// What a TLS handshake agreed on, and what the peer showed. An object, so that an event carries one pointer of it.
public final class TLSFacts: Sendable, Hashable {
    /// As the protocol is written: `TLSv1.3`; empty when the handshake failed before it was agreed.
    public let version: String
    /// The IANA name, `TLS_AES_256_GCM_SHA384`; empty as above.
    public let cipher: String
    /// The group of the key exchange, `x25519`; nil when none was used, or before it was agreed.
    public let group: String?
    /// How the peer proved that the key is its own, `RSA-PSS SHA256`; nil when it did not have to (resumption).
    public let signature: String?
    /// The application protocol agreed by ALPN (`http/1.1`, `h2`); nil when the peer chose none.
    public let alpn: String?
    /// The name asked for by SNI; nil for an address literal (RFC 6066 §3 forbids those).
    public let serverName: String?
    /// Whether the server asked for another key share first (HelloRetryRequest), which costs a round trip.
    public let hasRetriedHello: Bool
    public let resumption: Resumption
    /// The peer's chain, leaf first; also kept when verification failed. Of a resumed session: those shown when it began.
    public let certificates: [Certificate]
    /// How many more certificates there were than are kept.
    public let certificatesLeftOut: Int
    /// The subject of the root that the chain leads to; nil when it leads to none we trust.
    public let trustAnchor: String?
    /// What verification found wrong, in words; nil when the chain and the name are good.
    public let verificationProblem: String?
    /// The certificate that is wrong, counted in the verified chain from the leaf, 0; nil without a problem.
    public let problemDepth: Int?
    /// Whether a bad certificate was accepted because checking was switched off (`-k`).
    public let isUnverified: Bool
    /// What the peer stapled about its certificate's revocation; nil when it stapled nothing.
    public let staple: OCSPStaple?
    /// Promises of transparency logs to list the certificate, whichever way they came.
    public let timestamps: [SignedCertificateTimestamp]
    public let clientCertificate: ClientCertificate
    /// What we would have agreed to. Kept only when the handshake failed, where it is half of the explanation.
    public let offer: Offer?

    /// Whether an earlier session was resumed, which saves certificates and a signature.
    public var isResumed: Bool { resumption == .resumed }

    /// Whether a session of an earlier connection could be taken up.
    public enum Resumption: String, Hashable, Sendable, Codable {
        /// There was none to offer, or offering is switched off.
        case notOffered
        /// Offered, and the server preferred a full handshake.
        case declined
        case resumed
    }

    /// Whether the server wanted to know who we are.
    public enum ClientCertificate: Hashable, Sendable {
        case notAsked
        /// We had none to send.
        case askedInVain
        case sent
    }

    public struct Offer: Hashable, Sendable {
        /// `TLSv1.2`, `TLSv1.3`.
        public var versions: [String]
        /// IANA names.
        public var ciphers: [String]

        public init(versions: [String], ciphers: [String]) {
            self.versions = versions
            self.ciphers = ciphers
        }
    }

    public init(
        version: String, cipher: String, group: String? = nil, signature: String? = nil, alpn: String?,
        serverName: String?, hasRetriedHello: Bool = false, resumption: Resumption = .notOffered,
        certificates: [Certificate] = [], certificatesLeftOut: Int = 0, trustAnchor: String? = nil,
        verificationProblem: String? = nil, problemDepth: Int? = nil, isUnverified: Bool = false,
        staple: OCSPStaple? = nil, timestamps: [SignedCertificateTimestamp] = [],
        clientCertificate: ClientCertificate = .notAsked, offer: Offer? = nil
    ) {
        self.version = version
        self.cipher = cipher
        self.group = group
        self.signature = signature
        self.alpn = alpn
        self.serverName = serverName
        self.hasRetriedHello = hasRetriedHello
        self.resumption = resumption
        self.certificates = certificates
        self.certificatesLeftOut = certificatesLeftOut
        self.trustAnchor = trustAnchor
        self.verificationProblem = verificationProblem
        self.problemDepth = problemDepth
        self.isUnverified = isUnverified
        self.staple = staple
        self.timestamps = timestamps
        self.clientCertificate = clientCertificate
        self.offer = offer
    }

    public static func == (left: TLSFacts, right: TLSFacts) -> Bool {
        left === right
            || (left.version == right.version && left.cipher == right.cipher && left.group == right.group
                && left.signature == right.signature && left.alpn == right.alpn && left.serverName == right.serverName
                && left.hasRetriedHello == right.hasRetriedHello && left.resumption == right.resumption
                && left.certificates == right.certificates && left.certificatesLeftOut == right.certificatesLeftOut
                && left.trustAnchor == right.trustAnchor && left.verificationProblem == right.verificationProblem
                && left.problemDepth == right.problemDepth && left.isUnverified == right.isUnverified
                && left.staple == right.staple && left.timestamps == right.timestamps
                && left.clientCertificate == right.clientCertificate && left.offer == right.offer)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(version)
        hasher.combine(cipher)
        hasher.combine(certificates)
    }
}
