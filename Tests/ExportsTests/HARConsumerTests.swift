import Foundation
import TestSupport
import Testing

/// Others read our HAR: the schema's validator, haralyzer, mitmproxy. A missing reader fails with what to install.
@Suite("HAR readers", .serialized)
struct HARConsumerTests {
    private static let python = ProcessInfo.processInfo.environment["ROUNDTRIP_TEST_PYTHON"] ?? "python3"

    private static func run(_ command: [String], environment: [String: String] = [:]) throws -> (
        status: Int32, output: String
    ) {
        let outcome = try ProgramRun.outcome(of: command, environment: ChildProcess.environment(environment))
        guard case .exited(let status) = outcome.ending else { throw HarnessError("\(command[0]) was killed") }
        return (status, outcome.output + outcome.error)
    }

    private static func withHAR(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).har"
        try Data(Sample.har().text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func `har-validator accepts it`() throws {
        try Self.withHAR { path in
            let script = """
                require('har-validator').har(JSON.parse(require('fs').readFileSync('\(path)')))
                  .then(() => console.log('valid'), e => { console.log(JSON.stringify(e.errors || String(e))); process.exit(1) })
                """
            let (status, output) = try Self.run(
                ["node", "-e", script], environment: ["NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"])
            #expect(status == 0, "apt-get install node-har-validator? \(output)")
            #expect(output == "valid\n")
        }
    }

    @Test func `haralyzer reads every property of every entry`() throws {
        try Self.withHAR { path in
            let script = """
                import json, sys
                from haralyzer import HarParser
                parser = HarParser(json.load(open(sys.argv[1])))
                count = 0
                for entry in parser.pages[0].entries:
                    for name in dir(type(entry)):
                        if isinstance(getattr(type(entry), name), property):
                            if name == "serverAddress" and "serverIPAddress" not in entry.raw_entry: continue
                            getattr(entry, name)
                    entry.port, entry.time, entry.request.url, entry.response.status
                    count += 1
                print(count)
                """
            let (status, output) = try Self.run([Self.python, "-c", script, path])
            #expect(status == 0, "pip install haralyzer? \(output)")
            #expect(output == "13\n")
        }
    }

    @Test func `mitmproxy reads it`() throws {
        try Self.withHAR { path in
            let script = """
                import json, sys
                from mitmproxy.io.har import request_to_flow
                entries = json.load(open(sys.argv[1]))["log"]["entries"]
                flows = [request_to_flow(entry) for entry in entries]
                print(len(flows), flows[1].response.text, flows[1].request.path)
                """
            let (status, output) = try Self.run([Self.python, "-c", script, path])
            #expect(status == 0, "pip install mitmproxy? \(output)")
            #expect(output == "13 hello /v1/users\n")
        }
    }
}
