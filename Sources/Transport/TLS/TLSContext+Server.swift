internal import COpenSSL

extension TLSContext {
    /// Who a server is, and what it chooses from.
    public struct ServerConfiguration: Sendable {
        public var identity: TLSIdentity
        /// Chosen from by ALPN, the favourite first: `["h2", "http/1.1"]`. A client that offers none of them is refused
        /// (no_application_protocol), one that doesn't ask is served. Empty takes no part in ALPN.
        public var applicationProtocols = ["http/1.1"]

        public init(identity: TLSIdentity) { self.identity = identity }
    }

    /// For servers. TLS 1.2 at least.
    ///
    /// - Throws: `.unusable` when certificate or key can't be read or don't fit each other.
    public convenience init(server configuration: ServerConfiguration) throws(TLSError) {
        let protocols = try Self.wireFormat(configuration.applicationProtocols)
        try self.init(
            TLS_server_method(), .server, choices: protocols.isEmpty ? nil : ApplicationProtocols(protocols))
        try use(configuration.identity)
        // A context for session tickets; OpenSSL refuses resumption without one when verification is on.
        let name = Array("roundtrip".utf8)
        SSL_CTX_set_session_id_context(pointer, name, UInt32(name.count))
        if let choices { choose(from: choices) }
    }

    /// As above, with an identity and the rest as it usually is.
    public convenience init(
        server identity: TLSIdentity, applicationProtocols: [String] = ["http/1.1"]
    ) throws(TLSError) {
        var configuration = ServerConfiguration(identity: identity)
        configuration.applicationProtocols = applicationProtocols
        try self.init(server: configuration)
    }

    private func choose(from choices: ApplicationProtocols) {
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
