import TestSupport

/// Programs of others that read HAR files. Each complains by failing.
enum HARReaders {
    /// har-validator checks against the schema that most tools share.
    static func validate(_ file: String) async throws {
        let script = """
            require('har-validator').har(JSON.parse(require('fs').readFileSync(process.argv[1]))).then(
              () => {}, error => { console.error(JSON.stringify(error.errors ?? String(error))); process.exit(1) })
            """
        try await ProgramRun.output(
            of: ["node", "-e", script, file], environment: ChildProcess.environment(["NODE_PATH": "/usr/share/nodejs"]))
    }

    /// haralyzer, every property of every entry.
    ///
    /// - Returns: The status and the URL of each entry.
    static func haralyze(_ file: String) async throws -> [String] {
        let script = """
            import json, sys
            from haralyzer import HarParser
            entries = [e for p in HarParser(json.load(open(sys.argv[1]))).pages for e in p.entries]
            for entry in entries:
                for name in dir(type(entry)):
                    # These two look into fields that a request may lack, and say so by KeyError: theirs to mend.
                    if isinstance(getattr(type(entry), name), property): getattr(entry, name)
                print(entry.status, entry.url)
            """
        let output = try await ProgramRun.output(of: ["\(try Python.readers)/python", "-c", script, file])
        return output.split(separator: "\n").map(String.init)
    }

    /// mitmdump, as if it had recorded the file itself.
    static func mitmdump(_ file: String) async throws -> String {
        try await ProgramRun.output(of: ["\(try Python.readers)/mitmdump", "-n", "-r", file])
    }
}
