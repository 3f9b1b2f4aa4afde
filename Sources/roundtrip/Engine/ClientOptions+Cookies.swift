import ArgumentParser
import Exports
import Glibc
import HTTPClient

// `-b` and `--cookie-jar` as in curl, save for curl's `-c`, which says here how many requests run at the same time.

extension ClientOptions {
    /// Whether cookies go from responses to requests: with a file of them, or where they are to be written.
    var keepsCookies: Bool { cookieJar != nil || cookieFile != nil }

    private var cookieFile: String? { cookie.flatMap { $0.contains("=") ? nil : $0 } }

    /// The cookies to begin with; nil when none are kept. Reads files: not for the network thread.
    func startingCookies() throws -> CookieJar? { keepsCookies ? try newCookieJar() : nil }

    /// The same for whoever keeps them anyway.
    func newCookieJar() throws -> CookieJar {
        var cookies: [Cookie] = []
        // As curl: a file that is not there (yet) holds none.
        if let cookieFile, access(cookieFile, F_OK) == 0 || cookieFile == "-" {
            let (read, badLines) = CookieFile.read(try readFile(cookieFile, limit: 16 << 20))
            cookies = read
            if badLines > 0 {
                printError("roundtrip: \(cookieFile): \(badLines) line\(badLines == 1 ? "" : "s") no cookie stands in.")
            }
        }
        return CookieJar(suffixes: Self.systemSuffixes(), cookies: cookies)
    }

    /// The system's list of public suffixes; none where there is none.
    private static func systemSuffixes() -> PublicSuffixes {
        guard let text = try? readFile(PublicSuffixes.systemPath, limit: PublicSuffixes.sizeLimit) else { return .none }
        return PublicSuffixes(text)
    }

    /// Writes them where `--cookie-jar` says, readable for their owner alone; nothing without it.
    func save(_ jar: CookieJar) throws {
        guard let cookieJar else { return }
        let text = CookieFile.text(jar.cookies)
        guard cookieJar != "-" else { return printOutput(String(decoding: text, as: UTF8.self)) }
        do { try ExportFile.write(text, to: cookieJar, mayReplace: true) } catch {
            printError("roundtrip: \(error)")
            throw ExitCode(ProgramExit.writeError)
        }
    }
}
