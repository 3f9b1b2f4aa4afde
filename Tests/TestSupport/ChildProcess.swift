internal import Glibc
internal import Synchronization

// Programs that tests start. Foundation's Process is left alone: it starts no program in a terminal of its own, and its
// pipes need a run loop. Everything here waits by asking again every few milliseconds, never by blocking: tests share as
// few threads as there are processors.

/// What a test waited for did not come, or a program it needs is not there.
public struct HarnessError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// Asks until it is true.
///
/// - Parameters:
///   - what: Continues the sentence "Waited … for".
///   - limit: Generous, since machines are slow and busy: reaching it is a failure, never a measurement.
public func wait(
    for what: String, within limit: Duration = .seconds(30), until isTrue: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try !isTrue() {
        guard ContinuousClock.now < end else { throw HarnessError("Waited \(limit) for \(what).") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// How a program ended.
public enum Ending: Equatable, Sendable {
    case exited(Int32)
    /// By the signal of this number.
    case signalled(Int32)
}

/// A program that runs; killed when it is no longer referred to.
public final class ChildProcess: Sendable {
    /// Where a standard descriptor leads.
    public enum Stream: Sendable {
        case null
        /// Somebody else's descriptor, duplicated.
        case descriptor(Int32)
        /// A file opened by the child: a terminal opened by the leader of a session becomes the session's own.
        case path(String)
    }

    public let id: Int32
    private let known = Mutex<Ending?>(nil)

    /// Starts a program with exactly these variables.
    ///
    /// - Parameters:
    ///   - arguments: The program's name or path, then its arguments.
    ///   - folder: Where it runs; nil for the tests' own.
    ///   - isSessionLeader: Whether it starts a session, as a program in a new terminal window does.
    public init(
        _ arguments: [String], environment: [String: String] = ChildProcess.environment(), folder: String? = nil,
        input: Stream = .null, output: Stream = .null, error: Stream = .null, isSessionLeader: Bool = false
    ) throws {
        var arguments = arguments
        arguments[0] = try Self.path(of: arguments[0])
        // posix_spawn's own way to change the folder is hidden by the C library.
        if let folder { arguments = ["/usr/bin/env", "-C", folder] + arguments }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [input, output, error].enumerated() {
            switch stream {
            case .null: posix_spawn_file_actions_addopen(&actions, Int32(number), "/dev/null", O_RDWR, 0)
            case .descriptor(let other): posix_spawn_file_actions_adddup2(&actions, other, Int32(number))
            case .path(let path): posix_spawn_file_actions_addopen(&actions, Int32(number), path, O_RDWR, 0)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals as a shell would hand them on, whatever the tests do with theirs. 0x80 is POSIX_SPAWN_SETSID, which
        // hides behind _GNU_SOURCE.
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (isSessionLeader ? 0x80 : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let variables = environment.map { "\($0.key)=\($0.value)" }
        var id: pid_t = 0
        let code = Self.withStrings(arguments) { arguments in
            Self.withStrings(variables) { posix_spawn(&id, arguments[0]!, &actions, &attributes, arguments, $0) }
        }
        guard code == 0 else { throw HarnessError("\(arguments[0]) did not start: \(String(cString: strerror(code)))") }
        self.id = id
    }

    deinit {
        guard ending == nil else { return }
        kill(id, SIGKILL)
        waitpid(id, nil, 0)
    }

    /// Nil while it runs.
    public var ending: Ending? {
        known.withLock { known in
            var status: Int32 = 0
            if known == nil, waitpid(id, &status, WNOHANG) == id {
                known = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
            }
            return known
        }
    }

    public func send(signal number: Int32) {
        // Never to somebody else who got the number of one that has ended.
        if ending == nil { kill(id, number) }
    }

    /// Asks it to end, and ends it when it doesn't.
    public func stop() {
        send(signal: SIGTERM)
        for _ in 0..<200 where ending == nil { usleep(5_000) }
        send(signal: SIGKILL)
        while ending == nil { usleep(1_000) }
    }

    /// Variables for a program that tests look at: nothing of the machine's but what programs need to be found.
    public static func environment(_ more: [String: String] = [:]) -> [String: String] {
        let inherited = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "PYENV_ROOT"]
        var variables = ["LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"]
        for name in inherited { if let value = getenv(name) { variables[name] = String(cString: value) } }
        return variables.merging(more) { $1 }
    }

    /// Where a program is; servers are often outside of a person's path.
    public static func path(of program: String) throws -> String {
        if program.contains("/") { return program }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"] {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw HarnessError("\(program) is not installed; `.ci/setup test` installs what the tests need.")
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}

/// A file that a program writes and a test reads: whatever comes, nobody has to take it while it comes.
final class OutputFile: Sendable {
    let descriptor: Int32

    init() throws {
        var template = Array("/tmp/roundtrip-test-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw HarnessError("mkstemp failed: \(String(cString: strerror(errno)))") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        // The writer and we share the position otherwise.
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
    }

    deinit { close(descriptor) }

    var bytes: [UInt8] {
        var status = stat()
        fstat(descriptor, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(count, 0)))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A folder that goes with the test.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        var template = Array("/tmp/roundtrip-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HarnessError("mkdtemp failed: \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? ChildProcess(["rm", "-rf", path]).stopWhenDone()
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file into it.
    ///
    /// - Returns: Its path.
    @discardableResult
    public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let bytes = Array(bytes)
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count, close(descriptor) == 0 else {
            throw HarnessError("\(file(name)) can't be written: \(String(cString: strerror(errno)))")
        }
        return file(name)
    }
}

extension ChildProcess {
    fileprivate func stopWhenDone() { while ending == nil { usleep(500) } }
}
