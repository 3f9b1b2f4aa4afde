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

    /// Takes the next request, and waits until it may begin.
    ///
    /// - Returns: Its place, counted from 0; nil when there is none left, or the task has been cancelled.
    func next() async -> Int? {
        guard taken < count, !Task.isCancelled else { return nil }
        let place = taken
        taken += 1
        let now = EventLoop.shared.now
        guard let due = pace?.take(at: now), due > now else { return place }
        do { try await Pause.wait(for: due - now) } catch { return nil }
        return place
    }
}
