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
final class TLSSession: @unchecked Sendable {
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

    let context: TLSContext
    let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer
    let serverName: String?
    /// Under which name its tickets are kept; nil keeps none.
    let ticketKey: String?
    private(set) var hasOfferedTicket = false
    var verdict = Verdict()
    /// What was noticed in passing messages; those themselves where they are wanted.
    var messages = HandshakeMessages()
    private var agreed: TLSFacts?
    /// What broke it. After an alert OpenSSL calls the next read the end of the stream, as if all had come: whoever asks
    /// later is to hear of the alert, too.
    private var breakage: TLSError?

    /// - Parameters:
    ///   - host: For a client, the name or address literal that the certificate must be for. Names are also told to the
    ///     server (SNI); literals are not (RFC 6066 §3). Nil for a server.
    ///   - ticketKey: For a client, whose sessions may be resumed: a host and its port. Nil resumes none.
    init(_ context: TLSContext, host: String?, ticketKey: String? = nil) throws(TLSError) {
        self.context = context
        context.systemRoots?.readNow(for: context)
        ssl = SSL_new(try context.openSSL.pointer)
        input = BIO_new(BIO_s_mem())
        output = BIO_new(BIO_s_mem())
        SSL_set_bio(ssl, input, output)  // which now owns both
        let isLiteral = host.map { SocketAddress.literal($0, port: 0) != nil } ?? true
        // A trailing dot is for the resolver; certificates and SNI never have it.
        let name = host.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        serverName = isLiteral ? nil : name
        self.ticketKey = context.tickets == nil ? nil : ticketKey
        SSL_set_ex_data(ssl, Self.sessionIndex, Unmanaged.passUnretained(self).toOpaque())
        watchMessages()
        guard context.side != .server, let name else {
            SSL_set_accept_state(ssl)
            return
        }
        SSL_set_connect_state(ssl)
        try expect(name, isLiteral: isLiteral)
        if let ticketKey = self.ticketKey, let ticket = context.tickets?.take(for: ticketKey) {
            hasOfferedTicket = ticket.offer(to: ssl)
        }
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

    /// Goes on with the handshake. All of TLS's costly arithmetic is in here: up to a millisecond.
    func handshake() throws(TLSError) -> Progress {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            // Read here, where it may be another thread's time.
            agreed = makeFacts(isDone: true)
            return .done
        }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .needsInput }
        if let problem = verdict.problem, context.side != .client(verifies: false) || verdict.isFinal {
            ERR_clear_error()
            throw verdict.isFinal ? .notPinned(problem) : .untrusted(problem)
        }
        throw .fromOpenSSL()
    }

    /// Decrypts what was fed.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Plaintext {
        if let breakage { throw breakage }
        ERR_clear_error()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        if count > 0 { return .bytes(Int(count)) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .end
        default: throw broken()
        }
    }

    /// Whether decrypted bytes wait to be read. Takes none.
    func hasPlaintext() throws(TLSError) -> Bool {
        if let breakage { throw breakage }
        var byte: UInt8 = 0
        ERR_clear_error()
        let count = SSL_peek(ssl, &byte, 1)
        if count > 0 { return true }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return false
        case SSL_ERROR_ZERO_RETURN: return true
        default: throw broken()
        }
    }

    private func broken() -> TLSError {
        let error = TLSError.fromOpenSSL()
        breakage = error
        return error
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

    // MARK: What is known

    /// What the handshake agreed on; before its end, what is known so far.
    var facts: TLSFacts { agreed ?? makeFacts(isDone: false) }

    /// Where OpenSSL's callbacks find the session they are about.
    private static let sessionIndex = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nil, nil, nil, nil)

    /// The session of an `SSL` that a callback is about.
    static func of(_ ssl: OpaquePointer?) -> TLSSession? {
        guard let ssl, let pointer = SSL_get_ex_data(ssl, sessionIndex) else { return nil }
        return Unmanaged<TLSSession>.fromOpaque(pointer).takeUnretainedValue()
    }
}
