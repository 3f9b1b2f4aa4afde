internal import GRDB
internal import Glibc
public import HTTPTrace
internal import Synchronization

// The session on disk, while it happens. The program hands over the batches that it hands to `Session`; they wait in
// memory for a fifth of a second, then go to SQLite in one transaction:
//
//   begin, apply, end, keep ──▶ StoreQueue ──▶ (200 ms) ──▶ StoreWriter ──▶ one COMMIT, synced
//      any thread, an append                                GRDB's queue, never the caller's thread
//
// What a commit has returned from is on disk: a kill loses what still waited, at most a quarter of a second. Write-ahead
// logging lets others read meanwhile, and SQLite's recovery makes the file open after any end.

/// Records a session into a file.
public actor SessionStore {
    /// How much the file keeps; the oldest goes first.
    public struct Limits: Sendable, Equatable {
        /// Rows of exchanges, of all runs: some 1.2 GB with their events.
        public var exchanges = 1_000_000
        /// Kept bytes of bodies in all, save those of requests that are small enough to stand in their rows. Past it the oldest
        /// go; those of responses keep their length and hash.
        public var bodyBytes = 512 << 20
        /// Pages of 16 KiB that the file may grow to; nil is SQLite's own limit. Tests make a disk full with it.
        var pages: Int?

        public init() {}
    }

    public enum Status: Sendable, Equatable {
        case recording
        /// Records that came faster than the disk took them are missing in the file.
        case behind(lostRecords: Int, lostBodies: Int)
        /// A call failed: nothing more is recorded, and what was committed before stays.
        case stopped(StoreProblem)
        case closed
    }

    // 200 ms of gathering leave 50 for the commit: together the quarter of a second that a kill may cost.
    static let gathering = Duration.milliseconds(200)

    public nonisolated let path: String
    private nonisolated let queue = StoreQueue()
    private nonisolated let shownStatus = Mutex(Status.recording)
    private let database: DatabaseQueue
    private let writer: StoreWriter
    private let run: Int64
    private var isCommitting = false
    private var waitingForCommit: [CheckedContinuation<Void, Never>] = []

    private init(path: String, database: DatabaseQueue, writer: StoreWriter, run: Int64) {
        self.path = path
        self.database = database
        self.writer = writer
        self.run = run
    }

    /// Opens the file, or makes it, readable for its owner alone, and begins a run in it.
    ///
    /// A file of an earlier run is added to, also when that run was killed. Several programs may record into one file.
    @concurrent
    public static func open(
        path: String, clock: ClockAnchor, limits: Limits = Limits()
    ) async throws(StoreProblem) -> SessionStore {
        try makeFile(at: path)
        do {
            try refuseForeignFile(at: path)
            guard chmod(path, 0o600) == 0 else {
                throw StoreProblem(call: "open", path: path, message: String(cString: strerror(errno)))
            }
            let database = try DatabaseQueue(path: path, configuration: configuration(limits))
            guard try await !database.read(StoreSchema.migrator.hasBeenSuperseded) else {
                throw StoreProblem(call: "open", path: path, message: "made by a newer version of roundtrip")
            }
            try StoreSchema.migrator.migrate(database)
            let (run, writer) = try await database.write { database in try beginRun(in: database, clock, limits) }
            return SessionStore(path: path, database: database, writer: writer, run: run)
        } catch {
            throw problem("open", path, error)
        }
    }

    /// How the recording goes. Cheap; may be asked every frame.
    public nonisolated var status: Status { shownStatus.withLock { $0 } }

    // MARK: what happened, in the words of `Session`

    /// A request is about to be sent. Returns at once, as all of these do.
    public nonisolated func begin(
        _ draft: RequestDraft, as id: ExchangeID, cause: Exchange.Cause = .typed, at time: Timestamp
    ) {
        begin([BegunRequest(id: id, draft: draft, cause: cause, time: time)])
    }

    /// Several of them.
    public nonisolated func begin(_ begun: [BegunRequest]) {
        if !begun.isEmpty { add { $0.begun += begun } }
    }

    /// What was recorded, oldest first.
    public nonisolated func apply(_ records: [TraceRecord]) { add { $0.add(records) } }

    /// Exchanges that have ended, as `Session` made them of what was handed over so far. Need not be told, but spares making
    /// them of their records once more; what comes of one later is taken in as well.
    public nonisolated func end(_ exchanges: [Exchange]) {
        add { $0.add(ended: exchanges) }
    }

    /// What was captured of a response body.
    public nonisolated func keep(_ body: BodyCapture, of id: ExchangeID) { keep([(id, body)]) }

    /// What was captured of several.
    public nonisolated func keep(_ bodies: [(exchange: ExchangeID, capture: BodyCapture)]) {
        guard !bodies.isEmpty else { return }
        add { batch in for (id, body) in bodies where !body.isOfNoAnswer { batch.add(body, of: id) } }
    }

    private nonisolated func add(_ change: (inout StoreQueue.Batch) -> Void) {
        // One task for each batch, none while nothing happens: an idle program sleeps.
        guard queue.add(change) else { return }
        Task {
            try? await Task.sleep(for: SessionStore.gathering)
            await commit()
        }
    }

    // MARK: to disk

    /// Waits until all that was handed over before this call is on disk, or the recording has stopped.
    public func flush() async { await commit() }

    /// Writes what is left and ends the run. After it, the file stands alone, without its write-ahead log.
    public func close() async {
        await commit()
        guard case .stopped = status else {
            queue.close()
            let run = run
            _ = try? await database.write { database in
                let now = SessionStore.wallClock()
                try database.execute(sql: "UPDATE runs SET ended_unix_ns = ? WHERE id = ?", arguments: [now, run])
            }
            try? database.close()
            shownStatus.withLock { $0 = .closed }
            return
        }
        try? database.close()
    }

    // One at a time: a batch taken later must not be written earlier.
    private func commit() async {
        while isCommitting { await withCheckedContinuation { waitingForCommit.append($0) } }
        isCommitting = true
        await writeBatch()
        isCommitting = false
        let waiting = waitingForCommit
        waitingForCommit = []
        for continuation in waiting { continuation.resume() }
    }

    private func writeBatch() async {
        let (queue, writer) = (queue, writer)
        if queue.hasNothing() { return }
        do {
            // Taken out where it is written: a batch that somebody else holds as well would be copied to be worked on.
            let (lostRecords, lostBodies) = try await database.write { database in
                var batch = queue.take()
                try writer.write(&batch, to: database)
                return (batch.lostRecords, batch.lostBodies)
            }
            note(lostRecords: lostRecords, lostBodies: lostBodies)
        } catch {
            queue.close()
            shownStatus.withLock { $0 = .stopped(SessionStore.problem("commit", path, error)) }
        }
    }

    private func note(lostRecords: Int, lostBodies: Int) {
        guard lostRecords + lostBodies > 0 else { return }
        shownStatus.withLock { status in
            guard case .behind(let records, let bodies) = status else {
                status = .behind(lostRecords: lostRecords, lostBodies: lostBodies)
                return
            }
            status = .behind(lostRecords: records + lostRecords, lostBodies: bodies + lostBodies)
        }
    }
}

