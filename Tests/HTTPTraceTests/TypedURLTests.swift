import HTTPTrace
import Testing

@Suite("Typed URLs")
struct TypedURLTests {
    struct Good: Sendable, CustomTestStringConvertible {
        var typed: String
        var url: String
        var testDescription: String { typed }
    }

    @Test(
        "what people type becomes the URL they meant",
        arguments: [
            Good(typed: "example.com", url: "http://example.com/"),
            Good(typed: "  example.com\n", url: "http://example.com/"),
            Good(typed: "EXAMPLE.com/Path", url: "http://example.com/Path"),
            Good(typed: "HTTPS://Example.com", url: "https://example.com/"),
            Good(typed: "example.com:443", url: "https://example.com/"),
            Good(typed: "example.com:8443/x", url: "https://example.com:8443/x"),
            Good(typed: "http://example.com:443", url: "http://example.com:443/"),
            Good(typed: "http://example.com:80", url: "http://example.com/"),
            Good(typed: "http://example.com:", url: "http://example.com/"),
            Good(typed: "localhost:8080/a?b=c", url: "http://localhost:8080/a?b=c"),
            Good(typed: "example.com?q", url: "http://example.com/?q"),
            Good(typed: "example.com#top", url: "http://example.com/"),
            Good(typed: "example.com/a b?q=ü#top", url: "http://example.com/a%20b?q=%C3%BC"),
            Good(typed: "example.com/%41%zz", url: "http://example.com/%41%zz"),
            Good(typed: "example.com/\"<>\\^`{|}", url: "http://example.com/%22%3C%3E%5C%5E%60%7B%7C%7D"),
            Good(typed: "example.com/a\r\nX: y", url: "http://example.com/a%0D%0AX:%20y"),
            Good(typed: "example.com/redirect?to=http://other", url: "http://example.com/redirect?to=http://other"),
            Good(typed: "[::1]", url: "http://[::1]/"),
            Good(typed: "http://[2001:DB8::1]:8080/x", url: "http://[2001:db8::1]:8080/x"),
            Good(typed: "[::ffff:192.0.2.1]:443", url: "https://[::ffff:192.0.2.1]/"),
            Good(typed: "[fe80::1%eth0]", url: "http://[fe80::1%eth0]/"),
            Good(typed: "[FE80::1%25Eth0]", url: "http://[fe80::1%Eth0]/"),
            Good(typed: "192.0.2.1:0080", url: "http://192.0.2.1/"),
            Good(typed: "a_b.example.com.", url: "http://a_b.example.com./"),
            Good(typed: "http:8080/x", url: "http://http:8080/x"),
            Good(typed: "https://u@Bücher.example:8080/ü", url: "https://xn--bcher-kva.example:8080/%C3%BC"),
        ])
    func goodURLs(_ example: Good) throws {
        #expect(try TypedURL.parse(example.typed).description == example.url)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var typed: String
        var problem: TypedURL.Problem
        var testDescription: String { typed }
    }

