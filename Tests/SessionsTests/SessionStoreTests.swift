import Foundation
import HTTPTrace
import HTTPTypes
import TestSupport
import Testing

@testable import Sessions

@Suite("Session store")
final class SessionStoreTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
    private var path: String { folder + "/session.db" }
    private let clock = ClockAnchor(monotonic: .zero, unixNanoseconds: 1_800_000_000_000_000_000)

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Asks the file by a tool that knows nothing of us: Python's own SQLite.
    private func rows(_ sql: String, of path: String? = nil) throws -> String {
        let script = """
            import sqlite3, sys
            for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*row, sep="|")
            """
        let python = ProcessInfo.processInfo.environment["ROUNDTRIP_TEST_PYTHON"] ?? "python3"
        let outcome = try ProgramRun.outcome(of: [python, "-c", script, path ?? self.path, sql])
        #expect(outcome.ending == .exited(0), "python3 with sqlite3 reads the file: \(outcome.error)")
        return outcome.output
    }

    private static func record(_ story: Story, into store: SessionStore) {
        store.begin(Story.draft(), as: story.exchange, at: story.records[0].time)
        store.apply(story.records)
    }

    @Test func `an exchange is a row that any SQLite tool reads`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        Self.record(.cold(1), into: store)
        store.keep(BodyCapture(bytes: [104, 105], totalBytes: 9, sha256: "ff"), of: ExchangeID(1))
        await store.flush()
        #expect(store.status == .recording)
        #expect(
            try rows(
                """
                SELECT run, number, method, url, outcome, status, total_ns, dns_start_ns, dns_ns, tls_ns, wait_ns,
                    connection, is_reused, started_unix_ns FROM exchanges
                """)
                == "1|1|GET|http://example.com/|ok|200|100000000|1000000|9000000|None|39000000|1|0|1800000000000000000\n"
        )
        #expect(try rows("SELECT total_bytes, sha256, length(bytes) FROM bodies") == "9|ff|2\n")
        #expect(
            try rows(
                "SELECT group_concat(json_extract(value, '$.ev'), ' ') FROM exchanges, json_each(exchanges.events)")
                == "requestStarted getConn queued dnsStart dnsDone connectStart connectDone dequeued gotConn wroteHeaders "
                + "wroteRequest flushed gotFirstResponseByte responseHead bodyBytes bodyEnded putIdleConn requestFinished\n"
        )
        await store.close()
        #expect(store.status == .closed)
        #expect(try rows("SELECT ended_unix_ns > 0 FROM runs") == "1\n")
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    }

    @Test func `what was handed over is on disk within a quarter of a second, unasked`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        Self.record(.cold(1), into: store)
        // Generous: the machine may be busy. That it comes without flush() is the point.
        for _ in 0..<100 where try rows("SELECT count(*) FROM exchanges") == "0\n" {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try rows("SELECT count(*) FROM exchanges") == "1\n")
        await store.close()
    }

    @Test func `a running exchange is a row too, and becomes the finished one`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        let story = Story.cold(1)
        store.begin(Story.draft(), as: story.exchange, at: .zero)
        store.apply(Array(story.records.prefix(6)))
        await store.flush()
        #expect(
            try rows("SELECT outcome, total_ns, connect_start_ns, connect_ns FROM exchanges")
                == "None|None|10000000|None\n")
        store.apply(Array(story.records.dropFirst(6)))
        await store.flush()
        #expect(try rows("SELECT outcome, total_ns, connect_ns FROM exchanges") == "ok|100000000|20000000\n")
        await store.close()
    }

    /// Exchanges of all kinds: cold, warm, encrypted, retried, failed, and one that still runs.
    ///
    /// - Parameter first: The number of the first.
    private static func kinds(from first: Int) -> [Story] {
        var retried = Story.cold(first + 3, from: 300)
        let ending = retried.records.removeLast()
        retried.records.append(
            TraceRecord(
                time: ending.time, exchange: retried.exchange, connection: nil,
                event: .attemptRetried(Failure(.reset, "connection reset"), number: 2)))
        retried.at(420, .getConn(hostPort: "example.com:80"), got(2, reused: true), sent, .flushed(bytes: 38))
        retried.at(430, .gotFirstResponseByte, .responseHead(head(204)), .requestFinished(nil))
        var failed = Story(first + 4, from: 500)
        failed.at(500, started, .getConn(hostPort: "example.com:80"), .queued(.hostLimit(6), position: 3))
        failed.at(501, .connectStart(attempt: 1, ip6))
        failed.at(510, .connectDone(attempt: 1, ip6, refused), .requestFinished(refused))
        var running = Story.cold(first + 5, from: 600)
        running.records.removeLast(6)
        return [
            .cold(first), .warm(first + 1, from: 100), .cold(first + 2, from: 200, tls: true), retried, failed, running,
        ]
    }

    // Eight of each kind at a time, so that a commit has rows for statements of many and of one, new ones and others.
    @Test(arguments: [3, 40, 200, 400])
    func `an exchange that was handed over as it ended is the row that its records make`(size: Int) async throws {
        let stories = (0..<8).flatMap { Self.kinds(from: 1 + 6 * $0) }
        let records = stories.flatMap(\.records).sorted { $0.time < $1.time }
        var tables: [String] = []
        for isHandedOver in [false, true] {
            let path = folder + "/\(isHandedOver).db"
            let store = try await SessionStore.open(path: path, clock: clock)
            var session = Session(clock: clock)
            for story in stories {
                session.begin(Story.draft(), as: story.exchange, at: story.records[0].time)
                store.begin(Story.draft(), as: story.exchange, at: story.records[0].time)
            }
            // In parts, with a commit after every other: some end in the part in which they began, some much later.
            for (number, start) in stride(from: 0, to: records.count, by: size).enumerated() {
                let part = Array(records[start..<min(start + size, records.count)])
                store.apply(part)
                session.apply(part)
                let ended = part.compactMap { record -> ExchangeID? in
                    if case .requestFinished = record.event { record.exchange } else { nil }
                }
                if isHandedOver { store.end(ended.map { session[$0]! }) }
                if number.isMultiple(of: 2) { await store.flush() }
            }
            await store.close()
            tables.append(try rows("SELECT * FROM exchanges ORDER BY id", of: path))
        }
        #expect(tables[0] == tables[1])
        #expect(tables[0].split(separator: "\n").count == 48)
    }

    @Test func `what is heard of an exchange after it was handed over is in its row as well`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        let story = Story.warm(1)
        Self.record(story, into: store)
        store.end([story.exchange()])
        // Of a dial that another connection made needless.
        let late = TraceRecord(
            time: .seconds(1), exchange: story.exchange, connection: ConnectionID(9),
            event: .connectDone(attempt: 1, ip4, cancelled))
        store.apply([late])
        await store.flush()
        let last = "json_extract(events, '$[' || (json_array_length(events) - 1) || '].ev')"
        #expect(try rows("SELECT outcome, total_ns, \(last) FROM exchanges") == "ok|50000000|connectDone\n")
        // What is in the file as it ended stays so.
        store.apply([late])
        store.end([story.exchange()])
        await store.close()
        #expect(try rows("SELECT count(*), json_array_length(events) FROM exchanges") == "1|11\n")
    }

    @Test func `an exchange of which the file knows no beginning is no row`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        Self.record(.warm(1), into: store)
        store.end([Story.warm(1).exchange(), Story.warm(2).exchange(), Story.warm(-3).exchange()])
        await store.close()
        #expect(try rows("SELECT number FROM exchanges") == "1\n")
    }

    @Test func `handing over nothing keeps nothing back`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        store.apply([])
        await store.flush()
        Self.record(.cold(1), into: store)
        // Unasked, as above.
        for _ in 0..<100 where try rows("SELECT count(*) FROM exchanges") == "0\n" {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try rows("SELECT count(*) FROM exchanges") == "1\n")
        await store.close()
    }

    @Test func `texts of any size and bytes of any kind come back as they were`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        let long = String(repeating: "ü", count: 20_000)
        for (number, target) in ["/", "/" + long, "/short"].enumerated() {
            var draft = Story.draft()
            draft.url.target = target
            draft.fields[.accept] = number == 1 ? long : nil
            draft.body = number == 2 ? [0, 255, 10] : []
            store.begin(draft, as: ExchangeID(number + 1), at: .zero)
        }
        await store.close()
        #expect(
            try rows("SELECT length(url), length(request_fields), hex(request_body) FROM exchanges ORDER BY id")
                == "19|2|\n20019|20015|\n24|2|00FF0A\n")
    }

    // More than two statements' worth of them, and some with more text than is kept beside a statement.
    @Test func `many rows of one batch are written each as it is`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        let long = String(repeating: "ü", count: 20_000)
        var expected = ""
        for number in 1...37 {
            var draft = Story.draft()
            draft.url.target = "/\(number)" + (number % 3 == 0 ? long : "")
            draft.fields[.accept] = number % 4 == 0 ? "a\(number)" : nil
            draft.body = number % 5 == 0 ? [UInt8(number)] : []
            store.begin(draft, as: ExchangeID(number), at: .milliseconds(Double(number)))
            let bytes = number % 3 == 1 ? [] : [UInt8(number)]
            store.keep(
                BodyCapture(bytes: bytes, totalBytes: number, sha256: "s\(number)"), of: ExchangeID(number))
            expected += "\(number)|\(number)000000|/\(number)|\(number % 3 == 0 ? long.count : 0)|"
            expected += (number % 4 == 0 ? #"[["Accept","a\#(number)"]]"# : "[]") + "|"
            expected += draft.body.isEmpty ? "None|" : "\(number)|"
            expected += (bytes.isEmpty ? "None" : "\(number)") + "|\(number)|s\(number)\n"
        }
        await store.close()
        #expect(
            try rows(
                """
                SELECT number, started_unix_ns - 1800000000000000000, replace(substr(url, 19), 'ü', ''),
                    length(url) - length(replace(url, 'ü', '')), request_fields,
                    iif(request_body IS NULL, NULL, unicode(CAST(request_body AS TEXT))),
                    iif(bytes IS NULL, NULL, unicode(CAST(bytes AS TEXT))), total_bytes, sha256
                FROM exchanges JOIN bodies USING (id) ORDER BY number
                """) == expected)
    }

    @Test func `of two bodies of one exchange the later one is kept, in one batch or two`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        for round in 1...3 {
            for number in 1...20 {
                store.keep(BodyCapture(bytes: [], totalBytes: round, sha256: "\(number)"), of: ExchangeID(number))
            }
            if round == 2 { await store.flush() }
        }
        await store.close()
        #expect(store.status == .closed)
        #expect(try rows("SELECT count(*), sum(total_bytes) FROM bodies") == "20|60\n")
    }

    @Test func `the files of a killed program open, with all that was committed`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        for number in 1...50 { Self.record(.cold(number), into: store) }
        await store.flush()
        // What kill -9 leaves: the files as they are, the log not yet merged.
        let copy = folder + "/killed.db"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        let again = try await SessionStore.open(path: copy, clock: clock)
        #expect(try rows("SELECT count(*), sum(outcome = 'ok') FROM exchanges", of: copy) == "50|50\n")
        Self.record(.cold(1), into: again)
        await again.close()
        #expect(try rows("SELECT run, count(*) FROM exchanges GROUP BY run", of: copy) == "1|50\n2|1\n")
        #expect(try rows("SELECT id, ended_unix_ns IS NULL FROM runs", of: copy) == "1|1\n2|0\n")
        #expect(try rows("PRAGMA integrity_check", of: copy) == "ok\n")
        await store.close()
    }

    @Test func `a torn log loses its tail and nothing else`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        Self.record(.cold(1), into: store)
        await store.flush()
        Self.record(.cold(2), into: store)
        await store.flush()
        let copy = folder + "/torn.db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        try log.dropLast(100).write(to: URL(fileURLWithPath: copy + "-wal"))
        let again = try await SessionStore.open(path: copy, clock: clock)
        #expect(try rows("SELECT count(*) FROM exchanges", of: copy) == "1\n")
        await again.close()
        await store.close()
    }

    @Test func `a full disk stops the recording with a sentence, and what was written stays`() async throws {
        var limits = SessionStore.Limits()
        limits.pages = 15
        let store = try await SessionStore.open(path: path, clock: clock, limits: limits)
        Self.record(.cold(1), into: store)
        await store.flush()
        #expect(store.status == .recording)
        for number in 2...500 { Self.record(.cold(number), into: store) }
        await store.flush()
        let problem = StoreProblem(call: "commit", path: path, message: "database or disk is full")
        #expect(store.status == .stopped(problem))
        #expect(problem.description == "commit \(path): database or disk is full")
        // The program goes on and may go on handing over.
        Self.record(.cold(501), into: store)
        await store.flush()
        await store.close()
        #expect(store.status == .stopped(problem))
        #expect(try rows("SELECT count(*) FROM exchanges") == "1\n")
        #expect(try rows("PRAGMA integrity_check") == "ok\n")
    }

    @Test func `a file that is none of ours, or out of reach, is refused by name`() async throws {
        try Data("not a database, but long enough to be taken for one".utf8).write(to: URL(fileURLWithPath: path))
        await #expect(throws: StoreProblem(call: "open", path: path, message: "file is not a database")) {
            _ = try await SessionStore.open(path: path, clock: clock)
        }
        let nowhere = "/nonexistent/session.db"
        await #expect(
            throws: StoreProblem(call: "open", path: nowhere, message: "No such file or directory")
        ) { _ = try await SessionStore.open(path: nowhere, clock: clock) }
    }

    @Test func `another program's database is refused, and stays as it was`() async throws {
        #expect(try rows("CREATE TABLE mine (x)") == "")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let problem = StoreProblem(call: "open", path: path, message: "the database of another program")
        await #expect(throws: problem) { _ = try await SessionStore.open(path: path, clock: clock) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o644)
    }

    @Test func `the files are readable for their owner alone`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        Self.record(.cold(1), into: store)
        await store.flush()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await store.close()
    }

    @Test func `two programs may record into one file, each its own run`() async throws {
        let stores = [
            try await SessionStore.open(path: path, clock: clock),
            try await SessionStore.open(path: path, clock: clock),
        ]
        await withTaskGroup { group in
            for store in stores {
                group.addTask {
                    for number in 1...20 {
                        Self.record(.cold(number), into: store)
                        await store.flush()
                    }
                }
            }
        }
        for store in stores {
            #expect(store.status == .recording)
            await store.close()
        }
        #expect(try rows("SELECT run, count(*) FROM exchanges GROUP BY run") == "1|20\n2|20\n")
    }

    @Test func `the oldest exchanges and bodies make room`() async throws {
        var limits = SessionStore.Limits()
        limits.exchanges = 10
        limits.bodyBytes = 50
        let store = try await SessionStore.open(path: path, clock: clock, limits: limits)
        for number in 1...25 {
            Self.record(.cold(number), into: store)
            store.keep(
                BodyCapture(bytes: Array(repeating: 1, count: 4), totalBytes: 4, sha256: ""), of: ExchangeID(number))
            if number % 5 == 0 { await store.flush() }
        }
        #expect(try rows("SELECT count(*), min(number), max(number) FROM exchanges") == "10|16|25\n")
        #expect(try rows("SELECT count(*), sum(length(bytes)) FROM bodies") == "10|40\n")
        store.keep(BodyCapture(bytes: Array(repeating: 1, count: 40), totalBytes: 40, sha256: ""), of: ExchangeID(25))
        await store.flush()
        #expect(try rows("SELECT coalesce(sum(length(bytes)), 0) <= 50 FROM bodies") == "1\n")
        await store.close()
    }

    @Test func `no more bodies go than have to, the oldest first, and their figures stay`() async throws {
        var limits = SessionStore.Limits()
        limits.bodyBytes = 5_000
        let store = try await SessionStore.open(path: path, clock: clock, limits: limits)
        for number in 1...60 {
            store.keep(
                BodyCapture(bytes: Array(repeating: 1, count: 100), totalBytes: 100, sha256: ""),
                of: ExchangeID(number))
            if number.isMultiple(of: 20) { await store.flush() }
        }
        await store.close()
        #expect(store.status == .closed)
        #expect(
            try rows("SELECT count(*), sum(total_bytes), sum(length(bytes)) BETWEEN 4600 AND 5000 FROM bodies")
                == "60|6000|1\n")
        #expect(
            try rows(
                "SELECT max(id) < (SELECT min(id) FROM bodies WHERE bytes NOT NULL) FROM bodies WHERE bytes IS NULL")
                == "1\n")
    }

    @Test func `a large body that many rows sent is in the file once, and goes with the last of them`() async throws {
        var limits = SessionStore.Limits()
        limits.exchanges = 10
        let store = try await SessionStore.open(path: path, clock: clock, limits: limits)
        var large = Story.draft()
        large.body = Array(repeating: 7, count: 100_000)
        var other = Story.draft()
        other.body = Array(repeating: 8, count: 100_000)
        // The two take turns, then one of them goes on alone.
        for number in 1...30 {
            let draft = number < 10 && number.isMultiple(of: 2) ? other : large
            store.begin(draft, as: ExchangeID(number), at: .milliseconds(Double(number)))
            if number.isMultiple(of: 5) { await store.flush() }
            if number == 5 {
                #expect(try rows("SELECT id & 0xffff, length(bytes) FROM request_bodies") == "1|100000\n2|100000\n")
            }
        }
        #expect(
            try rows(
                """
                SELECT count(*), count(request_body), sum(length(bytes)), min(hex(substr(bytes, 1, 2)))
                FROM exchanges JOIN request_bodies ON request_bodies.id = request_body_id
                """) == "10|0|1000000|0707\n")
        #expect(try rows("SELECT count(*) FROM request_bodies") == "1\n")
        for number in 31...40 { store.begin(Story.draft(), as: ExchangeID(number), at: .seconds(1)) }
        await store.flush()
        #expect(try rows("SELECT count(*), count(request_body_id) FROM exchanges") == "10|0\n")
        #expect(try rows("SELECT count(*) FROM request_bodies") == "0\n")
        // Sent again, it is there again.
        store.begin(large, as: ExchangeID(41), at: .seconds(2))
        await store.close()
        #expect(
            try rows("SELECT number, length(bytes) FROM exchanges JOIN request_bodies r ON r.id = request_body_id")
                == "41|100000\n")
    }

    @Test func `large bodies of requests make room as those of responses do, the oldest first`() async throws {
        var limits = SessionStore.Limits()
        limits.bodyBytes = 100_000
        let store = try await SessionStore.open(path: path, clock: clock, limits: limits)
        var again = Story.draft()
        again.body = Array(repeating: 0, count: 10_000)
        for number in 1...40 {
            var draft = Story.draft()
            draft.body = Array(repeating: UInt8(number), count: 10_000)
            store.begin(number.isMultiple(of: 5) ? again : draft, as: ExchangeID(number), at: .seconds(Double(number)))
            store.keep(
                BodyCapture(bytes: Array(repeating: 1, count: 5_000), totalBytes: 5_000, sha256: ""),
                of: ExchangeID(number))
            await store.flush()
            let sum = "(SELECT coalesce(sum(length(bytes)), 0) FROM bodies)"
            #expect(try rows("SELECT sum(length(bytes)) + \(sum) <= 100000 FROM request_bodies") == "1\n")
        }
        // The one that was sent again and again is as young as its latest sender.
        #expect(
            try rows(
                """
                SELECT group_concat(number, ' ') FROM (SELECT number FROM exchanges
                JOIN request_bodies r ON r.id = request_body_id WHERE number > 35 ORDER BY number)
                """) == "36 37 38 39 40\n")
        #expect(try rows("SELECT count(*), sum(total_bytes) FROM bodies") == "40|200000\n")
        // Too large for all of the room, it is left out, and known to be missing.
        again.body = Array(repeating: 0, count: 100_001)
        store.begin(again, as: ExchangeID(41), at: .seconds(41))
        await store.close()
        #expect(store.status == .closed)
        #expect(
            try rows(
                """
                SELECT request_body_id NOT NULL, r.bytes IS NULL FROM exchanges
                LEFT JOIN request_bodies r ON r.id = request_body_id WHERE number = 41
                """) == "1|1\n")
    }

    @Test func `a running row with a large body keeps it when it ends, whatever was sent meanwhile`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        func draft(_ number: Int) -> RequestDraft {
            var draft = Story.draft()
            draft.body = Array(repeating: UInt8(number), count: 5_000)
            return draft
        }
        let story = Story.cold(1)
        store.begin(draft(1), as: story.exchange, at: .zero)
        store.apply(Array(story.records.prefix(6)))
        await store.flush()
        for number in 2...40 { store.begin(draft(number), as: ExchangeID(number), at: .seconds(1)) }
        await store.flush()
        store.apply(Array(story.records.dropFirst(6)))
        await store.close()
        #expect(
            try rows(
                """
                SELECT count(*), sum(unicode(CAST(substr(bytes, 1, 1) AS TEXT)) = number), sum(outcome = 'ok')
                FROM exchanges JOIN request_bodies r ON r.id = request_body_id
                """) == "40|40|1\n")
        #expect(try rows("SELECT count(*) FROM request_bodies") == "40\n")
    }

    @Test func `a file of before bodies were shared is added to, and keeps its own`() async throws {
        let first = try await SessionStore.open(path: path, clock: clock)
        var draft = Story.draft()
        draft.body = [1, 2]
        first.begin(draft, as: ExchangeID(1), at: .zero)
        await first.close()
        // As it was then.
        for sql in [
            "DROP INDEX exchanges_by_request_body", "ALTER TABLE exchanges DROP COLUMN request_body_id",
            "DROP TABLE request_bodies",
            "CREATE TABLE steps AS SELECT * FROM grdb_migrations WHERE identifier <> 'request bodies'",
            "DROP TABLE grdb_migrations", "ALTER TABLE steps RENAME TO grdb_migrations",
        ] { _ = try rows(sql) }
        let second = try await SessionStore.open(path: path, clock: clock)
        draft.body = Array(repeating: 3, count: 5_000)
        second.begin(draft, as: ExchangeID(1), at: .zero)
        await second.close()
        #expect(
            try rows(
                """
                SELECT run, hex(request_body), length(bytes)
                FROM exchanges LEFT JOIN request_bodies r ON r.id = request_body_id ORDER BY run
                """) == "1|0102|None\n2||5000\n")
    }

    @Test func `connections are rows with their end and its reason`() async throws {
        let store = try await SessionStore.open(path: path, clock: clock)
        func event(_ time: Double, _ event: TraceEvent) -> TraceRecord {
            TraceRecord(time: .seconds(time), exchange: nil, connection: ConnectionID(3), event: event)
        }
        store.apply([
            event(1, .connectionDialing(key)),
            event(2, .connectionOpened(ConnectionFacts(local: ip4, remote: ip4, tls: facts))),
            event(3, .connectionIdle(until: nil)),
        ])
        await store.flush()
        #expect(
            try rows("SELECT number, origin, state, tls_version FROM connections")
                == "3|http://example.com|idle|TLSv1.3\n")
        store.apply([event(4, .connectionClosed(.peerClosedIdle))])
        await store.close()
        #expect(
            try rows("SELECT state, reason, closed_unix_ns - dialed_unix_ns FROM connections")
                == "closed|peer closed it while idle|3000000000\n")
    }

    @Test func `a disk slower than the network loses records, counts them, and keeps the memory`() {
        var batch = StoreQueue.Batch()
        let one = TraceRecord(time: .zero, exchange: nil, connection: nil, event: .wait100Continue)
        batch.add(Array(repeating: one, count: StoreQueue.recordLimit - 1))
        batch.add([one, one, one])
        #expect(batch.recordCount == StoreQueue.recordLimit)
        #expect(batch.records.map(\.count) == [StoreQueue.recordLimit - 1, 1])
        #expect(batch.lostRecords == 2)
        let big = BodyCapture(bytes: Array(repeating: 0, count: 40 << 20), totalBytes: 40 << 20, sha256: "a")
        batch.add(big, of: ExchangeID(1))
        batch.add(big, of: ExchangeID(2))
        #expect(batch.bodies.map(\.body.bytes.count) == [40 << 20, 0])
        #expect(batch.bodies[1].body.isCut)
        #expect(batch.lostBodies == 1)
    }
}
