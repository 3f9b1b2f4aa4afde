// What a TLS peer shows to be believed. All of it is the peer's text, cut to limits where it was read.

extension TLSFacts {
    /// One certificate of the chain, in words.
    public struct Certificate: Hashable, Sendable, Codable {
        public var subject: String
        public var issuer: String
        /// Subject alternative names: `example.com`, `192.0.2.1`.
        public var names: [String]
        /// How many more names there were than are kept.
        public var namesLeftOut: Int
        /// Seconds since 1970.
        public var notBefore: Int64
        public var notAfter: Int64
        /// Lower-case hex.
        public var serial: String
        /// Of the DER form, lower-case hex.
        public var sha256: String
        /// `RSA 2048`, `EC P-256`, `ED25519`.
        public var key: String
        /// How its issuer signed it: `sha256WithRSAEncryption`.
        public var signature: String

        public init(
            subject: String, issuer: String, names: [String], namesLeftOut: Int = 0, notBefore: Int64,
            notAfter: Int64, serial: String = "", sha256: String, key: String, signature: String = ""
        ) {
            self.subject = subject
            self.issuer = issuer
            self.names = names
            self.namesLeftOut = namesLeftOut
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.serial = serial
            self.sha256 = sha256
            self.key = key
            self.signature = signature
        }
    }

    /// A responder's word on whether the certificate was revoked, which the server brought along (RFC 6066 §8).
    public struct OCSPStaple: Hashable, Sendable {
        public enum Status: Hashable, Sendable {
            case good
            /// Seconds since 1970.
            case revoked(at: Int64)
            case unknown
            /// There is no answer in it for this certificate: why.
            case unusable(String)
        }

        public var status: Status
        /// From when to when it holds, in seconds since 1970; nil where it doesn't say.
        public var thisUpdate: Int64?
        public var nextUpdate: Int64?
        /// Whether its signature was checked and is good.
        public var isSigned: Bool

        public init(status: Status, thisUpdate: Int64? = nil, nextUpdate: Int64? = nil, isSigned: Bool = false) {
            self.status = status
            self.thisUpdate = thisUpdate
            self.nextUpdate = nextUpdate
            self.isSigned = isSigned
        }
    }

    /// A certificate transparency log's promise (RFC 6962). Not checked: that needs the list of logs of the day.
    public struct SignedCertificateTimestamp: Hashable, Sendable {
        public enum Source: String, Hashable, Sendable { case certificate, handshake, staple }

        /// The log's id, 32 bytes in lower-case hex.
        public var log: String
        /// Milliseconds since 1970.
        public var time: Int64
        public var source: Source

        public init(log: String, time: Int64, source: Source) {
            self.log = log
            self.time = time
            self.source = source
        }
    }
}
