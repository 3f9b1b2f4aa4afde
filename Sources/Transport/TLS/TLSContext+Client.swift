internal import COpenSSL

extension TLSContext {
    /// Whom a client trusts, and what it offers.
    public struct ClientConfiguration: Sendable {
        /// Off is curl's `-k`: a bad certificate is reported in the facts, and accepted.
        public var verify = true
        /// Whether the system's roots are trusted. Reading them takes about 30 ms, before the first handshake.
        public var usesSystemRoots = true
        /// A PEM file to trust instead of the system's roots.
        public var caFile: String?
        /// A folder of PEM files to trust instead, named by hash as `openssl rehash` does.
        public var caDirectory: String?
        /// Certificates to trust as well, in PEM.
        public var extraRoots: [UInt8] = []
        /// SHA-256 of public keys (SubjectPublicKeyInfo, DER), one of which the server must have, also with `verify` off.
        /// Empty lets all pass.
        public var pinnedKeys: [[UInt8]] = []
        /// Shown to servers that ask who we are.
        public var identity: TLSIdentity?
        public var oldestVersion = TLSVersion.tls12
        public var newestVersion = TLSVersion.tls13
        /// In OpenSSL's words (ciphers(1)), for TLS 1.2; nil takes its own choice.
        public var ciphers: String?
        /// `TLS_AES_128_GCM_SHA256:…`; nil takes all.
        public var tls13Ciphers: String?
        /// `X25519:P-256`; the first is guessed to be the server's. Nil takes OpenSSL's choice.
        public var groups: String?
        /// Whether sessions of earlier connections are offered again, which saves the certificates and a signature.
        public var resumesSessions = true
        /// Where to append the secrets of each session (SSLKEYLOGFILE); nil keeps them secret.
        public var keyLogFile: String?
        /// Offered by ALPN, the favourite first; empty sends none. A session may be told to offer others.
        public var applicationProtocols = ["http/1.1"]

        public init() {}
    }

    /// For clients. TLS 1.2 at least.
    ///
    /// The system's roots are those of OpenSSL; SSL_CERT_FILE and SSL_CERT_DIR override them. They are read when a handshake
    /// first wants them (`ready`). Other files are read here, which may take so long that it belongs on another thread than
    /// the network's: any will do.
    ///
    /// - Throws: `.unusable` when a file or the PEM can't be read, `.unknownCiphers` when OpenSSL knows nothing in a list.
    public convenience init(client configuration: ClientConfiguration) throws(TLSError) {
        let protocols = try Self.wireFormat(configuration.applicationProtocols)
        let keyLog = try configuration.keyLogFile.map { path throws(TLSError) in try KeyLogFile(path: path) }
        let roots = configuration.readsSystemRoots ? SystemRoots() : nil
        let state: State =
            configuration.canWait
            ? .unmade { Result { () throws(TLSError) in try OpenSSLContext(client: configuration, protocols) } }
            : .made(.success(try OpenSSLContext(client: configuration, protocols)))
        self.init(
            .client(verifies: configuration.verify), state,
            tickets: configuration.resumesSessions ? SessionTickets() : nil, pinnedKeys: configuration.pinnedKeys,
            keyLog: keyLog, systemRoots: roots)
    }
}

extension TLSContext.ClientConfiguration {
    fileprivate var readsSystemRoots: Bool { usesSystemRoots && caFile == nil && caDirectory == nil }

    /// Whether OpenSSL can find nothing wrong with it, so that nobody has to be told at once; and the roots have to be waited
    /// for anyway.
    fileprivate var canWait: Bool {
        readsSystemRoots && extraRoots.isEmpty && identity == nil && ciphers == nil && tls13Ciphers == nil
            && groups == nil
            && oldestVersion.number <= newestVersion.number
    }
}

extension OpenSSLContext {
    fileprivate convenience init(
        client configuration: TLSContext.ClientConfiguration, _ protocols: [UInt8]
    ) throws(TLSError) {
        try self.init(TLS_client_method())
        try limit(
            from: configuration.oldestVersion, to: configuration.newestVersion, ciphers: configuration.ciphers,
            tls13Ciphers: configuration.tls13Ciphers, groups: configuration.groups)
        if let identity = configuration.identity { try use(identity) }
        if let file = configuration.caFile {
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else {
                throw .unusable(whileDoing: "reading certificates from \(file)")
            }
        }
        if let folder = configuration.caDirectory {
            guard SSL_CTX_load_verify_dir(pointer, folder) == 1 else {
                throw .unusable(whileDoing: "reading certificates from \(folder)")
            }
        }
        try trust(configuration.extraRoots)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(pointer, { store, _ in TLSSession.verify(store!) }, nil)
        // Asks for what servers know of their certificates: an OCSP staple, and timestamps of logs. Those are only shown.
        shim_SSL_CTX_set_tlsext_status_type(pointer, TLSEXT_STATUSTYPE_ocsp)
        SSL_CTX_set_ct_validation_callback(pointer, { _, _, _ in 1 }, nil)
        keepTickets(configuration.resumesSessions)
        if configuration.keyLogFile != nil { logKeys() }
        // This one call returns 0 for success.
        guard SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count)) == 0 else {
            throw .unusable(whileDoing: "setting the application protocols")
        }
    }

    // Kept by us: OpenSSL's own cache knows neither host nor port.
    private func keepTickets(_ areKept: Bool) {
        guard areKept else {
            shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
            // Tells servers of TLS 1.2 that no ticket is wanted.
            SSL_CTX_set_options(pointer, shim_SSL_OP_NO_TICKET)
            return
        }
        shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL))
        SSL_CTX_sess_set_new_cb(pointer) { TLSSession.keepTicket($0, $1) }
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        for certificate in try readCertificates(pem) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), certificate)
            X509_free(certificate)
        }
    }
}
