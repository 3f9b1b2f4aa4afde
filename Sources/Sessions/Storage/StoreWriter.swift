internal import GRDB
internal import HTTPTrace
internal import HTTPTypes
internal import Synchronization

// From batches to rows. The same reducers as the screen's make the rows, so both say the same; what has ended comes as the
// session made it, where somebody has handed it over. An exchange is kept here only while it runs; each commit writes the
// rows that changed, running ones too: a kill leaves them as they stood.

/// Turns batches into rows of one run. Its lock is never waited for: the database's queue calls it one at a time.
final class StoreWriter: Sendable {
    private struct State: ~Copyable, Sendable {
        // One buffer for all rows.
        var json = JSONWriter()
        var running = RunningExchanges()
        var connections = ConnectionLedger()
        var exchangeCount: Int
        var bodyBytes: Int
        /// Keys of rows of this run; what comes above them is new.
        var highestExchange, highestBody: Int64
        // Most rows have the draft of the one before.
        var latestDraft: WrittenDraft?
        var requestBodies: SharedRequestBodies
    }

    /// A draft, and columns as they are made of it.
    private final class WrittenDraft: Sendable {
        let draft: RequestDraft
        let url: String
        let fields: [UInt8]

        init(_ draft: RequestDraft, _ json: inout JSONWriter) {
            self.draft = draft
            url = draft.url.description
            json.openArray()
            for field in draft.fields {
                json.openArray()
                json.value(field.name.rawName)
                json.value(field.value)
                json.closeArray()
            }
            json.closeArray()
            var text: [UInt8] = []
            json.takeBytes { text = Array($0) }
            fields = text
        }
    }

    private let run: Int64
    private let clock: ClockAnchor
    private let limits: SessionStore.Limits
    private let state: Mutex<State>

    /// - Parameters:
    ///   - exchangeCount: Rows in the file already, of all runs.
    ///   - bodyBytes: Of all bodies in the file.
    init(run: Int64, clock: ClockAnchor, limits: SessionStore.Limits, exchangeCount: Int, bodyBytes: Int) {
        self.run = run
        self.clock = clock
        self.limits = limits
        let before = StoreSchema.rowID(run: run, number: 0)
        state = Mutex(
            State(
                exchangeCount: exchangeCount, bodyBytes: bodyBytes, highestExchange: before, highestBody: before,
                requestBodies: SharedRequestBodies(mostBytes: limits.bodyBytes)))
    }

    /// Writes what changed. Call it inside a transaction; after a throw the writer is of no more use.
    ///
    /// - Parameter batch: Its exchanges are taken out.
    func write(_ batch: inout StoreQueue.Batch, to database: Database) throws {
        try state.withLock { state in
            state.requestBodies.beginBatch()
            state.exchangeCount += batch.begun.count
            var handedOver = HandedOverExchanges(batch.ended)
            batch.ended = []
            begin(batch.begun, &handedOver, &state.running)
            let changedConnections = apply(batch.records, &handedOver, &state)
            try writeExchanges(handedOver, &state, to: database)
            state.bodyBytes += state.requestBodies.writtenBytes
            for id in changedConnections.sorted() {
                if let connection = state.connections[id] { try write(connection, to: database) }
            }
            try write(batch.bodies, &state, to: database)
            try makeRoom(&state, in: database)
        }
    }

    /// Finds out which exchange is made where. Of what was handed over, only what began and is not yet written counts.
    private func begin(
        _ begun: [BegunRequest], _ handedOver: inout HandedOverExchanges, _ running: inout RunningExchanges
    ) {
        for id in handedOver.numbers where running.contains(id) {
            running.remove(id)
            _ = handedOver.write(id)
        }
        for begun in begun where !handedOver.write(begun.id) { running.begin(begun) }
    }

    /// - Returns: Connections that changed, each once.
    private func apply(
        _ records: [[TraceRecord]], _ handedOver: inout HandedOverExchanges, _ state: inout State
    ) -> [ConnectionID] {
        var changed: [ConnectionID] = []
        var known = NumberPlaces()
        for (part, records) in records.enumerated() {
            records.withUnsafeBufferPointer { records in
                for record in records.pointers {
                    if record.pointee.event.isAboutConnection, let connection = state.connections.apply(record.pointee),
                        known[connection.number] == nil
                    {
                        known[connection.number] = changed.count
                        changed.append(connection)
                    }
                    record.lend { record in
                        if !handedOver.apply(record, ofPart: part) { state.running.apply(record) }
                    }
                }
            }
        }
        return changed
    }

    private func writeExchanges(
        _ handedOver: borrowing HandedOverExchanges, _ state: inout State, to database: Database
    ) throws {
        var running = RunningExchanges()
        swap(&running, &state.running)
        defer { swap(&running, &state.running) }
        let (written, changed) = (handedOver.written, running.changed)
        let keys = (written.map(\.id) + changed).map { StoreSchema.rowID(run: run, number: $0.number) }
        var rows = try RowWriter(
            "exchanges", columns: 43, keys: keys, above: &state.highestExchange, in: database)
        for place in written {
            try handedOver.read(at: place) { exchange in
                try bind(exchange, &state, to: &rows, in: database)
                try rows.endRow()
            }
        }
        try running.take(changed) { exchange in
            try bind(exchange, &state, to: &rows, in: database)
            try rows.endRow()
        }
    }

