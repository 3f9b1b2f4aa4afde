import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Probe line")
struct ProbeLineTests {
    private func draft(
        _ method: HTTPRequest.Method, _ url: String, _ fields: HTTPFields = [:], body: String = ""
    ) -> RequestDraft {
        RequestDraft(method: method, url: try! TypedURL.parse(url), fields: fields, body: Array(body.utf8))
    }

    @Test func `a URL is a GET`() throws {
        #expect(try ProbeLine.parse(" example.com ") == draft(.get, "http://example.com/"))
    }

    @Test func `method, fields and body are spelled as curl does`() throws {
        #expect(
            try ProbeLine.parse("PUT example.com -H 'Accept: text/html' -H \"X-A: b c\" --data-raw '{\"a\": 1}'")
                == draft(
                    .put, "example.com",
                    [
                        .accept: "text/html", HTTPField.Name("X-A")!: "b c",
                        .contentType: "application/x-www-form-urlencoded",
                    ], body: "{\"a\": 1}"))
    }

    @Test func `a command copied from a browser is read`() throws {
        #expect(
            try ProbeLine.parse("curl 'https://example.com/x' -X POST -H 'accept: */*' --compressed --json '{}'")
                == draft(
                    .post, "https://example.com/x",
                    [
                        .accept: "*/*", .contentType: "application/json",
                        .acceptEncoding: RequestDraft.offeredCodings,
                    ], body: "{}"))
    }

    @Test(
        arguments: [
            "GET https://example.com/a?b=c&d", "POST http://example.com:8080/ -H 'X-Quote: it'\\''s' -d 'a b'",
            "DELETE http://example.com/x", "-X M-SEARCH http://example.com/", "-X get http://example.com/",
            "PUT http://example.com/ --data-raw @handle", "POST http://example.com/ -H Content-Type: -d x",
            "GET http://example.com/ -H 'X-Empty;' -H User-Agent:",
            "GET http://example.com/ -H 'X: \u{301}'\\''\u{301}'",
        ])
    func `a line survives being read and written`(line: String) throws {
        let draft = try ProbeLine.parse(line)
        #expect(try ProbeLine.parse(ProbeLine.line(for: draft)) == draft)
    }

    @Test func `a body keeps its line ends in a line that has none`() throws {
        let body = "{\n\t\"it's\": \"\\n\"\r\n}\u{0}"
        let written = draft(.put, "example.com", [.contentType: "text/plain"], body: body)
        let line = ProbeLine.line(for: written)
        // As the prompt holds it: line ends and control characters do not survive in there.
        #expect(LineEditor(line).text == line)
        #expect(try ProbeLine.parse(LineEditor(line).text) == written)
    }

    @Test func `escapes in a command copied from a browser are what they mean`() throws {
        // Chrome's !, Firefox's é and its emoji, and bash's own octal.
        let line = #"curl example.com --data-raw $'Hi\u0021 it\'s \\n \xe9 \xc3\xa9 \ud83d\ude00 \041 \q'"#
        #expect(try ProbeLine.parse(line).body == Array(#"Hi! it's \n é é 😀 ! \q"#.utf8))
    }

    @Test(
        arguments: [
            ("", 0, true), ("GET", 3, true), ("GET example.com b.example", 16, false),
            ("example.com -k", 12, false), ("example.com -H", 12, true), ("example.com -H 'a", 15, true),
            ("ftp://example.com", 0, false), ("example.com -d @file", 12, false),
            ("example.com -b cookies.txt", 12, false), ("example.com -sk", 12, false),
        ])
    func `a wrong line says where`(line: String, column: Int, isUnfinished: Bool) {
        let problem = #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse(line) }
        #expect(problem?.column == column)
        #expect(problem?.isUnfinished == isUnfinished)
    }

    @Test func `user and password become Basic authorization`() throws {
        #expect(try ProbeLine.parse("example.com -u user:pass").fields[.authorization] == "Basic dXNlcjpwYXNz")
        #expect(try ProbeLine.parse("example.com -u user").fields[.authorization] == "Basic dXNlcjo=")
    }

    @Test func `a field without a value keeps what others would add, and a semicolon sends it empty`() throws {
        let own = HTTPField.Name("X-Own")!
        let fields = try ProbeLine.parse(
            "POST example.com -d x -A me -b a=1 --compressed -H 'X-Own;' -H Content-Type: -H Cookie: -H 'Accept-Encoding: '"
        ).fields
        #expect(fields == [.userAgent: "me", own: ""])
        // What a -H says itself, no other takes away, as in curl.
        let both = try ProbeLine.parse("example.com -H 'X-Own: 1' -H X-Own: -H User-Agent:").fields
        #expect(both == [own: "1", .userAgent: ""])
        #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse("example.com -H X-Own") }
        #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse("example.com -H $'X-Own: a\\nb'") }
    }

    @Test func `quotes are quotes before a combining mark, and a backslash keeps a blank in its word`() throws {
        #expect(try ProbeLine.parse("PUT example.com -d '\u{301}x'").body == Array("\u{301}x".utf8))
        #expect(try ProbeLine.parse("PUT example.com -d \"a\"\u{301}").body == Array("a\u{301}".utf8))
        #expect(try ProbeLine.parse("PUT example.com -d a\\ b \\ -H X-Own:").body == Array("a b".utf8))
    }

    @Test func `cookies are put together, and letters that change nothing may share a hyphen`() throws {
        let fields = try ProbeLine.parse("curl -sSL example.com -b a=1 -b 'b=2; c=3'").fields
        #expect(fields[values: .cookie] == ["a=1; b=2; c=3"])
    }
}
