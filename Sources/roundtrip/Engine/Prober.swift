import HTTPClient
import HTTPTrace
import Sessions
import Synchronization
import Transport

// The engine as the program uses it, with a screen or without: drafts go in, batches of what happened come out.
//
//      send ──▶ a task on the network thread ──▶ Client ──▶ events, body pieces ──▶ TraceRecorder
//                  └─ again for each hop                                               │ 60 times a second
//      report ◀── the collecting task (global executor): decodes, digests ◀────────────┘

/// Sends requests and reports what becomes of them.
final class Prober: Sendable {
    /// What happened, in order: the records of an exchange come before its body's capture.
    struct Report: Sendable {
        /// Requests that began without the caller's knowledge: a load's, and hops. Nothing about them came before.
        var begun: [BegunRequest]
        var records: [TraceRecord]
        /// A server's.
        var served: [ServerRecord]
        var bodies: [(exchange: ExchangeID, capture: BodyCapture)] = []
        /// Those of requests that came in.
        var requestBodies: [(request: ServerRequestID, capture: BodyCapture)] = []
        /// Whether the load has ended; this is the last of it.
        var hasLoadEnded: Bool
        /// The longest time that a request, or a client, waited until what happened was dealt with.
        var longestWait = Duration.zero
    }

    /// How responses are dealt with.
    struct Options: Sendable {
        /// Of each response body.
        var keptBodyBytes: Int
        /// Whether bodies stay in their codings.
        var isRaw = false
        /// Whether captures have a digest; it is empty otherwise.
        var digests = true
    }

    let client: Client
    /// Where a server's events and bodies go to be reported with the client's.
    let recorder: TraceRecorder
    private let trace: ClientTrace
    private let numbers: ExchangeNumbers
    private let tasks = Mutex<[ExchangeID: Task<Void, Never>]>([:])
    /// The load's, as long as it runs, and the one that waits for them.
    private let workers = Mutex<[Task<Void, Never>]>([])
    private let batches: AsyncStream<TraceBatch>.Continuation
    private let collecting: Task<Void, Never>
    /// Bodies of which no more is wanted.
    private let bombs = Bombs()

    @NetworkActor
    private final class Bombs {
        var exchanges: Set<ExchangeID> = []

        nonisolated init() {}
    }

    /// - Parameters:
    ///   - numbers: Where requests get theirs that begin without the caller's knowledge.
    ///   - report: Called on no particular thread, one call at a time, at most sixty times a second unless much happens.
    init(
        _ configuration: ClientConfiguration, _ options: Options, numbers: ExchangeNumbers = ExchangeNumbers(),
        report: @escaping @Sendable (Report) async -> Void
    ) async {
        let (stream, continuation) = AsyncStream<TraceBatch>.makeStream()
        let recorder = TraceRecorder { continuation.yield($0) }
        var configuration = configuration
        configuration.connectionBuffer = recorder.connectionBuffer
        client = await Client(configuration)
        self.recorder = recorder
        self.numbers = numbers
        trace = recorder.trace
        batches = continuation
        let bombs = bombs
        collecting = Task {
            var collector = BodyCollector(
                keeping: options.keptBodyBytes, isRaw: options.isRaw, digests: options.digests)
            for await batch in stream {
                var reported = Report(
                    begun: batch.begun, records: batch.records, served: batch.served, hasLoadEnded: batch.hasLoadEnded,
                    longestWait: batch.longestWait)
                var bytes = 0
                for piece in batch.bodies {
                    bytes += piece.bytes.count
                    if let capture = collector.add(piece) {
                        switch piece.owner {
                        case .response(let exchange): reported.bodies.append((exchange, capture))
                        case .request(let request): reported.requestBodies.append((request, capture))
                        }
                    } else if case .response(let exchange) = piece.owner, collector.isBomb(piece.owner) {
                        EventLoop.shared.execute { bombs.exchanges.insert(exchange) }
                    }
                }
                await report(reported)
                EventLoop.shared.execute { [bytes] in recorder.settled(bytes) }
            }
        }
    }

    /// Sends `draft`; everything else is told by reports that name `id`, and those of its hops.
    ///
    /// - Parameters:
    ///   - policy: How redirects are followed; nil shows them only.
    ///   - redirection: What led here, when somebody else followed a redirect.
    func send(
        _ draft: RequestDraft, as id: ExchangeID, following policy: RedirectPolicy? = nil,
        after redirection: Redirection? = nil
    ) {
        // Under the lock, so that the task can't end before it is listed.
        tasks.withLock { tasks in
            tasks[id] = Task.onNetwork { [self] in
                await withClientTrace(only: trace) {
                    let last = await sendChain(ClientRequest(draft), as: id, following: policy, after: redirection) {
                        // Cancelling is by number: the task has the hop's from now on.
                        from, hop in self.tasks.withLock { $0[hop] = $0.removeValue(forKey: from) }
                    }
                    self.tasks.withLock { $0[last] = nil }
                }
            }
        }
    }

