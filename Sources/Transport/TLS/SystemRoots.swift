internal import COpenSSL
internal import Glibc
internal import Synchronization

// The system's roots are a hundred and more certificates, which OpenSSL takes 30 ms to read: half of the program's start, and
// for nothing where all is plain. So they are read when the first handshake wants them, on a thread of their own.
//
//      unread ──▶ reading, others wait ──▶ read

/// The certificates that the system trusts, for one context.
final class SystemRoots: Sendable {
    private enum State {
        case unread
        case reading([UnsafeContinuation<Void, Never>])
        case read
    }

    private let state = Mutex(State.unread)

    /// Returns once they can be verified against, at once after the first time. Blocks nothing.
    func read(for context: TLSContext) async {
        await withUnsafeContinuation { continuation in
            let isFirst = state.withLock { state in
                switch state {
                case .unread:
                    state = .reading([continuation])
                    return true
                case .reading(let others):
                    state = .reading(others + [continuation])
                    return false
                case .read:
                    continuation.resume()
                    return false
                }
            }
            guard isFirst else { return }
            let work: @Sendable () -> Void = { self.load(context) }
            if !startThread(named: "roots", work) { work() }
        }
    }

    /// The same for those who can't wait in a task: blocks for as long as reading takes.
    func readNow(for context: TLSContext) {
        if areRead { return }
        let isFirst = state.withLock { state in
            guard case .unread = state else { return false }
            state = .reading([])
            return true
        }
        if isFirst { return load(context) }
        while !areRead { usleep(1_000) }
    }

    var areRead: Bool { state.withLock { if case .read = $0 { true } else { false } } }

    private func load(_ context: TLSContext) {
        // Where OpenSSL refuses its part, the session that wants it says so.
        if let openSSL = try? context.openSSL { SSL_CTX_set_default_verify_paths(openSSL.pointer) }
        let waiting: [UnsafeContinuation<Void, Never>] = state.withLock { state in
            defer { state = .read }
            if case .reading(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension TLSContext {
    /// Waits until handshakes can begin: the first of a client that trusts the system's roots has to wait until they are
    /// read. Sessions that are begun without it block until then.
    public func ready() async {
        guard let systemRoots, !systemRoots.areRead else { return }
        await systemRoots.read(for: self)
    }

    /// Whether `ready` would return at once.
    public var isReady: Bool { systemRoots?.areRead ?? true }

    /// Begins what `ready` waits for, so that a lookup and a dial can happen meanwhile. At once.
    public func prepare() {
        guard let systemRoots, !systemRoots.areRead else { return }
        Task { await ready() }
    }
}
