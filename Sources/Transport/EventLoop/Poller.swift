internal import CLinux
internal import Glibc
internal import HTTPTrace

// The epoll descriptor and who is registered with it. Used on the network thread only.
//
// Events carry a ticket (slot and generation), not a descriptor number: within one batch of events an earlier handler
// may close a descriptor and the kernel give its number to a new socket, which must not get the old one's events.

/// Waits for descriptors to turn ready.
struct Poller {
    /// A registration; its events are dropped once it was removed.
    struct Ticket: Equatable {
        var slot: UInt32
        var generation: UInt32

        var bits: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

        init(slot: UInt32, generation: UInt32) {
            self.slot = slot
            self.generation = generation
        }

        init(bits: UInt64) {
            self.init(slot: UInt32(truncatingIfNeeded: bits), generation: UInt32(truncatingIfNeeded: bits >> 32))
        }
    }

    private struct Slot {
        var generation: UInt32 = 0
        var descriptor: Descriptor?
    }

    /// 256 events a call: the call itself (0.3 µs) no longer matters, and the batch stays a short turn.
    static let batchSize = 256

    private let epoll: Int32
    private let wakeup: Int32
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: batchSize)
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private var hasPreciseWait = true

    // The wake-up eventfd's "ticket": no slot ever gets this number.
    private static let wakeupBits = UInt64.max

    init(wakeup: Int32) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        self.wakeup = wakeup
        var event = epoll_event(events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data(u64: Self.wakeupBits))
        guard epoll >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) == 0 else {
            fatalError("epoll can't be set up: \(errorWords(errno))")
        }
    }

    /// Edge-triggered for both directions, once for the descriptor's life. Its present state is reported as a first
    /// edge. Closing the descriptor ends it (epoll(7), Q6); `remove` then forgets the ticket.
    mutating func add(_ descriptor: Descriptor, number: Int32) throws(StreamError) -> Ticket {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot())
        }
        let ticket = Ticket(slot: slot, generation: slots[Int(slot)].generation)
        var event = epoll_event(events: Readiness.interest, data: epoll_data(u64: ticket.bits))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, number, &event) == 0 else {
            freeSlots.append(slot)
            throw .failed(call: "epoll_ctl", code: errno)
        }
        slots[Int(slot)].descriptor = descriptor
        return ticket
    }

    mutating func remove(_ ticket: Ticket) {
        slots[Int(ticket.slot)].generation &+= 1
        slots[Int(ticket.slot)].descriptor = nil
        freeSlots.append(ticket.slot)
    }

    /// The descriptor that registered with `ticket` and is still registered.
    func descriptor(for ticket: Ticket) -> Descriptor? {
        let slot = slots[Int(ticket.slot)]
        return slot.generation == ticket.generation ? slot.descriptor : nil
    }

    /// Waits for events, at most until `timeout` (nil: for ever; zero: only looks).
    ///
    /// - Returns: How many `event(_:)` has; 0 when the time is up or a signal came.
    mutating func wait(timeout: Duration?) -> Int {
        Int(max(0, hasPreciseWait ? preciseWait(timeout) : coarseWait(timeout)))
    }

    /// An event of the last `wait`; nil for a wake-up.
    func event(_ index: Int) -> (ticket: Ticket, events: UInt32)? {
        let event = events[index]
        if event.data.u64 == Self.wakeupBits { return nil }
        return (Ticket(bits: event.data.u64), event.events)
    }

    private mutating func preciseWait(_ timeout: Duration?) -> Int32 {
        let count: Int32
        if let timeout {
            let nanoseconds = max(0, timeout.nanoseconds)
            var time = timespec(
                tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            count = epoll_pwait2(epoll, events, Int32(Self.batchSize), &time, nil)
        } else {
            count = epoll_pwait2(epoll, events, Int32(Self.batchSize), nil, nil)
        }
        // Linux before 5.11, and sandboxes that have not heard of the call (they answer EPERM).
        if count < 0, errno == ENOSYS || errno == EPERM {
            hasPreciseWait = false
            return coarseWait(timeout)
        }
        return count
    }

    // Rounds up: a timer that is asked too early would spin.
    private func coarseWait(_ timeout: Duration?) -> Int32 {
        let milliseconds = timeout.map { Int32(clamping: ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
        return epoll_wait(epoll, events, Int32(Self.batchSize), milliseconds)
    }
}
