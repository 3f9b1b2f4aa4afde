internal import COpenSSL

/// An SSL_CTX, with what holds for clients and servers alike.
final class OpenSSLContext: Sendable {
    // OpenSSL locks what it changes in here.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(_ method: OpaquePointer?) throws(TLSError) {
        guard OpenSSLLibrary.isSetUp, let context = SSL_CTX_new(method) else {
            throw .unusable(whileDoing: "setting up TLS")
        }
        pointer = context
        // RFC 8996: 1.0 and 1.1 must not be used.
        _ = shim_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        // Buffers of 34 kB only while they are in use: ten thousand idle connections are 340 MB otherwise.
        shim_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        // A renegotiation would make a write wait for a read. Nobody needs it, TLS 1.3 dropped it.
        SSL_CTX_set_options(context, shim_SSL_OP_NO_RENEGOTIATION)
    }

    deinit { SSL_CTX_free(pointer) }

    /// Limits what is spoken.
    ///
    /// - Throws: `.unknownCiphers` for a list in which OpenSSL knows nothing; `.unusable` where no version is left.
    func limit(
        from oldest: TLSVersion?, to newest: TLSVersion?, ciphers: String?, tls13Ciphers: String?, groups: String?
    ) throws(TLSError) {
        if let oldest, let newest, oldest.number > newest.number {
            throw .unusable("no version is at least \(oldest.rawValue) and at most \(newest.rawValue)")
        }
        if let oldest { _ = shim_SSL_CTX_set_min_proto_version(pointer, Int32(oldest.number)) }
        if let newest { _ = shim_SSL_CTX_set_max_proto_version(pointer, Int32(newest.number)) }
        if let ciphers, SSL_CTX_set_cipher_list(pointer, ciphers) != 1 {
            throw .unknownCiphers(whileDoing: "using the ciphers \(ciphers)")
        }
        if let tls13Ciphers, SSL_CTX_set_ciphersuites(pointer, tls13Ciphers) != 1 {
            throw .unknownCiphers(whileDoing: "using the ciphers \(tls13Ciphers)")
        }
        if let groups, shim_SSL_CTX_set1_groups_list(pointer, groups) != 1 {
            throw .unknownCiphers(whileDoing: "using the groups \(groups)")
        }
    }

    func use(_ identity: TLSIdentity) throws(TLSError) {
        let chain = try readCertificates(identity.certificatePEM)
        defer { for certificate in chain { X509_free(certificate) } }
        guard let leaf = chain.first else { throw .unusable("there is no certificate in the PEM") }
        let key = try readPrivateKey(identity.keyPEM, password: identity.password)
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_certificate(pointer, leaf) == 1, SSL_CTX_use_PrivateKey(pointer, key) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else { throw .unusable(whileDoing: "using the certificate and its key") }
        for certificate in chain.dropFirst() {
            shim_SSL_CTX_add1_chain_cert(pointer, certificate)
        }
    }
}
