internal import CLinux
internal import Glibc

/// Why a stream can't be read or written. After one is thrown the stream is of no more use: close it.
public indirect enum StreamError: Error, Equatable, Sendable {
    /// It was closed on our side, before or during the call.
    case closed
    /// The peer ended TLS without saying so (close_notify): what was received may have been cut off by anyone.
    case truncated
    /// A system call failed. `code` is an errno(3).
    case failed(call: String, code: Int32)
    /// TLS broke after its handshake.
    case tls(TLSError)

    /// Whether the peer, or something between, broke the connection off.
    public var isReset: Bool {
        if case .failed(_, let code) = self { code == ECONNRESET || code == EPIPE } else { false }
    }
}

extension StreamError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .closed: "closed on our side"
        case .truncated: "the peer closed without ending TLS (no close_notify), so the data may be cut off"
        case .failed(_, ECONNRESET): "the peer reset the connection"
        case .failed(_, EPIPE): "the peer has closed the connection"
        case .failed(let call, let code): "\(call) failed: \(errorWords(code))"
        case .tls(let error): error.description
        }
    }
}

/// errno(3)'s words for `code`: *"Connection refused"*.
func errorWords(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
        return String(cString: buffer.baseAddress!)
    }
}
