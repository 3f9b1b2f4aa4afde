import ArgumentParser
import Glibc
import TextScreen

/// The program: `roundtrip [URL…]` opens the interface, `roundtrip probe` does without.
@main
struct Roundtrip: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roundtrip",
        abstract: "See HTTP round trips live: phases, connections, reuse.",
        discussion: """
            Examples:
              roundtrip --demo                                live, on a demo server
              roundtrip https://example.com/ 127.0.0.1:8080   live, on these URLs
              cat urls | roundtrip                            live, on a list of them
              roundtrip probe https://example.com/            one timeline, no interface
              roundtrip probe -n 100 -c 8 --summary URL       how fast, over a hundred
              roundtrip probe --har - URL URL                 HAR 1.2 on standard output
              roundtrip listen --port 8080                    live, on what comes in
              roundtrip listen --forward 127.0.0.1:3000       live, in front of a server
              roundtrip playground                            routes to try things out on
            """,
        version: programVersion,
        subcommands: [InspectCommand.self, ProbeCommand.self, ListenCommand.self, PlaygroundCommand.self],
        defaultSubcommand: InspectCommand.self)

    static func main() { MainThread.run { await start() } }

    @MainActor
    private static func start() async {
        // A peer that has gone must be an error of the write, never the end of the program.
        signal(SIGPIPE, SIG_IGN)
        var running: (any ParsableCommand.Type)?
        do {
            if let inspection = try Inspection.plain(CommandLine.arguments.dropFirst()) {
                return try await inspection.run()
            }
            var command = try parseAsRoot()
            running = type(of: command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            // All has been said. The parser would put its help together first.
            Glibc.exit(code.rawValue)
        } catch {
            // ArgumentParser calls a wrong command line 64, as BSD does; curl and most tools say 2.
            let isUsage = exitCode(for: error) == .validationFailure
            guard isUsage else { exit(withError: error) }
            printError(running.map { words(on: error, in: $0) } ?? fullMessage(for: error))
            Glibc.exit(ProgramExit.usage)
        }
    }

    /// What was wrong with a command line that the parser had let pass: of a command that runs already it would tell the usage
    /// of the whole program.
    private static func words(on error: any Error, in command: any ParsableCommand.Type) -> String {
        let name = command.configuration.commandName.map { " \($0)" } ?? ""
        return "Error: \(message(for: error))\nUsage: \(usageString(for: command))\n"
            + "  See 'roundtrip\(name) --help' for more information."
    }
}

/// What `--version` says and HAR files name as their creator.
let programVersion = "1.0.0"

/// Words for people go to standard error: standard output is for data.
///
/// They quote what was typed, pasted or sent by a server, so what would control a terminal is shown instead of sent.
func printError(_ message: String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
    let line = lines.map { SafeText(untrusted: String($0)).string + "\n" }.joined()
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
