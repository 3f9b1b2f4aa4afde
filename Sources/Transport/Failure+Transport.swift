internal import CLinux
internal import Glibc
public import HTTPTrace

// Transport's errors in the vocabulary's words: the one place that sorts them into kinds.

extension Failure {
    /// - Parameter phase: What was being done.
    public init(_ error: DialError, during phase: Phase) {
        let kind: Kind =
            switch error {
            case .unresolved: .dns
            case .timedOut: .timeout
            case .cancelled: .cancelled
            case .refused(let attempts): attempts.allSatisfy { $0.code == ETIMEDOUT } ? .timeout : .connect
            }
        self.init(kind, phase: phase, error.description)
    }

    /// - Parameter phase: What was being done.
    public init(_ error: StreamError, during phase: Phase) {
        let kind: Kind =
            switch error {
            case .closed: .cancelled
            case .truncated: .truncated
            case .tls: .tls
            case .failed(_, ETIMEDOUT): .timeout
            case .failed: .reset
            }
        self.init(kind, phase: phase, error.description)
    }

    /// - Parameter phase: What was being done.
    public init(_ error: TLSError, during phase: Phase = .tls) {
        if case .stream(let error) = error {
            self.init(error, during: phase)
        } else {
            let isPin = if case .notPinned = error { true } else { false }
            self.init(
                .tls, phase: phase, error.description, isCertificate: error.isCertificate,
                detail: isPin ? .pinnedKey : nil)
        }
    }
}
