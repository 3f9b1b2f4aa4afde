public import HTTPTrace
internal import Synchronization

/// A clock that stands still until the test moves it.
public final class ManualTime: TimeSource {
    private let moment: Mutex<Timestamp>

    public init(_ start: Timestamp = .zero) { moment = Mutex(start) }

    public var now: Timestamp { moment.withLock { $0 } }

    public func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
}