    private func write(
        _ bodies: [(id: ExchangeID, body: BodyCapture)], _ state: inout State, to database: Database
    ) throws {
        // By number, since rows are best added at the end; of two of one exchange the later one.
        let sorted = bodies.indices.sorted { (bodies[$0].id, $0) < (bodies[$1].id, $1) }
        let isLast = { $0 + 1 == sorted.count || bodies[sorted[$0 + 1]].id != bodies[sorted[$0]].id }
        let order = sorted.indices.filter(isLast).map { sorted[$0] }
        let keys = order.map { StoreSchema.rowID(run: run, number: bodies[$0].id.number) }
        var rows = try RowWriter("bodies", columns: 4, keys: keys, above: &state.highestBody, in: database)
        for (place, key) in zip(order, keys) {
            let body = bodies[place].body
            rows.bind(key)
            rows.bind(body.bytes.isEmpty ? nil : body.bytes)
            rows.bind(body.totalBytes)
            rows.bind(body.sha256)
            try rows.endRow()
            state.bodyBytes += body.bytes.count
        }
        for (id, body) in bodies {
            if let problem = body.problem { try write(problem, of: id, to: database) }
        }
    }

    // Its row was written with its last event, when it still looked well.
    private func write(_ problem: Failure, of id: ExchangeID, to database: Database) throws {
        try database.execute(
            sql: "UPDATE exchanges SET outcome = ?, error_phase = ?, error_message = ? WHERE id = ? AND outcome = 'ok'",
            arguments: [
                problem.outcome, problem.phase?.rawValue, problem.message,
                StoreSchema.rowID(run: run, number: id.number),
            ])
    }

    // Oldest first, whatever run they are of. Freed pages are used again, so the file stops growing.
    private func makeRoom(_ state: inout State, in database: Database) throws {
        let excess = state.exchangeCount - limits.exchanges
        if excess > 0 {
            let oldest = "SELECT id FROM exchanges ORDER BY id LIMIT \(excess)"
            let sum = "SELECT coalesce(sum(length(bytes)), 0) FROM bodies WHERE id IN (\(oldest))"
            state.bodyBytes -= try Int.fetchOne(database, sql: sum) ?? 0
            let sent = try SharedRequestBodies.ids(of: oldest, in: database)
            try database.execute(sql: "DELETE FROM bodies WHERE id IN (\(oldest))")
            try database.execute(sql: "DELETE FROM exchanges WHERE id IN (\(oldest))")
            state.bodyBytes -= try SharedRequestBodies.removeUnused(sent, in: database)
            state.exchangeCount -= excess
        }
        guard state.bodyBytes > limits.bodyBytes else { return }
        // Another program may have made room as well.
        state.bodyBytes = try StoreWriter.bodyBytes(in: database)
        guard state.bodyBytes > limits.bodyBytes else { return }
        // A little more than must go: counting them all takes a tenth of a second, which a load can't spend at each commit.
        let oldest = try oldestBodies(until: limits.bodyBytes - limits.bodyBytes / 16, &state, in: database)
        try database.execute(
            sql: "UPDATE bodies SET bytes = NULL WHERE id <= ? AND bytes IS NOT NULL", arguments: [oldest.received])
        for id in oldest.sent { try SharedRequestBodies.remove(id, in: database) }
    }

    /// Counts as gone the oldest bodies until so many bytes are left.
    ///
    /// - Returns: The last of those that were received, nil without any; and all that were sent.
    private func oldestBodies(
        until goal: Int, _ state: inout State, in database: Database
    ) throws -> (received: Int64?, sent: [Int64]) {
        let bodies = try Row.fetchCursor(
            database, sql: "SELECT id, length(bytes) FROM bodies WHERE bytes IS NOT NULL ORDER BY id")
        func nextReceived() throws -> (id: Int64, count: Int)? {
            guard let row = try bodies.next() else { return nil }
            let (id, count): (Int64, Int) = (row[0], row[1])
            return (id, count)
        }
        var sent = try SharedRequestBodies.stored(in: database)[...]
        var received = try nextReceived()
        var oldest: (received: Int64?, sent: [Int64]) = (nil, [])
        while state.bodyBytes > goal {
            if let body = sent.first, body.latestSender < received?.id ?? .max {
                sent.removeFirst()
                oldest.sent.append(body.id)
                state.bodyBytes -= body.count
            } else if let body = received {
                oldest.received = body.id
                state.bodyBytes -= body.count
                received = try nextReceived()
            } else {
                break
            }
        }
        return oldest
    }

