internal import GRDB
internal import GRDBSQLite
internal import HTTPTrace

// A load sends the same body ten thousand times. Its rows share one row of another table, which is named after the first
// exchange that sent it: written anew, that exchange finds its own body there, and no body is left that nobody names.

/// Large bodies of requests that were written lately.
struct SharedRequestBodies: Sendable {
    private struct Body: Sendable {
        let bytes: [UInt8]
        let id: Int64
        /// Whether it is known to be in the file. Of a batch before nobody knows: room may have been made since.
        var isThere = false
    }

    /// Oldest first.
    private var latest: [Body] = []
    /// Bytes that this batch added to the file.
    private(set) var writtenBytes = 0
    /// A larger one is not written: it would have to make room for itself, and again with each batch that sends it.
    private let mostBytes: Int

    /// Shorter ones stay in their rows, where any tool finds them at once.
    static let leastBytes = 4_096
    /// As many as a load takes turns with.
    private static let limit = 16

    init(mostBytes: Int) { self.mostBytes = mostBytes }

    /// Call it first in each transaction.
    mutating func beginBatch() {
        writtenBytes = 0
        for place in latest.indices { latest[place].isThere = false }
    }

    /// The row of `request_bodies` that holds a body, which is written where it is not there. A number of which there is no
    /// row stands for a body that was left out, or made room.
    ///
    /// - Parameter row: The exchange's.
    mutating func id(of bytes: [UInt8], sentBy row: Int64, in database: Database) throws -> Int64 {
        guard bytes.count <= mostBytes else { return row }
        let place = latest.lastIndex { $0.bytes.isSame(as: bytes) } ?? remember(bytes, sentBy: row)
        if !latest[place].isThere {
            if try Self.write(bytes, as: latest[place].id, to: database) { writtenBytes += bytes.count }
            latest[place].isThere = true
        }
        return latest[place].id
    }

    private mutating func remember(_ bytes: [UInt8], sentBy row: Int64) -> Int {
        if latest.count == Self.limit { latest.removeFirst() }
        latest.append(Body(bytes: bytes, id: row))
        return latest.count - 1
    }

    // By SQLite's own calls, as in `RowWriter`: nothing is copied.
    /// - Returns: Whether it was not there.
    private static func write(_ bytes: [UInt8], as id: Int64, to database: Database) throws -> Bool {
        let statement = try database.cachedStatement(sql: "INSERT OR IGNORE INTO request_bodies VALUES (?, ?)")
        let handle = statement.sqliteStatement
        let code = bytes.withUnsafeBytes { bytes in
            sqlite3_bind_int64(handle, 1, id)
            sqlite3_bind_blob64(handle, 2, bytes.baseAddress, UInt64(bytes.count), nil)
            return sqlite3_step(handle)
        }
        let isNew = sqlite3_changes(sqlite3_db_handle(handle)) > 0
        // Tells the step's failure once more.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        guard code == SQLITE_DONE else {
            let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
        return isNew
    }

    /// Bodies that these exchanges sent.
    ///
    /// - Parameter exchanges: A query for their rows.
    static func ids(of exchanges: String, in database: Database) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT DISTINCT request_body_id FROM exchanges
                WHERE request_body_id IS NOT NULL AND id IN (\(exchanges))
                """)
    }

    /// Removes those of these bodies that no exchange names any more.
    ///
    /// - Returns: How many bytes they had.
    static func removeUnused(_ ids: [Int64], in database: Database) throws -> Int {
        var removed = 0
        for id in ids {
            let unused = """
                SELECT length(bytes) FROM request_bodies
                WHERE id = ? AND NOT EXISTS (SELECT 1 FROM exchanges WHERE request_body_id = request_bodies.id)
                """
            guard let count = try Int.fetchOne(database, sql: unused, arguments: [id]) else { continue }
            try remove(id, in: database)
            removed += count
        }
        return removed
    }

    static func remove(_ id: Int64, in database: Database) throws {
        try database.execute(sql: "DELETE FROM request_bodies WHERE id = ?", arguments: [id])
    }

    /// A body in the file, with the latest exchange that sent it.
    struct Stored {
        let id, latestSender: Int64
        let count: Int
    }

    /// All that are there, those first that were not sent for the longest time.
    static func stored(in database: Database) throws -> [Stored] {
        let sql = """
            SELECT id, (SELECT coalesce(max(id), 0) FROM exchanges WHERE request_body_id = request_bodies.id) AS latest,
                length(bytes)
            FROM request_bodies ORDER BY latest
            """
        return try Row.fetchAll(database, sql: sql).map { Stored(id: $0[0], latestSender: $0[1], count: $0[2]) }
    }
}
