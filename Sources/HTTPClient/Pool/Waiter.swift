internal import HTTPTrace
internal import Transport

/// A request in the pool's line.
@NetworkActor
final class Waiter {
    typealias Answer = Result<LeasedConnection, Failure>

    let tracer: Tracer
    let answer = Promise<Answer>()

    init(tracer: Tracer) { self.tracer = tracer }
}
