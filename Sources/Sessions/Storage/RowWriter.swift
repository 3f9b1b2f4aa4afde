internal import GRDB
internal import GRDBSQLite

// GRDB takes a row as an array of boxed values, makes others of them and takes those apart again: with forty columns that
// is several times SQLite's own work. What is written by the million is handed to SQLite column by column instead: many
// rows a statement, whose beginning and end cost as much as a short row, and only what differs from the statement before.

/// Writes rows of one table, replacing those with the same key. Bind all columns of a row in their order, then `endRow`.
struct RowWriter: ~Copyable {
    /// What a parameter holds since it was last bound.
    private enum Bound {
        case null
        case number(Int64)
        /// Of rows that were written: the bytes are gone.
        case bytes
    }

    /// A statement for some rows.
    private struct Prepared {
        let statement: Statement
        let handle: SQLiteStatement
        let bound: UnsafeMutablePointer<Bound>
        let parameterCount: Int

        init(_ sql: String, in database: Database) throws {
            statement = try database.cachedStatement(sql: sql)
            handle = statement.sqliteStatement
            sqlite3_clear_bindings(handle)
            parameterCount = Int(sqlite3_bind_parameter_count(handle))
            bound = .allocate(capacity: parameterCount)
            bound.initialize(repeating: .null, count: parameterCount)
        }
    }

    private let many, one: Prepared
    private var current: Prepared
    private var parameter = 0
    private let columns: Int
    private var rowsLeft: Int
    private var rowEnd: Int
    /// Texts of the rows at hand, where they are sure to stay until these are written.
    private let room: UnsafeMutableRawPointer
    private var roomUsed = 0

    /// So many a statement while there are as many.
    private static let manyRows = 16
    /// What most rows need; what doesn't fit is copied by SQLite, into memory of its own.
    private static let roomBytes = manyRows * 4_096

    /// - Parameters:
    ///   - columns: How many the table has.
    ///   - rows: How many will be written.
    init(_ table: String, columns: Int, rows: Int, in database: Database) throws {
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        func prepared(_ rows: Int) throws -> Prepared {
            let rows = Array(repeating: row, count: rows).joined(separator: ", ")
            return try Prepared("INSERT OR REPLACE INTO \(table) VALUES \(rows)", in: database)
        }
        let one = try prepared(1)
        let many = rows < Self.manyRows ? one : try prepared(Self.manyRows)
        self.one = one
        self.many = many
        current = many
        self.columns = columns
        rowsLeft = rows
        rowEnd = columns
        room = .allocate(byteCount: Self.roomBytes, alignment: 8)
    }

    deinit {
        // The next one to use the statements finds no pointers into what goes here.
        sqlite3_clear_bindings(one.handle)
        sqlite3_clear_bindings(many.handle)
        if many.bound != one.bound { many.bound.deallocate() }
        one.bound.deallocate()
        room.deallocate()
    }

    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private mutating func next() -> Int32 {
        precondition(parameter < rowEnd, "more than \(columns) values")
        parameter += 1
        return Int32(truncatingIfNeeded: parameter)
    }

    mutating func bindNull() {
        let parameter = next()
        if case .null = current.bound[Int(parameter) - 1] { return }
        current.bound[Int(parameter) - 1] = .null
        sqlite3_bind_null(current.handle, parameter)
    }

    mutating func bind(_ number: Int64) {
        let parameter = next()
        if case .number(number) = current.bound[Int(parameter) - 1] { return }
        current.bound[Int(parameter) - 1] = .number(number)
        sqlite3_bind_int64(current.handle, parameter, number)
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
        let (start, destructor) = keep(text)
        let parameter = next()
        current.bound[Int(parameter) - 1] = .bytes
        sqlite3_bind_text64(
            current.handle, parameter, start.assumingMemoryBound(to: CChar.self), UInt64(text.count), destructor,
            UInt8(SQLITE_UTF8))
    }

    /// Empty bytes are an empty blob, absent ones null.
    mutating func bind(_ bytes: [UInt8]?) {
        guard let bytes else { return bindNull() }
        bytes.withUnsafeBytes { bytes in
            let (start, destructor) = keep(bytes)
            let parameter = next()
            current.bound[Int(parameter) - 1] = .bytes
            sqlite3_bind_blob64(current.handle, parameter, start, UInt64(bytes.count), destructor)
        }
    }

    /// Copies bytes to where they stay until the rows at hand are written; where there is no room for them, SQLite is to do
    /// so. Never nil, which would be null.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> (UnsafeRawPointer, sqlite3_destructor_type?) {
        guard bytes.count <= Self.roomBytes - roomUsed else { return (bytes.baseAddress!, Self.copied) }
        let place = room + roomUsed
        roomUsed += bytes.count
        if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
        return (UnsafeRawPointer(place), nil)
    }

    /// Ends a row, and writes those at hand when they are as many as the statement takes, or the last.
    mutating func endRow() throws {
        precondition(parameter == rowEnd && rowsLeft > 0, "\(parameter) of \(rowEnd) values, \(rowsLeft) rows to come")
        guard parameter == current.parameterCount else { return rowEnd += columns }
        rowsLeft -= parameter / columns
        parameter = 0
        rowEnd = columns
        roomUsed = 0
        let handle = current.handle
        let code = sqlite3_step(handle)
        // Tells the step's failure once more.
        sqlite3_reset(handle)
        guard code == SQLITE_DONE else {
            let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
        if rowsLeft < Self.manyRows { current = one }
    }
}
