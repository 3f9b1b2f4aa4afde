internal import COpenSSL

extension TLSContext {
    /// Who a server is, and what it chooses from.
    public struct ServerConfiguration: Sendable {
        public var identity: TLSIdentity
        /// Chosen from by ALPN, the favourite first: `["h2", "http/1.1"]`. A client that offers none of them is refused
        /// (no_application_protocol), one that doesn't ask is served. Empty takes no part in ALPN.
        public var applicationProtocols = ["http/1.1"]
        /// How many tickets a client gets to resume its session with; 0 resumes none. OpenSSL's 2.
        public var tickets = 2
        public var clientCertificates = ClientCertificates.notAsked
        public var oldestVersion = TLSVersion.tls12
        public var newestVersion = TLSVersion.tls13
        /// In OpenSSL's words; nil takes its own choice.
        public var ciphers: String?
        public var tls13Ciphers: String?
        public var groups: String?
        /// An OCSP response in DER, given to clients that ask for one; nil gives none.
        public var staple: [UInt8]?

        /// Whether clients must say who they are.
        public enum ClientCertificates: Sendable, Equatable {
            case notAsked
            /// They may come without; with one that these authorities (PEM) do not vouch for, they are refused.
            case requested(authorities: [UInt8])
            /// Without one they are refused, too.
            case required(authorities: [UInt8])
        }

        public init(identity: TLSIdentity) { self.identity = identity }
    }

    /// For servers. TLS 1.2 at least.
    ///
    /// - Throws: `.unusable` when certificate or key can't be read or don't fit each other.
    public convenience init(server configuration: ServerConfiguration) throws(TLSError) {
        let protocols = try Self.wireFormat(configuration.applicationProtocols)
        let choices = protocols.isEmpty ? nil : ApplicationProtocols(protocols)
        let openSSL = try OpenSSLContext(TLS_server_method())
        try openSSL.limit(
            from: configuration.oldestVersion, to: configuration.newestVersion, ciphers: configuration.ciphers,
            tls13Ciphers: configuration.tls13Ciphers, groups: configuration.groups)
        try openSSL.use(configuration.identity)
        let pointer = openSSL.pointer
        SSL_CTX_set_num_tickets(pointer, max(0, configuration.tickets))
        if configuration.tickets <= 0 {
            SSL_CTX_set_options(pointer, shim_SSL_OP_NO_TICKET)
            shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        }
        try openSSL.ask(for: configuration.clientCertificates)
        // A context for session tickets; OpenSSL refuses resumption without one when verification is on.
        let name = Array("roundtrip".utf8)
        SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
        if let choices { openSSL.choose(from: choices) }
        if configuration.staple != nil {
            shim_SSL_CTX_set_tlsext_status_cb(pointer) { ssl, _ in TLSSession.giveStaple(ssl) }
        }
        self.init(.server, .made(.success(openSSL)), choices: choices, staple: configuration.staple)
    }

    /// As above, with an identity and the rest as it usually is.
    public convenience init(
        server identity: TLSIdentity, applicationProtocols: [String] = ["http/1.1"]
    ) throws(TLSError) {
        var configuration = ServerConfiguration(identity: identity)
        configuration.applicationProtocols = applicationProtocols
        try self.init(server: configuration)
    }
}

extension OpenSSLContext {
    fileprivate func ask(for certificates: TLSContext.ServerConfiguration.ClientCertificates) throws(TLSError) {
        let (authorities, mode): ([UInt8], Int32)
        switch certificates {
        case .notAsked: return
        case .requested(let pem): (authorities, mode) = (pem, SSL_VERIFY_PEER)
        case .required(let pem): (authorities, mode) = (pem, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
        }
        for certificate in try readCertificates(authorities) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), certificate)
            // Their names go to clients, which choose by them.
            SSL_CTX_add_client_CA(pointer, certificate)
            X509_free(certificate)
        }
        SSL_CTX_set_verify(pointer, mode, nil)
        SSL_CTX_set_cert_verify_callback(pointer, { store, _ in TLSSession.verify(store!) }, nil)
    }

    fileprivate func choose(from choices: ApplicationProtocols) {
        SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, chosen, chosenLength, offered, offeredLength, choices in
                let choices = Unmanaged<ApplicationProtocols>.fromOpaque(choices!).takeUnretainedValue().bytes
                var match: UnsafeMutablePointer<UInt8>?
                let result = SSL_select_next_proto(
                    &match, chosenLength, choices.baseAddress, UInt32(choices.count), offered, offeredLength)
                guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen?.pointee = UnsafePointer(match)
                return SSL_TLSEXT_ERR_OK
            }, Unmanaged.passUnretained(choices).toOpaque())
    }
}

extension TLSSession {
    /// Called by OpenSSL when a client asks for an OCSP staple.
    fileprivate static func giveStaple(_ ssl: OpaquePointer?) -> Int32 {
        guard let ssl, let staple = TLSSession.of(ssl)?.context.staple,
            let copy = shim_OPENSSL_malloc(staple.count)
        else { return SSL_TLSEXT_ERR_NOACK }
        copy.copyMemory(from: staple, byteCount: staple.count)
        // Which now owns the copy.
        _ = shim_SSL_set_tlsext_status_ocsp_resp(ssl, copy.assumingMemoryBound(to: UInt8.self), staple.count)
        return SSL_TLSEXT_ERR_OK
    }
}
