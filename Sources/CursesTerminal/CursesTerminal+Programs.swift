internal import CNcurses
internal import Glibc

extension CursesTerminal {
    /// Runs another program on the terminal, an editor or a pager, and comes back when it has ended.
    ///
    /// The main actor waits meanwhile; probes on the network's executor go on. Stopping the program with Ctrl-Z stops us
    /// too, so that the shell gets the terminal.
    ///
    /// - Parameter arguments: The program, searched for in PATH, and its arguments.
    /// - Returns: How it ended, or why it did not start.
    public func run(_ arguments: [String]) -> ProgramEnd {
        handOver {
            var process: pid_t = 0
            let error = withCStrings(arguments) { spawn_program(&process, $0) }
            guard error == 0 else { return .notStarted(errno: error) }
            var status: Int32 = 0
            while true {
                let answer = waitpid(process, &status, WUNTRACED)
                if answer < 0, errno == EINTR { continue }
                guard answer == process else { return .notStarted(errno: errno) }
                guard wait_is_stopped(status) else { return .exited(code: wait_exit_code(status)) }
                TerminalRescue.stopProcess()
            }
        }
    }

    /// How another program ended.
    public enum ProgramEnd: Hashable, Sendable {
        /// 128 and the signal's number when it was killed.
        case exited(code: Int32)
        case notStarted(errno: Int32)
    }

    /// Leaves the terminal to `work`: plain text, line by line, as before the program began.
    public func handOver<Result>(_ work: () throws -> Result) rethrows -> Result {
        guard state == .onScreen else { return try work() }
        leave()
        TerminalRescue.setGuest(true)
        defer {
            TerminalRescue.setGuest(false)
            enter()
        }
        return try work()
    }

    private func withCStrings<Result>(
        _ strings: [String], _ work: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return work(copies + [nil])
    }
}
