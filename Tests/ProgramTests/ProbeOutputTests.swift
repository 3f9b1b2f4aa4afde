import FoundationEssentials
import TestSupport
import Testing

@Suite("What a probe prints", .serialized, .timeLimit(.minutes(2)))
struct ProbeOutputTests {
    @Test func `a timeline names every phase, and those that did not happen with a reason`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("-n", "2", "-c", "1", "\(server.plain)/ok")
        #expect(probe.ending == .exited(0))
        for word in ["dns", "connect", "tls", "send", "wait", "receive", "total", "200 OK", "reused c1"] {
            #expect(probe.output.contains(word), "\(word) is missing:\n\(probe.output)")
        }
    }

    @Test func `bodies that come again, and those between, each have their own digest`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let targets = ["/ok", "/ok", "/missing", "/ok", "/hang-in-body", "/ok"].map { server.plain + $0 }
        let probe = try await Probe.run(arguments: ["--json", "-c", "1", "--max-time", "1"] + targets)
        let (hello, none) = (
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "140bedbf9c3f6d56a9846d2ba7088798683f4da0c248231336e6a05679e4fdfe"
        )
        // What came before it broke off.
        let cut = try await ProgramRun.output(of: ["bash", "-c", "printf some | sha256sum"]).prefix(64)
        #expect(try probe.records.map(\.bodySha256) == [hello, hello, none, hello, String(cut), hello])
    }

    @Test func `without UTF-8 all of it is ASCII`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let plain = try await Probe.run("\(server.plain)/slow", environment: ["LC_ALL": "C"])
        #expect(plain.output.utf8.allSatisfy { $0 < 0x80 }, "\(plain.output)")
        let summary = try await Probe.run("--summary", "\(server.plain)/ok", environment: ["LC_ALL": "C"])
        #expect(summary.output.utf8.allSatisfy { $0 < 0x80 }, "\(summary.output)")
        let rich = try await Probe.run("\(server.plain)/slow", environment: ["LC_ALL": "C.UTF-8"])
        #expect(rich.output.contains("░"), "\(rich.output)")
    }

    @Test func `a summary counts and measures`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--summary", "-n", "20", "-c", "4", "\(server.plain)/ok")
        #expect(probe.ending == .exited(0))
        for word in ["20 requests", "p50", "p99", "wait", "total", "200 × 20"] {
            #expect(probe.output.contains(word), "\(word) is missing:\n\(probe.output)")
        }
    }

    @Test func `an answer that comes before its upload is over counts like any other`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        // More than the kernel takes while nobody reads.
        let file = try folder.write("upload", [UInt8](repeating: 0x61, count: 32 << 20))
        let arguments = ["-n", "3", "-d", "@\(file)", "--max-time", "60", "\(server.plain)/unread"]
        let records = try await Probe.run(arguments: ["--json"] + arguments).records
        #expect(records.map(\.outcome) == ["ok", "ok", "ok"])
        #expect(records.map(\.status) == [413, 413, 413])
        let summary = try await Probe.run(arguments: ["--summary"] + arguments).output
        #expect(summary.contains("3 requests") && summary.contains("413 × 3"), "\(summary)")
    }

    // robustness.md, promise 4. `Probe.run` expects it of every output; here is a server that tries.
    @Test(arguments: [[], ["--json"], ["--summary"], ["--har", "-"]])
    func `nothing a server sends controls the terminal`(form: [String]) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let targets = ["/hostile-reason", "/hostile-field", "/hostile-type", "/hostile-body", "/hostile-location"]
        let run = try Probe.start(form + ["--max-time", "20"] + targets.map { server.plain + $0 })
        try await run.finish()
        #expect(!run.output.isEmpty)
        #expect(HarmfulText.found(in: run.output + run.error).isEmpty, "\(run.output)\(run.error)")
    }

    @Test func `nor does a URL that somebody else wrote`() async throws {
        for url in [
            "http://127.0.0.1:1/\u{202E}\u{200B}\u{9B}31m", "http://ex\u{202E}ample.invalid/", "\u{1B}[2Jfoo://x",
        ] {
            _ = try await Probe.run("--max-time", "5", url)
            _ = try await Probe.run("--json", "--max-time", "5", url)
        }
    }

    @Test func `help goes to standard output, with examples before the options`() async throws {
        let run = try ProgramRun([BuiltProgram.path, "--help"])
        #expect(try await run.finish() == .exited(0))
        let beforeOptions = run.output.components(separatedBy: "OPTIONS:")
        #expect(beforeOptions.count == 2)
        #expect(beforeOptions[0].contains("roundtrip --demo"))
        #expect(run.error == "")
        let version = try ProgramRun([BuiltProgram.path, "--version"])
        #expect(try await version.finish() == .exited(0))
        #expect(version.output == "1.0.0\n")
    }
}

@Suite("HAR files of a probe", .serialized, .timeLimit(.minutes(2)))
struct ProbeHARTests {
    @Test func `readers of others take the file, failures and all`() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await Certificates(folder)
        let secure = try await Peers.openssl(certificates.identity("IP:127.0.0.1"))
        defer { secure.stop() }
        let server = try await OddServer.start()
        defer { server.stop() }
        let har = folder.file("session.har")
        let dead = "http://127.0.0.1:\(try PeerServer.freePort())/"
        let targets = [
            "/ok", "/secrets?q=1&x=%20y", "/missing", "/truncated", "/garbage", "/hostile-body", "/hostile-field",
        ]
        let probe = try Probe.start(
            ["--json", "-c", "1", "--har", har, "--cacert", certificates.authority]
                + targets.map { server.plain + $0 } + [secure.secure, dead, "http://nosuch.invalid/"])
        try await probe.finish()
        #expect(probe.error.contains(har), "\(probe.error)")

