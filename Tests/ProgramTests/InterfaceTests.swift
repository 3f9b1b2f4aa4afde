import FoundationEssentials
import TestSupport
import Testing

// The interface as a person meets it: keys in, a screen out, in a pseudo-terminal. What stands on the screen in detail
// is for the inspector's own tests; here it is that the parts hold together.

@Suite("The interface in a terminal", .serialized, .timeLimit(.minutes(3)))
struct InterfaceTests {
    @Test(arguments: [(120, 36), (80, 24)])
    func `the demo shows reuse, a refusal and movement by itself`(columns: Int, rows: Int) async throws {
        let terminal = try Inspection.start(["--demo"], columns: columns, rows: rows, folder: TemporaryFolder())
        try await terminal.wait(for: "a first request") { $0.requestCount >= 1 && $0.modes.contains(1049) }
        #expect(terminal.screen.modes.isSuperset(of: [1002, 1006, 2004]))
        try await terminal.wait(for: "a reused connection") { $0.contains("↻1") }
        try await terminal.wait(for: "a refused request") { $0.contains("refused") }
        let count = terminal.screen.requestCount
        try await terminal.wait(for: "more requests") { $0.requestCount > count + 3 }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
    }

    @Test func `any size is drawn, also while it changes during traffic`() async throws {
        let terminal = try Inspection.start(["--demo"], folder: TemporaryFolder())
        try await terminal.wait(for: "a first request") { $0.requestCount >= 1 }
        for (columns, rows) in [(80, 24), (200, 60), (60, 20), (40, 12), (20, 5), (3, 2), (100, 30)] {
            terminal.resize(columns: columns, rows: rows)
            // What was drawn for the old size is gone once something is drawn anew.
            let before = terminal.bytes.count
            try await terminal.wait(for: "a frame of \(columns)x\(rows)") { _ in terminal.bytes.count > before + 20 }
            if columns >= 60 {
                try await terminal.wait(for: "the whole screen at \(columns)x\(rows)") {
                    $0.requestCount >= 1 && $0.lines.last?.contains("Quit") == true
                }
            }
        }
        terminal.resize(columns: 20, rows: 5)
        try await terminal.wait(forText: "q quit")
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
    }

