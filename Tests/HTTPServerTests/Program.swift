import TestSupport

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
        let run = try ProgramRun([path] + arguments, input: input)
        guard case .exited(let status) = try await run.finish(within: .seconds(180)) else {
            throw HarnessError("\(path) was killed:\n\(run.error)")
        }
        return Outcome(status: status, output: run.output, errors: run.error)
    }

    /// Runs curl, which must have the answer within 120 s.
    static func curl(_ arguments: String..., input: String = "") async throws -> Outcome {
        try await run("/usr/bin/env", ["curl", "-sS", "-m", "120"] + arguments, input: input)
    }

    /// Runs a Python program.
    static func python(_ program: String, _ arguments: String...) async throws -> Outcome {
        try await run("/usr/bin/env", ["python3", "-c", program] + arguments)
    }
}
