import Exports
import Foundation
import HTTPTrace
import HTTPTypes
import Sessions
import TestSupport
import Testing

@Suite("curl command")
struct CurlCommandTests {
    /// What a POSIX shell makes of a command line: its words, found by putting `printf` in curl's place.
    private func words(_ command: String) throws -> [String] {
        let script = "curl() { printf '%s\\0' \"$@\"; }; \(command)"
        let outcome = try ProgramRun.outcome(of: ["/bin/sh", "-c", script])
        return outcome.output.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private func command(_ draft: RequestDraft, _ mode: Redaction.Mode = .full) -> String {
        var redaction = Redaction(mode)
        return CurlCommand.text(draft, redacting: &redaction)
    }

    private func draft(
        _ method: HTTPRequest.Method = .get, _ url: String = "http://example.com/", _ fields: HTTPFields = [:],
        body: [UInt8] = []
    ) -> RequestDraft {
        RequestDraft(method: method, url: try! TypedURL.parse(url), fields: fields, body: body)
    }

    @Test func `a plain request is a plain command`() {
        #expect(command(draft()) == "curl --globoff --path-as-is http://example.com/")
        #expect(command(draft(.head)) == "curl --globoff --path-as-is --head http://example.com/")
        #expect(
            command(draft(.delete, "http://a/?x=1&y=2"))
                == "curl --globoff --path-as-is --request DELETE 'http://a/?x=1&y=2'")
    }

