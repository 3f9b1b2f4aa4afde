import Glibc
import TestSupport
import Testing

// What servers and networks do wrong, told apart: the exit code as curl's, the outcome class of the JSON, the phase in
// which it happened, and a sentence.

@Suite("Probing what fails", .serialized, .timeLimit(.minutes(2)))
struct ProbeFailureTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var target: String
        var exitCode: Int32
        var outcome: String
        var phases: [String]
        var testDescription: String { target }
    }

    static let faults = [
        Fault(target: "/truncated", exitCode: 18, outcome: "error:truncated", phases: ["receive"]),
        Fault(target: "/last-chunk-missing", exitCode: 18, outcome: "error:truncated", phases: ["receive"]),
        Fault(target: "/reset", exitCode: 56, outcome: "error:reset", phases: ["receive"]),
        // The first bytes have come when it turns out that they are no answer.
        Fault(target: "/garbage", exitCode: 8, outcome: "error:protocol", phases: ["receive", "wait"]),
        Fault(target: "/silence", exitCode: 52, outcome: "error:reset", phases: ["wait"]),
        Fault(target: "/hang", exitCode: 28, outcome: "error:timeout", phases: ["wait"]),
        Fault(target: "/hang-in-body", exitCode: 28, outcome: "error:timeout", phases: ["receive"]),
    ]

    @Test(arguments: faults)
    func `a server's fault has its exit code, its class, its phase and a sentence`(fault: Fault) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let limit = fault.exitCode == 28 ? "0.3" : "20"
        let probe = try await Probe.run("--json", "--max-time", limit, "\(server.plain)\(fault.target)")
        #expect(probe.ending == .exited(fault.exitCode), "\(probe.output)\(probe.error)")
        let record = try probe.record
        #expect(record.outcome == fault.outcome)
        let error = try #require(record.error)
        #expect(fault.phases.contains(error.phase ?? "none"), "\(error)")
        #expect(isSentence(error.message), "\(error.message)")
        // The phase that failed began, and none after it did.
        #expect(record.phaseNames.last == error.phase)
    }

    @Test func `a timeline says what failed, each in a line of its own`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let targets = ["/truncated", "/reset", "/garbage", "/silence"]
        let run = try Probe.start(["-c", "1"] + targets.map { server.plain + $0 })
        #expect(try await run.finish() == .exited(18))
        #expect(run.output.split(separator: "\n").count { $0.hasPrefix("  failed ") } == 4, "\(run.output)")
    }

    // The system's roots are being read on a thread of their own when the program ends.
    @Test func `the end does not wait for what nobody needs any more, nor stumble over it`() async throws {
        let url = "https://127.0.0.1:\(try PeerServer.freePort())/"
        for _ in 0..<20 {
            let probe = try await Probe.run(url)
            #expect(probe.ending == .exited(7), "\(probe.output)\(probe.error)")
        }
    }

    @Test(arguments: ["--json", "--ndjson"])
    func `where no answer came there is no body, and no digest of one`(form: String) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let probe = try await Probe.run(form, "\(server.plain)/silence")
        #expect(probe.ending == .exited(52), "\(probe.output)\(probe.error)")
        #expect(!probe.output.contains("sha256") && !probe.output.contains("body_len"), "\(probe.output)")
    }

    @Test func `a port nobody listens on ends with 7 in the phase connect`() async throws {
        let url = "http://127.0.0.1:\(try PeerServer.freePort())/"
        let probe = try await Probe.run("--json", url)
        #expect(probe.ending == .exited(7), "\(probe.output)\(probe.error)")
        let record = try probe.record
        #expect(record.outcome == "error:connect")
        #expect(record.error?.phase == "connect")
        #expect(record.error.map { isSentence($0.message) } == true)
        #expect(record.phaseNames.filter { $0 != "queued" } == ["connect"])
        #expect(record.connection == nil)
    }

    @Test func `a server that takes no connection ends with 28 in the phase connect`() async throws {
        // A full queue of connections nobody accepts: the kernel then leaves further ones without an answer.
        let script = """
            import socket, sys, time
            listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=0)
            listener.accept()
            waiting = []
            for _ in range(8):
                waiting.append(socket.socket()); waiting[-1].setblocking(False)
                waiting[-1].connect_ex(listener.getsockname())
            print("full"); time.sleep(1000)
            """
        let server = try await PeerServer { [Python.plain, "-u", "-c", script, "\($0)"] }
        defer { server.stop() }
        try await wait(for: "a full queue") { server.output.contains("full") }
        let probe = try await Probe.run("--json", "--connect-timeout", "0.3", server.plain)
        #expect(probe.ending == .exited(28), "\(probe.output)\(probe.error)")
        let record = try probe.record
        #expect(record.outcome == "error:timeout")
        #expect(record.error?.phase == "connect")
        #expect(record.phaseNames.last == "connect")
    }

    @Test func `a name that does not exist ends with 6 in the phase dns`() async throws {
        // RFC 6761 §6.4: no resolver finds names below "invalid"; one without a network finds nothing anyway.
        let probe = try await Probe.run("--json", "http://nosuch.invalid/")
        #expect(probe.ending == .exited(6), "\(probe.output)\(probe.error)")
        let record = try probe.record
        #expect(record.outcome == "error:dns")
        #expect(record.error?.phase == "dns")
        #expect(record.error?.message.contains("nosuch.invalid") == true, "\(probe.output)")
        #expect(record.phaseNames.filter { $0 != "queued" } == ["dns"])
    }

    @Test func `a proxy's name that does not exist ends with 5`() async throws {
        let probe = try await Probe.run("--json", "-x", "http://nosuch.invalid:3128", "http://example.invalid/")
        #expect(probe.ending == .exited(5), "\(probe.output)\(probe.error)")
        #expect(try probe.record.outcome == "error:dns")
    }

    @Test func `the first failure decides the exit code, and the others are still done`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let dead = "http://127.0.0.1:\(try PeerServer.freePort())/"
        let probe = try await Probe.run("--json", "-c", "1", "\(server.plain)/ok", dead, "\(server.plain)/truncated")
        #expect(probe.ending == .exited(7))
        #expect(try probe.records.map(\.outcome) == ["ok", "error:connect", "error:truncated"])
    }

    @Test func `a status counts as the first failure where it was the first`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let dead = "http://127.0.0.1:\(try PeerServer.freePort())/"
        let missing = "\(server.plain)/missing"
        for (urls, code) in [([missing, dead], Int32(22)), ([dead, missing], 7)] {
            // In whichever order they end.
            let probe = try await Probe.run(arguments: ["--json", "-f"] + urls)
            #expect(probe.ending == .exited(code), "\(probe.output)\(probe.error)")
        }
    }

    @Test func `status 400 and above is an error only when asked for`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        #expect(try await Probe.run("--json", "\(server.plain)/missing").ending == .exited(0))
        #expect(try await Probe.run("--json", "--fail", "\(server.plain)/missing").ending == .exited(22))
        #expect(try await Probe.run("--json", "-f", "\(server.plain)/ok").ending == .exited(0))
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal cancels what runs, reports it and ends with 128 and its number`(signal: Int32) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let run = try Probe.start(
            ["--json", "--har", folder.file("out.har"), "\(server.plain)/ok", "\(server.plain)/hang"])
        try await wait(for: "the request to arrive") {
            server.output.contains("got /hang") && run.output.contains("\"ok\"")
        }
        run.process.send(signal: signal)
        #expect(try await run.finish() == .exited(128 + signal))
        #expect(try ProbeRecord.decode(lines: run.output).map(\.outcome) == ["ok", "error:cancelled"])
        #expect(access(folder.file("out.har"), R_OK) == 0)
    }

    @Test func `a reader that goes away ends the run quietly`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let run = try ProgramRun([
            "bash", "-c", "\"$0\" probe --json -n 400 \"$1\" | head -n 1; exit ${PIPESTATUS[0]}", try BuiltProgram.path,
            "\(server.plain)/ok",
        ])
        let ending = try await run.finish()
        #expect(ending == .exited(23) || ending == .exited(0))
        #expect(try ProbeRecord.decode(lines: run.output).count == 1)
        #expect(run.error == "")
    }

    @Test(arguments: [
        [], ["--nosuch", "http://127.0.0.1/"], ["ftp://127.0.0.1/"], ["http://127.0.0.1:99999/"], ["http://"],
        ["--max-time", "-1", "http://127.0.0.1/"], ["--max-time", "soon", "http://127.0.0.1/"],
        ["--max-time", "0x10", "http://127.0.0.1/"],
        ["-n", "0", "http://127.0.0.1/"], ["-c", "0", "http://127.0.0.1/"], ["-H", "no colon", "http://127.0.0.1/"],
        ["-H", "X: a\r\nY: b", "http://127.0.0.1/"], ["-X", "G T", "http://127.0.0.1/"],
        ["--json", "--summary", "http://127.0.0.1/"], ["--json", "--har", "-", "http://127.0.0.1/"],
    ])
    func `a wrong command line ends with 2 and words on standard error`(arguments: [String]) async throws {
        let run = try Probe.start(arguments)
        #expect(try await run.finish() == .exited(2))
        #expect(run.output == "")
        #expect(!run.error.isEmpty)
        #expect(HarmfulText.found(in: run.error).isEmpty, "\(run.error)")
    }

    @Test func `a body that can't be read is named`() async throws {
        let probe = try await Probe.run("-d", "@/nosuch/file", "http://127.0.0.1:1/")
        #expect(probe.ending == .exited(26))
        #expect(probe.error.contains("/nosuch/file"), "\(probe.error)")
        #expect(probe.error.contains("No such file"), "\(probe.error)")
    }

    private func isSentence(_ text: String) -> Bool {
        text.count > 10 && text.contains(" ") && !text.contains("Error(") && !text.contains("errno")
    }
}