    @Test func `a typed URL is sent, replayed, and both share a connection`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let terminal = try Inspection.start([], folder: TemporaryFolder())
        try await terminal.wait(forText: "probe")
        terminal.type("\(server.plain)/ok\r")
        try await terminal.wait(for: "the answer") { $0.line(containing: "/ok")?.contains("200") == true }
        terminal.type("r")
        try await terminal.wait(for: "the replay") { $0.requestCount == 2 && $0.contains("c1 ↻1") }
        #expect(server.output.components(separatedBy: "got /ok").count == 3)
        terminal.type("?")
        try await terminal.wait(for: "the help") { $0.lines[0].contains("Help") }
        terminal.type("replay")
        try await terminal.wait(forText: "Send the selected request again")
        terminal.type("\u{1B}")
        try await terminal.wait(for: "the list again") { $0.requestCount == 2 }
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
    }

    @Test func `of a history with large lines the latest are remembered, and the file stays small`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("roundtrip"), withIntermediateDirectories: true, attributes: nil)
        let body = String(repeating: "x", count: 60_000)
        let old = (0..<100).map { "POST http://a.example/\($0) -d \(body)\n" }.joined()
        let history = try folder.write("roundtrip/history", Array(old.utf8))
        let terminal = try Inspection.start([], folder: folder)
        try await terminal.wait(forText: "probe")
        terminal.type("\(server.plain)/ok?remembered\r")
        try await terminal.wait(for: "the answer") { $0.line(containing: "remembered")?.contains("200") == true }
        terminal.type("Q")
        try await terminal.finish()
        let text = try String(contentsOfFile: history, encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.last == "\(server.plain)/ok?remembered")
        #expect(lines.dropLast().last?.hasPrefix("POST http://a.example/99 ") == true)
        #expect(text.utf8.count <= 4 << 20 && lines.count > 60)
    }

    @Test func `what was typed is remembered by the next session, for its owner only`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let first = try Inspection.start([], folder: folder)
        try await first.wait(forText: "probe")
        first.type("\(server.plain)/ok?remembered\r")
        try await first.wait(for: "the answer") { $0.line(containing: "remembered")?.contains("200") == true }
        first.type("Q")
        try await first.finish()
        let history = folder.file("roundtrip/history")
        #expect(try String(contentsOfFile: history, encoding: .utf8) == "\(server.plain)/ok?remembered\n")
        let rights = try FileManager.default.attributesOfItem(atPath: history)[.posixPermissions]
        #expect(rights.map { "\($0)" } == "\(0o600)")

        let second = try Inspection.start([], folder: folder)
        try await second.wait(forText: "probe")
        second.type("\u{1B}[A")
        try await second.wait(forText: "remembered")
        second.type("\u{3}\u{3}")
        #expect(try await second.finish() == .exited(0))
    }

    @Test(arguments: ["/hang", "/hang-in-body"])
    func `X cancels a request that hangs, and the interface goes on`(target: String) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let terminal = try Inspection.start(["\(server.plain)\(target)"], folder: TemporaryFolder())
        try await terminal.wait(for: "a request in flight") {
            $0.contains("1 in flight") && server.output.contains("got \(target)")
        }
        terminal.type("X")
        // Generous all the same: what it must not wait for is the server, which would take for ever.
        try await terminal.wait(forText: "cancelled")
        #expect(!terminal.screen.contains("in flight"))
        terminal.type("r")
        try await terminal.wait(forText: "1 in flight")
        terminal.type("q")
        try await terminal.wait(forText: "Quit? (y/n)")
        terminal.type("y")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test func `what is cancelled before it has begun ends all the same`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let terminal = try Inspection.start(["\(server.plain)/ok"], folder: TemporaryFolder())
        try await terminal.wait(for: "the answer") { $0.line(containing: "/ok")?.contains("200") == true }
        terminal.type(String(repeating: "rX", count: 200))
        try await terminal.wait(for: "two hundred replays") { $0.requestCount == 201 }
        try await terminal.wait(for: "the end of all") { !$0.contains("in flight") && $0.contains("idle") }
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `x writes a HAR file that others read`(columns: Int, rows: Int) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let urls = ["/truncated", "/ok", "/secrets"].map { server.plain + $0 }
        let terminal = try Inspection.start(urls, columns: columns, rows: rows, folder: folder)
        try await terminal.wait(for: "all answers") { $0.requestCount == 3 && !$0.contains("in flight") }
        // Failures last; in the file everything stands as it was asked for.
        terminal.type("oooo")
        try await terminal.wait(forText: "Ordered by status")
        terminal.type("x")
        try await terminal.wait(forText: "session.har")
        terminal.type("\r")
        try await terminal.wait(for: "the file") { _ in
            FileManager.default.fileExists(atPath: folder.file("session.har"))
        }
        try await terminal.wait(for: "the message") { screen in
            screen.lines.contains { $0.contains("session.har") && $0.contains("3") && !$0.contains("Writing") }
        }
        terminal.type("x")
        try await terminal.wait(forText: "export to")
        terminal.type("\r")
        try await terminal.wait(forText: "session.har exists. Replace it?")
        terminal.type("n")
        try await terminal.wait(forText: "Nothing was written")
        terminal.type("x")
        try await terminal.wait(forText: "export to")
        terminal.type("\u{15}/nosuch/folder/a.har\r")
        try await terminal.wait(forText: "No such file")
        terminal.type("x")
        try await terminal.wait(forText: "export to")
        terminal.type("\u{15}screen.svg\r")
        try await terminal.wait(forText: "with what secrets it shows: screen.svg")
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.screen.foreign == [])
        try await HARReaders.validate(folder.file("session.har"))
        let entries = try await HARReaders.haralyze(folder.file("session.har"))
        #expect(entries.map { String($0.split(separator: "/").last ?? "") } == ["truncated", "ok", "secrets"])
    }

    // robustness.md, promise 4: every byte the terminal got is one of ours.
    @Test func `nothing a server sends controls the terminal, on any page`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let targets = ["/hostile-reason", "/hostile-field", "/hostile-type", "/hostile-location", "/hostile-body"]
        let terminal = try Inspection.start(targets.map { server.plain + $0 }, folder: TemporaryFolder())
        try await terminal.wait(for: "all answers") { $0.requestCount >= 5 && !$0.contains("in flight") }
        terminal.type("n\u{1B}[200~\(server.plain)/pasted\u{202E}\u{200B}\u{FEFF}\u{9B}31m\u{1B}[2J\u{1B}[201~\r\u{1B}")
        for _ in 0..<7 {
            for page in 1...6 {
                terminal.type("\(page)")
                try await terminal.wait(for: "the pages") { _ in true }
            }
            terminal.type("\u{1B}k")
        }
        terminal.type("y")
        try await terminal.wait(forText: "curl command")
        terminal.type("u")
        try await terminal.wait(for: "the URL on the clipboard") { !$0.clipboard.isEmpty }
        terminal.type("Q")
        try await terminal.finish()
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
        #expect(!String(decoding: terminal.bytes, as: UTF8.self).contains("owned\u{7}"))
    }

    @Test func `a curl command that is too long for the clipboard is not said to be copied`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let body = try folder.write("body", [UInt8](repeating: 0x61, count: 80_000))
        let terminal = try Inspection.start(["-d", "@\(body)", "\(server.plain)/echo"], folder: folder)
        try await terminal.wait(for: "the answer") { $0.line(containing: "/echo")?.contains("200") == true }
        terminal.type("yc")
        try await terminal.wait(forText: "Not copied: ")
        #expect(terminal.screen.clipboard.isEmpty)
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
    }

    // robustness.md, promise 4, again: the pager here passes on what it gets.
    @Test func `a body opens in the pager, harmless, and the file is its owner's and gone afterwards`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let pager = try folder.write(
            "pager",
            """
            echo "$1, rights $(stat -c %a "$2"), folder $(stat -c %a "$(dirname "$2")")"
            cat "$2"
            echo "$2" > '\(folder.path)/name'
            touch "$2~"
            read line
            """.utf8)
        let terminal = try Inspection.start(
            ["\(server.plain)/hostile-body"], ["PAGER": "sh '\(pager)' --own"], folder: folder)
        try await terminal.wait(for: "the answer") { $0.requestCount == 1 && !$0.contains("in flight") }
        terminal.type("3\r")
        try await terminal.wait(forText: " v View")
        terminal.type("v")
        try await terminal.wait(forText: "--own, rights 600, folder 700")
        #expect(!terminal.screen.modes.contains(1049))
        #expect(terminal.isCooked)
        terminal.type("\r")
        try await terminal.wait(for: "the interface again") {
            $0.modes.isSuperset(of: [1049, 2004]) && $0.contains(" v View")
        }
        let name = try String(contentsOfFile: folder.file("name"), encoding: .utf8).dropLast()
        #expect(name.hasSuffix("/body.txt"))
        #expect(!FileManager.default.fileExists(atPath: String(name.dropLast("/body.txt".count))))
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.screen.foreign == [])
        #expect(terminal.leftovers == [])
    }

    @Test func `a body is edited in the editor and sent; one that fails sends nothing`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let editor = try folder.write("editor", "grep -q first \"$1\" || exit 3\necho second body > \"$1\"\n".utf8)
        let terminal = try Inspection.start(
            ["-d", "first body", "\(server.plain)/echo"], ["VISUAL": "sh '\(editor)'", "EDITOR": "false"],
            folder: folder)
        try await terminal.wait(for: "the answer") { $0.line(containing: "/echo")?.contains("200") == true }
        terminal.type("3\r")
        try await terminal.wait(forText: "first body")
        terminal.type("V")
        try await terminal.wait(for: "the other answer") { $0.requestCount == 2 && $0.contains("second body") }
        terminal.type("V")
        try await terminal.wait(forText: "ended with 3. Nothing is sent.")
        #expect(terminal.screen.requestCount == 2)
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test func `cookies turned off while their file is still read stay off`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let jar = try folder.write("cookies.txt", "127.0.0.1\tFALSE\t/\tFALSE\t0\tid\t7\n".utf8)
        let terminal = try Inspection.start(["-b", jar, "\(server.plain)/fields"], folder: folder)
        try await terminal.wait(for: "the answer") { $0.requestCount == 1 && !$0.contains("in flight") }
        terminal.type("3")
        try await terminal.wait(forText: "id=7")
        // Now it is a pipe, so that reading it takes as long as we like.
        let copy = folder.file("copy")
        _ = try await ProgramRun.output(of: ["sh", "-c", "mv '\(jar)' '\(copy)' && mkfifo '\(jar)'"])
        for words in ["Cookies are forgotten", "Cookies are kept", "Cookies are forgotten"] {
            terminal.type(",c")
            try await terminal.wait(forText: words)
        }
        _ = try await ProgramRun.output(of: ["sh", "-c", "cat '\(copy)' > '\(jar)'"])
        for turn in ["second", "third"] {
            terminal.type("n\(server.plain)/fields -H 'X-Turn: \(turn)'\r")
            try await terminal.wait(for: "the answer") { screen in
                screen.lines.contains { $0.hasPrefix(" X-Turn: \(turn)") }
            }
            #expect(!terminal.screen.contains("id=7"))
        }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
    }

    @Test func `without UTF-8 and colour the screen is ASCII, bold and reverse`() async throws {
        let terminal = try Inspection.start(["--demo"], ["LC_ALL": "C", "NO_COLOR": "1"], folder: TemporaryFolder())
        try await terminal.wait(for: "a reused connection and a refusal") {
            $0.contains("+1") && $0.contains("refused")
        }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.bytes.allSatisfy { $0 < 0x80 })
        #expect(!terminal.screen.hasUsedColor)
        #expect(terminal.screen.foreign == [])
        #expect(terminal.leftovers == [])
    }

    @Test func `colour is used where nobody asked for none`() async throws {
        let terminal = try Inspection.start(["--demo"], folder: TemporaryFolder())
        try await terminal.wait(for: "colour") { $0.hasUsedColor }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
    }

    @Test(arguments: ["dumb", "nosuch", ""])
    func `a terminal that can't be used is refused in one line`(type: String) async throws {
        let terminal = try Inspection.start(["--demo"], ["TERM": type], folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(2))
        let lines = terminal.screen.lines.filter { !$0.isEmpty }
        #expect(lines.joined().hasPrefix("roundtrip: "), "\(lines)")
        #expect(lines.joined().contains("TERM"), "\(lines)")
        #expect(lines.joined().hasSuffix("; `roundtrip probe URL` needs no terminal"), "\(lines)")
        #expect(!terminal.bytes.contains(0x1B))
        #expect(terminal.leftovers == [])
    }

    @Test func `a terminal without alternate screen, colour and mouse is enough`() async throws {
        let terminal = try Inspection.start(
            ["--demo"], columns: 80, rows: 24, ["TERM": "vt100"], folder: TemporaryFolder())
        try await terminal.wait(for: "a reused connection and a refusal") {
            $0.contains("↻1") && $0.contains("refused")
        }
        #expect(!terminal.screen.hasUsedColor)
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.screen.foreign == [])
        #expect(terminal.leftovers == [])
    }

    @Test func `keys come from the terminal when standard input is something else`() async throws {
        let terminal = try Inspection.start(["127.0.0.1:1"], folder: TemporaryFolder(), input: .null)
        try await terminal.wait(forText: "refused")
        terminal.type("q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test(arguments: [[], ["--no-mouse"], ["-"], ["--no-mouse", "-"]])
    func `a list of URLs comes in by a pipe and keys from the terminal`(arguments: [String]) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let list = "\u{FEFF}# two\n\n  \(server.plain)/ok  \r\n\(server.plain)/missing"
        let file = try folder.write("urls", list.utf8)
        let script = "list=$1; shift; cat \"$list\" | \"$0\" \"$@\""
        let terminal = try Pseudoterminal(
            ["sh", "-c", script, BuiltProgram.path, file] + arguments, environment: Inspection.environment([:], folder),
            folder: folder)
        try await terminal.wait(for: "both answers") {
            $0.line(containing: "/ok")?.contains("200") == true
                && $0.line(containing: "/missing")?.contains("404") == true
        }
        terminal.type("r")
        try await terminal.wait(for: "a replay") { $0.requestCount == 3 }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
        #expect(terminal.screen.foreign == [])
    }

    @Test func `a list with a wrong line names the line, and nothing is drawn`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("urls", "127.0.0.1:1\n\nftp://127.0.0.1/\n".utf8)
        let terminal = try Inspection.start([], folder: folder, input: .path(file))
        #expect(try await terminal.finish() == .exited(2))
        #expect(terminal.screen.contains("Standard input, line 3: ftp://"))
        #expect(!terminal.bytes.contains(0x1B))
    }

    @Test func `an empty list opens an empty interface`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("urls", "# none today\n".utf8)
        let terminal = try Inspection.start([], folder: folder, input: .path(file))
        try await terminal.wait(forText: "Type a URL")
        terminal.type("\u{3}\u{3}")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test(arguments: [
        (["--demo"], "roundtrip probe URL"), (["listen", "--port", "0"], "roundtrip listen --json"),
    ])
    func `into a pipe nothing is drawn, and what can go there is named`(
        arguments: [String], advice: String
    ) async throws {
        let terminal = try Inspection.start(arguments, folder: TemporaryFolder(), output: .null)
        #expect(try await terminal.finish() == .exited(2))
        #expect(terminal.screen.contains("standard output is no terminal; `\(advice)` needs no terminal"))
        #expect(!terminal.bytes.contains(0x1B))
        #expect(terminal.leftovers == [])
    }

    @Test(arguments: [["ftp://127.0.0.1/"], ["--nosuch"], ["--color", "sometimes"]])
    func `a wrong command line never touches the terminal`(arguments: [String]) async throws {
        let terminal = try Inspection.start(arguments, folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(2))
        #expect(!terminal.bytes.contains(0x1B))
        #expect(terminal.leftovers == [])
    }
}
