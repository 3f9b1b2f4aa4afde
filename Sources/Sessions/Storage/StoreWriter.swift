internal import FoundationEssentials
internal import GRDB
internal import HTTPTrace
internal import HTTPTypes
internal import Synchronization

// From batches to rows. The same reducers as the screen's make the rows, so both say the same. An exchange is kept here
// only while it runs; each commit writes the rows that changed, running ones too: a kill leaves them as they stood.

/// Turns batches into rows of one run. Its lock is never waited for: the database's queue calls it one at a time.
final class StoreWriter: Sendable {
    private struct State: Sendable {
        // One buffer for all rows.
        var json = JSONWriter()
        var running: [ExchangeID: Exchange] = [:]
        var connections = ConnectionLedger()
        var exchangeCount: Int
        var bodyBytes: Int
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
        state = Mutex(State(exchangeCount: exchangeCount, bodyBytes: bodyBytes))
    }

    /// Writes what changed. Call it inside a transaction; after a throw the writer is of no more use.
    func write(_ batch: StoreQueue.Batch, to database: Database) throws {
        try state.withLock { state in
            var changed: Set<ExchangeID> = []
            var changedConnections: Set<ConnectionID> = []
            for begun in batch.begun {
                state.running[begun.id] = Exchange(
                    id: begun.id, draft: begun.draft, cause: begun.cause, at: begun.time)
                state.exchangeCount += 1
                changed.insert(begun.id)
            }
            for record in batch.records {
                if let connection = record.connection {
                    state.connections.apply(record)
                    changedConnections.insert(connection)
                }
                // Of a finished one: late events of its abandoned dial, which change no column.
                guard let id = record.exchange, state.running[id] != nil else { continue }
                state.running[id]!.apply(record)
                changed.insert(id)
            }
            try writeExchanges(changed, &state, to: database)
            for id in changedConnections.sorted() {
                if let connection = state.connections[id] { try write(connection, to: database) }
            }
            for (id, body) in batch.bodies { try write(body, of: id, &state, to: database) }
            try makeRoom(&state, in: database)
        }
    }

    private func writeExchanges(_ ids: Set<ExchangeID>, _ state: inout State, to database: Database) throws {
        let statement = try database.cachedStatement(sql: StoreWriter.exchangeSQL)
        for id in ids.sorted() {
            guard let exchange = state.running[id] else { continue }
            // The number of arguments is checked by a test, not a million times.
            statement.setUncheckedArguments(StatementArguments(columns(of: exchange, &state.json)))
            try statement.execute()
            if !exchange.isRunning { state.running[id] = nil }
        }
    }

    private func write(_ body: BodyCapture, of id: ExchangeID, _ state: inout State, to database: Database) throws {
        let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO bodies VALUES (?, ?, ?, ?)")
        try statement.execute(arguments: [
            StoreSchema.rowID(run: run, number: id.number), body.bytes.isEmpty ? nil : blob(body.bytes),
            body.totalBytes, body.sha256,
        ])
        state.bodyBytes += body.bytes.count
        guard let problem = body.problem else { return }
        // Its row was written with its last event, when it still looked well.
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
            try database.execute(sql: "DELETE FROM bodies WHERE id IN (\(oldest))")
            try database.execute(sql: "DELETE FROM exchanges WHERE id IN (\(oldest))")
            state.exchangeCount -= excess
            state.bodyBytes = try StoreWriter.bodyBytes(in: database)
        }
        while state.bodyBytes > limits.bodyBytes {
            // A hundred at a time: the sum is taken anew after each, since a body's size is known to its row alone.
            let oldest = "SELECT id FROM bodies WHERE bytes IS NOT NULL ORDER BY id LIMIT 100"
            try database.execute(sql: "UPDATE bodies SET bytes = NULL WHERE id IN (\(oldest))")
            state.bodyBytes = try StoreWriter.bodyBytes(in: database)
        }
    }

    static func bodyBytes(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT coalesce(sum(length(bytes)), 0) FROM bodies") ?? 0
    }
}

extension StoreWriter {
    private static let exchangeSQL =
        "INSERT OR REPLACE INTO exchanges VALUES (" + Array(repeating: "?", count: 42).joined(separator: ", ") + ")"

    /// The values of an exchange's row, in the order of the table.
    private func columns(of exchange: Exchange, _ json: inout JSONWriter) -> [(any DatabaseValueConvertible)?] {
        let start = exchange.startedAt
        var values: [(any DatabaseValueConvertible)?] = [
            StoreSchema.rowID(run: run, number: exchange.id.number), run, exchange.id.number,
        ]
        switch exchange.cause {
        case .typed: values += ["typed", nil]
        case .caught: values += ["caught", nil]
        case .replay(let original): values += ["replay", original.number]
        case .redirect(let origin): values += ["redirect", origin.number]
        }
        let draft = exchange.draft
        values += [
            draft.method.rawValue, draft.url.description, fieldsJSON(draft.fields, &json),
            draft.body.isEmpty ? nil : blob(draft.body), clock.unixNanoseconds(at: start),
            exchange.finishedAt.map { ($0 - start).nanoseconds }, exchange.outcome,
            exchange.failure?.phase?.rawValue, exchange.failure?.message, exchange.response?.status,
            exchange.response?.version, exchange.connection?.connection.number, exchange.connection?.isReused,
            exchange.connection?.use, exchange.timeToFirstByte?.nanoseconds, exchange.sentBytes, exchange.bodyBytes,
        ]
        func add(_ phase: Phase) {
            let span = exchange.phases[phase]
            values.append(span.map { ($0.start - start).nanoseconds })
            values.append(span.flatMap { span in span.end.map { ($0 - span.start).nanoseconds } })
        }
        for phase in Phase.allCases where phase != .tunnel { add(phase) }
        values += [
            exchange.sentHead.map { blob($0.bytes) }, exchange.response.map { blob($0.bytes) },
            eventsJSON(exchange, &json), exchange.droppedEvents,
        ]
        add(.tunnel)  // A later column.
        return values
    }

    private func eventsJSON(_ exchange: Exchange, _ json: inout JSONWriter) -> String {
        json.openArray()
        for record in exchange.events { json.write(record, since: exchange.startedAt) }
        json.closeArray()
        return json.takeText()
    }

    private func fieldsJSON(_ fields: HTTPFields, _ json: inout JSONWriter) -> String {
        json.openArray()
        for field in fields {
            json.openArray()
            json.value(field.name.rawName)
            json.value(field.value)
            json.closeArray()
        }
        json.closeArray()
        return json.takeText()
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

    private func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }
}
