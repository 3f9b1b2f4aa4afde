internal import COpenSSL
internal import Glibc
internal import HTTPTrace

extension TLSFacts.Certificate {
    /// Reads what people ask of a certificate. All of it is the peer's text.
    init(reading certificate: OpaquePointer) {
        self.init(
            subject: oneLine(X509_get_subject_name(certificate)),
            issuer: oneLine(X509_get_issuer_name(certificate)),
            names: alternativeNames(of: certificate),
            notBefore: seconds(X509_get0_notBefore(certificate)),
            notAfter: seconds(X509_get0_notAfter(certificate)),
            sha256: fingerprint(of: certificate),
            key: keyWords(X509_get0_pubkey(certificate)))
    }
}

/// `CN=example.com, O=Example` (in the certificate's order).
private func oneLine(_ name: OpaquePointer?) -> String {
    String(decoding: bytesWritten { X509_NAME_print_ex($0, name, 0, shim_name_flags) }, as: UTF8.self)
}

private func alternativeNames(of certificate: OpaquePointer) -> [String] {
    guard let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
    let names = OpaquePointer(found)
    defer { shim_GENERAL_NAMES_free(names) }
    return (0..<shim_sk_GENERAL_NAME_num(names)).compactMap { index in
        var kind: Int32 = 0
        guard let value = GENERAL_NAME_get0_value(shim_sk_GENERAL_NAME_value(names, index), &kind) else { return nil }
        let text = value.assumingMemoryBound(to: ASN1_STRING.self)
        let bytes = UnsafeRawBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
        switch kind {
        case GEN_DNS, GEN_EMAIL, GEN_URI: return String(decoding: bytes, as: UTF8.self)
        case GEN_IPADD: return ipText(bytes)
        default: return nil
        }
    }
}

private func ipText(_ bytes: UnsafeRawBufferPointer) -> String? {
    let family = bytes.count == 4 ? AF_INET : bytes.count == 16 ? AF_INET6 : -1
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { buffer in
        inet_ntop(family, bytes.baseAddress, buffer.baseAddress, socklen_t(buffer.count)).map { String(cString: $0) }
    }
}

/// Since 1970; 0 for a date that is none.
private func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
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
