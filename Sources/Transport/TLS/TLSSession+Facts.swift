internal import COpenSSL
internal import HTTPTrace

// What OpenSSL can say about a session, in the vocabulary's words.

extension TLSSession {
    func makeFacts(isDone: Bool) -> TLSFacts {
        let isClient = context.side != .server
        let isResumed = SSL_session_reused(ssl) == 1
        if isResumed { recallVerdict() }
        return TLSFacts(
            version: isDone ? String(cString: SSL_get_version(ssl)) : "",
            cipher: isDone ? cipherName : "",
            group: isDone ? group : nil,
            signature: isDone ? peerSignature : nil,
            alpn: alpn,
            serverName: isClient ? serverName : askedServerName,
            hasRetriedHello: messages.hasRetriedHello,
            resumption: isResumed ? .resumed : hasOfferedTicket ? .declined : .notOffered,
            certificates: verdict.chain,
            certificatesLeftOut: verdict.leftOut,
            trustAnchor: verdict.anchor,
            verificationProblem: verdict.problem,
            problemDepth: verdict.problemDepth,
            isUnverified: verdict.problem != nil && context.side == .client(verifies: false),
            staple: isClient ? OCSPStapleReader.staple(of: ssl) : nil,
            timestamps: isClient ? signedTimestamps : [],
            clientCertificate: clientCertificate,
            offer: isDone || !isClient ? nil : offer)
    }

    private var cipherName: String {
        SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    private var group: String? {
        let id = shim_SSL_get_negotiated_group(ssl)
        guard id != 0, let name = SSL_group_to_name(ssl, id) else { return nil }
        return String(cString: name)
    }

    /// `ECDSA SHA256`, `RSA-PSS SHA256`, `ED25519`.
    private var peerSignature: String? {
        var kind: Int32 = 0
        guard SSL_get_peer_signature_type_nid(ssl, &kind) == 1, kind != NID_undef else { return nil }
        let name =
            switch kind {
            case EVP_PKEY_EC: "ECDSA"
            case EVP_PKEY_RSA: "RSA"
            case EVP_PKEY_RSA_PSS: "RSA-PSS"
            default: OBJ_nid2sn(kind).map { String(cString: $0) } ?? "unknown"
            }
        var digest: Int32 = 0
        guard shim_SSL_get_peer_signature_nid(ssl, &digest) == 1, digest != NID_undef,
            let digestName = OBJ_nid2sn(digest)
        else { return name }
        return "\(name) \(String(cString: digestName))"
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

    private var clientCertificate: TLSFacts.ClientCertificate {
        guard messages.hasCertificateRequest else { return .notAsked }
        return SSL_get_certificate(ssl) == nil ? .askedInVain : .sent
    }

    /// A certificate's own logs are two or three.
    private static let timestampLimit = 16

    private var signedTimestamps: [TLSFacts.SignedCertificateTimestamp] {
        guard let list = SSL_get0_peer_scts(ssl) else { return [] }
        return (0..<min(shim_sk_SCT_num(list), Int32(Self.timestampLimit))).compactMap { index in
            guard let timestamp = shim_sk_SCT_value(list, index) else { return nil }
            var log: UnsafeMutablePointer<UInt8>?
            let count = SCT_get0_log_id(timestamp, &log)
            let source: TLSFacts.SignedCertificateTimestamp.Source =
                switch SCT_get_source(timestamp) {
                case SCT_SOURCE_TLS_EXTENSION: .handshake
                case SCT_SOURCE_OCSP_STAPLED_RESPONSE: .staple
                default: .certificate
                }
            return TLSFacts.SignedCertificateTimestamp(
                log: hex(UnsafeBufferPointer(start: log, count: count)),
                time: Int64(clamping: SCT_get_timestamp(timestamp)), source: source)
        }
    }

    private var offer: TLSFacts.Offer {
        var ciphers: [String] = []
        if let list = SSL_get1_supported_ciphers(ssl) {
            ciphers = (0..<shim_sk_SSL_CIPHER_num(list)).compactMap {
                SSL_CIPHER_standard_name(shim_sk_SSL_CIPHER_value(list, $0)).map { String(cString: $0) }
            }
            shim_sk_SSL_CIPHER_free(list)
        }
        let (low, high) = (shim_SSL_get_min_proto_version(ssl), shim_SSL_get_max_proto_version(ssl))
        let versions = TLSVersion.allCases.filter {
            (low == 0 || $0.number >= low) && (high == 0 || $0.number <= high)
        }
        return TLSFacts.Offer(versions: versions.map(\.rawValue), ciphers: ciphers)
    }
}