    /// Begins to send many requests, so many at a time. They are numbered as they begin, the hops of their redirects included;
    /// a report says when all have ended. One load at a time.
    ///
    /// The next request starts on the network thread in the turn in which the one before it ended: reports come sixty
    /// times a second, and waiting for one between two requests would measure our own patience.
    ///
    /// - Parameters:
    ///   - drafts: At least one; after the last comes the first again.
    ///   - cause: What makes them.
    @discardableResult
    func start(
        _ drafts: [RequestDraft], _ plan: RepeatPlan, cause: Exchange.Cause = .typed,
        following policy: RedirectPolicy?
    ) -> Task<Void, Never> {
        // Made once: one that is sent again is known by a look.
        let requests = drafts.map { ClientRequest($0) }
        let load = Load(plan)
        // Under the lock, so that nobody can cancel all others and miss these.
        return workers.withLock { workers in
            let senders = (0..<min(plan.count, plan.concurrency)).map { _ in
                Task.onNetwork { [self] in
                    await withClientTrace(only: trace) {
                        while let (place, wait) = load.take() {
                            if let wait { do { try await Pause.wait(for: wait) } catch { return } }
                            let id = numbers.next()
                            recorder.begin(drafts[place % drafts.count], as: id, cause)
                            await sendChain(requests[place % drafts.count], as: id, following: policy)
                            if recorder.isBehind { await recorder.ready() }
                        }
                    }
                }
            }
            let end = Task { [recorder] in
                for sender in senders { await sender.value }
                await recorder.endLoad()
            }
            workers = senders + [end]
            return end
        }
    }

    /// Ends the load at once, with what is under way.
    func stopLoad() {
        for task in workers.withLock({ $0 }) { task.cancel() }
    }

    /// Sends a request, and what its redirects lead to.
    ///
    /// - Parameter hopped: Told of each hop before it is sent: from which number, and its own.
    /// - Returns: The number of the last.
    @inline(__always) @NetworkActor @discardableResult
    private func sendChain(
        _ request: ClientRequest, as id: ExchangeID, following policy: RedirectPolicy?,
        after redirection: Redirection? = nil, hopped: (_ from: ExchangeID, _ hop: ExchangeID) -> Void = { _, _ in }
    ) async -> ExchangeID {
        var chain = policy.map { RedirectChain($0, at: redirection?.chainStart ?? EventLoop.shared.now) }
        var (id, request, redirection) = (id, request, redirection)
        while let (next, led) = await exchange(request, as: id, after: redirection, &chain) {
            let hop = numbers.next()
            recorder.begin(RequestDraft(next), as: hop, .redirect(from: id))
            hopped(id, hop)
            (id, request, redirection) = (hop, next, led)
        }
        return id
    }

    /// Ends it at once, in whatever phase; nothing happens when it has ended.
    func cancel(_ id: ExchangeID) { tasks.withLock { $0[id] }?.cancel() }

    func cancelAll() {
        for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
        stopLoad()
    }

    /// The cookies kept so far; nil when none are.
    @NetworkActor
    var cookies: CookieJar? { client.cookies }

    /// From now on, cookies are kept in addition to these; nil keeps none.
    @NetworkActor
    func keepCookies(_ jar: CookieJar?) { client.cookies = jar }

    /// Waits until every request sent so far has ended.
    func finishAll() async {
        while let task = tasks.withLock({ $0.values.first }) { await task.value }
        for worker in workers.withLock({ $0 }) { await worker.value }
    }

    /// Ends everything, reports the rest and returns when nothing more will be reported.
    func shutDown() async {
        cancelAll()
        await finishAll()
        await client.shutDown()
        await recorder.flush()
        batches.finish()
        await collecting.value
    }

    /// One request and its response, to the last byte of its body.
    ///
    /// - Returns: Where it leads on; nil at the end of the chain.
    @inline(__always) @NetworkActor
    private func exchange(
        _ request: ClientRequest, as id: ExchangeID, after redirection: Redirection?, _ chain: inout RedirectChain?
    ) async -> (ClientRequest, Redirection)? {
        var last = TraceBatch.BodyPiece(owner: .response(id), bytes: [], isLast: true)
        var next: (ClientRequest, Redirection)?
        // What failed has been recorded: the events are the report.
        do throws(Failure) {
            let sent = try await client.send(request, as: id, after: redirection)
            last.head = sent.head
            switch chain?.step(after: sent.head, to: request, sentAs: id) ?? .stay {
            case .stay: break
            case .refuse(let failure): last.problem = failure
            case .follow(let request, let redirection): next = (request, redirection)
            }
            while !handOver(sent.body, of: id, into: &last) {
                if recorder.isBehind { await recorder.ready() } else { try await sent.body.arrival() }
            }
            // A capture is the sign that nothing more comes of its exchange.
            if !sent.body.isSettled { await sent.body.settled() }
            recorder.record(last)
            return Task.isCancelled ? nil : next
        } catch {
            // Cancelled before it began, it tells its trace nothing, as in Go. Its row is there, and ends.
            if error.kind == .cancelled, error.phase == nil { recorder.end(id, error) }
            // With what came before it broke off.
            last.isBroken = true
            last.hasNoAnswer = last.head == nil
            last.problem = nil
            recorder.record(last)
            return error.endsChain || Task.isCancelled ? nil : next
        }
    }

    /// Hands over what is here of a body, but for its last piece.
    ///
    /// - Returns: Whether nothing more will come. What does is to be waited for, or the receiver is behind.
    @NetworkActor
    private func handOver(
        _ body: BodyStream, of id: ExchangeID, into last: inout TraceBatch.BodyPiece
    ) -> Bool {
        while let piece = body.takePiece() {
            guard let chunk = piece.bytes else { return true }
            if !last.bytes.isEmpty {
                recorder.record(.init(owner: last.owner, bytes: last.bytes, isLast: false, head: last.head))
            }
            last.bytes = chunk
            if !bombs.exchanges.isEmpty, bombs.exchanges.remove(id) != nil {
                body.abandon()
                return true
            }
            if recorder.isBehind { return false }
        }
        return false
    }
}

extension ClientRequest {
    init(_ draft: RequestDraft) {
        self.init(method: draft.method, url: draft.url, fields: draft.fields, body: draft.body)
    }
}

extension RequestDraft {
    init(_ request: ClientRequest) {
        self.init(method: request.method, url: request.url, fields: request.fields, body: request.body)
    }
}