        try await HARReaders.validate(har)
        let entries = try await HARReaders.haralyze(har)
        #expect(entries.count == targets.count + 3)
        #expect(entries.first == "200 \(server.plain)/ok")
        #expect(entries.contains("0 \(dead)"))
        let listing = try await HARReaders.mitmdump(har)
        #expect(listing.contains("/missing"), "\(listing)")
        #expect(listing.contains("404"), "\(listing)")
    }

    @Test func `a form that was sent is in the file`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let har = folder.file("form.har")
        #expect(
            try await Probe.run("--har", har, "-d", "first=1&second=2", "\(server.plain)/echo").ending == .exited(0))
        try await HARReaders.validate(har)
        #expect(try String(contentsOfFile: har, encoding: .utf8).contains("first=1&second=2"))
        #expect(try await HARReaders.haralyze(har) == ["200 \(server.plain)/echo"])
    }

    @Test func `secrets are left out and counted, unless they are asked for`() async throws {
        let folder = try TemporaryFolder()
        let server = try await OddServer.start()
        defer { server.stop() }
        let arguments = [
            "-H", "Authorization: Bearer BEARERSECRET", "-H", "Cookie: a=CRUMBSECRET",
            "\(server.plain)/secrets?access_token=TOKENSECRET&page=2",
        ]
        let secrets = ["BEARERSECRET", "CRUMBSECRET", "TOKENSECRET", "COOKIESECRET"]

        let shared = try Probe.start(arguments + ["--har", folder.file("shared.har")])
        #expect(try await shared.finish() == .exited(0))
        let text = try String(contentsOfFile: folder.file("shared.har"), encoding: .utf8)
        for secret in secrets { #expect(!text.contains(secret), "\(secret) was written") }
        #expect(text.contains("page"))
        #expect(shared.error.lowercased().contains("redacted") || shared.error.contains("left out"), "\(shared.error)")
        try await HARReaders.validate(folder.file("shared.har"))

        let full = try Probe.start(arguments + ["--har", folder.file("full.har"), "--full"])
        #expect(try await full.finish() == .exited(0))
        let all = try String(contentsOfFile: folder.file("full.har"), encoding: .utf8)
        for secret in secrets { #expect(all.contains(secret), "\(secret) is missing") }
        try await HARReaders.validate(folder.file("full.har"))
    }

    @Test(arguments: ["session.json", "session.txt", "session.har.part"])
    func `what --har writes is HAR under whatever name`(name: String) async throws {
        let folder = try TemporaryFolder()
        let server = try await OddServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--har", folder.file(name), "\(server.plain)/ok")
        #expect(probe.ending == .exited(0), "\(probe.error)")
        try await HARReaders.validate(folder.file(name))
    }

    @Test func `on standard output it is the file and nothing else`() async throws {
        let folder = try TemporaryFolder()
        let server = try await OddServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--har", "-", "\(server.plain)/ok")
        try folder.write("piped.har", probe.output.utf8)
        try await HARReaders.validate(folder.file("piped.har"))
    }

    @Test(arguments: ["/nosuch/folder/session.har", "/proc/session.har"])
    func `a place that can't be written ends with 23 and a sentence`(path: String) async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        for option in ["--har", "--cookie-jar", "--record"] {
            let probe = try await Probe.run("--json", option, path, "\(server.plain)/ok")
            #expect(probe.ending == .exited(23), "\(option): \(probe.error)")
            #expect(probe.error.contains(path), "\(option): \(probe.error)")
            #expect(probe.error.split(separator: "\n").count == 1)
            #expect(probe.output == "" && !server.output.contains("got /ok"), "before any request")
        }
    }

    @Test func `a recording has the bodies, as in the interface`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let file = folder.file("session.db")
        #expect(try await Probe.run("--json", "--record", file, "\(server.plain)/ok").ending == .exited(0))
        let counts = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import sqlite3, sys
            for row in sqlite3.connect(sys.argv[1]).execute("SELECT length(bytes), total_bytes FROM bodies"): print(*row)
            """, file,
        ])
        #expect(counts == "5 5\n")
    }

    @Test func `a device is written to, never replaced by a file`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        // By a link, so that a program that gets this wrong destroys nothing but the link.
        for device in ["/dev/null", "/dev/full"] {
            let link = folder.file("device")
            try? FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: device)
            let probe = try await Probe.run("--json", "--har", link, "\(server.plain)/ok")
            #expect(probe.ending == .exited(device == "/dev/full" ? 23 : 0), "\(device): \(probe.error)")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == device)
        }
    }

    @Test func `a standard output that somebody made non-blocking is waited for`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let words = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import os, select, subprocess, sys
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            program = subprocess.Popen([sys.argv[1], "probe", "--json", "-n", "300", sys.argv[2]], stdout=writing)
            room = select.poll()
            room.register(writing, select.POLLOUT)
            while room.poll(0) and program.poll() is None: pass
            os.close(writing)
            with open(reading) as lines: count = len(lines.readlines())
            print(count, program.wait())
            """, try BuiltProgram.path, "\(server.plain)/ok",
        ])
        #expect(words == "300 0\n")
    }

    @Test func `a full disk for standard output ends with 23 and a sentence`() async throws {
        let server = try await OddServer.start()
        defer { server.stop() }
        let run = try ProgramRun([
            "bash", "-c", "\"$0\" probe --json \"$1\" > /dev/full", try BuiltProgram.path, "\(server.plain)/ok",
        ])
        #expect(try await run.finish() == .exited(23))
        #expect(run.error.contains("No space left"), "\(run.error)")
    }
}
