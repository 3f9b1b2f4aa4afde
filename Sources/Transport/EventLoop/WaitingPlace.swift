internal import Glibc

// How a task waits on the network thread: it moves to an executor that puts it away and runs nothing, and whoever wakes it
// hands it to the loop.
//
//      wait ──▶ ParkedTasks ──▶ put away in its place ··· wake ──▶ the loop's work, same turn ──▶ goes on
//
// A continuation would do, at a price: what is resumed is handed to the executor its task prefers, and to the global pool
// where it prefers none, from where it has to come back (Swift 6.3). And a task that prefers one is asked for it, under a lock,
// at every call and return of an isolated function: twelve times a request, a sixth of its instructions.

/// Where a task waits on the network thread until somebody there wakes it.
@NetworkActor
public final class WaitingPlace {
    // Written by `ParkedTasks`, on the network thread as well.
    @exclusivity(unchecked) fileprivate nonisolated(unsafe) var parked: UnownedJob?
    @exclusivity(unchecked) private var isWoken = false

    public nonisolated init() {}

    /// Waits for `wake`; not at all when that came since the last wait, so that none is ever missed. One task at a time.
    ///
    /// A wake may be an old one: look at what was waited for, and wait again.
    // Put into its caller: an asynchronous call costs as much as the wait itself.
    @inlinable @inline(__always)
    public func wait() async { if mustPark() { await park() } }

    /// What `wait` does, for those of whom every call of an isolated function counts: whether the task is to `park` now, with
    /// nothing between. False when a wake came since the last wait.
    public func mustPark() -> Bool {
        precondition(parked == nil, "two tasks wait in one place")
        guard !isWoken else {
            isWoken = false
            return false
        }
        ParkedTasks.shared.next = self
        return true
    }

    /// Lets the task that waits go on, or the next one that is about to. It does so in this turn of the loop, after what
    /// calls this.
    public func wake() {
        if let parked = parked.take() { EventLoop.shared.resume(parked) } else { isWoken = true }
    }
}

/// Puts the task away where `WaitingPlace.mustPark` said, until it is woken. By its isolation alone it takes a task off its
/// executor: it gets here only when it is woken, and then runs on the loop.
@ParkedActor @inline(never)
public func park() {}

/// Where tasks wait. Nothing runs there.
@globalActor
public actor ParkedActor {
    public static let shared = ParkedActor()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { ParkedTasks.executor }
}

/// Runs nothing. Used on the network thread only.
private final class ParkedTasks: SerialExecutor, @unchecked Sendable {
    static let shared = ParkedTasks()
    static let executor = shared.asUnownedSerialExecutor()

    /// Where the next one is put: it comes at once, while somebody holds its place.
    @exclusivity(unchecked) unowned(unsafe) var next: WaitingPlace?

    func enqueue(_ job: consuming ExecutorJob) {
        guard let place = next.take() else { preconditionFailure("a task is put away, and nobody said where") }
        place.parked = UnownedJob(job)
    }

    // They are run by the loop.
    func checkIsolated() { EventLoop.shared.checkIsolated() }

    func isIsolatingCurrentContext() -> Bool? { EventLoop.shared.isOnThread }
}
