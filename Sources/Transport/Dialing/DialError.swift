internal import CLinux
internal import Glibc
public import HTTPTrace

/// Why no connection could be made. Every attempt is kept: the one that failed oddly is the one being looked for.
public enum DialError: Error, Equatable, Sendable {
    /// The name has no addresses, or nobody could tell.
    case unresolved(host: String, ResolverError)
    /// Each address was tried and answered with an error; at least one. In the order in which the attempts began.
    case refused([Attempt])
    /// The time for the whole dial ran out, perhaps in the lookup: then there are no attempts.
    case timedOut(after: Duration, host: String, [Attempt])
    /// The task was cancelled.
    case cancelled

    /// One address that was tried in vain.
    public struct Attempt: Equatable, Sendable {
        public var address: NetworkAddress
        /// As in errno(3); ETIMEDOUT also when our own patience ended.
        public var code: Int32
        public var duration: Duration

        public init(address: NetworkAddress, code: Int32, duration: Duration) {
            self.address = address
            self.code = code
            self.duration = duration
        }

        /// One that our own patience ended.
        static func timedOut(_ address: NetworkAddress, after duration: Duration) -> Attempt {
            Attempt(address: address, code: ETIMEDOUT, duration: duration)
        }
    }
}

extension DialError: CustomStringConvertible {
    /// *"127.0.0.1:1 refused the connection"*, *"[2001:db8::1]:443 refused, 192.0.2.1:443 timed out after 3 s"*.
    public var description: String {
        switch self {
        case .unresolved(let host, .noAddresses(let families, let server)) where families != .any:
            "\(host): \(ResolverError.noAddresses(families, server: server))"
        case .unresolved(let host, let error) where error.isUnknownName: "no such host: \(host)"
        case .unresolved(let host, let error): "looking up \(host) failed: \(error)"
        case .timedOut(let time, let host, let attempts) where attempts.isEmpty:
            "looking up \(host) timed out after \(time.inWords)"
        case .refused(let attempts), .timedOut(_, _, let attempts): words(attempts)
        case .cancelled: "the dial was cancelled"
        }
    }

    private func words(_ attempts: [Attempt]) -> String {
        if attempts.count == 1, attempts[0].code == ECONNREFUSED {
            return "\(attempts[0].address) refused the connection"
        }
        return attempts.map(\.description).joined(separator: ", ")
    }
}

extension DialError.Attempt: CustomStringConvertible {
    public var description: String {
        switch code {
        case ECONNREFUSED: "\(address) refused"
        case ETIMEDOUT: "\(address) timed out after \(duration.inWords)"
        case EHOSTUNREACH: "\(address) can't be reached (no route to host)"
        case ENETUNREACH: "\(address) can't be reached (no route to its network)"
        case ECONNRESET: "\(address) reset the connection"
        default: "\(address) failed (\(errorWords(code)))"
        }
    }
}
