internal import GRDB

// Tables that any SQLite tool reads without us:
//
//   runs ─┬─ exchanges ─┬─ bodies
//         │             └─ request_bodies
//         └─ connections
//
// Times: *_unix_ns are dates; *_start_ns and *_ns count from the exchange's start. Null: did not happen, or not yet.
// A row's id is run × 2³² + number, so rows are only ever added at the end, and the two are in it.

enum StoreSchema {
    // "rtrp": lets file(1) and others tell whose database it is.
    static let applicationID = 0x7274_7270

    /// Rows of one run lie side by side.
    static func rowID(run: Int64, number: Int) -> Int64 { run << 32 | Int64(number) }

    /// A change of the tables is a new step; one that was published stays as it is.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: firstTables)
        }
        migrator.registerMigration("proxies") { database in
            try database.execute(sql: proxyColumns)
        }
        migrator.registerMigration("request bodies") { database in
            try database.execute(sql: requestBodies)
        }
        return migrator
    }

    // Text instead of GRDB's builder: what stands here is what `.schema` shows.
    private static let firstTables = """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            started_unix_ns INTEGER NOT NULL,
            -- The same moment on the monotonic clock of that boot.
            started_clock_ns INTEGER NOT NULL,
            -- Null when it did not end in order.
            ended_unix_ns INTEGER
        );
        CREATE TABLE exchanges (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            number INTEGER NOT NULL,
            -- typed, replay, redirect; and of which number.
            cause TEXT NOT NULL,
            cause_number INTEGER,
            method TEXT NOT NULL,
            url TEXT NOT NULL,
            -- [[name, value], ...] as asked for; the body as sent.
            request_fields TEXT NOT NULL,
            request_body BLOB,
            started_unix_ns INTEGER NOT NULL,
            -- Null while it runs, or ran when the program was killed.
            total_ns INTEGER,
            -- ok, error:dns, ...
            outcome TEXT,
            error_phase TEXT,
            error_message TEXT,
            status INTEGER,
            http_version TEXT,
            connection INTEGER,
            is_reused INTEGER,
            connection_use INTEGER,
            first_byte_ns INTEGER,
            sent_bytes INTEGER NOT NULL,
            body_bytes INTEGER NOT NULL,
            queued_start_ns INTEGER, queued_ns INTEGER,
            dns_start_ns INTEGER, dns_ns INTEGER,
            connect_start_ns INTEGER, connect_ns INTEGER,
            tls_start_ns INTEGER, tls_ns INTEGER,
            send_start_ns INTEGER, send_ns INTEGER,
            wait_start_ns INTEGER, wait_ns INTEGER,
            receive_start_ns INTEGER, receive_ns INTEGER,
            sent_head BLOB,
            response_head BLOB,
            -- JSON: [{"t": nanoseconds since the exchange's start, "ev": name, ...}, ...], with "conn" where it is not the
            -- row's connection.
            events TEXT NOT NULL,
            dropped_events INTEGER NOT NULL
        );
        CREATE TABLE bodies (
            id INTEGER PRIMARY KEY,
            -- The beginning, as far as it was kept; null when nothing was.
            bytes BLOB,
            total_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL
        );
        CREATE TABLE connections (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            number INTEGER NOT NULL,
            origin TEXT NOT NULL,
            -- dialing, busy, idle, closed, failed
            state TEXT NOT NULL,
            reason TEXT,
            dialed_unix_ns INTEGER NOT NULL,
            opened_unix_ns INTEGER,
            closed_unix_ns INTEGER,
            local TEXT,
            remote TEXT,
            protocol TEXT,
            tls_version TEXT,
            tls_cipher TEXT,
            uses INTEGER NOT NULL
        );
        """

    private static let proxyColumns = """
        ALTER TABLE exchanges ADD COLUMN tunnel_start_ns INTEGER;
        ALTER TABLE exchanges ADD COLUMN tunnel_ns INTEGER;
        -- Null where the origin is reached directly; "origin" is the proxy's where that makes the requests.
        ALTER TABLE connections ADD COLUMN proxy TEXT;
        """

    // A body of more than 4 KiB, once for all rows that sent it.
    private static let requestBodies = """
        CREATE TABLE request_bodies (
            -- Of the first exchange that sent it; that one may be gone.
            id INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL
        );
        -- Null where the body is in request_body, or there is none.
        ALTER TABLE exchanges ADD COLUMN request_body_id INTEGER;
        CREATE INDEX exchanges_by_request_body ON exchanges (request_body_id) WHERE request_body_id IS NOT NULL;
        """
}
