import FoundationEssentials
import TestSupport
import Testing

// What the interface's start puts off or leaves out must not be missed by anybody.

@Suite("The start of the interface", .serialized, .timeLimit(.minutes(3)))
struct StartTests {
    @Test func `certificates to trust that can't be read are named before the screen opens`() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("none.pem", "not a certificate\n".utf8)
        let terminal = try Inspection.start(["--cacert", file], folder: folder)
        #expect(try await terminal.finish() == .exited(77))
        #expect(terminal.screen.contains("none.pem"))
        #expect(!String(decoding: terminal.bytes, as: UTF8.self).contains("\u{1B}[?1049h"))
    }

    @Test func `the first request over TLS, typed or named, is verified against the system's certificates`()
        async throws
    {
        let folder = try TemporaryFolder()
        let certificates = try await Certificates(folder)
        let nginx = try await Peers.secureNginx(folder, certificates.identity("IP:127.0.0.1"))
        defer { nginx.stop() }
        let url = "\(nginx.secure)/ca.pem"
        for isTyped in [true, false] {
            let terminal = try Inspection.start(
                isTyped ? [] : [url], ["SSL_CERT_FILE": certificates.authority], folder: folder)
            if isTyped {
                try await terminal.wait(forText: "probe")
                terminal.type("\(url)\r")
            }
            try await terminal.wait(for: "the answer") { $0.line(containing: "ca.pem")?.contains("200") == true }
            terminal.type("Q")
            #expect(try await terminal.finish() == .exited(0))
            #expect(terminal.leftovers == [])
        }
    }

    @Test func `a recording that can't be made is said where it stays to be read`() async throws {
        let terminal = try Inspection.start(["--record", "/nodir/x", "http://127.0.0.1:1/"], folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(23))
        let sent = String(decoding: terminal.bytes, as: UTF8.self)
        // Behind the end of the alternate screen, where there was one.
        let left = sent.firstRange(of: "\u{1B}[?1049l").map { sent[$0.upperBound...] } ?? sent[...]
        #expect(left.contains("/nodir/x"), "\(sent)")
        #expect(terminal.leftovers == [])
    }

    @Test(arguments: [[], ["probe"]])
    func `a recording has no way to standard output`(command: [String]) async throws {
        let terminal = try Inspection.start(
            command + ["--record", "-", "http://127.0.0.1:1/"], folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(2))
        #expect(terminal.screen.contains("--record takes the name of a file"))
    }

    @Test(arguments: [["http://"], ["http://127.0.0.1:1/", "a.b:c"], ["probe.example:99999"]])
    func `an address that is none ends with usage, as the parser ends`(words: [String]) async throws {
        // The second time with an option, so that the parser reads the line.
        for line in [words, words + ["--no-mouse"]] {
            let terminal = try Inspection.start(line, folder: TemporaryFolder())
            #expect(try await terminal.finish() == .exited(2))
            #expect(terminal.screen.contains("Usage: roundtrip"))
        }
    }

    @Test func `a command that is asked for what is no address tells its own usage`() async throws {
        let terminal = try Inspection.start(["probe", "ftp://a.example/"], folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(2))
        #expect(terminal.screen.contains("Usage: roundtrip probe "))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `shells are told what can be completed`(shell: String) async throws {
        let script = try await ProgramRun.output(of: [BuiltProgram.path, "--generate-completion-script", shell])
        #expect(script.contains("roundtrip") && script.contains("connect-timeout") && script.contains("playground"))
    }

    // At 80 columns, where the help is laid out: a line that is cut in two says less than none.
    @Test(arguments: [["--help"], ["help", "listen"]])
    func `examples in the help stand on a line each`(arguments: [String]) async throws {
        let help = try await ProgramRun.output(of: [BuiltProgram.path] + arguments)
        let part = try #require(help.split(separator: "\n\n").first { $0.contains("Examples:") })
        let examples = part.split(separator: "\n").dropFirst()
        #expect(examples.count >= 4 && examples.allSatisfy { $0.hasPrefix("  roundtrip ") || $0.hasPrefix("  cat ") })
    }

    @Test func `a word that is no address may be a command`() async throws {
        let terminal = try Inspection.start(["help"], rows: 100, folder: TemporaryFolder())
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.screen.contains("SUBCOMMANDS"))
    }
}
