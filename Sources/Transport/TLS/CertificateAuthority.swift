internal import COpenSSL
internal import Glibc

// Certificates made on the spot, for a server on this machine: the playground's, trusted for one run, and the tests'.
// OpenSSL's calls can only fail here for want of memory, so a failure is a trap.

/// A certificate authority of our own. Its key is made with it and never leaves it.
public struct CertificateAuthority: Sendable {
    /// The root, to be trusted: `ClientConfiguration.extraRoots`, or a `caFile`.
    public let certificatePEM: [UInt8]
    private let keyPEM: [UInt8]

    /// What a certificate's key is.
    public enum Key: Sendable {
        /// A signature takes 20 µs.
        case p256
        /// A signature takes a millisecond, as with most servers' certificates.
        case rsa2048
    }

    /// Which side a certificate is good for.
    public enum Use: String, Sendable {
        case server = "serverAuth"
        case client = "clientAuth"
    }

    /// From a minute ago, since clocks differ.
    public static let defaultStart = Duration.seconds(-60)

    /// - Parameters:
    ///   - name: The common name, as certificate viewers show it.
    ///   - lifetime: From now.
    public init(name: String = "roundtrip, this run only", lifetime: Duration = .seconds(86_400)) {
        precondition(OpenSSLLibrary.isSetUp)
        let key = makeKey(.p256)
        defer { EVP_PKEY_free(key) }
        let certificate = makeCertificate(subject: name, key: key, from: Self.defaultStart, to: lifetime)
        defer { X509_free(certificate) }
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate))
        extend(certificate, issuer: certificate, NID_basic_constraints, "critical,CA:TRUE")
        extend(certificate, issuer: certificate, NID_key_usage, "critical,keyCertSign,cRLSign")
        extend(certificate, issuer: certificate, NID_subject_key_identifier, "hash")
        X509_sign(certificate, key, EVP_sha256())
        certificatePEM = pem(certificate: certificate)
        keyPEM = pem(key: key)
    }

    /// Makes a key and a certificate for it.
    ///
    /// - Parameters:
    ///   - names: What it is good for: host names, `*.example.com`, IP addresses. Empty makes one that no host matches.
    ///   - commonName: The subject; no client of ours looks at it.
    ///   - start: When it becomes valid, from now; negative is in the past.
    ///   - end: When it stops being valid, from now; one in the past makes an expired one.
    ///   - password: Encrypts the key; nil leaves it readable.
    public func issue(
        for names: [String], commonName: String? = nil, from start: Duration = defaultStart,
        to end: Duration = .seconds(86_400), use: Use = .server, key kind: Key = .p256, password: String? = nil
    ) -> TLSIdentity {
        // What we wrote ourselves can be read.
        let issuers = try! readCertificates(certificatePEM)
        let issuerKey = try! readPrivateKey(keyPEM)
        let key = makeKey(kind)
        let certificate = makeCertificate(
            subject: commonName ?? names.first ?? "nobody", key: key, from: start, to: end)
        defer {
            X509_free(issuers[0])
            X509_free(certificate)
            EVP_PKEY_free(issuerKey)
            EVP_PKEY_free(key)
        }
        X509_set_issuer_name(certificate, X509_get_subject_name(issuers[0]))
        extend(certificate, issuer: issuers[0], NID_basic_constraints, "critical,CA:FALSE")
        extend(certificate, issuer: issuers[0], NID_key_usage, "critical,digitalSignature")
        extend(certificate, issuer: issuers[0], NID_ext_key_usage, use.rawValue)
        extend(certificate, issuer: issuers[0], NID_authority_key_identifier, "keyid")
        if !names.isEmpty {
            let entries = names.map { SocketAddress.literal($0, port: 0) == nil ? "DNS:\($0)" : "IP:\($0)" }
            extend(certificate, issuer: issuers[0], NID_subject_alt_name, entries.joined(separator: ","))
        }
        X509_sign(certificate, issuerKey, EVP_sha256())
        return TLSIdentity(certificatePEM: pem(certificate: certificate), keyPEM: pem(key: key, password))
    }
}

private func makeKey(_ kind: CertificateAuthority.Key) -> OpaquePointer {
    switch kind {
    case .p256: shim_EVP_EC_gen("P-256")
    case .rsa2048: shim_EVP_RSA_gen(2048)
    }
}

private func makeCertificate(
    subject: String, key: OpaquePointer, from start: Duration, to end: Duration
) -> OpaquePointer {
    let certificate = X509_new()!
    X509_set_version(certificate, 2)  // which means 3
    var serial = [UInt8](repeating: 0, count: 16)
    RAND_bytes(&serial, Int32(serial.count))
    serial[0] &= 0x7F  // positive
    let number = BN_bin2bn(serial, Int32(serial.count), nil)
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate))
    BN_free(number)
    X509_gmtime_adj(X509_getm_notBefore(certificate), Int(start.components.seconds))
    X509_gmtime_adj(X509_getm_notAfter(certificate), Int(end.components.seconds))
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, Array(subject.utf8), Int32(subject.utf8.count), -1, 0)
    X509_set_pubkey(certificate, key)
    return certificate
}

private func extend(_ certificate: OpaquePointer, issuer: OpaquePointer, _ kind: Int32, _ value: String) {
    guard let extension_ = shim_make_extension(certificate, issuer, kind, value) else {
        preconditionFailure("no certificate can say \(value): \(openSSLWords(takeOpenSSLError()))")
    }
    X509_add_ext(certificate, extension_, -1)
    X509_EXTENSION_free(extension_)
}

private func pem(certificate: OpaquePointer) -> [UInt8] {
    bytesWritten { PEM_write_bio_X509($0, certificate) }
}

private func pem(key: OpaquePointer, _ password: String? = nil) -> [UInt8] {
    bytesWritten { bio in
        guard let password else {
            PEM_write_bio_PKCS8PrivateKey(bio, key, nil, nil, 0, nil, nil)
            return
        }
        PEM_write_bio_PKCS8PrivateKey(
            bio, key, EVP_aes_256_cbc(), password, Int32(password.utf8.count), nil, nil)
    }
}
