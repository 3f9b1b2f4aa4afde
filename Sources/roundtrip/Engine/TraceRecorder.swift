import HTTPServer
import HTTPTrace
import Sessions
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
    /// Requests that began on the network thread; their records come after them.
    var begun: [BegunRequest] = []
    /// Whether the load has ended that was started last: nothing more will come of it.
    var hasLoadEnded = false
    /// The longest time that anybody waited for the receiver.
    var longestWait = Duration.zero

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
        /// Of the response; nil when there was none.
        var head: ResponseHead?
        /// With the last piece: why it is a failure though it ended well.
        var problem: Failure?
        /// With the last piece: whether the body did not come whole.
        var isBroken = false
        /// With the last piece: whether there is no body since no answer came.
        var hasNoAnswer = false
    }
}

/// Collects on the network thread; `deliver` is called there, and must only hand over.
@NetworkActor
final class TraceRecorder {
    /// 60 times a second: what a screen can show.
    static let interval = Duration.milliseconds(16)
    /// A batch that grew beyond this is handed over early: memory stays flat under load.
    nonisolated static let batchLimit = 8_192
    /// Body bytes handed over and not yet dealt with, past which readers wait. Larger than any burst of one turn.
    static let backlogLimit = 16 << 20

    /// Batches handed over and not yet dealt with, past which `ready` waits: 32 full ones are some 40 MB, and hold a burst of
    /// twenty thousand requests.
    static let batchBacklogLimit = 32

    private nonisolated let buffer = TraceBuffer(limit: batchLimit)
    private var served: [ServerRecord] = []
    private var bodies: [TraceBatch.BodyPiece] = []
    private var begun: [BegunRequest] = []
    private var hasLoadEnded = false
    private var isScheduled = false
    private var backlogBytes = 0
    private var backlogBatches = 0
    private var waiting: [WaitingPlace] = []
    /// When the first of them began.
    private var waitingSince = Timestamp.zero
    private var longestWait = Duration.zero
    private let deliver: @Sendable (TraceBatch) -> Void
    private let loop = EventLoop.shared

    nonisolated init(deliver: @escaping @Sendable (TraceBatch) -> Void) {
        self.deliver = deliver
        buffer.begun = { [weak self] in NetworkActor.assumeIsolated { self?.schedule() } }
        buffer.filled = { [weak self] in NetworkActor.assumeIsolated { self?.flush() } }
    }

    /// The trace to install for requests that are to be recorded.
    nonisolated var trace: ClientTrace { ClientTrace { $0.buffer = buffer } }

    /// For `ClientConfiguration.connectionBuffer`.
    nonisolated var connectionBuffer: TraceBuffer { buffer }

    /// A request is about to be sent that nobody lists yet.
    func begin(_ draft: RequestDraft, as id: ExchangeID, _ cause: Exchange.Cause) {
        begun.append(BegunRequest(id: id, draft: draft, cause: cause, time: loop.now))
    }

    /// A request that was to be sent has ended without having begun.
    func end(_ id: ExchangeID, _ failure: Failure) {
        buffer.append(TraceRecord(time: loop.now, exchange: id, connection: nil, event: .requestFinished(failure)))
        schedule()
    }

    /// The last request of a load has ended.
    func endLoad() {
        hasLoadEnded = true
        schedule()
    }

    /// For `ServerConfiguration.observer`.
    nonisolated var serverObserver: ServerObserver {
        { [self] record in
            served.append(record)
            if served.count >= Self.batchLimit { flush() } else { schedule() }
        }
    }

    /// For `ServerConfiguration.observerPace`.
    nonisolated var serverPace: ObserverPace {
        ObserverPace(isBehind: { [self] in isBehind }, ready: { [self] in await ready() })
    }

    /// Hands a piece of a body over. `ready` tells when another one is welcome.
    func record(_ piece: consuming TraceBatch.BodyPiece) {
        backlogBytes += piece.bytes.count
        bodies.append(consume piece)
        schedule()
        if backlogBytes > Self.backlogLimit { flush() }
    }

    /// Whether the receiver is far behind: too many bytes, or too many batches, are under way.
    var isBehind: Bool { backlogBytes > Self.backlogLimit || backlogBatches > Self.batchBacklogLimit }

    /// Waits while the receiver is far behind. For readers of bodies, and for whoever starts requests by the thousand: what
    /// they record would otherwise pile up. Ask `isBehind` first: a wait that ends at once is not free.
    func ready() async {
        guard isBehind else { return }
        let place = WaitingPlace()
        if waiting.isEmpty { waitingSince = loop.now }
        waiting.append(place)
        await place.wait()
    }

    /// The receiver has dealt with one batch, and so many body bytes in it.
    func settled(_ bytes: Int) {
        backlogBytes -= bytes
        backlogBatches -= 1
        // As soon as there is room for a batch: whoever waits is somebody's request or its client, and many short waits hold a
        // few of them up where one until half was done would hold up all.
        guard backlogBytes <= Self.backlogLimit / 2, backlogBatches < Self.batchBacklogLimit, !waiting.isEmpty else {
            return
        }
        longestWait = max(longestWait, loop.now - waitingSince)
        for place in waiting { place.wake() }
        waiting.removeAll()
    }

    /// Hands over what there is now.
    func flush() {
        guard buffer.count > 0 || !served.isEmpty || !bodies.isEmpty || !begun.isEmpty || hasLoadEnded else { return }
        let next = TraceBatch(
            records: buffer.take(), served: served, bodies: bodies, begun: begun, hasLoadEnded: hasLoadEnded,
            longestWait: longestWait)
        served = []
        served.reserveCapacity(min(next.served.count, Self.batchLimit))
        bodies = []
        bodies.reserveCapacity(next.bodies.count)
        begun = []
        begun.reserveCapacity(next.begun.count)
        hasLoadEnded = false
        longestWait = .zero
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
