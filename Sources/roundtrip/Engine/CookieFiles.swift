import ArgumentParser
import Exports
import Glibc
import HTTPClient

// `-b` and `--cookie-jar` as in curl, save for curl's `-c`, which says here how many requests run at the same time.

/// The files cookies come from and go to.
struct CookieFiles: Sendable {
    /// Read at first, in this order.
    var sources: [String] = []
    /// Written at the end; nil forgets them.
    var target: String?

    /// Whether cookies go from responses to requests: with a file of them, or where they are to be written.
    var keepsCookies: Bool { !sources.isEmpty || target != nil }

    /// The cookies to begin with; nil when none are kept. Reads files: not for the network thread.
    func startingJar() throws -> CookieJar? { keepsCookies ? try newJar() : nil }

    /// The same for whoever keeps them anyway.
    func newJar() throws -> CookieJar {
        var cookies: [Cookie] = []
        // As curl: a file that is not there (yet) holds none.
        for source in sources where access(source, F_OK) == 0 || source == "-" {
            let (read, badLines) = CookieFile.read(try readFile(source, limit: 16 << 20))
            cookies += read
            if badLines > 0 {
                printError("roundtrip: \(source): \(badLines) line\(badLines == 1 ? "" : "s") no cookie stands in.")
            }
        }
        return CookieJar(suffixes: Self.systemSuffixes(), cookies: cookies)
    }

    /// The system's list of public suffixes; none where there is none.
    private static func systemSuffixes() -> PublicSuffixes {
        guard let text = try? readFile(PublicSuffixes.systemPath, limit: PublicSuffixes.sizeLimit) else { return .none }
        return PublicSuffixes(text)
    }

    /// Ends the program with a sentence where they can't be written later.
    func checkTarget() throws { if let target, target != "-" { try checkFile(target) } }

    /// Writes them where they are to go, readable for their owner alone; nothing without a target.
    func save(_ jar: CookieJar) throws {
        guard let target else { return }
        let text = CookieFile.text(jar.cookies)
        guard target != "-" else { return printOutput(String(decoding: text, as: UTF8.self)) }
        do { try ExportFile.write(text, to: target, mayReplace: true) } catch {
            printError("roundtrip: \(error)")
            throw ExitCode(ProgramExit.writeError)
        }
    }
}
