import HTTPTrace
import Testing

@testable import Transport

@Suite("Timers")
struct TimerHeapTests {
    private func due(_ heap: inout TimerHeap<Int>, at now: Timestamp) -> [Int] {
        var actions: [Int] = []
        while let action = heap.popDue(at: now) { actions.append(action) }
        return actions
    }

    @Test func `timers come out by deadline, and equal deadlines in the order in which they were set`() {
        var heap = TimerHeap<Int>()
        for (index, second) in [3.0, 1, 2, 1, 3].enumerated() { _ = heap.insert(at: .seconds(second), index) }
        #expect(heap.nextDeadline == .seconds(1))
        #expect(due(&heap, at: .seconds(2)) == [1, 3, 2])
        #expect(due(&heap, at: .seconds(9)) == [0, 4])
        #expect(heap.nextDeadline == nil)
    }

    @Test func `a timer is not due before its deadline, and is due at it`() {
        var heap = TimerHeap<Int>()
        _ = heap.insert(at: Timestamp(nanoseconds: 100), 1)
        #expect(due(&heap, at: Timestamp(nanoseconds: 99)) == [])
        #expect(due(&heap, at: Timestamp(nanoseconds: 100)) == [1])
    }

    @Test func `an old identifier cancels nothing, though its slot is used again`() {
        var heap = TimerHeap<Int>()
        let old = heap.insert(at: .seconds(1), 1)
        let wasWaiting = heap.remove(old)
        _ = heap.insert(at: .seconds(2), 2)
        let isStillWaiting = heap.remove(old)
        #expect(wasWaiting && !isStillWaiting)
        #expect(due(&heap, at: .seconds(9)) == [2])
    }

    @Test func `thousands of timers, half of them cancelled, come out as a sorted list would have them`() {
        var random = SystemRandomNumberGenerator()
        var heap = TimerHeap<Int>()
        var expected: [(deadline: Timestamp, number: Int)] = []
        var identifiers: [TimerID] = []
        for number in 0..<5_000 {
            let deadline = Timestamp.milliseconds(Double(Int.random(in: 0..<1_000, using: &random)))
            identifiers.append(heap.insert(at: deadline, number))
            expected.append((deadline, number))
        }
        for number in 0..<5_000 where number % 2 == 0 { heap.remove(identifiers[number]) }
        let rest = expected.filter { $0.number % 2 == 1 }.sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
        #expect(due(&heap, at: .seconds(5)) == rest.map(\.number))
        #expect(heap.count == 0)
    }
}
