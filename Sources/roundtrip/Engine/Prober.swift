import HTTPClient
import HTTPTrace
import Sessions
import Synchronization
import Transport

// The engine as the program uses it, with a screen or without: drafts go in, batches of what happened come out.
//
//      send ──▶ a task on the network thread ──▶ Client ──▶ events, body pieces ──▶ TraceRecorder
//                                                                                      │ 60 times a second
//      report ◀── the collecting task (global executor): digests bodies ◀──────────────┘

/// Sends requests and reports what becomes of them.
final class Prober: Sendable {
    /// What happened, in order: the records of an exchange come before its body's capture.
    struct Report: Sendable {
        var records: [TraceRecord]
        /// A server's.
        var served: [ServerRecord]
        var bodies: [(exchange: ExchangeID, capture: BodyCapture)]
        /// Those of requests that came in.
        var requestBodies: [(request: ServerRequestID, capture: BodyCapture)]
    }

    let client: Client
    /// Where a server's events and bodies go to be reported with the client's.
    let recorder: TraceRecorder
    private let trace: ClientTrace
    private let tasks = Mutex<[ExchangeID: Task<Void, Never>]>([:])
    /// Those of `run`.
    private let workers = Mutex<[Task<Void, Never>]>([])
    private let lastOfRun = Atomic<Int>(0)
    private let batches: AsyncStream<TraceBatch>.Continuation
    private let collecting: Task<Void, Never>

    /// - Parameters:
    ///   - keptBodyBytes: How much of each response body is kept.
    ///   - report: Called on no particular thread, one call at a time, at most sixty times a second unless much happens.
    init(
        _ configuration: ClientConfiguration, keptBodyBytes: Int, report: @escaping @Sendable (Report) async -> Void
    ) async {
        let (stream, continuation) = AsyncStream<TraceBatch>.makeStream()
        let recorder = TraceRecorder { continuation.yield($0) }
        var configuration = configuration
        configuration.connectionObserver = recorder.connectionObserver
        client = await Client(configuration)
        self.recorder = recorder
        trace = recorder.trace
        batches = continuation
        collecting = Task {
            var collector = BodyCollector(keeping: keptBodyBytes)
            for await batch in stream {
                var reported = Report(records: batch.records, served: batch.served, bodies: [], requestBodies: [])
                var bytes = 0
                for piece in batch.bodies {
                    bytes += piece.bytes.count
                    guard let capture = collector.add(piece) else { continue }
                    switch piece.owner {
                    case .response(let exchange): reported.bodies.append((exchange, capture))
                    case .request(let request): reported.requestBodies.append((request, capture))
                    }
                }
                await report(reported)
                EventLoop.shared.execute { [bytes] in recorder.settled(bytes) }
            }
        }
    }

    /// Sends `draft`; everything else is told by reports that name `id`.
    func send(_ draft: RequestDraft, as id: ExchangeID) {
        let request = ClientRequest(draft)
        // Under the lock, so that the task can't end before it is listed.
        tasks.withLock { tasks in
            tasks[id] = Task.onNetwork { [client, trace, recorder] in
                await ClientTrace.$current.withValue(trace) {
                    await Self.exchange(request, as: id, client, recorder)
                }
                self.tasks.withLock { $0[id] = nil }
            }
        }
    }

    /// Sends the requests 1 to `count`, `concurrency` at a time, and waits until all have ended.
    ///
    /// The next request starts on the network thread in the turn in which the one before it ended: reports come sixty
    /// times a second, and waiting for one between two requests would measure our own patience.
    func run(count: Int, concurrency: Int, _ draft: @escaping @Sendable (ExchangeID) -> RequestDraft) async {
        let workers = (0..<min(count, concurrency)).map { _ in
            Task.onNetwork { [self] in
                await ClientTrace.$current.withValue(trace) {
                    while !Task.isCancelled, let id = nextOfRun(count) {
                        await Self.exchange(ClientRequest(draft(id)), as: id, client, recorder)
                        await recorder.ready()
                    }
                }
            }
        }
        self.workers.withLock { $0 = workers }
        for worker in workers { await worker.value }
    }

    private func nextOfRun(_ count: Int) -> ExchangeID? {
        let number = lastOfRun.add(1, ordering: .relaxed).newValue
        return number <= count ? ExchangeID(number) : nil
    }

    /// Ends it at once, in whatever phase; nothing happens when it has ended.
    func cancel(_ id: ExchangeID) { tasks.withLock { $0[id] }?.cancel() }

    func cancelAll() {
        for task in tasks.withLock({ Array($0.values) }) + workers.withLock({ $0 }) { task.cancel() }
    }

    /// Waits until every request sent so far has ended.
    func finishAll() async {
        while let task = tasks.withLock({ $0.values.first }) { await task.value }
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

    @NetworkActor
    private static func exchange(
        _ request: ClientRequest, as id: ExchangeID, _ client: Client, _ recorder: TraceRecorder
    ) async {
        // What failed has been recorded: the events are the report.
        do throws(Failure) {
            let response = try await client.send(request, as: id)
            var pending: [UInt8] = []
            while let chunk = try await response.body.next() {
                if !pending.isEmpty {
                    await recorder.record(.init(owner: .response(id), bytes: pending, isLast: false))
                }
                pending = chunk
            }
            await recorder.record(.init(owner: .response(id), bytes: pending, isLast: true))
        } catch {
            await recorder.record(.init(owner: .response(id), bytes: [], isLast: true))
        }
    }
}

extension ClientRequest {
    init(_ draft: RequestDraft) {
        self.init(method: draft.method, url: draft.url, fields: draft.fields, body: draft.body)
    }
}
