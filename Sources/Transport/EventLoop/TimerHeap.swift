internal import HTTPTrace

// Which timer is due next. A value: times come in, actions come out, `EventLoop` asks it once a turn.
//
// A binary heap of (deadline, slot), and slots that know their place in the heap. Nearly every timer of an HTTP client
// is a timeout that is cancelled, so cancelling removes at once instead of leaving a corpse until its deadline.

/// A timer that was scheduled. Stays unique after the timer is gone: an old one cancels nothing.
public struct TimerID: Hashable, Sendable {
    fileprivate var slot: UInt32
    fileprivate var generation: UInt32
}

/// Timers by their deadline; equal deadlines in the order in which they were added.
struct TimerHeap<Action> {
    private struct Entry {
        var deadline: Timestamp
        var sequence: UInt64
        var slot: UInt32

        func isBefore(_ other: Entry) -> Bool {
            (deadline, sequence) < (other.deadline, other.sequence)
        }
    }

    private struct Slot {
        var generation: UInt32 = 0
        /// Where its entry stands in `heap`; meaningless while `action` is nil.
        var place = 0
        var action: Action?
    }

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var sequence: UInt64 = 0

    init() {}

    var count: Int { heap.count }

    /// When the next timer is due; nil without any.
    var nextDeadline: Timestamp? { heap.first?.deadline }

    mutating func insert(at deadline: Timestamp, _ action: Action) -> TimerID {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].action = action
        sequence += 1
        heap.append(Entry(deadline: deadline, sequence: sequence, slot: slot))
        siftUp(from: heap.count - 1)
        return TimerID(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// - Returns: Whether it was still waiting; false once it was handed out by `popDue` or removed.
    @discardableResult
    mutating func remove(_ id: TimerID) -> Bool {
        let slot = slots[Int(id.slot)]
        guard slot.generation == id.generation, slot.action != nil else { return false }
        removeEntry(at: slot.place)
        return true
    }

    /// Takes out one timer whose deadline is `now` or earlier.
    mutating func popDue(at now: Timestamp) -> Action? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let action = slots[Int(first.slot)].action
        removeEntry(at: 0)
        return action
    }

    private mutating func removeEntry(at place: Int) {
        let slot = heap[place].slot
        slots[Int(slot)].action = nil
        slots[Int(slot)].generation &+= 1
        freeSlots.append(slot)

        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        siftDown(from: place)
        siftUp(from: place)
    }

    private mutating func siftUp(from start: Int) {
        let entry = heap[start]
        var place = start
        while place > 0, entry.isBefore(heap[(place - 1) / 2]) {
            put(heap[(place - 1) / 2], at: place)
            place = (place - 1) / 2
        }
        put(entry, at: place)
    }

    private mutating func siftDown(from start: Int) {
        let entry = heap[start]
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            put(heap[child], at: place)
            place = child
        }
        put(entry, at: place)
    }

    private mutating func put(_ entry: Entry, at place: Int) {
        heap[place] = entry
        slots[Int(entry.slot)].place = place
    }
}
