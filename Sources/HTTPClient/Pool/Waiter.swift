internal import HTTPTrace
internal import Transport

/// A request in the pool's line. The answer may come before anybody waits for it: a task that does not prefer the network
/// thread is suspended on its way into the wait, and the pool goes on meanwhile.
@NetworkActor
final class Waiter {
    typealias Answer = Result<LeasedConnection, Failure>

    let tracer: Tracer
    private var state = State.early

    private enum State {
        case early
        case waiting(UnsafeContinuation<Answer, Never>)
        case answered(Answer)
    }

    init(tracer: Tracer) { self.tracer = tracer }

    /// Once.
    func resume(_ answer: Answer) {
        if case .waiting(let continuation) = state { continuation.resume(returning: answer) }
        state = .answered(answer)
    }

    /// Waits for `resume`. Once.
    @inline(__always)
    func answer() async throws(Failure) -> LeasedConnection {
        if case .answered(let answer) = state { return try answer.get() }
        let answer = await withUnsafeContinuation { continuation in
            if case .answered(let answer) = state {
                continuation.resume(returning: answer)
            } else {
                state = .waiting(continuation)
            }
        }
        return try answer.get()
    }
}
