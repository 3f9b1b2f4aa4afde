internal import COpenSSL
internal import HTTPTrace

/// Takes the oldest error off this thread's queue, where OpenSSL keeps them in order of time: the oldest is the cause.
/// The queue is empty afterwards.
func takeOpenSSLError() -> UInt {
    defer { ERR_clear_error() }
    return ERR_get_error()
}

/// OpenSSL's words for an error code, *"wrong version number"*, or the system's where a system call failed: OpenSSL 3 passes
/// on errno and has no words for it.
func openSSLWords(_ code: UInt) -> String {
    let systemFlag: UInt = 1 << 31  // ERR_SYSTEM_FLAG, a macro that Swift does not see.
    if code & systemFlag != 0 { return errorWords(ERR_GET_REASON(code)) }
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "unknown error \(code)"
}

extension TLSError {
    /// Sorts what OpenSSL's error queue holds after a failed call.
    static func fromOpenSSL() -> TLSError {
        let code = takeOpenSSLError()
        let reason = ERR_GET_REASON(code)
        guard code != 0 else { return .closedByPeer }

        // Alerts of the peer come as reasons from 1000 on (SSL_AD_REASON_OFFSET).
        if reason >= SSL_AD_REASON_OFFSET, reason < SSL_AD_REASON_OFFSET + 256 {
            let alert = TLSAlert(code: UInt8(reason - SSL_AD_REASON_OFFSET), isFatal: true)
            return .alert(code: alert.code, alert.words)
        }
        switch reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG:
            return .notTLS
        default: return .failed(openSSLWords(code))
        }
    }

    /// Our own settings or files: with what was being done.
    static func unusable(whileDoing what: String) -> TLSError {
        .unusable("\(what): \(openSSLWords(takeOpenSSLError()))")
    }

    /// A list that OpenSSL can do nothing with: with what was being done.
    static func unknownCiphers(whileDoing what: String) -> TLSError {
        .unknownCiphers("\(what): \(openSSLWords(takeOpenSSLError()))")
    }
}
