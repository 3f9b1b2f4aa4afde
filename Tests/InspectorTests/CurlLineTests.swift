import Exports
import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("curl commands as probe lines")
struct CurlLineTests {
    private func draft(
        _ method: HTTPRequest.Method, _ url: String, _ fields: HTTPFields = [:], body: String = ""
    ) -> RequestDraft {
        RequestDraft(method: method, url: try! TypedURL.parse(url), fields: fields, body: Array(body.utf8))
    }

    private static let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]

    @Test(
        arguments: [
            ("curl -fsSL https://example.com/x", ["-f"]), ("curl -sSfLo out.html https://example.com/x", ["-f", "-o"]),
            ("curl -vgiO --path-as-is --globoff https://example.com/x", ["-O"]),
            ("curl -o/dev/null -w '%{http_code}' https://example.com/x", ["-o", "-w"]),
            ("curl --http2 --no-buffer https://example.com/x", ["--http2", "--no-buffer"]),
        ])
    func `what concerns only curl's output is left out, and that is said`(line: String, leftOut: [String]) throws {
        let read = try ProbeLine.read(line)
        #expect(read.draft == draft(.get, "https://example.com/x"))
        #expect(read.leftOut == leftOut)
    }

    @Test func `the note on what was left out stands beside the line`() {
        var model = ScreenTests.model(columns: 120, rows: 36)
        _ = update(&model, .key(.paste("curl -fsS http://a.example/ -o x")), at: ScriptedSession.now)
        #expect(ScreenTests.text(of: model).contains("without -f -o"))
    }

    @Test(arguments: ["-k", "--insecure", "-x p:1", "--cacert f", "--resolve a:1:b"])
    func `what holds for all requests is refused, and the sentence says where it goes`(option: String) {
        let problem = #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse("curl -s \(option) a.example") }
        #expect(problem?.message.contains("start roundtrip with it") == true)
        #expect(problem?.column == 8)
    }

    @Test func `-G puts data behind the URL, and --data-urlencode encodes as curl does`() throws {
        #expect(
            try ProbeLine.parse("curl -G 'http://a/p?x=1' --data-urlencode 'q=a b&c/ü~' -d k=v --data-urlencode '=z*'")
                == draft(.get, "http://a/p?x=1&q=a+b%26c%2F%C3%BC~&k=v&z%2A"))
        #expect(
            try ProbeLine.parse("curl http://a/ -d x=1 --data-urlencode 'y z'")
                == draft(.post, "http://a/", Self.form, body: "x=1&y+z"))
        #expect(try ProbeLine.parse("curl http://a/ -Gd 'a#b'") == draft(.get, "http://a/?a%23b"))
        #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse("curl http://a/ --data-urlencode n@file") }
    }

    @Test func `-F makes a form of parts`() throws {
        let draft = try ProbeLine.parse("curl http://a/ -F 'a=b c' --form-string 'd=@e;type=f'")
        let boundary = "------------------------roundtrip"
        #expect(draft.method == .post)
        #expect(draft.fields[.contentType] == "multipart/form-data; boundary=\(boundary)")
        let part = "--\(boundary)\r\nContent-Disposition: form-data; name="
        let text = "\(part)\"a\"\r\n\r\nb c\r\n\(part)\"d\"\r\n\r\n@e;type=f\r\n--\(boundary)--\r\n"
        #expect(String(decoding: draft.body, as: UTF8.self) == text)
        for line in ["-F a=@file", "-F 'a=<file'", "-F 'a=b;type=text/plain'", "-F a", "-F a=b -d c"] {
            #expect(throws: ProbeLine.Problem.self, "\(line)") { try ProbeLine.parse("curl http://a/ \(line)") }
        }
    }

    @Test func `a command copied for Windows is the same request`() {
        var model = ScreenTests.model(columns: 120, rows: 36, session: nil)
        let command =
            "curl ^\"https://example.com/a?b=^%^20c^\" ^\r\n  -H ^\"sec: ^\\^\"X^\\^\";v=1^\" ^\r\n  -d ^\"x^&y^\"\r\n"
        _ = update(&model, .key(.paste(command)), at: ScriptedSession.now)
        _ = update(&model, .key(.enter), at: ScriptedSession.now)
        var fields = Self.form
        fields[HTTPField.Name("sec")!] = "\"X\";v=1"
        #expect(
            model.session.exchanges.map(\.draft) == [draft(.post, "https://example.com/a?b=%20c", fields, body: "x&y")])
        // Between a shell's quotes it is a character.
        #expect(CmdQuoting.removed(from: "curl a -d '{\"re\": ^\"x\"}'") == "curl a -d '{\"re\": ^\"x\"}'")
    }

    @Test(arguments: [nil, "HTTP/1.1", "HTTP/2"])
    func `a command that we copied is the request it was copied from`(version: String?) throws {
        let json: HTTPFields = [.contentType: "application/json", .accept: "it's"]
        var empty = HTTPFields()
        empty[HTTPField.Name("X-Empty")!] = ""
        let drafts = [
            draft(.get, "https://example.com/a/../b?x=[1]&y={2}"), draft(.head, "http://example.com/"),
            draft(.get, "https://example.com/", empty), draft(.delete, "http://example.com/x"),
            draft(.post, "https://example.com/", json, body: "@{\"a\":\n 'b'}"), draft(.post, "https://example.com/"),
            draft(.put, "https://example.com/", Self.form, body: "a=b"), draft(.head, "http://example.com/", body: "x"),
        ]
        for draft in drafts {
            var redaction = Redaction(.full)
            let command = CurlCommand.text(draft, version: version, redacting: &redaction)
            // As it comes by the clipboard.
            var model = ScreenTests.model(columns: 120, rows: 36, session: nil)
            _ = update(&model, .key(.paste(command)), at: ScriptedSession.now)
            _ = update(&model, .key(.enter), at: ScriptedSession.now)
            #expect(model.session.exchanges.map(\.draft) == [draft], "\(command)")
        }
    }
}
