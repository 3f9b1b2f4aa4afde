import HTTPTrace
import HTTPTypes
import Sessions
import Testing

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
            "DELETE http://example.com/x",
        ])
    func `a line survives being read and written`(line: String) throws {
        let draft = try ProbeLine.parse(line)
        #expect(try ProbeLine.parse(ProbeLine.line(for: draft)) == draft)
    }

    @Test(
        arguments: [
            ("", 0, true), ("GET", 3, true), ("GET example.com b.example", 16, false),
            ("example.com -k", 12, false), ("example.com -H", 12, true), ("example.com -H 'a", 15, true),
            ("ftp://example.com", 0, false), ("example.com -d @file", 12, false),
        ])
    func `a wrong line says where`(line: String, column: Int, isUnfinished: Bool) {
        let problem = #expect(throws: ProbeLine.Problem.self) { try ProbeLine.parse(line) }
        #expect(problem?.column == column)
        #expect(problem?.isUnfinished == isUnfinished)
    }

    @Test func `user and password become Basic authorization`() throws {
        #expect(try ProbeLine.parse("example.com -u user:pass").fields[.authorization] == "Basic dXNlcjpwYXNz")
    }
}
