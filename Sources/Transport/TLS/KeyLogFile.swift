internal import COpenSSL
internal import Glibc

// The secrets of each session, in NSS's format, for Wireshark and its like: what SSLKEYLOGFILE asks for. OpenSSL gives a
// line in the middle of a handshake, which is written at once; that is why such handshakes run on helper threads only.

/// A file that session secrets are appended to.
final class KeyLogFile: Sendable {
    private let descriptor: Int32

    /// Made for its owner's eyes when it does not exist.
    ///
    /// - Throws: `.unusable` when it can't be opened for writing.
    init(path: String) throws(TLSError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable("opening \(path) to log TLS keys: \(errorWords(errno))")
        }
    }

    deinit { close(descriptor) }

    /// Appends one line. In one call, so that those of other threads and programs stay whole beside it.
    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        // A full disk loses the line; a request is worth more than its secrets.
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

extension OpenSSLContext {
    func logKeys() {
        SSL_CTX_set_keylog_callback(pointer) { ssl, line in
            guard let line, let log = TLSSession.of(ssl)?.context.keyLog else { return }
            log.write(String(cString: line))
        }
    }
}
