import HTTPTrace
import Testing

@testable import HTTPClient

@Suite("Proxy rules")
struct ProxyRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var url = "http://example.com"
        var environment: [String: String]
        /// Nil for none.
        var proxy: String?

        var testDescription: String { "\(environment) for \(url)" }
    }

    // TestProxyFromEnvironment, its table; ports are always written out here.
    @Test(arguments: [
        Case(environment: ["HTTP_PROXY": "127.0.0.1:8080"], proxy: "http://127.0.0.1:8080"),
        Case(environment: ["HTTP_PROXY": "cache.example:1234"], proxy: "http://cache.example:1234"),
        Case(environment: ["HTTP_PROXY": "cache.example"], proxy: "http://cache.example:80"),
        Case(environment: ["HTTP_PROXY": "https://cache.example"], proxy: "https://cache.example:443"),
        Case(environment: ["HTTP_PROXY": "http://127.0.0.1:8080"], proxy: "http://127.0.0.1:8080"),
        Case(environment: ["HTTP_PROXY": "socks5://127.0.0.1"], proxy: "socks5://127.0.0.1:1080"),
        Case(environment: ["HTTP_PROXY": "socks5h://127.0.0.1"], proxy: "socks5h://127.0.0.1:1080"),
        // Each scheme has its own.
        Case(environment: ["HTTP_PROXY": "http.proxy", "HTTPS_PROXY": "secure.proxy"], proxy: "http://http.proxy:80"),
        Case(
            url: "https://secure.tld/", environment: ["HTTP_PROXY": "http.proxy", "HTTPS_PROXY": "secure.proxy"],
            proxy: "http://secure.proxy:80"),
        Case(
            url: "https://secure.tld/",
            environment: ["HTTP_PROXY": "http.proxy", "HTTPS_PROXY": "https://secure.proxy"],
            proxy: "https://secure.proxy:443"),
        Case(url: "https://secure.tld/", environment: ["HTTP_PROXY": "http.proxy"]),
        Case(environment: [:]),
        Case(environment: ["NO_PROXY": "example.com", "HTTP_PROXY": "proxy"]),
        Case(environment: ["NO_PROXY": ".example.com", "HTTP_PROXY": "proxy"], proxy: "http://proxy:80"),
        Case(environment: ["NO_PROXY": "ample.com", "HTTP_PROXY": "proxy"], proxy: "http://proxy:80"),
        Case(url: "http://foo.example.com/", environment: ["NO_PROXY": "example.com", "HTTP_PROXY": "proxy"]),
        Case(environment: ["NO_PROXY": ".foo.com", "HTTP_PROXY": "proxy"], proxy: "http://proxy:80"),
        // TestProxyFromEnvironmentLowerCase; the first that isn't empty wins.
        Case(environment: ["http_proxy": "127.0.0.1:8080"], proxy: "http://127.0.0.1:8080"),
        Case(environment: ["HTTP_PROXY": "upper", "http_proxy": "lower"], proxy: "http://upper:80"),
        Case(environment: ["HTTP_PROXY": "", "http_proxy": "lower"], proxy: "http://lower:80"),
        // Loopback is never proxied, whatever is said.
        Case(url: "http://localhost:8080", environment: ["HTTP_PROXY": "proxy"]),
        Case(url: "http://127.1.2.3", environment: ["HTTP_PROXY": "proxy"]),
        Case(url: "https://[::1]", environment: ["HTTPS_PROXY": "proxy"]),
        // What names no proxy counts as unset.
        Case(environment: ["HTTP_PROXY": "gopher://proxy"]),
        Case(environment: ["HTTP_PROXY": "proxy:99999"]),
        // curl's, where Go's are not set.
        Case(environment: ["ALL_PROXY": "socks5h://p:9"], proxy: "socks5h://p:9"),
        Case(url: "https://a.example", environment: ["all_proxy": "p:9"], proxy: "http://p:9"),
        Case(environment: ["ALL_PROXY": "all", "http_proxy": "own"], proxy: "http://own:80"),
    ])
    func `the environment decides as it does for Go`(_ one: Case) throws {
        let rules = ProxyRules(environment: one.environment)
        let origin = try TypedURL.parse(one.url).origin
        #expect(try rules.proxy(for: origin)?.server.description == one.proxy)
    }

    // The CGI rows of TestProxyFromEnvironment
    @Test func `in a CGI program http targets fail instead of following what a client may have sent`() throws {
        let rules = ProxyRules(environment: ["HTTP_PROXY": "http://10.1.2.3:8080", "REQUEST_METHOD": "POST"])
        let failure = #expect(throws: Failure.self) { try rules.key(for: Origin(scheme: .http, host: "example.com")) }
        #expect(failure?.kind == .proxy)
        #expect(try rules.proxy(for: Origin(scheme: .https, host: "example.com")) == nil)
        let without = ProxyRules(environment: ["REQUEST_METHOD": "POST"])
        #expect(try without.proxy(for: Origin(scheme: .http, host: "example.com")) == nil)
    }

    @Test func `a variable that names no proxy is kept to be told of`() {
        let rules = ProxyRules(environment: ["HTTP_PROXY": "gopher://proxy"])
        #expect(rules.ignored == ["HTTP_PROXY": .unknownScheme("gopher")])
    }

    // A `/`, `?` or `#` in a password that should have been encoded ends the host there.
    @Test(arguments: ["http://me:s3cret/x@proxy:8080", "me:s3cret#x@proxy", "https://me:s3cret?x@proxy"])
    func `the reason quotes no half of a password`(value: String) {
        let rules = ProxyRules(environment: ["HTTPS_PROXY": value])
        #expect(rules.ignored["HTTPS_PROXY"]?.description == "... is no port; a port is 1 to 65535.")
    }

    // The grammar of golang.org/x/net/http/httpproxy, whose tests do not come with Go.
    @Test(arguments: [
        ("*", "http://anything.example", true), ("", "http://example.com", false), (" , ", "http://example.com", false),
        ("example.com", "http://example.com:8080", true), ("example.com", "http://badexample.com", false),
        ("EXAMPLE.com", "https://a.b.example.com", true), ("a.com, example.com", "http://example.com", true),
        ("a.com example.com", "http://example.com", true), (".example.com", "http://a.example.com", true),
        ("*.example.com", "http://a.example.com", true), ("*.example.com", "http://example.com", false),
        ("example.com:80", "http://example.com", true), ("example.com:443", "http://example.com", false),
        ("example.com:443", "https://a.example.com", true), ("192.0.2.1", "http://192.0.2.1:81", true),
        ("192.0.2.1:80", "http://192.0.2.1", true), ("192.0.2.1:81", "http://192.0.2.1", false),
        ("192.0.2.0/24", "http://192.0.2.200", true), ("192.0.2.0/25", "http://192.0.2.200", false),
        ("192.0.2.0/33", "http://192.0.2.1", false), ("192.0.2.0/24", "http://192.0.2.example", false),
        ("0.0.0.0/0", "http://203.0.113.1", true), ("0.0.0.0/0", "http://[2001:db8::1]", false),
        ("2001:db8::/33", "http://[2001:db8:7fff::1]", true), ("2001:db8::/33", "http://[2001:db8:8000::1]", false),
        ("2001:db8::1", "http://[2001:db8:0::1]:99", true), ("[2001:db8::1]:80", "http://[2001:db8::1]", true),
        ("[2001:db8::1]:81", "http://[2001:db8::1]", false), ("[2001:db8::1]", "http://[2001:db8::1]", true),
        ("::ffff:192.0.2.1", "http://192.0.2.1", true), (":80", "http://example.com", false),
        (".", "http://example.com", false), ("*.", "http://example.com", false),
        ("example.com:+80", "http://example.com", false), ("192.0.2.0/+24", "http://192.0.2.1", false),
        ("Bücher.example", "http://bücher.example", true), (".bücher.example", "http://a.xn--bcher-kva.example", true),
        ("*.b\u{FC}cher.example:80", "http://a.BU\u{308}CHER.example", true),
        ("a.example, bücher。example", "http://a.example", true),
        // A suffix of an address is no domain.
        ("2.1", "http://192.0.2.1", false),
    ])
    func `exceptions are read as Go reads them`(_ text: String, _ url: String, _ isExcepted: Bool) throws {
        #expect(ProxyExceptions(text).contains(try TypedURL.parse(url).origin) == isExcepted)
    }

    @Test(
        arguments: [
            ("proxy", ProxyServer(.http, host: "proxy", port: 1080), nil),
            ("https://proxy", ProxyServer(.https, host: "proxy", port: 443), nil),
            ("SOCKS5H://[::1]:9/ignored", ProxyServer(.socks5h, host: "::1", port: 9), nil),
            ("http://[::1]", ProxyServer(.http, host: "::1", port: 1080), nil),
            ("me:p%40ss@proxy:80", ProxyServer(.http, host: "proxy", port: 80), Proxy.Credentials("me:p@ss")),
            ("me@proxy", ProxyServer(.http, host: "proxy", port: 1080), Proxy.Credentials(user: "me", password: "")),
        ] as [(String, ProxyServer, Proxy.Credentials?)])
    func `a proxy is read as curl's -x reads it`(_ text: String, _ server: ProxyServer, _ who: Proxy.Credentials?)
        throws
    {
        #expect(try Proxy.parse(text, defaultPort: 1080) == Proxy(server, credentials: who))
    }

    @Test func `what is no proxy says why`() {
        #expect(throws: Proxy.Problem.unknownScheme("socks4")) { try Proxy.parse("socks4://proxy") }
        #expect(throws: Proxy.Problem.badAddress(.noHost)) { try Proxy.parse("http://:80") }
    }

    @Test func `credentials never show`() {
        let proxy = Proxy(ProxyServer(.http, host: "p", port: 1), credentials: .init(user: "ada", password: "hush"))
        #expect(proxy.credentials?.basic == "Basic YWRhOmh1c2g=")
        var dumped = ""
        dump(proxy, to: &dumped)
        for text in ["\(proxy)", String(reflecting: proxy), dumped] {
            #expect(!text.contains("hush") && !text.contains("ada"))
        }
    }

    // TestCacheKeys
    @Test(arguments: [
        (nil, "http://foo.com", "http://foo.com"), (nil, "https://foo.com", "https://foo.com"),
        ("http://proxy", "http://foo.com", "http targets by http://proxy:80"),
        ("http://proxy", "https://foo.com", "https://foo.com through http://proxy:80"),
        ("https://proxy", "http://foo.com", "http targets by https://proxy:443"),
        ("socks5://proxy", "http://foo.com", "http://foo.com through socks5://proxy:1080"),
    ])
    func `connections are kept apart by proxy, and shared where it makes the requests`(
        _ proxy: String?, _ url: String, _ key: String
    ) throws {
        let rules = try proxy.map { ProxyRules(try Proxy.parse($0)) } ?? ProxyRules()
        #expect(try rules.key(for: TypedURL.parse(url).origin).description == key)
    }

    @Test func `a tunnel for everything is a key of its own for each http target`() throws {
        var rules = ProxyRules(try Proxy.parse("http://proxy"))
        rules.tunnelsAlways = true
        let key = try rules.key(for: Origin(scheme: .http, host: "foo.com"))
        #expect(key.description == "http://foo.com through http://proxy:80")
        #expect(key.firstHop.hostPort == "proxy:80")
    }
}
