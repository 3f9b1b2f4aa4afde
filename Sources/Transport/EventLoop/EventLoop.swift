internal import CLinux
internal import DequeModule
internal import Glibc
public import HTTPTrace
internal import Synchronization

// The network thread: it waits for sockets, fires timers and runs the tasks of `NetworkActor`, all on one thread.
//
//       other threads                              the network thread
//    enqueue, execute ──▶ inbox ─┐         ┌───────────────────────────────┐
//                  (eventfd      └───────▶ │ wait ▶ sockets ▶ timers ▶ work │ ◀─┐ enqueue, execute from here:
//             only if it sleeps)           └───────────────────────────────┘ ──┘ no lock, no system call, same turn
//
// It is the serial executor of `NetworkActor`: a task that a socket wakes goes from `sockets` to `work` in the same turn,
// see `WaitingPlace`. A turn is measured from the end of one wait to the start of the next,
// since nothing that happens on the wire meanwhile can get a true stamp.

/// The one thread on which all network I/O happens.
public final class EventLoop: SerialExecutor, @unchecked Sendable {
    public static let shared = EventLoop()

    private enum Work {
        case job(UnownedJob)
        case action(@NetworkActor () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        /// Whether the network thread waits (or is about to) and must be woken by the next one who brings work.
        var isAsleep = false
    }

    /// How much work is done before sockets are looked at again, so that work that makes work can't starve them.
    private static let workPerTurn = 128

    private let wakeup: Int32
    private let inbox = Mutex(Inbox())
    /// The network thread's `pthread_self()`; 0 until it runs.
    private let thread = Atomic<UInt>(0)
    private let turnCount = Atomic<Int>(0)
    private let longestTurnNanoseconds = Atomic<Int64>(0)

    // Touched by the network thread only, and by nothing that is called while they change: looking after that as it runs
    // costs a hundred instructions an access.
    @exclusivity(unchecked) private var poller: Poller
    @exclusivity(unchecked) private var timers = TimerHeap<@NetworkActor () -> Void>()
    @exclusivity(unchecked) private var work = Deque<Work>()

    private init() {
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        poller = Poller(wakeup: wakeup)
        startThread(named: "network") { [self] in run() }
    }

    // MARK: Work

    public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    /// Goes on with a task that was put away.
    @NetworkActor
    func resume(_ job: UnownedJob) { work.append(.job(job)) }

    /// Hands `action` over to the network thread and returns at once. Actions run in the order in which they came,
    /// never inside the caller, also when that is on the network thread itself.
    public func execute(_ action: @escaping @Sendable @NetworkActor () -> Void) { add(.action(action)) }

    private func add(_ item: Work) {
        if isOnThread {
            work.append(item)
            return
        }
        let mustWake = inbox.withLock { inbox in
            inbox.work.append(item)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustWake { _ = eventfd_write(wakeup, 1) }
    }

    /// Whether the caller is on the network thread.
    public var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    // Asked by the runtime where no task runs: in timers' and sockets' callbacks.
    public func checkIsolated() { precondition(isOnThread, "this belongs on the network thread") }

    public func isIsolatingCurrentContext() -> Bool? { isOnThread }

    // MARK: Time

    /// The monotonic clock, asked on the spot.
    public var now: Timestamp { SystemTime().now }

    /// Calls `action` once, at `deadline` or as soon after it as the thread is free; at once when that has passed.
    @NetworkActor @discardableResult
    public func schedule(at deadline: Timestamp, _ action: @escaping @NetworkActor () -> Void) -> TimerID {
        timers.insert(at: deadline, action)
    }

    /// Forgets a timer; one that has fired or was cancelled before is ignored.
    @NetworkActor
    public func cancel(_ timer: TimerID) { timers.remove(timer) }

    /// The longest time for which the loop did not look at its sockets since the last `resetLongestTurn()`: no stamp
    /// taken meanwhile was late by more than this.
    public var longestTurn: Duration { .nanoseconds(longestTurnNanoseconds.load(ordering: .relaxed)) }

    /// Starts measuring `longestTurn` anew.
    public func resetLongestTurn() { longestTurnNanoseconds.store(0, ordering: .relaxed) }

    /// How often the loop has woken up since it began.
    public var turns: Int { turnCount.load(ordering: .relaxed) }

    // MARK: Sockets

    @NetworkActor
    func register(_ descriptor: Descriptor, number: Int32) throws(StreamError) -> Poller.Ticket {
        try poller.add(descriptor, number: number)
    }

    @NetworkActor
    func unregister(_ ticket: Poller.Ticket) { poller.remove(ticket) }

    // MARK: The thread

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        // The kernel may delay a normal thread's timeouts by 50 µs to save power, which is our whole allowance.
        _ = set_timer_slack(1)

        var turnStart = now
        while true {
            let timeout = timeoutOfNextWait()
            note(turn: now - turnStart)
            let count = poller.wait(timeout: timeout)
            turnStart = now
            fetchInbox()
            NetworkActor.assumeIsolated {
                handleSockets(count)
                fireTimers(due: turnStart)
            }
            doWork()
        }
    }

    /// Zero while there is work; otherwise until the next timer, and whoever brings work from now on must wake us.
    private func timeoutOfNextWait() -> Duration? {
        let hasWork = !work.isEmpty
        let mayNotSleep = inbox.withLock { inbox in
            inbox.isAsleep = !hasWork && inbox.work.isEmpty
            return !inbox.isAsleep
        }
        if mayNotSleep { return .zero }
        guard let deadline = timers.nextDeadline else { return nil }
        return max(.zero, deadline - now)
    }

    private func fetchInbox() {
        inbox.withLock { inbox in
            inbox.isAsleep = false
            guard !inbox.work.isEmpty else { return }
            work.append(contentsOf: inbox.work)
            inbox.work.removeAll(keepingCapacity: true)
        }
    }

    private func note(turn: Duration) {
        turnCount.store(turnCount.load(ordering: .relaxed) + 1, ordering: .relaxed)
        if turn.nanoseconds > longestTurnNanoseconds.load(ordering: .relaxed) {
            longestTurnNanoseconds.store(turn.nanoseconds, ordering: .relaxed)
        }
    }

    @NetworkActor
    private func handleSockets(_ count: Int) {
        for index in 0..<count {
            // The eventfd is edge-triggered and never read: each write is an edge of its own.
            guard let (ticket, events) = poller.event(index) else { continue }
            poller.descriptor(for: ticket)?.arrived(events)
        }
    }

    @NetworkActor
    private func fireTimers(due now: Timestamp) {
        while let action = timers.popDue(at: now) { action() }
    }

    private func doWork() {
        let executor = asUnownedSerialExecutor()
        var rest = Self.workPerTurn
        while rest > 0, let item = work.popFirst() {
            rest -= 1
            switch item {
            case .job(let job): job.runSynchronously(on: executor)
            case .action(let action):
                NetworkActor.assumeIsolated(action)
            }
        }
    }
}
