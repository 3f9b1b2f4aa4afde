import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Waiting on the network thread")
@NetworkActor
struct WaitingPlaceTests {
    @Test func `a task waits until it is woken, and goes on where it was`() async {
        let place = WaitingPlace()
        var story: [String] = []
        let task = Task.onNetwork {
            story.append("waits")
            await place.wait()
            story.append(EventLoop.shared.isOnThread ? "goes on" : "goes on elsewhere")
        }
        EventLoop.shared.execute {
            story.append("wakes")
            place.wake()
            story.append("has woken")
        }
        await task.value
        #expect(story == ["waits", "wakes", "has woken", "goes on"])
    }

    @Test func `a wake that comes before the wait is not missed, and counts once`() async {
        let place = WaitingPlace()
        place.wake()
        place.wake()
        await place.wait()
        var isDone = false
        let task = Task.onNetwork {
            await place.wait()
            isDone = true
        }
        // Behind the task's first step.
        for _ in 0..<3 { await turn() }
        #expect(!isDone)
        place.wake()
        await task.value
    }

    @Test func `a thousand tasks wait each in its own place, and are woken in any order`() async {
        let places = (0..<1_000).map { _ in WaitingPlace() }
        var woken: [Int] = []
        let tasks = places.enumerated().map { number, place in
            Task.onNetwork {
                await place.wait()
                woken.append(number)
            }
        }
        let order = Array(0..<1_000).shuffled()
        EventLoop.shared.execute { for number in order { places[number].wake() } }
        for task in tasks { await task.value }
        #expect(woken == order)
    }

    @Test func `a task of another actor waits there and comes back`() async {
        let place = WaitingPlace()
        let task = Task.detached { await place.wait() }
        // Whether it is there already doesn't matter.
        EventLoop.shared.execute { place.wake() }
        await task.value
    }

    @Test func `a task that prefers another executor waits all the same`() async {
        let place = WaitingPlace()
        let task = Task(executorPreference: globalConcurrentExecutor) { @NetworkActor @Sendable in
            await place.wait()
            return EventLoop.shared.isOnThread
        }
        EventLoop.shared.execute { place.wake() }
        #expect(await task.value)
    }

    @Test func `a cancelled task that waits is not resumed by that alone`() async {
        let place = WaitingPlace()
        var isOver = false
        let task = Task.onNetwork {
            await place.wait()
            isOver = true
            return Task.isCancelled
        }
        for _ in 0..<3 { await turn() }
        task.cancel()
        for _ in 0..<3 { await turn() }
        #expect(!isOver)
        place.wake()
        #expect(await task.value)
    }

    @Test func `a promise gives its first value, before or during the wait, to each who asks`() async {
        let early = Promise<Int>()
        early.give(1)
        early.give(2)
        #expect(await early.value == 1)
        #expect(await early.value == 1)

        let late = Promise<Int>()
        EventLoop.shared.execute { late.give(3) }
        #expect(await late.value == 3)
    }

    @Test func `a pause ends at its time, at once when it is cut, and not again`() async throws {
        let start = EventLoop.shared.now
        await Pause(.milliseconds(20)).end()
        #expect(EventLoop.shared.now - start >= .milliseconds(20))

        let long = Pause(.seconds(600))
        EventLoop.shared.execute { long.cut() }
        await long.end()

        let cancelled = Task.onNetwork { try await Pause.wait(for: .seconds(600)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    /// A turn of the loop, with all the work there is.
    private func turn() async {
        let place = WaitingPlace()
        EventLoop.shared.execute { place.wake() }
        await place.wait()
    }
}