    @Test(
        "what is no URL is refused and said why",
        arguments: [
            Bad(typed: "", problem: .empty),
            Bad(typed: " \t\n", problem: .empty),
            Bad(typed: "ftp://example.com", problem: .unknownScheme("ftp")),
            Bad(typed: "://example.com", problem: .unknownScheme("")),
            Bad(typed: "http://", problem: .noHost),
            Bad(typed: "http:///path", problem: .noHost),
            Bad(typed: "/path", problem: .noHost),
            Bad(typed: "//example.com", problem: .noHost),
            Bad(typed: ":80", problem: .noHost),
            Bad(typed: "http://user@/", problem: .noHost),
            // A slash was lost: not a request to a host named "http".
            Bad(typed: "http:/example.com", problem: .noHost),
            Bad(typed: "https:", problem: .noHost),
            Bad(typed: "example.com:0", problem: .badPort("0")),
            Bad(typed: "example.com:65536", problem: .badPort("65536")),
            Bad(typed: "example.com:+80", problem: .badPort("+80")),
            Bad(typed: "example.com:8O", problem: .badPort("8O")),
            Bad(typed: "example.com:٨٠", problem: .badPort("٨٠")),
            Bad(typed: "::1", problem: .badHost("::1")),
            Bad(typed: "[::1", problem: .badHost("[::1")),
            Bad(typed: "[::1]x", problem: .badHost("[::1]x")),
            Bad(typed: "[example.com]", problem: .badHost("[example.com]")),
            Bad(typed: "[::１]", problem: .badHost("[::１]")),
            Bad(typed: "[fe80::1%]", problem: .badHost("[fe80::1%]")),
            Bad(typed: "bücher。example", problem: .badHost("bücher。example")),
            Bad(typed: "-ü.example", problem: .badHost("-ü.example")),
            Bad(typed: ".ü", problem: .badHost(".ü")),
            Bad(typed: "exa mple.com", problem: .badHost("exa mple.com")),
            Bad(typed: ".example.com", problem: .badHost(".example.com")),
            Bad(typed: "a..b", problem: .badHost("a..b")),
            Bad(typed: "exa%6dple.com", problem: .badHost("exa%6dple.com")),
        ])
    func badURLs(_ example: Bad) {
        #expect(throws: example.problem) { try TypedURL.parse(example.typed) }
        #expect(!example.problem.description.isEmpty)
    }

    @Test func `a line break in a zone cannot smuggle a header field`() {
        #expect(throws: TypedURL.Problem.badHost("[fe80::1%\r\nX: y]")) {
            try TypedURL.parse("http://[fe80::1%\r\nX: y]/")
        }
    }

    @Test func `a combining accent does not hide the end of the host`() throws {
        // As Characters, "#" and the accent are one: the host would be evil.com, which no reader sees.
        let url = try TypedURL.parse("http://good.com#\u{301}@evil.com/")
        #expect(url.description == "http://good.com/")
        #expect(try TypedURL.parse("http://good.com/\u{301}@evil.com").description == "http://good.com/%CC%81@evil.com")
        #expect(try TypedURL.parse("http://good.com?#\u{301}x").target == "/?")
    }

    @Test func `user information is decoded, kept apart and never shown`() throws {
        let url = try TypedURL.parse("http://me:p%40ss@w%3Ard@example.com/")
        #expect(url.userInfo == "me:p@ss@w:rd")
        #expect(url.description == "http://example.com/")
        #expect(try TypedURL.parse("http://@example.com/").userInfo == nil)
        #expect(try TypedURL.parse("http://me:100%@example.com/").userInfo == "me:100%")
        #expect(try TypedURL.parse("http://me:5%+a%-0@example.com/").userInfo == "me:5%+a%-0")
    }

    @Test func `too long a text is refused before it is looked at`() throws {
        let path = String(repeating: "a", count: TypedURL.lengthLimit - "example.com/".count)
        #expect(try TypedURL.parse("example.com/" + path).path.count == path.count + 1)
        #expect(throws: TypedURL.Problem.tooLong(limit: 65_536)) { try TypedURL.parse("example.com/a" + path) }
        let host = Array(repeating: "abcdefgh", count: 29).joined(separator: ".")
        #expect(throws: TypedURL.Problem.badHost(host)) { try TypedURL.parse(host) }
    }

    @Test func `a parsed URL typed again stays the same`() throws {
        for typed in ["a.b/ü?x=1#y", "[::1]:81", "u:p@h:443/%20?%", "h/{}|"] {
            let url = try TypedURL.parse(typed)
            #expect(try TypedURL.parse(url.description).description == url.description)
        }
    }

    @Test func `path and query come apart at the first question mark`() throws {
        let url = try TypedURL.parse("example.com/a?b?c")
        #expect(url.path == "/a")
        #expect(url.query == "b?c")
        #expect(try TypedURL.parse("example.com/a").query == nil)
        #expect(url.withoutScheme == "example.com/a?b?c")
    }
}
