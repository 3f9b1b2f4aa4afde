internal import COpenSSL

// What many TLS sessions have in common: roots, identity, versions, application protocols. Immutable once made, so any
// thread may start sessions from it (SSL_CTX counts its own references).

/// The settings from which TLS sessions are made, for one side.
public final class TLSContext: Sendable {
    enum Side: Equatable { case client(verifies: Bool), server }

    // OpenSSL locks what it changes in here.
    nonisolated(unsafe) let pointer: OpaquePointer
    let side: Side
    /// What a server chooses from; OpenSSL keeps only a pointer to it.
    private let choices: ApplicationProtocols?

    /// Whom a client trusts.
    public struct ClientConfiguration: Sendable {
        /// Off is curl's `-k`: a bad certificate is reported in the facts, and accepted.
        public var verify = true
        /// Whether the system's roots are trusted. Reading them takes about 30 ms.
        public var usesSystemRoots = true
        /// A PEM file to trust instead of the system's roots.
        public var caFile: String?
        /// Certificates to trust as well, in PEM.
        public var extraRoots: [UInt8] = []
        /// Offered by ALPN, the favourite first; empty sends none.
        public var applicationProtocols = ["http/1.1"]

        public init() {}
    }

    /// For clients. TLS 1.2 at least.
    ///
    /// The system's roots are those of OpenSSL; SSL_CERT_FILE and SSL_CERT_DIR override them. Reading them takes so long
    /// that it belongs on another thread than the network's: any will do.
    ///
    /// - Throws: `.unusable` when a file or the PEM can't be read.
    public init(client configuration: ClientConfiguration) throws(TLSError) {
        pointer = try Self.makeContext(TLS_client_method())
        side = .client(verifies: configuration.verify)
        choices = nil
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
        let protocols = Self.wireFormat(configuration.applicationProtocols)
        // This one call returns 0 for success.
        if !protocols.isEmpty, SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count)) != 0 {
            throw .unusable(whileDoing: "setting the application protocols")
        }
    }

    /// For servers. TLS 1.2 at least.
    ///
    /// - Parameter applicationProtocols: Chosen from by ALPN, the favourite first. A client that offers none of them
    ///   is refused (no_application_protocol), one that doesn't ask is served.
    /// - Throws: `.unusable` when certificate or key can't be read or don't fit each other.
    public init(server identity: TLSIdentity, applicationProtocols: [String] = ["http/1.1"]) throws(TLSError) {
        pointer = try Self.makeContext(TLS_server_method())
        side = .server
        choices =
            applicationProtocols.isEmpty ? nil : ApplicationProtocols(Self.wireFormat(applicationProtocols))
        try use(identity)
        // A context for session tickets; OpenSSL refuses resumption without one when verification is on.
        let name = Array("roundtrip".utf8)
        SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
        guard let choices else { return }
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

    deinit { SSL_CTX_free(pointer) }

    private static func makeContext(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
        guard let context = SSL_CTX_new(method) else { throw .unusable(whileDoing: "setting up TLS") }
        // RFC 8996: 1.0 and 1.1 must not be used.
        _ = shim_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        // Buffers of 34 kB only while they are in use: ten thousand idle connections are 340 MB otherwise.
        shim_SSL_CTX_set_mode(
            context, Int(SSL_MODE_RELEASE_BUFFERS))
        // A renegotiation would make a write wait for a read. Nobody needs it, TLS 1.3 dropped it.
        SSL_CTX_set_options(context, shim_SSL_OP_NO_RENEGOTIATION)
        return context
    }

    /// Each name with its length in front, as ALPN sends them (RFC 7301 §3.1).
    private static func wireFormat(_ protocols: [String]) -> [UInt8] {
        protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    private func trust(_ pem: [UInt8]) throws(TLSError) {
        for certificate in try readCertificates(pem) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), certificate)
            X509_free(certificate)
        }
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        let chain = try readCertificates(identity.certificatePEM)
        defer { for certificate in chain { X509_free(certificate) } }
        guard let leaf = chain.first else { throw .unusable("there is no certificate in the PEM") }
        let key = try readPrivateKey(identity.keyPEM)
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_certificate(pointer, leaf) == 1, SSL_CTX_use_PrivateKey(pointer, key) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else { throw .unusable(whileDoing: "using the certificate and its key") }
        for certificate in chain.dropFirst() {
            shim_SSL_CTX_add1_chain_cert(pointer, certificate)
        }
    }
}

/// A certificate with its chain, and the key that proves it is ours.
public struct TLSIdentity: Sendable, Equatable {
    /// Leaf first, then what links it to a root.
    public var certificatePEM: [UInt8]
    public var keyPEM: [UInt8]

    public init(certificatePEM: [UInt8], keyPEM: [UInt8]) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }
}

/// A list in wire format, at a fixed address: ALPN's answer points into it.
private final class ApplicationProtocols: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>

    init(_ protocols: [UInt8]) {
        bytes = .allocate(capacity: protocols.count)
        _ = bytes.initialize(from: protocols)
    }

    deinit { bytes.deallocate() }
}