extension SessionStore {
    // SQLite makes its files readable for all that the umask lets, and the log beside it with the same mode: so the file
    // is made before SQLite sees it.
    private static func makeFile(at path: String) throws(StoreProblem) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreProblem(call: "open", path: path, message: String(cString: strerror(errno)))
        }
        Glibc.close(descriptor)
    }

    /// Another program's database, named by mistake, gets no tables of ours, nor other rights or another kind of log. A file
    /// that has no tables at all is a new one, or one whose making was killed.
    private static func refuseForeignFile(at path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        let isForeign = try DatabaseQueue(path: path, configuration: configuration).read { database in
            guard try Int.fetchOne(database, sql: "PRAGMA application_id") != StoreSchema.applicationID else {
                return false
            }
            return try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") != 0
        }
        guard !isForeign else {
            throw StoreProblem(call: "open", path: path, message: "the database of another program")
        }
    }

    private static func configuration(_ limits: Limits) -> Configuration {
        var configuration = Configuration()
        configuration.journalMode = .wal
        // Another program at the same file commits for milliseconds; two seconds of waiting mean that it hangs.
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            // Of a new file; one that was made with others keeps its own. Four times SQLite's: a row is a kilobyte or two, and
            // each page is written twice, to the log and from there to where it belongs.
            try database.execute(sql: "PRAGMA page_size = 16384")
            // With at most five commits a second, a sync each is cheap, and a power cut costs no more than a kill.
            // NORMAL would sync at checkpoints only, which may be minutes apart.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            if let pages = limits.pages { try database.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        return configuration
    }

    private static func beginRun(
        in database: Database, _ clock: ClockAnchor, _ limits: Limits
    ) throws -> (Int64, StoreWriter) {
        try database.execute(
            sql: "INSERT INTO runs (started_unix_ns, started_clock_ns) VALUES (?, ?)",
            arguments: [clock.unixNanoseconds, clock.monotonic.nanoseconds])
        let run = database.lastInsertedRowID
        // The log is merged at 4 MB, as SQLite does of itself with its smaller pages.
        let pageBytes = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4_096
        try database.execute(sql: "PRAGMA wal_autocheckpoint = \((4 << 20) / pageBytes)")
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM exchanges") ?? 0
        let writer = StoreWriter(
            run: run, clock: clock, limits: limits, exchangeCount: count,
            bodyBytes: try StoreWriter.bodyBytes(in: database))
        return (run, writer)
    }

    private static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func problem(_ call: String, _ path: String, _ error: any Error) -> StoreProblem {
        if let error = error as? StoreProblem { return error }
        guard let error = error as? DatabaseError else {
            return StoreProblem(call: call, path: path, message: "\(error)")
        }
        return StoreProblem(call: call, path: path, message: error.message ?? error.resultCode.description)
    }
}
