/// The isolation of everything that touches a socket: one thread, `EventLoop.shared`'s.
///
/// Tasks that spend their life here are started with `Task.onNetwork { … }`.
@globalActor
public actor NetworkActor {
    public static let shared = NetworkActor()

    // Asked at every switch between executors, more than ten times a request.
    private let executor = EventLoop.shared.asUnownedSerialExecutor()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor }

    /// Runs `operation` on the spot, for code that is on the network thread but whose type doesn't say so: a callback
    /// of a C library. Traps on any other thread.
    public static func assumeIsolated<Result: Sendable>(
        _ operation: @NetworkActor () throws -> Result
    ) rethrows -> Result {
        EventLoop.shared.checkIsolated()
        return try withoutActuallyEscaping(operation) { operation in
            try unsafeBitCast(operation, to: (() throws -> Result).self)()
        }
    }
}

extension NetworkActor {
    /// `operation` as a function that anybody may hold, to be called on the network thread only: for hooks. Traps on any other
    /// thread. Unlike a closure with `assumeIsolated` inside, it allocates nothing when it is called, which counts where
    /// it is called for every event.
    public static func assumingIsolation<Argument>(
        _ operation: @escaping @Sendable @NetworkActor (Argument) -> Void
    ) -> @Sendable (Argument) -> Void {
        let plain = unsafeBitCast(operation, to: (@Sendable (Argument) -> Void).self)
        return { argument in
            EventLoop.shared.checkIsolated()
            plain(argument)
        }
    }
}

extension Task where Failure == any Error {
    /// Starts a task on the network thread that prefers it throughout, so that no resume ever passes through the
    /// global pool: without that preference a request costs about twice as much, and stamps wait for the pool.
    ///
    /// Isolation alone is not enough: what resumes a continuation hands the task to the executor it prefers, and to the
    /// pool where it prefers none, from where it has to come back (Swift 6.3). The price is a look for the preference,
    /// under a lock, at every call and return of an isolated asynchronous function: have few of them on a hot road.
    ///
    /// In a task without it, every call of an isolated async function is also a chance for others to run first: what
    /// was checked before an `await withUnsafeContinuation` must be checked again inside its closure.
    ///
    /// Use this rather than `Task(executorPreference:)`, which Swift 6.3 refuses inside isolated code ("pattern that the
    /// region-based isolation checker does not understand").
    @discardableResult
    public static func onNetwork(
        _ operation: @escaping @Sendable @NetworkActor () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: EventLoop.shared, operation: operation)
    }
}

extension Task where Failure == Never {
    /// As above, for work that can't fail.
    @discardableResult
    public static func onNetwork(
        _ operation: @escaping @Sendable @NetworkActor () async -> Success
    ) -> Task<Success, Never> {
        Task(executorPreference: EventLoop.shared, operation: operation)
    }
}
