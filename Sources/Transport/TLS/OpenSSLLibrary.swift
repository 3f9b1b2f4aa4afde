internal import COpenSSL

/// OpenSSL as a whole, in this process.
enum OpenSSLLibrary {
    /// To be asked for before anything else is asked of OpenSSL.
    ///
    /// OpenSSL would free all it has when the process exits, while a thread of ours reads certificates or takes part in a
    /// handshake: a crash instead of the exit code. The system frees it as well.
    static let isSetUp = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}
