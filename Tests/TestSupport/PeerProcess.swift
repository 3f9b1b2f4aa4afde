internal import CLinux
internal import Dispatch
internal import Glibc

// A program of somebody else to talk to, so that both ends of a test are not our own mistakes.

/// A child process with pipes on its three streams. It is killed, and waited for, when the last reference goes.
public final class PeerProcess: Sendable {
    private let process: pid_t
    private let input: Int32
    private let output: Int32

    /// Starts `command`, found in PATH; its error stream goes where its output goes.
    public init(_ command: String...) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        precondition(pipe2(&toChild, O_CLOEXEC) == 0 && pipe2(&fromChild, O_CLOEXEC) == 0, "no pipes left")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var process: pid_t = 0
        // Threads of a test may have signals blocked, which a child would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let result = posix_spawnp(&process, command[0], &actions, &attributes, &arguments, environ)
        posix_spawnattr_destroy(&attributes)
        precondition(result == 0, "\(command[0]) can't be started: error \(result)")
        posix_spawn_file_actions_destroy(&actions)
        for argument in arguments { free(argument) }
        close(toChild[0])
        close(fromChild[1])
        self.process = process
        input = toChild[1]
        output = fromChild[0]
    }

    deinit {
        close(input)
        close(output)
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Types into its standard input.
    public func type(_ text: String) {
        var text = text
        _ = text.withUTF8 { write(input, $0.baseAddress, $0.count) }
    }

    /// Waits until its output contains `text`, or ends; returns what came since the last call.
    @discardableResult
    public func output(until text: String) async -> String {
        // A blocking read must not take one of the few threads that all tests share.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.blockingOutput(until: text)) }
        }
    }

    private func blockingOutput(until text: String) -> String {
        var seen = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !seen.contains(text) {
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { break }
            seen += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return seen
    }
}
