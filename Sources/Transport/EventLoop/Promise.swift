/// A value that somebody waits for on the network thread, and that somebody else gives there. Before or during the wait, once.
@NetworkActor
public final class Promise<Value: Sendable> {
    private var given: Value?
    private let waiting = WaitingPlace()

    public nonisolated init() {}

    /// Once; what is given later is not looked at.
    public func give(_ value: Value) {
        guard given == nil else { return }
        given = value
        waiting.wake()
    }

    /// Waits for it. One task at a time.
    public var value: Value {
        get async {
            while true {
                if let given { return given }
                await waiting.wait()
            }
        }
    }
}
