internal import COpenSSL

extension TLSContext {
    /// Whom a client trusts, and what it offers.
    public struct ClientConfiguration: Sendable {
        /// Off is curl's `-k`: a bad certificate is reported in the facts, and accepted.
        public var verify = true
        /// Whether the system's roots are trusted. Reading them takes about 30 ms.
        public var usesSystemRoots = true
        /// A PEM file to trust instead of the system's roots.
        public var caFile: String?
        /// Certificates to trust as well, in PEM.
        public var extraRoots: [UInt8] = []
        /// Offered by ALPN, the favourite first; empty sends none. A session may be told to offer others.
        public var applicationProtocols = ["http/1.1"]

        public init() {}
    }

    /// For clients. TLS 1.2 at least.
    ///
    /// The system's roots are those of OpenSSL; SSL_CERT_FILE and SSL_CERT_DIR override them. Reading them takes so long
    /// that it belongs on another thread than the network's: any will do.
    ///
    /// - Throws: `.unusable` when a file or the PEM can't be read.
    public convenience init(client configuration: ClientConfiguration) throws(TLSError) {
        try self.init(TLS_client_method(), .client(verifies: configuration.verify))
        if let file = configuration.caFile {
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else {
                throw .unusable(whileDoing: "reading certificates from \(file)")
            }
        } else if configuration.usesSystemRoots {
            SSL_CTX_set_default_verify_paths(pointer)
        }
        try trust(configuration.extraRoots)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        // Our own step around OpenSSL's verification: it keeps the peer's chain, which OpenSSL drops when it is bad,
        // and is where -k accepts it all the same.
        SSL_CTX_set_cert_verify_callback(pointer, { store, _ in TLSSession.verify(store!) }, nil)
        let protocols = try Self.wireFormat(configuration.applicationProtocols)
        // This one call returns 0 for success.
        guard SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count)) == 0 else {
            throw .unusable(whileDoing: "setting the application protocols")
        }
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        for certificate in try readCertificates(pem) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), certificate)
            X509_free(certificate)
        }
    }
}
