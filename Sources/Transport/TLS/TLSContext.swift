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
    let choices: ApplicationProtocols?
    /// A client's sessions to resume; nil where none are.
    let tickets: SessionTickets?
    /// SHA-256 of public keys, one of which a server must have; empty lets all pass.
    let pinnedKeys: [[UInt8]]
    let keyLog: KeyLogFile?
    /// A client's; nil where it trusts others.
    let systemRoots: SystemRoots?
    /// What a server knows of its certificate's revocation: an OCSP response in DER.
    let staple: [UInt8]?

    init(
        _ method: OpaquePointer?, _ side: Side, choices: ApplicationProtocols? = nil, tickets: SessionTickets? = nil,
        pinnedKeys: [[UInt8]] = [], keyLog: KeyLogFile? = nil, systemRoots: SystemRoots? = nil, staple: [UInt8]? = nil
    ) throws(TLSError) {
        guard OpenSSLLibrary.isSetUp, let context = SSL_CTX_new(method) else {
            throw .unusable(whileDoing: "setting up TLS")
        }
        pointer = context
        self.side = side
        self.choices = choices
        self.tickets = tickets
        self.pinnedKeys = pinnedKeys
        self.keyLog = keyLog
        self.systemRoots = systemRoots
        self.staple = staple
        // RFC 8996: 1.0 and 1.1 must not be used.
        _ = shim_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        // Buffers of 34 kB only while they are in use: ten thousand idle connections are 340 MB otherwise.
        shim_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        // A renegotiation would make a write wait for a read. Nobody needs it, TLS 1.3 dropped it.
        SSL_CTX_set_options(context, shim_SSL_OP_NO_RENEGOTIATION)
    }

    deinit { SSL_CTX_free(pointer) }

    /// Each name with its length in front, as ALPN sends them (RFC 7301 §3.1).
    ///
    /// - Throws: `.unusable` for a name that is empty or longer than 255 bytes.
    static func wireFormat(_ protocols: [String]) throws(TLSError) -> [UInt8] {
        var bytes: [UInt8] = []
        for name in protocols {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else {
                throw .unusable("\"\(name)\" is no application protocol")
            }
            bytes.append(length)
            bytes.append(contentsOf: name.utf8)
        }
        return bytes
    }

    /// Limits what is spoken.
    ///
    /// - Throws: `.unusable` for a list in which OpenSSL knows nothing.
    func limit(
        from oldest: TLSVersion?, to newest: TLSVersion?, ciphers: String?, tls13Ciphers: String?, groups: String?
    ) throws(TLSError) {
        if let oldest, let newest, oldest.number > newest.number {
            throw .unusable("no version is at least \(oldest.rawValue) and at most \(newest.rawValue)")
        }
        if let oldest { _ = shim_SSL_CTX_set_min_proto_version(pointer, Int32(oldest.number)) }
        if let newest { _ = shim_SSL_CTX_set_max_proto_version(pointer, Int32(newest.number)) }
        if let ciphers, SSL_CTX_set_cipher_list(pointer, ciphers) != 1 {
            throw .unusable(whileDoing: "using the ciphers \(ciphers)")
        }
        if let tls13Ciphers, SSL_CTX_set_ciphersuites(pointer, tls13Ciphers) != 1 {
            throw .unusable(whileDoing: "using the ciphers \(tls13Ciphers)")
        }
        if let groups, shim_SSL_CTX_set1_groups_list(pointer, groups) != 1 {
            throw .unusable(whileDoing: "using the groups \(groups)")
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

/// A certificate with its chain, and the key that proves it is ours.
public struct TLSIdentity: Sendable, Equatable {
    /// Leaf first, then what links it to a root.
    public var certificatePEM: [UInt8]
    public var keyPEM: [UInt8]
    /// For a key that is encrypted.
    public var password: String?

    public init(certificatePEM: [UInt8], keyPEM: [UInt8], password: String? = nil) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.password = password
    }

    /// Sees whether it can be used.
    ///
    /// - Throws: `.unusable` when certificate or key can't be read or don't fit each other.
    public func check() throws(TLSError) { try TLSContext(TLS_method(), .server).use(self) }
}

/// A list in wire format, at a fixed address: ALPN's answer points into it.
final class ApplicationProtocols: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableBufferPointer<UInt8>

    init(_ protocols: [UInt8]) {
        bytes = .allocate(capacity: protocols.count)
        _ = bytes.initialize(from: protocols)
    }

    deinit { bytes.deallocate() }
}
