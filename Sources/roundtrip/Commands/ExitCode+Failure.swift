import ArgumentParser
import Glibc
import HTTPTrace

// Near curl's, since scripts know those. The man page lists them.

extension Failure {
    /// What the program exits with when this is the first failure.
    var exitCode: Int32 {
        switch detail {
        case .emptyReply: 52
        case .pinnedKey: 90
        case .proxyName: 5
        case .http2Stream: 92
        // It is what was asked for on the command line that can't be done.
        case .request: ProgramExit.usage
        case nil: codeOfKind
        }
    }

    private var codeOfKind: Int32 {
        switch kind {
        case .dns: 6
        case .connect: 7
        case .proxy: 97
        case .tls: isCertificate ? 60 : 35
        case .protocol: 8
        case .truncated: 18
        case .reset: 56
        case .timeout: 28
        case .redirect: 47
        case .decode: 61
        case .tooLarge: 63
        case .cancelled: 130
        }
    }
}

/// Exit codes that no failure of a request gives.
enum ProgramExit {
    static let usage: Int32 = 2
    static let status: Int32 = 22
    static let writeError: Int32 = 23
    /// What is to be sent can't be read.
    static let readError: Int32 = 26
    /// The address can't be listened on, or a file for its certificate can't be used. Any code that no failure has.
    static let listen: Int32 = 3
    /// The certificate to show, or its key, can't be used.
    static let clientCertificate: Int32 = 58
    /// Ciphers or groups that nobody knows.
    static let ciphers: Int32 = 59
    /// The certificates to trust can't be read, or TLS can't be spoken as asked.
    static let trust: Int32 = 77
    static let interrupted: Int32 = ended(by: SIGINT)

    /// As shells have it.
    static func ended(by signal: Int32) -> Int32 { 128 + signal }
}
