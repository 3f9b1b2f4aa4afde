internal import HTTPTrace
internal import Synchronization

// Between the thread that hands over what it saw and the one that writes it: one lock, held for an append.

/// What waits to be written. Bounded: a disk that is slower than the network must not cost the program its memory.
final class StoreQueue: Sendable {
    /// Exchanges that have ended, as somebody made them of the same records.
    struct Ended: Sendable {
        var exchanges: [Exchange]
        /// How many of the batch's first parts they were made of.
        var parts: Int
    }

    /// Handed over since the last commit, each in order.
    struct Batch: Sendable {
        var begun: [BegunRequest] = []
        var ended: [Ended] = []
        var endedCount = 0
        /// Part by part, as they were handed over: copying them into one would cost more than keeping them.
        var records: [[TraceRecord]] = []
        var recordCount = 0
        var bodies: [(id: ExchangeID, body: BodyCapture)] = []
        var bodyBytes = 0
        /// Not taken in, the queue being full.
        var lostRecords = 0
        var lostBodies = 0

        var isEmpty: Bool { begun.isEmpty && ended.isEmpty && records.isEmpty && bodies.isEmpty }
    }

    /// Two seconds of 100,000 exchanges a second; some 300 MB where each holds a head. Past it, records are lost and
    /// counted.
    static let recordLimit = 3_000_000
    /// Exchanges that are kept as they were handed over, some 180 MB. Past it they are made of their records once more.
    static let endedLimit = 100_000
    /// Bodies past this are written without their bytes; length and hash are kept.
    static let bodyBytesLimit = 64 << 20

    private struct State {
        var batch = Batch()
        var isClosed = false
        // A writer is on its way: nobody else needs to be sent.
        var isExpected = false
    }

    private let state = Mutex(State())

    /// Adds to the batch.
    ///
    /// - Returns: Whether somebody has to be sent to fetch it, which is so for the first addition since the last `take`.
    func add(_ change: (inout Batch) -> Void) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            change(&state.batch)
            defer { state.isExpected = true }
            return !state.isExpected
        }
    }

    /// Whether there is nothing to fetch. Then nobody is on the way any more: the next addition has somebody sent again.
    func hasNothing() -> Bool {
        state.withLock { state in
            guard state.batch.isEmpty else { return false }
            state.isExpected = false
            return true
        }
    }

    /// Everything added so far.
    func take() -> Batch {
        state.withLock { state in
            defer { state.batch = Batch() }
            state.isExpected = false
            return state.batch
        }
    }

    /// From now on, additions are dropped.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.batch = Batch()
        }
    }
}

extension StoreQueue.Batch {
    mutating func add(_ more: [TraceRecord]) {
        let room = StoreQueue.recordLimit - recordCount
        let taken = more.count > room ? Array(more.prefix(room)) : more
        lostRecords += more.count - taken.count
        guard !taken.isEmpty else { return }
        recordCount += taken.count
        records.append(taken)
    }

    /// - Parameter exchanges: Made of all records that were handed over so far.
    mutating func add(ended exchanges: [Exchange]) {
        guard endedCount + exchanges.count <= StoreQueue.endedLimit else { return }
        endedCount += exchanges.count
        ended.append(StoreQueue.Ended(exchanges: exchanges, parts: records.count))
    }

    mutating func add(_ body: BodyCapture, of id: ExchangeID) {
        var body = body
        if bodyBytes + body.bytes.count > StoreQueue.bodyBytesLimit {
            body = body.withoutBytes()
            lostBodies += 1
        }
        bodyBytes += body.bytes.count
        bodies.append((id, body))
    }
}
