internal import GRDB
internal import GRDBSQLite

// GRDB takes a row as an array of boxed values, makes others of them and takes those apart again: with forty columns that
// is several times SQLite's own work. What is written by the million is handed to SQLite column by column instead.

/// A statement that writes one row after another. Bind all columns of a row in their order, then `execute`.
struct RowStatement {
    private let statement: Statement
    private var column: Int32 = 0

    /// - Parameter sql: With as many `?` as columns.
    init(_ sql: String, in database: Database) throws { statement = try database.cachedStatement(sql: sql) }

    // What is bound is copied: it may go before the row is written.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private mutating func next() -> Int32 {
        column += 1
        return column
    }

    mutating func bindNull() { sqlite3_bind_null(statement.sqliteStatement, next()) }

    mutating func bind(_ number: Int64?) {
        guard let number else { return bindNull() }
        sqlite3_bind_int64(statement.sqliteStatement, next(), number)
    }

    mutating func bind(_ number: Int?) { bind(number.map { Int64($0) }) }

    mutating func bind(_ flag: Bool?) { bind(flag.map { $0 ? 1 : 0 }) }

    mutating func bind(_ text: String?) {
        guard var text else { return bindNull() }
        text.withUTF8 { bind(text: UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter text: UTF-8.
    mutating func bind(text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress?.assumingMemoryBound(to: CChar.self) else {
            // Without an address it would be null.
            sqlite3_bind_text(statement.sqliteStatement, next(), "", 0, Self.copied)
            return
        }
        sqlite3_bind_text64(
            statement.sqliteStatement, next(), start, UInt64(text.count), Self.copied, UInt8(SQLITE_UTF8))
    }

    /// Empty bytes are an empty blob, absent ones null.
    mutating func bind(_ bytes: [UInt8]?) {
        guard let bytes else { return bindNull() }
        // Without an address they would be null.
        guard !bytes.isEmpty else {
            sqlite3_bind_zeroblob(statement.sqliteStatement, next(), 0)
            return
        }
        let count = UInt64(bytes.count)
        _ = bytes.withUnsafeBytes {
            sqlite3_bind_blob64(statement.sqliteStatement, next(), $0.baseAddress, count, Self.copied)
        }
    }

    /// Writes the row; the next one's columns may be bound then.
    mutating func execute() throws {
        let statement = statement.sqliteStatement
        assert(column == sqlite3_bind_parameter_count(statement), "\(column) values for \(self.statement.sql)")
        column = 0
        let code = sqlite3_step(statement)
        // Tells the step's failure once more.
        sqlite3_reset(statement)
        guard code == SQLITE_DONE else {
            let message = sqlite3_errmsg(sqlite3_db_handle(statement)).map { String(cString: $0) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }
}
