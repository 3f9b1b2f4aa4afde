internal import COpenSSL
internal import HTTPTrace

// Our own step around OpenSSL's verification: it keeps the peer's chain, which OpenSSL drops when it is bad, puts the
// finding into words, and is where -k accepts it all the same.

/// What verifying the peer's certificates found.
struct Verdict {
    /// As the peer sent it, leaf first.
    var chain: [TLSFacts.Certificate] = []
    var leftOut = 0
    /// The subject of the root that vouches for it.
    var anchor: String?
    /// Nil when all is well, or nothing was verified.
    var problem: String?
    var problemDepth: Int?
    /// Whether `problem` counts with verification off, too: a key that was to be another one.
    var isFinal = false

    /// Chains are three or four long; OpenSSL itself stops reading at 100 kB.
    static let certificateLimit = 10
}

extension TLSSession {
    /// Called by OpenSSL when the peer's chain is there.
    ///
    /// - Returns: 1 to go on with the handshake.
    static func verify(_ store: OpaquePointer) -> Int32 {
        let isGood = X509_verify_cert(store) == 1
        guard let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let session = TLSSession.of(OpaquePointer(ssl))
        else { return isGood ? 1 : 0 }
        return session.judge(store, isGood: isGood) ? 1 : 0
    }

    private func judge(_ store: OpaquePointer, isGood: Bool) -> Bool {
        keep(chain: X509_STORE_CTX_get0_untrusted(store))
        if isGood {
            verdict.anchor = anchor(of: X509_STORE_CTX_get0_chain(store))
        } else {
            verdict.problem = words(for: X509_STORE_CTX_get_error(store))
            verdict.problemDepth = Int(X509_STORE_CTX_get_error_depth(store))
        }
        if !context.pinnedKeys.isEmpty, !hasPinnedKey(X509_STORE_CTX_get0_cert(store)) {
            verdict.problem = "its public key is not one of those pinned"
            verdict.problemDepth = 0
            verdict.isFinal = true
            X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
            return false
        }
        return verdict.problem == nil || context.side == .client(verifies: false)
    }

    /// A resumed session shows no certificates: it goes on with what was found when it began.
    func recallVerdict() {
        guard verdict.chain.isEmpty else { return }
        keep(chain: SSL_get_peer_cert_chain(ssl))
        let code = SSL_get_verify_result(ssl)
        if code != X509_V_OK {
            verdict.problem = words(for: Int32(code))
        } else {
            verdict.anchor = anchor(of: SSL_get0_verified_chain(ssl))
        }
    }

    private func words(for code: Int32) -> String { String(cString: X509_verify_cert_error_string(Int(code))) }

    private func keep(chain stack: OpaquePointer?) {
        guard let stack else { return }
        let count = Int(shim_sk_X509_num(stack))
        verdict.leftOut = max(0, count - Verdict.certificateLimit)
        verdict.chain = (0..<min(count, Verdict.certificateLimit)).map {
            CertificateReader.shared.read(shim_sk_X509_value(stack, Int32($0))!)
        }
    }

    private func anchor(of stack: OpaquePointer?) -> String? {
        guard let stack, shim_sk_X509_num(stack) > 0 else { return nil }
        return CertificateReader.shared.read(shim_sk_X509_value(stack, shim_sk_X509_num(stack) - 1)!).subject
    }

    // Of the key with its algorithm (SubjectPublicKeyInfo), as curl, Chrome and RFC 7469 pin it.
    private func hasPinnedKey(_ leaf: OpaquePointer?) -> Bool {
        guard let leaf, let key = X509_get_X509_PUBKEY(leaf) else { return false }
        var der: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(key, &der)
        guard count > 0, let der else { return false }
        defer { shim_OPENSSL_free(der) }
        var digest = SHA256Digest()
        digest.update(UnsafeRawBufferPointer(start: der, count: Int(count)))
        return context.pinnedKeys.contains(digest.finish())
    }
}
