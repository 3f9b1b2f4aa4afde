import FoundationEssentials
import TestSupport
import Testing

/// What a run of `roundtrip probe` gave.
struct Probe {
    var ending: Ending
    var output: String
    var error: String

    /// Runs it to its end. That no escape code reaches what is no terminal is expected of every run.
    static func run(
        _ arguments: String..., environment: [String: String] = [:], folder: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Probe {
        try await run(arguments: arguments, environment: environment, folder: folder, sourceLocation: sourceLocation)
    }

    /// As above, with arguments made elsewhere.
    static func run(
        arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Probe {
        let run = try start(arguments, environment: environment, folder: folder)
        let ending = try await run.finish()
        let probe = Probe(ending: ending, output: run.output, error: run.error)
        #expect(
            HarmfulText.found(in: probe.output + probe.error).isEmpty, "\(probe.output)\(probe.error)",
            sourceLocation: sourceLocation)
        return probe
    }

    /// Starts one, for a test that does something meanwhile.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil
    ) throws -> ProgramRun {
        try ProgramRun(
            [BuiltProgram.path, "probe"] + arguments, environment: ChildProcess.environment(environment), folder: folder
        )
    }

    /// The objects of `--json`.
    var records: [ProbeRecord] {
        get throws { try ProbeRecord.decode(lines: output) }
    }

    /// The object of a run with one request.
    var record: ProbeRecord {
        get throws {
            let records = try records
            return try #require(records.count == 1 ? records.first : nil, "\(records.count) records\n\(output)\(error)")
        }
    }
}

/// One line of `--json`, as far as tests look at it.
struct ProbeRecord: Decodable {
    struct Problem: Decodable {
        var phase: String?
        var message: String
    }

    struct PhaseTime: Decodable {
        var phase: String
        var startMs: Double
        var durationMs: Double
    }

    struct Connection: Decodable {
        var id: Int
        var reused: Bool
        var use: Int
        var remote: String
        var proxy: String?
    }

    struct Tunnel: Decodable {
        var proxy: String
        var target: String
        var status: Int?
        var reply: Int?
        var body: String?
    }

    struct Lookup: Decodable {
        struct Records: Decodable {
            var type: String
            var addresses: [String]
            var server: String?
            var tries: Int
            var durationNs: Int
            var problem: String?
        }

        var host: String
        var source: String?
        var records: [Records]
    }

    struct Attempt: Decodable {
        var address: String
        var error: String?
    }

    struct TCP: Decodable {
        var moment: String
        var rttMs: Double
        var retransmits: Int
    }

    var schemaVersion: Int
    var number: Int
    var outcome: String
    var error: Problem?
    var status: Int?
    var httpVersion: String?
    var bodyLen: Int?
    var bodySha256: String?
    var totalMs: Double
    var firstByteMs: Double?
    var waitMs: Double?
    var phasesSumMs: Double
    var unclaimedMs: Double
    var phases: [PhaseTime]
    var connection: Connection?
    var dns: Lookup?
    var pinned: Bool?
    var dialed: String?
    var attempts: [Attempt]?
    var tcp: [TCP]?
    var tunnel: Tunnel?
    var curl: CurlTimes

    var phaseNames: [String] { phases.map(\.phase) }

    static func decode(lines: String) throws -> [ProbeRecord] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines.split(separator: "\n").map { try decoder.decode(ProbeRecord.self, from: Data($0.utf8)) }
    }
}

/// What curl's `%{json}` and our `curl` block have in common: cumulative, in seconds.
struct CurlTimes: Decodable {
    var responseCode: Int
    var numConnects: Int
    var sizeDownload: Int
    var scheme: String
    var remoteIp: String
    var timeNamelookup: Double
    var timeConnect: Double
    var timeAppconnect: Double
    var timePretransfer: Double
    var timeStarttransfer: Double
    var timeTotal: Double

    /// Asks curl itself.
    static func measured(_ url: String, _ options: String...) async throws -> CurlTimes {
        let arguments = ["curl", "-s", "-o", "/dev/null", "-w", "%{json}"] + options + [url]
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(CurlTimes.self, from: Data(try await ProgramRun.output(of: arguments).utf8))
    }
}

/// Characters that control a terminal or deceive its reader.
enum HarmfulText {
    /// Those in `text`, line breaks left aside.
    static func found(in text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x0A: false
            case ..<0x20, 0x7F...0x9F: true
            // Zero width, bidi marks, overrides and isolates, the byte order mark, tags.
            case 0xAD, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xE0000...0xE007F: true
            default: false
            }
        }
    }
}
