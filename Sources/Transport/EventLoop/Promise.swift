/// A value that somebody waits for on the network thread, and that somebody else gives there. Before or during the wait, once.
@NetworkActor
public final class Promise<Value: Sendable> {
    @usableFromInline private(set) var given: Value?
    @usableFromInline let waiting = WaitingPlace()

    public nonisolated init() {}

    /// Once; what is given later is not looked at.
    public func give(_ value: Value) {
        guard given == nil else { return }
        given = value
        waiting.wake()
    }

    /// Waits for it. One task at a time.
    // Put into its caller, as `WaitingPlace.wait`: who waits would keep a kilobyte more where the last piece is full.
    @inlinable
    public var value: Value {
        @inline(__always) get async {
            while true {
                if let given { return given }
                await waiting.wait()
            }
        }
    }
}
