import TestSupport
import Testing

// `R` in the real program: many requests from one key, beside whatever else a person does meanwhile.

@Suite("Repeating in a terminal", .serialized, .timeLimit(.minutes(3)))
struct RepeatTests {
    /// What stands in a session file: rows, those that have ended, and those with a body.
    private func recorded(_ path: String) async throws -> [Int] {
        let script = """
            import sqlite3
            rows = sqlite3.connect("\(path)").execute(
                "SELECT (SELECT count(*) FROM exchanges), (SELECT count(outcome) FROM exchanges), "
                "(SELECT count(*) FROM bodies)")
            print(*rows.fetchone())
            """
        return try await ProgramRun.output(of: [Python.plain, "-c", script]).split(separator: " ").compactMap {
            Int($0.filter(\.isNumber))
        }
    }

    /// The interface with one answered request, which records.
    private func recording(of server: PeerServer, in folder: TemporaryFolder) async throws -> Pseudoterminal {
        let terminal = try Inspection.start(
            ["\(server.plain)/ok", "--record", folder.file("session.db")], folder: folder)
        try await terminal.wait(for: "the answer") { $0.line(containing: "/ok")?.contains("200") == true }
        return terminal
    }

    /// Replaces what the prompt offers.
    private func type(_ line: String, into terminal: Pseudoterminal) async throws {
        terminal.type("R")
        try await terminal.wait(forText: "100 x 10")
        terminal.type("\u{15}\(line)\r")
    }

    @Test func `as many requests are sent as asked for, each a row and in the recording`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let terminal = try await recording(of: server, in: folder)
        try await type("3,000 x 8", into: terminal)
        try await terminal.wait(forText: "Repeated #1: 3,000 in ")
        #expect(terminal.screen.lines[0].contains("3,001 requests"))
        #expect(terminal.screen.contains("3001") && terminal.screen.contains("↻ #1"))
        #expect(!terminal.screen.contains("in flight"))
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
        #expect(try await recorded(folder.file("session.db")) == [3_001, 3_001, 3_001])
    }

    @Test func `what a person sends meanwhile stands where it was sent, redirects too`() async throws {
        let server = try await PeerServer { [try BuiltProgram.path, "playground", "--port", "\($0)"] }
        defer { server.stop() }
        let terminal = try Inspection.start(["\(server.plain)/redirect/1"], folder: TemporaryFolder())
        try await terminal.wait(for: "both rows") { $0.requestCount == 2 && !$0.contains("in flight") }
        terminal.type("k")
        try await type("400 x 4 100/s", into: terminal)
        try await terminal.wait(for: "some of them") { $0.requestCount > 40 }
        // They are gone from the screen sooner than one could look.
        for number in 1...3 { terminal.type("n\(server.plain)/json?typed\(number)\r") }
        try await terminal.wait(forText: "Repeated #1: 800 in ")
        try await terminal.wait(for: "all") { $0.lines[0].contains("805 requests") && !$0.contains("in flight") }
        terminal.type("fjson?typed\r")
        try await terminal.wait(forText: "3 of 805 match")
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test func `X stops it, and what hangs with it`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let terminal = try Inspection.start(["\(server.plain)/hang"], folder: TemporaryFolder())
        try await terminal.wait(forText: "1 in flight")
        terminal.type("X")
        try await terminal.wait(forText: "cancelled")
        try await type("40000 x 6", into: terminal)
        try await terminal.wait(forText: "Repeating #1: 6 of 40,000")
        try await terminal.wait(forText: "6 in flight")
        terminal.type("X")
        try await terminal.wait(forText: "Stopped repeating #1")
        #expect(!terminal.screen.contains("in flight"))
        #expect(terminal.screen.requestCount == 7)
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
    }

    @Test func `quitting in its midst leaves the terminal as it was and a recording that is whole`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let terminal = try await recording(of: server, in: folder)
        try await type("1,000,000 x 16", into: terminal)
        try await terminal.wait(for: "many of them") { $0.lines[0].contains(",") }
        terminal.type("q")
        try await terminal.wait(forText: "A repeat is under way. Quit? (y/n)")
        terminal.type("y")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
        let counts = try await recorded(folder.file("session.db"))
        #expect(counts[0] > 1_000 && counts[1] == counts[0])
        // What was cut off has no body; nothing else has none.
        #expect(counts[0] - counts[2] <= 16)
    }

    @Test func `a load from the command line goes no faster than asked`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let output = try await ProgramRun.output(
            of: [try BuiltProgram.path, "probe", "-n", "20", "-c", "4", "--rate", "20", "--json", "\(server.plain)/ok"])
        #expect(output.split(separator: "\n").count == 20)
        let run = try await ProgramRun.output(
            of: [try BuiltProgram.path, "probe", "-n", "20", "--rate", "20", "--summary", "\(server.plain)/ok"])
        // Nineteen intervals of 50 ms.
        let seconds = run.split(separator: " ").dropFirst(3).first.flatMap { Double($0) }
        #expect((seconds ?? 0) >= 0.95, "\(run)")
    }
}
