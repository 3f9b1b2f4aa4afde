/// The isolation of everything that touches a socket: one thread, `EventLoop.shared`'s.
///
/// Tasks that spend their life here are started with `Task.onNetwork { … }`.
@globalActor
public actor NetworkActor {
    public static let shared = NetworkActor()

    // Asked at every switch between executors, ten times a request.
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
    /// Starts a task on the network thread.
    ///
    /// Without an executor that it prefers, on purpose: see `WaitingPlace`, where such tasks wait. A continuation, a sleep or
    /// another task's value brings them back too, by way of the global pool.
    @discardableResult
    public static func onNetwork(
        _ operation: @escaping @Sendable @NetworkActor () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(operation: operation)
    }
}

extension Task where Failure == Never {
    /// As above, for work that can't fail.
    @discardableResult
    public static func onNetwork(
        _ operation: @escaping @Sendable @NetworkActor () async -> Success
    ) -> Task<Success, Never> {
        Task(operation: operation)
    }
}
