import Foundation

/// Another program as a peer.
enum Program {
    /// What a program wrote, and how it ended.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs a program to its end.
    static func run(_ path: String, _ arguments: [String], input: String = "") async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // Files rather than pipes: nobody has to read one while waiting for the other.
        let folder = FileManager.default.temporaryDirectory.appending(path: "roundtrip-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map { folder.appending(path: $0) }
        try Data(input.utf8).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        let texts = try files[1...].map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }

    /// Runs curl, which must have the answer within 20 s.
    static func curl(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run("/usr/bin/env", ["curl", "-sS", "-m", "120"] + arguments, input: input)
    }

    /// Runs a Python program.
    static func python(_ program: String, _ arguments: String...) async throws -> Outcome {
        try await run("/usr/bin/env", ["python3", "-c", program] + arguments)
    }
}
