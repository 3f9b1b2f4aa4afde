internal import COpenSSL
internal import HTTPTrace

// OpenSSL tells of every message as it writes or understands it. A handshake has a dozen; what they say is noted always,
// they themselves are kept only while somebody wants them. Once a connection carries bytes nobody is told any more, since
// OpenSSL would call for each record then.

/// What was seen in the messages of a handshake.
struct HandshakeMessages {
    /// Whether they are kept, for `take`.
    var areKept = false
    private(set) var hasRetriedHello = false
    /// Whether the server asked for our certificate.
    private(set) var hasCertificateRequest = false
    private var kept: [TLSMessage] = []

    /// Those since the last call.
    mutating func take() -> [TLSMessage] {
        guard !kept.isEmpty else { return [] }
        defer { kept.removeAll(keepingCapacity: true) }
        return kept
    }

    mutating func note(_ message: TLSMessage) {
        if message.kind == .helloRetryRequest { hasRetriedHello = true }
        if message.kind == .handshake(UInt8(SSL3_MT_CERTIFICATE_REQUEST)) { hasCertificateRequest = true }
        if areKept { kept.append(message) }
    }
}

extension TLSSession {
    func watchMessages() {
        shim_SSL_set_msg_callback_arg(ssl, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_msg_callback(ssl) { isSent, _, contentType, bytes, count, _, session in
            guard let bytes, let session, let kind = kind(of: contentType, bytes, count) else { return }
            Unmanaged<TLSSession>.fromOpaque(session).takeUnretainedValue().messages.note(
                TLSMessage(isSent == 1 ? .sent : .received, kind, bytes: count, at: SystemTime().now))
        }
    }

    func stopWatchingMessages() {
        SSL_set_msg_callback(ssl, nil)
        messages.areKept = false
    }
}

/// Nil for what is no message: OpenSSL tells of record headers, too, and of our ChangeCipherSpec, but not of the peer's.
private func kind(of contentType: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> TLSMessage.Kind? {
    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
    switch contentType {
    case SSL3_RT_HANDSHAKE:
        guard let number = bytes.first else { return nil }
        return isHelloRetryRequest(bytes) ? .helloRetryRequest : .handshake(number)
    case SSL3_RT_ALERT:
        guard bytes.count >= 2 else { return nil }
        return .alert(TLSAlert(code: bytes[1], isFatal: Int32(bytes[0]) == SSL3_AL_FATAL))
    default: return nil
    }
}

// A ServerHello with this "random" (RFC 8446 §4.1.3), which is SHA-256 of "HelloRetryRequest". Before it stand the
// header, 4 bytes, and the version, 2.
private func isHelloRetryRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 38 && Int32(bytes[0]) == SSL3_MT_SERVER_HELLO && bytes[6..<38].elementsEqual(retryRandom)
}

private let retryRandom: [UInt8] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
]
