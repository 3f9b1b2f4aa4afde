import HTTPServer
import HTTPTrace
import Transport

// Where events are kept on the network thread until they are handed over, whole, at most sixty times a second.
// Recording one is an append to a buffer that keeps its capacity: nothing is allocated, formatted or sent per event.

/// What was recorded since the last batch.
struct TraceBatch: Sendable {
    /// Oldest first.
    var records: [TraceRecord] = []
    /// A server's, oldest first.
    var served: [ServerRecord] = []
    var bodies: [BodyPiece] = []

    /// Whose body it is.
    enum BodyOwner: Hashable, Sendable {
        case response(ExchangeID)
        /// Of a request that came in.
        case request(ServerRequestID)
    }

    /// A piece of a body, or its end.
    struct BodyPiece: Sendable {
        var owner: BodyOwner
        var bytes: [UInt8]
        /// Whether nothing will follow. Set on a piece of its own or on the last one.
        var isLast: Bool
    }
}

/// Collects on the network thread; `deliver` is called there, and must only hand over.
@NetworkActor
final class TraceRecorder {
    /// 60 times a second: what a screen can show.
    static let interval = Duration.milliseconds(16)
    /// A batch that grew beyond this is handed over early: memory stays flat under load.
    static let batchLimit = 8_192
    /// Body bytes handed over and not yet dealt with, past which readers wait. Larger than any burst of one turn.
    static let backlogLimit = 16 << 20

    /// Batches handed over and not yet dealt with, past which `ready` waits: 16 full ones are some 20 MB.
    static let batchBacklogLimit = 16

    private var batch = TraceBatch()
    private var isScheduled = false
    private var backlogBytes = 0
    private var backlogBatches = 0
    private var waiting: [UnsafeContinuation<Void, Never>] = []
    private let deliver: @Sendable (TraceBatch) -> Void
    private let loop = EventLoop.shared

    nonisolated init(deliver: @escaping @Sendable (TraceBatch) -> Void) { self.deliver = deliver }

    /// The trace to install for requests that are to be recorded.
    nonisolated var trace: ClientTrace {
        ClientTrace { trace in trace.event = { record in NetworkActor.assumeIsolated { self.record(record) } } }
    }

    /// For `ClientConfiguration.connectionObserver`.
    nonisolated var connectionObserver: @Sendable (TraceRecord) -> Void {
        { record in NetworkActor.assumeIsolated { self.record(record) } }
    }

    /// For `ServerConfiguration.observer`.
    nonisolated var serverObserver: ServerObserver {
        { [self] record in
            batch.served.append(record)
            if batch.served.count >= Self.batchLimit { flush() } else { schedule() }
        }
    }

    private func record(_ record: TraceRecord) {
        batch.records.append(record)
        if batch.records.count >= Self.batchLimit { flush() } else { schedule() }
    }

    /// Hands a piece of a body over that is too small to wait for.
    func note(_ piece: TraceBatch.BodyPiece) {
        backlogBytes += piece.bytes.count
        batch.bodies.append(piece)
        schedule()
    }

    /// Hands a piece of a body over, and waits while too many bytes are under way.
    func record(_ piece: TraceBatch.BodyPiece) async {
        note(piece)
        guard backlogBytes > Self.backlogLimit else { return }
        flush()
        await withUnsafeContinuation { continuation in
            if backlogBytes > Self.backlogLimit { waiting.append(continuation) } else { continuation.resume() }
        }
    }

    /// Waits while the receiver is far behind. For whoever starts requests by the thousand: what they record would
    /// otherwise pile up.
    func ready() async {
        guard backlogBatches > Self.batchBacklogLimit else { return }
        await withUnsafeContinuation { continuation in
            if backlogBatches > Self.batchBacklogLimit { waiting.append(continuation) } else { continuation.resume() }
        }
    }

    /// The receiver has dealt with one batch, and so many body bytes in it.
    func settled(_ bytes: Int) {
        backlogBytes -= bytes
        backlogBatches -= 1
        guard backlogBytes <= Self.backlogLimit / 2, backlogBatches <= Self.batchBacklogLimit / 2 else { return }
        for waiter in waiting { waiter.resume() }
        waiting.removeAll()
    }

    /// Hands over what there is now.
    func flush() {
        guard !batch.records.isEmpty || !batch.served.isEmpty || !batch.bodies.isEmpty else { return }
        var next = TraceBatch()
        next.records.reserveCapacity(min(batch.records.count, Self.batchLimit))
        swap(&batch, &next)
        backlogBatches += 1
        deliver(next)
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.schedule(at: loop.now + Self.interval) { [weak self] in
            self?.isScheduled = false
            self?.flush()
        }
    }
}
