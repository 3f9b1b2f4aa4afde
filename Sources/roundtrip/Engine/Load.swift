import HTTPTrace
import Sessions
import Transport

/// What is left of a load, shared by those who send it.
@NetworkActor
final class Load {
    private let count: Int
    private var taken = 0
    private var pace: Pace?

    nonisolated init(_ plan: RepeatPlan) {
        count = plan.count
        pace = plan.rate.map { Pace(perSecond: $0) }
    }

    /// Takes the next request.
    ///
    /// - Returns: Its place, counted from 0, and how long to wait before it begins; nil when there is none left, or the task has
    ///   been cancelled.
    func take() -> (place: Int, wait: Duration?)? {
        guard taken < count, !Task.isCancelled else { return nil }
        let place = taken
        taken += 1
        guard pace != nil else { return (place, nil) }
        let now = EventLoop.shared.now
        guard let due = pace?.take(at: now), due > now else { return (place, nil) }
        return (place, due - now)
    }
}
