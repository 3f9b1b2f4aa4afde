internal import GRDB
internal import GRDBSQLite

// GRDB takes a row as an array of boxed values, makes others of them and takes those apart again: with forty columns that
// is several times SQLite's own work. What is written by the million is handed to SQLite column by column instead: many
// rows a statement, whose beginning and end cost as much as a short row, and only what differs from the statement before.

/// Writes rows of one table. Bind all columns of a row in their order, then `endRow`.
struct RowWriter: ~Copyable {
    /// What a parameter holds since it was last bound.
    private enum Bound {
        case null
        case number(Int64)
        /// Of rows that were written: the bytes are gone.
        case bytes
    }

    /// A statement for one or more rows.
    private struct Prepared {
        let statement: Statement
        let handle: SQLiteStatement
        let bound: UnsafeMutablePointer<Bound>
        let parameterCount: Int
        /// How many are bound.
        var parameter = 0

        init(_ sql: String, in database: Database) throws {
            statement = try database.cachedStatement(sql: sql)
            handle = statement.sqliteStatement
            sqlite3_clear_bindings(handle)
            parameterCount = Int(sqlite3_bind_parameter_count(handle))
            bound = .allocate(capacity: parameterCount)
            bound.initialize(repeating: .null, count: parameterCount)
        }

        /// Writes the rows; the next ones' columns may be bound then.
        mutating func execute() throws {
            parameter = 0
            let code = sqlite3_step(handle)
            // Tells the step's failure once more.
            sqlite3_reset(handle)
            guard code == SQLITE_DONE else {
                let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
                throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
            }
        }
    }

    private let columns: Int
    /// For rows that are new.
    private var many: Prepared
    /// For the others, which replace what is there, and for what is left of the new ones.
    private var one: Prepared
    /// The rows' keys, in the order of writing.
    private let keys: [Int64]
    private var row = 0
    /// The highest key before the row at hand.
    private var highest: Int64
    private var newRowsForMany: Int
    private var isForMany = false
    /// Texts for `many`, where they are sure to stay until its rows are written.
    private let room: UnsafeMutableRawPointer
    private var roomUsed = 0

    /// So many a statement while there are as many.
    private static let manyRows = 16
    /// What most rows need; what doesn't fit is copied by SQLite, into memory of its own.
    private static let roomBytes = manyRows * 4_096

    /// - Parameters:
    ///   - columns: How many the table has, the first of which is its key.
    ///   - keys: Those of the rows that will be written, in that order, each once.
    ///   - highest: No row of the file that may be written has a higher key. Brought up to date.
    init(_ table: String, columns: Int, keys: [Int64], above highest: inout Int64, in database: Database) throws {
        self.columns = columns
        self.keys = keys
        self.highest = highest
        var newRows = 0
        for key in keys where key > highest {
            newRows += 1
            highest = key
        }
        newRowsForMany = newRows / Self.manyRows * Self.manyRows
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        let rows = Array(repeating: row, count: Self.manyRows).joined(separator: ", ")
        // FAIL: had it to undo the rows before the one that fails, which the transaction's end does anyway, SQLite would copy
        // each page before it is changed.
        let many = try Prepared("INSERT OR FAIL INTO \(table) VALUES \(rows)", in: database)
        let one = try Prepared("INSERT OR REPLACE INTO \(table) VALUES \(row)", in: database)
        (self.many, self.one) = (many, one)
        room = .allocate(byteCount: Self.roomBytes, alignment: 8)
        chooseStatement()
    }

    deinit {
        // The next one to use the statements finds no pointers into what goes here.
        for prepared in [many, one] {
            sqlite3_clear_bindings(prepared.handle)
            prepared.bound.deallocate()
        }
        room.deallocate()
    }

    private mutating func chooseStatement() {
        guard row < keys.count else { return }
        let isNew = keys[row] > highest
        isForMany = isNew && newRowsForMany > 0
        if isNew { highest = keys[row] }
        if isForMany { newRowsForMany -= 1 }
    }

    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// The next column's parameter.
    private mutating func next() -> (handle: SQLiteStatement, bound: UnsafeMutablePointer<Bound>, parameter: Int32) {
        func next(of prepared: inout Prepared) -> (SQLiteStatement, UnsafeMutablePointer<Bound>, Int32) {
            precondition(prepared.parameter < prepared.parameterCount, "more than \(columns) values")
            prepared.parameter += 1
            let bound = prepared.bound + (prepared.parameter - 1)
            return (prepared.handle, bound, Int32(truncatingIfNeeded: prepared.parameter))
        }
        return isForMany ? next(of: &many) : next(of: &one)
    }

    mutating func bindNull() {
        let (handle, bound, parameter) = next()
        if case .null = bound.pointee { return }
        bound.pointee = .null
        sqlite3_bind_null(handle, parameter)
    }

    mutating func bind(_ number: Int64) {
        let (handle, bound, parameter) = next()
        if case .number(number) = bound.pointee { return }
        bound.pointee = .number(number)
        sqlite3_bind_int64(handle, parameter, number)
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
        let (handle, bound, parameter) = next()
        bound.pointee = .bytes
        sqlite3_bind_text64(
            handle, parameter, start.assumingMemoryBound(to: CChar.self), UInt64(text.count), destructor,
            UInt8(SQLITE_UTF8))
    }

    /// Empty bytes are an empty blob, absent ones null.
    mutating func bind(_ bytes: [UInt8]?) {
        guard let bytes else { return bindNull() }
        bytes.withUnsafeBytes { bytes in
            let (start, destructor) = keep(bytes)
            let (handle, bound, parameter) = next()
            bound.pointee = .bytes
            sqlite3_bind_blob64(handle, parameter, start, UInt64(bytes.count), destructor)
        }
    }

    /// Copies bytes to where they stay until they are written; where there is no room for them, SQLite is to do so. Never nil,
    /// which would be null.
    private mutating func keep(_ bytes: UnsafeRawBufferPointer) -> (UnsafeRawPointer, sqlite3_destructor_type?) {
        let place = room + roomUsed
        guard let start = bytes.baseAddress else { return (UnsafeRawPointer(place), nil) }
        guard isForMany, bytes.count <= Self.roomBytes - roomUsed else { return (start, Self.copied) }
        roomUsed += bytes.count
        place.copyMemory(from: start, byteCount: bytes.count)
        return (UnsafeRawPointer(place), nil)
    }

    /// Ends a row. Some are written with those after them; the last ends all.
    mutating func endRow() throws {
        row += 1
        if !isForMany {
            precondition(one.parameter == columns, "\(one.parameter) of \(columns) values")
            try one.execute()
        } else if many.parameter == many.parameterCount {
            try many.execute()
            roomUsed = 0
        } else {
            precondition(many.parameter.isMultiple(of: columns), "some of \(columns) values are missing")
        }
        chooseStatement()
    }
}
