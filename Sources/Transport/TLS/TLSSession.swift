internal import COpenSSL
internal import Glibc
internal import HTTPTrace

// One side of one TLS connection, without I/O: what the peer sent goes in, what it must be sent comes out, in memory.
// `TLSStream` moves the bytes.
//
//       plain bytes     ┌─────────┐  ciphertext
//    write ───────────▶ │   SSL   │ ───────────▶ withOutput
//    read  ◀─────────── │         │ ◀─────────── feed
//                       └─────────┘
//
// Every call may leave output behind, reads too: a KeyUpdate is answered, an alert tells why we gave up.

/// The state of a TLS connection. Used by one thread at a time; any will do.
final class TLSSession {
    enum Progress: Equatable {
        case done
        /// Nothing more can be done before `feed` brings something.
        case needsInput
    }

    enum Plaintext: Equatable {
        case bytes(Int)
        case needsInput
        /// The peer said close_notify: nothing was cut off.
        case end
    }

    private let context: TLSContext
    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    private let serverName: String?
    private var chain: [TLSFacts.Certificate] = []
    private var verificationProblem: String?

    /// - Parameter host: For a client, the name or address literal that the certificate must be for. Names are also
    ///   told to the server (SNI); literals are not (RFC 6066 §3). Nil for a server.
    init(_ context: TLSContext, host: String?) throws(TLSError) {
        self.context = context
        ssl = SSL_new(context.pointer)
        input = BIO_new(BIO_s_mem())
        output = BIO_new(BIO_s_mem())
        SSL_set_bio(ssl, input, output)  // which now owns both
        guard context.side != .server, let host else {
            serverName = nil
            SSL_set_accept_state(ssl)
            return
        }
        let isLiteral = SocketAddress.literal(host, port: 0) != nil
        // A trailing dot is for the resolver; certificates and SNI never have it.
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        serverName = isLiteral ? nil : name
        SSL_set_connect_state(ssl)
        SSL_set_ex_data(ssl, Self.sessionIndex, Unmanaged.passUnretained(self).toOpaque())
        try expect(name, isLiteral: isLiteral)
    }

    deinit { SSL_free(ssl) }

    private func expect(_ name: String, isLiteral: Bool) throws(TLSError) {
        let parameters = SSL_get0_param(ssl)
        // RFC 9525 §6.3: only subject alternative names count, never the common name.
        X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isSet =
            if isLiteral {
                // A zone (%eth0) means something on this machine only.
                X509_VERIFY_PARAM_set1_ip_asc(parameters, String(name.prefix { $0 != "%" })) == 1
            } else {
                shim_SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1
            }
        guard isSet else { throw .unusable(whileDoing: "asking for \(name)") }
    }

    /// Offers these protocols by ALPN instead of the context's.
    func offer(_ protocols: [String]) throws(TLSError) {
        let list = try TLSContext.wireFormat(protocols)
        // This one call returns 0 for success.
        guard SSL_set_alpn_protos(ssl, list, UInt32(list.count)) == 0 else {
            throw .unusable(whileDoing: "setting the application protocols")
        }
    }

    // MARK: Bytes below

    /// Takes over ciphertext that came from the peer.
    func feed(_ bytes: UnsafeRawBufferPointer) { BIO_write(input, bytes.baseAddress, Int32(bytes.count)) }

    var hasOutput: Bool { BIO_ctrl_pending(output) > 0 }

    /// Lends ciphertext for the peer to `send`, which says how much of it it took.
    func withOutput<Problem>(
        _ send: (UnsafeRawBufferPointer) throws(Problem) -> Int
    ) throws(Problem) {
        var data: UnsafeMutablePointer<CChar>?
        let count = shim_BIO_get_mem_data(output, &data)
        let sent = try send(UnsafeRawBufferPointer(start: data, count: count))
        if sent == count {
            shim_BIO_reset(output)
        } else {
            discardOutput(sent)
        }
    }

    // A memory BIO has no "skip": read it into the void.
    private func discardOutput(_ count: Int) {
        guard count > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { void in
            _ = BIO_read(output, void.baseAddress, Int32(count))
        }
    }

    // MARK: Bytes above

    /// Goes on with the handshake.
    func handshake() throws(TLSError) -> Progress {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .done }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .needsInput }
        if let verificationProblem, context.side == .client(verifies: true) {
            ERR_clear_error()
            throw .untrusted(verificationProblem)
        }
        throw .fromOpenSSL()
    }

    /// Decrypts what was fed.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Plaintext {
        ERR_clear_error()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        if count > 0 { return .bytes(Int(count)) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .end
        default: throw .fromOpenSSL()
        }
    }

    /// Whether decrypted bytes wait to be read. Takes none.
    func hasPlaintext() throws(TLSError) -> Bool {
        var byte: UInt8 = 0
        ERR_clear_error()
        let count = SSL_peek(ssl, &byte, 1)
        if count > 0 { return true }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return false
        case SSL_ERROR_ZERO_RETURN: return true
        default: throw .fromOpenSSL()
        }
    }

    /// Encrypts from the front of `bytes`.
    ///
    /// - Returns: How many; at least 1, since memory always has room.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) -> Int {
        ERR_clear_error()
        let count = SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        guard count > 0 else { throw .fromOpenSSL() }
        return Int(count)
    }

    /// Says close_notify: the peer will know that nothing was cut off. Before the end of the handshake it is not said.
    func closeWrite() {
        guard SSL_is_init_finished(ssl) == 1 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    // MARK: Facts

    /// What is known so far; complete after the handshake.
    var facts: TLSFacts {
        let isDone = SSL_is_init_finished(ssl) == 1
        return TLSFacts(
            version: isDone ? String(cString: SSL_get_version(ssl)) : "",
            cipher: isDone ? cipherName : "",
            alpn: alpn,
            serverName: context.side == .server ? askedServerName : serverName,
            isResumed: SSL_session_reused(ssl) == 1,
            certificates: chain,
            verificationProblem: verificationProblem,
            isUnverified: verificationProblem != nil && context.side == .client(verifies: false))
    }

    private var cipherName: String {
        SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    private var alpn: String? {
        var data: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &data, &count)
        return count == 0 ? nil : String(decoding: UnsafeBufferPointer(start: data, count: Int(count)), as: UTF8.self)
    }

    private var askedServerName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    // MARK: Verification

    private static let sessionIndex = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    /// Called by OpenSSL when the peer's chain is there. Verifies it as OpenSSL would, and keeps the chain and the verdict.
    ///
    /// - Returns: 1 to go on with the handshake.
    static func verify(_ store: OpaquePointer) -> Int32 {
        let verdict = X509_verify_cert(store)
        guard let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let pointer = SSL_get_ex_data(OpaquePointer(ssl), sessionIndex)
        else { return verdict }
        let session = Unmanaged<TLSSession>.fromOpaque(pointer).takeUnretainedValue()
        session.keep(chain: X509_STORE_CTX_get0_untrusted(store))
        guard verdict != 1 else { return 1 }
        let code = X509_STORE_CTX_get_error(store)
        session.verificationProblem = String(cString: X509_verify_cert_error_string(Int(code)))
        return session.context.side == .client(verifies: false) ? 1 : 0
    }

    private func keep(chain stack: OpaquePointer?) {
        guard let stack else { return }
        chain = (0..<shim_sk_X509_num(stack)).map { TLSFacts.Certificate(reading: shim_sk_X509_value(stack, $0)!) }
    }
}
