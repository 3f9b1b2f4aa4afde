/// One message of a TLS handshake, or an alert, as it passed.
public struct TLSMessage: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable, Codable { case sent, received }

    public enum Kind: Hashable, Sendable {
        /// By its number in IANA's registry (RFC 8446 §4).
        case handshake(UInt8)
        /// A ServerHello that asks for another key share: one more round trip.
        case helloRetryRequest
        case alert(TLSAlert)
    }

    public var direction: Direction
    public var kind: Kind
    /// With its own header, without the record's and before encryption.
    public var bytes: Int32
    /// When TLS wrote or understood it. Its arithmetic may run on another thread than the network's, which hears of it a
    /// moment later.
    public var time: Timestamp

    public init(_ direction: Direction, _ kind: Kind, bytes: Int, at time: Timestamp) {
        self.direction = direction
        self.kind = kind
        self.bytes = Int32(clamping: bytes)
        self.time = time
    }

    /// As RFC 8446 and RFC 5246 call it: `ClientHello`; an alert in words: `alert: unknown CA`.
    public var name: String {
        switch kind {
        case .helloRetryRequest: "HelloRetryRequest"
        case .alert(let alert): "alert: \(alert.words)"
        case .handshake(let number): Self.names[number] ?? "message \(number)"
        }
    }

    private static let names: [UInt8: String] = [
        0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 4: "NewSessionTicket", 5: "EndOfEarlyData",
        8: "EncryptedExtensions", 11: "Certificate", 12: "ServerKeyExchange", 13: "CertificateRequest",
        14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange", 20: "Finished",
        22: "CertificateStatus", 24: "KeyUpdate", 25: "CompressedCertificate",
    ]
}

/// What one side of a TLS connection tells the other when something ends or is wrong (RFC 8446 §6).
public struct TLSAlert: Hashable, Sendable {
    public var code: UInt8
    /// Nothing follows a fatal one. The others are close_notify and hints.
    public var isFatal: Bool

    public init(code: UInt8, isFatal: Bool) {
        self.code = code
        self.isFatal = isFatal
    }

    /// *"unknown CA"*, *"close notify"*.
    public var words: String { Self.words[code] ?? "number \(code)" }

    private static let words: [UInt8: String] = [
        0: "close notify", 10: "unexpected message", 20: "bad record mac", 21: "decryption failed",
        22: "record overflow", 30: "decompression failure", 40: "handshake failure", 41: "no certificate",
        42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
        46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA", 49: "access denied",
        50: "decode error", 51: "decrypt error", 60: "export restriction", 70: "protocol version",
        71: "insufficient security", 80: "internal error", 86: "inappropriate fallback", 90: "user canceled",
        100: "no renegotiation", 109: "missing extension", 110: "unsupported extension",
        111: "certificate unobtainable", 112: "unrecognized name", 113: "bad certificate status response",
        114: "bad certificate hash value", 115: "unknown PSK identity", 116: "certificate required",
        120: "no application protocol",
    ]
}
