internal import GRDB
internal import GRDBSQLite

// GRDB takes a row as an array of boxed values, makes others of them and takes those apart again: with forty columns that
// is several times SQLite's own work. What is written by the million is handed to SQLite column by column instead, and of
// the columns only those that differ from the row before: in a load, half of them are what they were.

/// A statement that writes one row after another. Bind all columns of a row in their order, then `execute`.
struct RowStatement: ~Copyable {
    /// What a column holds since it was last bound.
    private enum Bound {
        case null
        case number(Int64)
        /// Of a row that was written: the bytes are gone.
        case bytes
    }

    private let statement: Statement
    private let handle: SQLiteStatement
    private let columnCount: Int
    private let bound: UnsafeMutablePointer<Bound>
    private var column = 0
    /// Texts of the row at hand, where they are sure to stay until it is written.
    private let room: UnsafeMutableRawPointer
    private var roomUsed = 0

    /// Heads and URLs of most rows fit; what doesn't is copied by SQLite, into memory of its own.
    private static let roomBytes = 16_384

    /// - Parameter sql: With as many `?` as columns.
    init(_ sql: String, in database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        sqlite3_clear_bindings(handle)
        columnCount = Int(sqlite3_bind_parameter_count(handle))
        bound = .allocate(capacity: columnCount)
        bound.initialize(repeating: .null, count: columnCount)
        room = .allocate(byteCount: Self.roomBytes, alignment: 8)
    }

    deinit {
        // The next one to use the statement finds no pointers into what goes here.
        sqlite3_clear_bindings(handle)
        bound.deallocate()
        room.deallocate()
    }

    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private mutating func next() -> Int32 {
        precondition(column < columnCount, "more than \(columnCount) values")
        column += 1
        return Int32(truncatingIfNeeded: column)
    }

    mutating func bindNull() {
        let column = next()
        if case .null = bound[Int(column) - 1] { return }
        bound[Int(column) - 1] = .null
        sqlite3_bind_null(handle, column)
    }

    mutating func bind(_ number: Int64) {
        let column = next()
        if case .number(number) = bound[Int(column) - 1] { return }
        bound[Int(column) - 1] = .number(number)
        sqlite3_bind_int64(handle, column, number)
    }

    mutating func bind(_ number: Int64?) { if let number { bind(number) } else { bindNull() } }

    mutating func bind(_ number: Int?) { if let number { bind(Int64(number)) } else { bindNull() } }

    mutating func bind(_ flag: Bool?) { if let flag { bind(flag ? 1 : 0 as Int64) } else { bindNull() } }

    mutating func bind(_ text: String?) {
        guard var text else { return bindNull() }
        text.withUTF8 { bind(text: UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter text: UTF-8. May go as soon as this returns.
    mutating func bind(text: UnsafeRawBufferPointer) {
        if let kept = keep(text) { return bind(staying: kept) }
        let column = next()
        bound[Int(column) - 1] = .bytes
        let start = text.baseAddress?.assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text64(handle, column, start, UInt64(text.count), Self.copied, UInt8(SQLITE_UTF8))
    }

    /// - Parameter text: UTF-8 that stays where it is until the row is written.
    mutating func bind(staying text: UnsafeRawBufferPointer) {
        let column = next()
        bound[Int(column) - 1] = .bytes
        // Without an address it would be null.
        let start = (text.baseAddress ?? UnsafeRawPointer(room)).assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text64(handle, column, start, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
    }

    /// Empty bytes are an empty blob, absent ones null.
    mutating func bind(_ bytes: [UInt8]?) {
        guard let bytes else { return bindNull() }
        bytes.withUnsafeBytes { bytes in
            let kept = keep(bytes)
            let column = next()
            bound[Int(column) - 1] = .bytes
            sqlite3_bind_blob64(
                handle, column, (kept ?? bytes).baseAddress, UInt64(bytes.count), kept == nil ? Self.copied : nil)
        }
    }

    /// Copies bytes to where they stay for this row; nil when there is no room for them.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.count <= Self.roomBytes - roomUsed else { return nil }
        let place = room + roomUsed
        roomUsed += bytes.count
        if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
        return UnsafeRawBufferPointer(start: place, count: bytes.count)
    }

    /// Writes the row; the next one's columns may be bound then.
    mutating func execute() throws {
        assert(column == columnCount, "\(column) values for \(statement.sql)")
        column = 0
        roomUsed = 0
        let code = sqlite3_step(handle)
        // Tells the step's failure once more.
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else {
            let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }
}
