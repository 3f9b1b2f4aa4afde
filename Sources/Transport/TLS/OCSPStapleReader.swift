internal import COpenSSL
internal import Glibc
internal import HTTPTrace

/// Reads what a server stapled about its certificate's revocation.
enum OCSPStapleReader {
    /// Nil when it stapled nothing.
    static func staple(of ssl: OpaquePointer) -> TLSFacts.OCSPStaple? {
        var bytes: UnsafePointer<UInt8>?
        let count = shim_SSL_get_tlsext_status_ocsp_resp(ssl, &bytes)
        guard count > 0, bytes != nil else { return nil }
        defer { ERR_clear_error() }
        guard let response = d2i_OCSP_RESPONSE(nil, &bytes, count) else { return .unusable("it is no OCSP response") }
        defer { OCSP_RESPONSE_free(response) }
        let status = OCSP_response_status(response)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            let words = OCSP_response_status_str(Int(status)).map { String(cString: $0) } ?? "status \(status)"
            return .unusable("the responder says \(words)")
        }
        guard let basic = OCSP_response_get1_basic(response) else { return .unusable("it holds no answer") }
        defer { OCSP_BASICRESP_free(basic) }
        guard let leaf = SSL_get0_peer_certificate(ssl), let single = answer(about: leaf, in: basic) else {
            return .unusable("it is about another certificate")
        }
        var staple = read(single)
        let store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl))
        staple.isSigned = OCSP_basic_verify(basic, SSL_get_peer_cert_chain(ssl), store, 0) == 1
        return staple
    }

    /// How many answers are looked at. A responder gives one; a hostile one could give thousands.
    private static let answerLimit: Int32 = 16

    // By its serial number: together with the signature, which must be its issuer's (or on its behalf), that names it.
    private static func answer(about leaf: OpaquePointer, in basic: OpaquePointer) -> OpaquePointer? {
        let serial = X509_get0_serialNumber(leaf)
        for index in 0..<min(OCSP_resp_count(basic), answerLimit) {
            guard let single = OCSP_resp_get0(basic, index) else { continue }
            var number: UnsafeMutablePointer<ASN1_INTEGER>?
            OCSP_id_get0_info(nil, nil, nil, &number, OCSP_SINGLERESP_get0_id(single))
            if let number, ASN1_INTEGER_cmp(number, serial) == 0 { return single }
        }
        return nil
    }

    private static func read(_ single: OpaquePointer) -> TLSFacts.OCSPStaple {
        var reason: Int32 = 0
        var revokedAt, thisUpdate, nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        let status: TLSFacts.OCSPStaple.Status =
            switch OCSP_single_get0_status(single, &reason, &revokedAt, &thisUpdate, &nextUpdate) {
            case V_OCSP_CERTSTATUS_GOOD: .good
            case V_OCSP_CERTSTATUS_REVOKED: .revoked(at: unixSeconds(revokedAt))
            default: .unknown
            }
        return TLSFacts.OCSPStaple(
            status: status, thisUpdate: thisUpdate.map { unixSeconds($0) },
            nextUpdate: nextUpdate.map { unixSeconds($0) })
    }
}

extension TLSFacts.OCSPStaple {
    fileprivate static func unusable(_ words: String) -> Self { Self(status: .unusable(words)) }
}