    @Test func `a HEAD with a body is one that curl sends, and whose answer it does not wait for`() throws {
        let text = command(draft(.head, "http://127.0.0.1:1/", [.contentType: "text/plain"], body: Array("x".utf8)))
        #expect(
            try words(text) == [
                "--globoff", "--path-as-is", "--request", "HEAD", "--include", "--max-filesize", "1",
                "--max-time", "30", "--header", "Content-Type: text/plain", "--data-raw", "x", "http://127.0.0.1:1/",
            ])
        // Nobody listens there, but 2 would be curl's answer to options that contradict each other.
        #expect(try ProgramRun.outcome(of: ["/bin/sh", "-c", text]).ending != .exited(2))
    }

    @Test(
        "a shell reads every word back as it was",
        arguments: [
            "plain", "", " ", "it's", "'", "''", "\\", "$HOME `id` $(id)", "a\nb\t\"c\"", "!x", "~", "#c",
            "é\u{301}'\u{301}",
            "-n", "%s", "*?[x]", "a;b|c&d>e<f", "\u{1B}[31m", "\u{202E}",
        ])
    func quoting(_ word: String) throws {
        #expect(try words("curl " + CurlCommand.quoted(word)) == [word])
    }

    @Test func `random words come back too`() throws {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("ab '\"\\$`!\n*?é€😀&|;<>(){}[]~#%=-")
        let texts = (0..<200).map { _ in
            String(
                (0..<Int.random(in: 0...12, using: &generator)).map { _ in letters.randomElement(using: &generator)! })
        }
        #expect(try words("curl " + texts.map(CurlCommand.quoted).joined(separator: " ")) == texts)
    }

    @Test func `fields and bodies arrive as they are`() throws {
        let fields: HTTPFields = [
            .contentType: "application/json", .init("X-Empty")!: "", .init("X-Note")!: "it's; ok",
        ]
        #expect(
            try words(command(draft(.post, "http://a/", fields, body: Array("@file 'x'\n".utf8)))) == [
                "--globoff", "--path-as-is", "--header", "Content-Type: application/json", "--header", "X-Empty;",
                "--header", "X-Note: it's; ok", "--data-raw", "@file 'x'\n", "http://a/",
            ])
        #expect(try words(command(draft(.put, body: [65]))).contains("PUT"))
        // curl would claim a form.
        #expect(try words(command(draft(.post, body: [65]))).contains("Content-Type:"))
    }

    /// What a command pipes into curl.
    private func piped(_ command: String) throws -> [UInt8] {
        // On standard input, since no argument may be as long as a large body's command.
        try ProgramRun.outcome(of: ["/bin/sh", "-s"], input: "curl() { cat; }\n\(command)\n").bytes
    }

    @Test func `a binary body is piped byte by byte`() throws {
        let body: [UInt8] = Array(0...255)
        #expect(try piped(command(draft(.post, body: body))) == body)
    }

    @Test func `a form's secrets are left out of a body that is piped, too`() throws {
        let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        let filler = String(repeating: "x", count: 120_000)
        let large = draft(.post, "http://a/", form, body: Array("password=s3cret&a=\(filler)".utf8))
        #expect(try piped(command(large, .secrets)) == Array("password=REDACTED&a=\(filler)".utf8))
        #expect(try piped(command(large)) == large.body)

        let bytes: [UInt8] = [0x61, 0x3D, 0xFF, 0, 0x26]
        let binary = draft(.post, "http://a/", form, body: bytes + Array("token=s3cret".utf8))
        let redacted: [UInt8] = bytes + Array("token=REDACTED".utf8)
        #expect(try piped(command(binary, .secrets)) == redacted)
        // Nothing but forms is looked into.
        let other = draft(.post, "http://a/", [.contentType: "text/csv"], body: binary.body)
        #expect(try piped(command(other, .secrets)) == other.body)
    }

    @Test func `what was spoken over HTTP-2 is spoken so again`() {
        var redaction = Redaction(.full)
        let plain = CurlCommand.text(draft(), version: "HTTP/2", redacting: &redaction)
        #expect(plain == "curl --http2-prior-knowledge --globoff --path-as-is http://example.com/")
        let secure = CurlCommand.text(draft(.get, "https://a/"), version: "HTTP/2", redacting: &redaction)
        #expect(secure == "curl --http2 --globoff --path-as-is https://a/")
    }

    @Test func `what was spoken over HTTP-1 is not spoken over HTTP-2 because a server offers that now`() {
        var redaction = Redaction(.full)
        let secure = CurlCommand.text(draft(.get, "https://a/"), version: "HTTP/1.1", redacting: &redaction)
        #expect(secure == "curl --http1.1 --globoff --path-as-is https://a/")
        let plain = CurlCommand.text(draft(), version: "HTTP/1.1", redacting: &redaction)
        #expect(plain == "curl --globoff --path-as-is http://example.com/")
        // Nothing was spoken.
        #expect(command(draft(.get, "https://a/")) == "curl --globoff --path-as-is https://a/")
    }

    @Test func `an empty body is one where the method has one, so that its length is said`() throws {
        #expect(
            try words(command(draft(.post, "http://a/"))) == [
                "--globoff", "--path-as-is", "--header", "Content-Type:", "--data-raw", "", "http://a/",
            ])
        #expect(
            try words(command(draft(.put, "http://a/", [.contentType: "text/plain"]))) == [
                "--globoff", "--path-as-is", "--request", "PUT", "--header", "Content-Type: text/plain", "--data-raw",
                "", "http://a/",
            ])
    }

    @Test func `a body that came in and was kept in part is not sent without a word`() throws {
        var exchange = Exchange(
            id: ExchangeID(1), draft: draft(.post, body: Array("begin".utf8)), cause: .caught, at: .zero)
        var served = ServedRequest(
            id: ServerRequestID(1), connection: ServerConnectionID(1), client: Sample.local, at: .zero)
        served.requestBytes = 5
        served.apply(ServerRecord(time: .zero, connection: nil, request: nil, event: .requestEnded(bytes: 5)))
        exchange.served = served
        var redaction = Redaction(.full)
        let whole = CurlCommand.text(of: exchange, redacting: &redaction)
        #expect(whole == CurlCommand.text(exchange.draft, redacting: &redaction))
        exchange.served?.requestBytes = 5_000
        let part = CurlCommand.text(of: exchange, redacting: &redaction)
        #expect(part == "# only 5 of 5000 bytes of the body were kept: this sends another request\n\(whole)")
        #expect(try words(part).contains("begin"), "a shell reads it")
    }

    @Test func `a body that broke off is not sent as a whole one without a word`() {
        var exchange = Exchange(
            id: ExchangeID(1), draft: draft(.post, body: Array("begin".utf8)), cause: .caught, at: .zero)
        var served = ServedRequest(
            id: ServerRequestID(1), connection: ServerConnectionID(1), client: Sample.local, at: .zero)
        served.requestBytes = 5
        exchange.served = served
        var redaction = Redaction(.full)
        let text = CurlCommand.text(of: exchange, redacting: &redaction)
        #expect(text.hasPrefix("# only the first 5 bytes of the body came: this sends another request\ncurl "))
    }

    @Test func `secrets are left out unless asked for`() {
        let draft = draft(
            .post, "https://me:s3cret@a/?token=s3cret",
            [.authorization: "Bearer s3cret", .contentType: "application/x-www-form-urlencoded"],
            body: Array("password=s3cret".utf8))
        var redaction = Redaction()
        let text = CurlCommand.text(draft, redacting: &redaction)
        #expect(!text.contains("s3cret"))
        #expect(redaction.counts == Redaction.Counts(credentials: 2, parameters: 2))
        #expect(command(draft).components(separatedBy: "s3cret").count == 5)
    }
}