    /// Of all bodies that have rows of their own.
    static func bodyBytes(in database: Database) throws -> Int {
        let tables = ["bodies", "request_bodies"]
        return try tables.reduce(0) { sum, table in
            try sum + (Int.fetchOne(database, sql: "SELECT coalesce(sum(length(bytes)), 0) FROM \(table)") ?? 0)
        }
    }
}

extension StoreWriter {
    /// Binds the values of an exchange's row, in the order of the table.
    private func bind(
        _ exchange: borrowing Exchange, _ state: inout State, to row: inout RowWriter, in database: Database
    ) throws {
        let start = exchange.startedAt
        let key = StoreSchema.rowID(run: run, number: exchange.id.number)
        row.bind(key)
        row.bind(run)
        row.bind(exchange.id.number)
        bind(exchange.cause, to: &row)
        let written = written(exchange.draft, &state)
        row.bind(written.draft.method.rawValue)
        row.bind(written.url)
        written.fields.withUnsafeBytes { row.bind(text: $0) }
        let body = written.draft.body
        let isShared = body.count > SharedRequestBodies.leastBytes
        row.bind(body.isEmpty || isShared ? nil : body)
        row.bind(clock.unixNanoseconds(at: start))
        row.bind(exchange.finishedAt.map { $0.nanoseconds - start.nanoseconds })
        row.bind(exchange.outcome)
        row.bind(exchange.failure?.phase?.rawValue)
        row.bind(exchange.failure?.message)
        row.bind(exchange.response?.status)
        row.bind(exchange.response?.version)
        row.bind(exchange.connection?.connection.number)
        row.bind(exchange.connection?.isReused)
        row.bind(exchange.connection?.use)
        row.bind(exchange.firstByteAt.map { $0.nanoseconds - start.nanoseconds })
        row.bind(exchange.sentBytes)
        row.bind(exchange.bodyBytes)
        for phase in Phase.allCases where phase != .tunnel { bind(exchange.phases[phase], since: start, to: &row) }
        row.bind(exchange.sentHead?.bytes)
        row.bind(exchange.response?.bytes)
        bindEvents(of: exchange, &state.json, to: &row)
        row.bind(exchange.droppedEvents)
        // Later columns.
        bind(exchange.phases[.tunnel], since: start, to: &row)
        try row.bind(isShared ? state.requestBodies.id(of: body, sentBy: key, in: database) : nil)
    }

    private func bind(_ cause: Exchange.Cause, to row: inout RowWriter) {
        let (word, number): (String, Int?) =
            switch cause {
            case .typed: ("typed", nil)
            case .caught: ("caught", nil)
            case .replay(let original): ("replay", original.number)
            case .redirect(let origin): ("redirect", origin.number)
            }
        row.bind(word)
        row.bind(number)
    }

    private func bind(_ span: PhaseSpans.Span?, since start: Timestamp, to row: inout RowWriter) {
        row.bind(span.map { $0.start.nanoseconds - start.nanoseconds })
        row.bind(span.flatMap { span in span.end.map { $0.nanoseconds - span.start.nanoseconds } })
    }

    private func bindEvents(of exchange: borrowing Exchange, _ json: inout JSONWriter, to row: inout RowWriter) {
        json.openArray()
        let (start, connection) = (exchange.startedAt, exchange.connection?.connection)
        exchange.events.withUnsafeBufferPointer { events in
            for event in events.pointers { event.lend { json.writeForRow($0, since: start, on: connection) } }
        }
        json.closeArray()
        json.takeBytes { row.bind(text: $0) }
    }

    private func written(_ draft: RequestDraft, _ state: inout State) -> WrittenDraft {
        if let latest = state.latestDraft, latest.draft == draft { return latest }
        let written = WrittenDraft(draft, &state.json)
        state.latestDraft = written
        return written
    }

    private func write(_ connection: ConnectionLedger.Connection, to database: Database) throws {
        let placeholders = Array(repeating: "?", count: 16).joined(separator: ", ")
        let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO connections VALUES (\(placeholders))")
        let (state, reason) = words(for: connection.state)
        try statement.execute(arguments: [
            StoreSchema.rowID(run: run, number: connection.id.number), run, connection.id.number,
            connection.key.origin.description, state, reason, clock.unixNanoseconds(at: connection.dialedAt),
            connection.openedAt.map(clock.unixNanoseconds(at:)), connection.closedAt.map(clock.unixNanoseconds(at:)),
            connection.facts?.local.description, connection.facts?.remote.description,
            connection.facts?.applicationProtocol, connection.facts?.tls?.version, connection.facts?.tls?.cipher,
            connection.uses, connection.key.proxy?.description,
        ])
    }

    private func words(for state: ConnectionLedger.State) -> (state: String, reason: String?) {
        switch state {
        case .dialing: ("dialing", nil)
        case .busy: ("busy", nil)
        case .idle: ("idle", nil)
        case .closed(let reason, _): ("closed", reason.description)
        case .failed(let failure, _): ("failed", failure.message)
        }
    }
}
