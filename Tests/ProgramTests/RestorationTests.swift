import Glibc
import TestSupport
import Testing

// interface.md §4: after every way out the terminal is as it was before. `leftovers` compares all modes it knows and the
// whole of termios(3), not just the famous ones.

@Suite("The terminal afterwards", .serialized, .timeLimit(.minutes(3)))
struct RestorationTests {
    @Test(arguments: ["q", "Q", "\u{3}\u{3}"])
    func `is as before when a key ended the program`(keys: String) async throws {
        let terminal = try await started()
        terminal.type(keys)
        #expect(try await terminal.finish() == .exited(0))
        expectRestored(terminal)
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT, SIGQUIT])
    func `is as before when the program was asked to end`(signal: Int32) async throws {
        let terminal = try await started()
        terminal.process.send(signal: signal)
        #expect(try await terminal.finish() == .exited(128 + signal))
        expectRestored(terminal)
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE, SIGTRAP])
    func `is as before when the program died, and the parent sees of what`(signal: Int32) async throws {
        let terminal = try await started()
        terminal.process.send(signal: signal)
        #expect(try await terminal.finish() == .signalled(signal))
        expectRestored(terminal)
    }

    // Signals of kill(2) go to whichever thread takes them; a crash is the crashing thread's own.
    @Test(arguments: 0..<4)
    func `is as before when a thread of the program crashed`(number: Int) async throws {
        let terminal = try await started()
        let id = terminal.process.id
        let script = """
            import ctypes, os
            threads = sorted(os.listdir("/proc/\(id)/task"), key=int)
            ctypes.CDLL(None).tgkill(\(id), int(threads[\(number) % len(threads)]), \(SIGSEGV))
            """
        try await ProgramRun.output(of: [Python.plain, "-c", script])
        #expect(try await terminal.finish() == .signalled(SIGSEGV))
        expectRestored(terminal)
    }

    @Test func `is gone, and so is the program`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let terminal = try Inspection.start(["\(server.plain)/hang"], folder: TemporaryFolder())
        try await terminal.wait(forText: "in flight")
        terminal.hangUp()
        let process = terminal.process
        try await wait(for: "the program to end") { process.ending != nil }
        #expect(process.ending == .exited(128 + SIGHUP))
    }

    @Test func `is as before when the program died twice over, while drawing`() async throws {
        let terminal = try Inspection.start(["--demo"], folder: TemporaryFolder())
        try await terminal.wait(for: "traffic") { $0.requestCount >= 2 }
        terminal.process.send(signal: SIGTERM)
        terminal.process.send(signal: SIGSEGV)
        try await terminal.finish()
        expectRestored(terminal)
    }

    @Test func `is as before with two hundred requests in flight`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let urls = (1...200).map { "\(server.plain)/hang?\($0)" }
        let terminal = try Inspection.start(urls, folder: TemporaryFolder())
        try await terminal.wait(for: "two hundred requests") {
            $0.requestCount == 200 && $0.count(of: "in") == 200 && server.output.contains("got")
        }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        expectRestored(terminal)
    }

    @Test func `is the shell's while the program is stopped, and the program's again after fg`() async throws {
        let folder = try TemporaryFolder()
        // Without line editing the shell leaves the terminal's modes alone, so that any change is the program's.
        let terminal = try Pseudoterminal(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            environment: Inspection.environment(["PS1": "shell> "], folder), folder: folder)
        try await terminal.wait(forText: "shell>")
        terminal.type("\(try BuiltProgram.path) --demo\r")
        for _ in 0..<2 {
            try await terminal.wait(for: "the interface") { $0.modes.contains(1049) && $0.requestCount >= 1 }
            #expect(!terminal.isCooked)
            #expect(terminal.screen.modes.isSuperset(of: [1002, 1006, 2004]))
            terminal.type("\u{1A}")
            try await terminal.wait(for: "the shell") { !$0.modes.contains(1049) && $0.contains("Stopped") }
            try await wait(for: "the shell's modes") { terminal.isCooked }
            #expect(terminal.leftovers == [])
            terminal.type("clear; fg\r")
        }
        let count = terminal.screen.requestCount
        try await terminal.wait(for: "the demo to go on") { $0.requestCount > count }
        terminal.type("Q")
        try await terminal.wait(for: "the shell") { screen in
            !screen.modes.contains(1049) && screen.lines.last { !$0.isEmpty } == "shell>"
        }
        terminal.type("exit $?\r")
        #expect(try await terminal.finish() == .exited(0))
        expectRestored(terminal)
    }

    @Test func `is the shell's when the program is stopped from outside, too`() async throws {
        let folder = try TemporaryFolder()
        let terminal = try Pseudoterminal(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            environment: Inspection.environment(["PS1": "shell> "], folder), folder: folder)
        try await terminal.wait(forText: "shell>")
        terminal.type("\(try BuiltProgram.path) --demo\r")
        try await terminal.wait(for: "the interface") { $0.modes.contains(1049) && $0.requestCount >= 1 }
        try await ProgramRun.output(of: ["pkill", "-TSTP", "-P", "\(terminal.process.id)", "roundtrip"])
        try await terminal.wait(for: "the shell") { !$0.modes.contains(1049) && $0.contains("Stopped") }
        #expect(terminal.leftovers == [])
        // In the background it must keep its hands off the terminal.
        terminal.type("bg; sleep 0.3; echo back$((40 + 1))\r")
        try await terminal.wait(for: "the shell") { $0.contains("back41") }
        #expect(terminal.leftovers == [])
        // The sum is the shell's: what was typed can't be taken for its answer.
        terminal.type("kill %1; sleep 0.1; fg; echo back$((40 + 2))\r")
        try await terminal.wait(for: "the shell") { !$0.modes.contains(1049) && $0.contains("back42") }
        terminal.type("exit 0\r")
        #expect(try await terminal.finish() == .exited(0))
        expectRestored(terminal)
    }

    /// The interface with nothing in flight, so that `q` asks no question.
    private func started() async throws -> Pseudoterminal {
        let terminal = try Inspection.start(["127.0.0.1:1"], folder: TemporaryFolder())
        try await terminal.wait(for: "a whole screen") { screen in
            screen.modes.isSuperset(of: [1002, 1006, 1049, 2004]) && screen.contains("refused")
                && screen.lines.last?.contains("Quit") == true
        }
        #expect(!terminal.isCooked)
        return terminal
    }

    private func expectRestored(_ terminal: Pseudoterminal, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(terminal.leftovers == [], sourceLocation: sourceLocation)
        #expect(terminal.isCooked, sourceLocation: sourceLocation)
        #expect(terminal.screen.foreign == [], sourceLocation: sourceLocation)
    }
}
