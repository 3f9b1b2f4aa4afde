internal import COpenSSL
internal import Glibc
internal import HTTPTrace
internal import Synchronization

// What people ask of a certificate, read once per certificate: a client sees the same few chains again and again, and a
// handshake is no time for formatting. All of it is the peer's text; what is too long is cut here, so that nobody
// behind has to.

/// Puts certificates into words.
final class CertificateReader: Sendable {
    static let shared = CertificateReader()

    /// By fingerprint.
    private let known = Mutex<[String: TLSFacts.Certificate]>([:])

    /// A few hundred hosts' chains. Beyond that, all is forgotten at once: nothing worth keeping order for.
    private static let knownLimit = 512

    func read(_ certificate: OpaquePointer) -> TLSFacts.Certificate {
        let fingerprint = fingerprint(of: certificate)
        if let read = known.withLock({ $0[fingerprint] }) { return read }
        let read = TLSFacts.Certificate(reading: certificate, fingerprint: fingerprint)
        known.withLock { known in
            if known.count >= Self.knownLimit { known.removeAll() }
            known[fingerprint] = read
        }
        return read
    }
}

extension TLSFacts.Certificate {
    /// What a certificate for a content network has; some have thousands.
    fileprivate static let nameLimit = 100

    fileprivate init(reading certificate: OpaquePointer, fingerprint: String) {
        let names = alternativeNames(of: certificate)
        self.init(
            subject: oneLine(X509_get_subject_name(certificate)),
            issuer: oneLine(X509_get_issuer_name(certificate)),
            names: names.kept,
            namesLeftOut: names.leftOut,
            notBefore: unixSeconds(X509_get0_notBefore(certificate)),
            notAfter: unixSeconds(X509_get0_notAfter(certificate)),
            serial: serialNumber(of: certificate),
            sha256: fingerprint,
            key: keyWords(X509_get0_pubkey(certificate)),
            signature: OBJ_nid2ln(X509_get_signature_nid(certificate)).map { String(cString: $0) } ?? "unknown")
    }
}

/// 20 bytes at most, says RFC 5280 §4.1.2.2; who writes more is shown the beginning of it.
private func serialNumber(of certificate: OpaquePointer) -> String {
    guard let number = X509_get0_serialNumber(certificate) else { return "" }
    let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(number), count: Int(ASN1_STRING_length(number)))
    return (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "") + hex(bytes.prefix(32))
}

/// `CN=example.com, O=Example` (in the certificate's order).
private func oneLine(_ name: OpaquePointer?) -> String {
    let bytes = bytesWritten { X509_NAME_print_ex($0, name, 0, shim_name_flags) }
    return String(decoding: bytes.prefix(nameBytes), as: UTF8.self) + (bytes.count > nameBytes ? "…" : "")
}

// Names of hosts have 253 at most; names of people and companies fit as well.
private let nameBytes = 512

private func alternativeNames(of certificate: OpaquePointer) -> (kept: [String], leftOut: Int) {
    guard let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return ([], 0) }
    let names = OpaquePointer(found)
    defer { shim_GENERAL_NAMES_free(names) }
    let count = shim_sk_GENERAL_NAME_num(names)
    let limit = Int32(TLSFacts.Certificate.nameLimit)
    let kept: [String] = (0..<min(count, limit)).compactMap { index in
        var kind: Int32 = 0
        guard let value = GENERAL_NAME_get0_value(shim_sk_GENERAL_NAME_value(names, index), &kind) else { return nil }
        let text = value.assumingMemoryBound(to: ASN1_STRING.self)
        let bytes = UnsafeRawBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
        switch kind {
        case GEN_DNS, GEN_EMAIL, GEN_URI: return String(decoding: bytes.prefix(nameBytes), as: UTF8.self)
        case GEN_IPADD: return ipText(bytes)
        default: return nil
        }
    }
    return (kept, Int(max(0, count - limit)))
}

private func ipText(_ bytes: UnsafeRawBufferPointer) -> String? {
    let family = bytes.count == 4 ? AF_INET : bytes.count == 16 ? AF_INET6 : -1
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { buffer in
        inet_ntop(family, bytes.baseAddress, buffer.baseAddress, socklen_t(buffer.count)).map { String(cString: $0) }
    }
}

/// Since 1970; 0 for a date that is none.
func unixSeconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
    return Int64(timegm(&parts))
}

private func fingerprint(of certificate: OpaquePointer) -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    X509_digest(certificate, EVP_sha256(), &digest, &count)
    return hex(digest.prefix(Int(count)))
}

/// `RSA 2048`, `EC P-256`, `ED25519`.
private func keyWords(_ key: OpaquePointer?) -> String {
    guard let key else { return "unreadable" }
    switch EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA: return "RSA \(EVP_PKEY_get_bits(key))"
    case EVP_PKEY_EC:
        var curve = [CChar](repeating: 0, count: 64)
        EVP_PKEY_get_group_name(key, &curve, curve.count, nil)
        let name = String(decoding: curve.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
        // NIST's names are the ones people know.
        return "EC " + (["prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"][name] ?? name)
    default: return EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
