internal import Glibc

/// A program that runs without a terminal: what it prints goes to files.
public final class ProgramRun: Sendable {
    public let process: ChildProcess
    private let outputFile: OutputFile
    private let errorFile: OutputFile

    /// - Parameter input: What it reads from its standard input.
    public init(
        _ arguments: [String], environment: [String: String] = ChildProcess.environment(), folder: String? = nil,
        input: String = ""
    ) throws {
        outputFile = try OutputFile()
        errorFile = try OutputFile()
        let inputFile = try OutputFile()
        _ = write(inputFile.descriptor, input, input.utf8.count)
        lseek(inputFile.descriptor, 0, SEEK_SET)
        process = try ChildProcess(
            arguments, environment: environment, folder: folder, input: .descriptor(inputFile.descriptor),
            output: .descriptor(outputFile.descriptor), error: .descriptor(errorFile.descriptor))
    }

    /// What it printed so far.
    public var output: String { outputFile.text }
    public var error: String { errorFile.text }

    /// Waits until it ends.
    ///
    /// - Returns: How.
    @discardableResult
    public func finish(within limit: Duration = .seconds(30)) async throws -> Ending {
        do {
            try await wait(for: "the program to end", within: limit) { process.ending != nil }
        } catch {
            throw HarnessError("\(error) It printed:\n\(output)\n\(self.error)")
        }
        return process.ending!
    }

    /// What a program wrote, and how it ended.
    public struct Outcome: Sendable {
        public let ending: Ending
        public let bytes: [UInt8]
        public let error: String

        public var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Runs a program to its end on the spot, for tests that wait for nothing else meanwhile.
    // Not by Foundation's `Process`: beside tests that open descriptors by the hundred its `run` read memory that was not there,
    // once in some dozen runs of all tests (Swift 6.3.1).
    public static func outcome(
        of arguments: [String], environment: [String: String] = ChildProcess.environment(), input: String = ""
    ) throws -> Outcome {
        let run = try ProgramRun(arguments, environment: environment, input: input)
        while run.process.ending == nil { usleep(1_000) }
        return Outcome(ending: run.process.ending!, bytes: run.outputFile.bytes, error: run.error)
    }

    /// Runs a program that must succeed.
    ///
    /// - Returns: What it printed.
    @discardableResult
    public static func output(
        of arguments: [String], environment: [String: String] = ChildProcess.environment(), input: String = ""
    ) async throws -> String {
        let run = try ProgramRun(arguments, environment: environment, input: input)
        let ending = try await run.finish()
        guard ending == .exited(0) else {
            throw HarnessError("\(arguments[0]) ended with \(ending):\n\(run.output)\(run.error)")
        }
        return run.output
    }
}

/// The program: as it was built with these tests, or another build of it.
public enum BuiltProgram {
    /// `ROUNDTRIP_TEST_PROGRAM`, where it is set; otherwise the one next to the tests' own executable.
    public static var path: String {
        get throws {
            if let path = getenv("ROUNDTRIP_TEST_PROGRAM") { return String(cString: path) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { bytes in
                readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            let tests = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
            let folder = tests.lastIndex(of: "/").map { tests[..<$0] } ?? "."
            let path = "\(folder)/roundtrip"
            guard access(path, X_OK) == 0 else { throw HarnessError("\(path) has not been built.") }
            return path
        }
    }
}
