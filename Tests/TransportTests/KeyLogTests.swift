import Glibc
import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Key log", .timeLimit(.minutes(5)))
struct KeyLogTests {
    private static func connect(_ version: TLSVersion, logging path: String) async throws {
        try await Task.onNetwork {
            var configuration = TestCertificates.trusting
            configuration.newestVersion = version
            configuration.keyLogFile = path
            let before = HandshakeThreads.steps.onThreads
            let pair = try await TLSPair(TLSContext(client: configuration), TLSContext(server: .localhost))
            try await pair.connect()
            // A file is written: not on the network thread, however little there is to do.
            #expect(HandshakeThreads.steps.onThreads >= before + 2)
        }.value
    }

    @Test func `each session's secrets are appended in NSS's format, for their owner only`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("keys.log")
        try await Self.connect(.tls13, logging: path)
        try await Self.connect(.tls12, logging: path)
        let lines = try await ProgramRun.output(of: ["cat", path]).split(separator: "\n").map { line in
            line.split(separator: " ").map(String.init)
        }
        #expect(
            lines.compactMap(\.first).sorted() == [
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
                "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0",
            ])
        for line in lines {
            #expect(line.count == 3 && line[1].count == 64 && line[2].count >= 64, "\(line)")
            #expect(line.dropFirst().allSatisfy { $0.allSatisfy(\.isHexDigit) })
        }
        #expect(Set(lines.map { $0[1] }).count == 2, "one client random a session")
        #expect(try await ProgramRun.output(of: ["stat", "-c", "%a", path]) == "600\n")
    }

    @Test func `a file that can't be opened is named`() {
        var configuration = TestCertificates.trusting
        configuration.keyLogFile = "/nonexistent/keys.log"
        #expect(
            throws: TLSError.unusable("opening /nonexistent/keys.log to log TLS keys: No such file or directory")
        ) { try TLSContext(client: configuration) }
    }
}
