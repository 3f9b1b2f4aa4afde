import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPClient

@Suite("Cookies")
struct CookieJarTests {
    private static let now: Int64 = 1_800_000_000
    private static let suffixes = PublicSuffixes(
        Array("// comment\ncom\nuk\nco.uk\n*.ck\n!www.ck\ngithub.io\n\u{9999}\n".utf8))

    @Test func `a public suffix in its own script is one in the form hosts have`() {
        let suffixes = PublicSuffixes(Array("公司.cn\n*.公司.香港\n".utf8))
        #expect(suffixes.contains("xn--55qx5d.cn"))
        #expect(suffixes.registrableDomain(of: "a.b.xn--55qx5d.cn") == "b.xn--55qx5d.cn")
        #expect(suffixes.contains("b.xn--55qx5d.xn--j6w193g"))
    }

    @Test func `a cookie goes back to where it came from`() {
        var jar = CookieJar()
        #expect(set(&jar, "http://h/a/b", "id=7") == [])
        #expect(header(jar, "http://h/a/c") == "id=7")
        #expect(header(jar, "http://h/a") == "id=7")
        #expect(header(jar, "http://h/ab") == nil)
        #expect(header(jar, "http://h/") == nil)
        #expect(header(jar, "http://x.h/a/") == nil)
        // By host alone: cookies know no ports (RFC 6265 §8.5).
        #expect(header(jar, "http://h:81/a/") == "id=7")
    }

    @Test func `longer paths come first, then what was set first, also when set again`() {
        var jar = CookieJar()
        set(&jar, "http://h/", "b=1; Path=/", "a=1; Path=/", "deep=1; Path=/x/y", "b=2; Path=/")
        #expect(header(jar, "http://h/x/y/z") == "deep=1; b=2; a=1")
        #expect(jar.cookies.count == 3)
    }

    @Test func `an end in the past takes a cookie back`() {
        var jar = CookieJar()
        set(&jar, "http://h/", "a=1", "b=1", "c=1", "d=1; Max-Age=10", "e=1; Expires=Fri, 15 Jan 2027 08:00:10 GMT")
        set(&jar, "http://h/", "a=; Max-Age=0", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "c=; Max-Age=-5")
        #expect(header(jar, "http://h/") == "d=1; e=1")
        #expect(header(jar, "http://h/", at: Self.now + 11) == nil)
        // Max-Age wins.
        set(
            &jar, "http://h/", "f=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "g=1; Max-Age=99999999999999999999")
        #expect(header(jar, "http://h/", at: Self.now + 5) == "d=1; e=1; f=1; g=1")
    }

    @Test func `with a list of suffixes a domain's cookie reaches its hosts, and no strangers`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        #expect(set(&jar, "http://www.shop.co.uk/", "a=1; Domain=shop.co.uk", "b=1; Domain=.www.shop.co.uk") == [])
        #expect(header(jar, "http://other.shop.co.uk/") == "a=1")
        #expect(header(jar, "http://shop.co.uk/") == "a=1")
        #expect(header(jar, "http://x.www.shop.co.uk/") == "a=1; b=1")
        #expect(header(jar, "http://notshop.co.uk/") == nil)
        for (host, domain) in [
            ("shop.co.uk", "co.uk"), ("shop.co.uk", "uk"), ("me.github.io", "github.io"), ("a.b.ck", "b.ck"),
            ("a.unknown", "unknown"),
        ] {
            #expect(set(&jar, "http://\(host)/", "x=1; Domain=\(domain)") == [.publicSuffix(domain)])
        }
        #expect(set(&jar, "http://a.www.ck/", "x=1; Domain=www.ck") == [])
        #expect(set(&jar, "http://h.com/", "x=1; Domain=other.com") == [.foreignDomain("other.com")])
        #expect(set(&jar, "http://h.com/", "x=1; Domain=sub.h.com") == [.foreignDomain("sub.h.com")])
        // A suffix may have cookies of its own, for itself alone.
        #expect(set(&jar, "http://github.io/", "own=1; Domain=github.io") == [])
        #expect(header(jar, "http://me.github.io/") == nil)
    }

    @Test func `without a list every cookie is kept for its host alone`() {
        var jar = CookieJar()
        #expect(set(&jar, "http://www.example.com/", "a=1; Domain=example.com") == [])
        #expect(header(jar, "http://www.example.com/") == "a=1")
        #expect(header(jar, "http://example.com/") == nil)
        #expect(header(jar, "http://other.example.com/") == nil)
        #expect(set(&jar, "http://h.com/", "x=1; Domain=other.com") == [.foreignDomain("other.com")])
    }

    @Test func `addresses have no domains`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        #expect(set(&jar, "http://1.2.3.4/", "a=1; Domain=3.4") == [.foreignDomain("3.4")])
        #expect(set(&jar, "http://1.2.3.4/", "a=1; Domain=1.2.3.4") == [])
        #expect(header(jar, "http://1.2.3.4/") == "a=1")
        #expect(header(jar, "http://9.1.2.3.4/") == nil)
    }

    @Test func `secure cookies neither come from nor go where others can read`() {
        var jar = CookieJar()
        #expect(set(&jar, "http://h/", "a=1; Secure") == [.insecure])
        #expect(set(&jar, "https://h/", "a=1; Secure; Path=/") == [])
        #expect(header(jar, "http://h/") == nil)
        #expect(header(jar, "https://h/") == "a=1")
        // Nor are they overwritten from there.
        #expect(set(&jar, "http://h/", "a=evil; Path=/") == [.insecure])
        #expect(set(&jar, "http://localhost:8080/", "b=1; Secure") == [])
        #expect(header(jar, "http://localhost:8080/") == "b=1")
        #expect(set(&jar, "http://127.0.0.1/", "c=1; Secure") == [])
        #expect(set(&jar, "http://127.evil.example/", "c=1; Secure") == [.insecure])
    }

    // RFC 6265bis §5.7
    @Test func `nobody on the way sets a cookie that a server would take for a secure one`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        #expect(set(&jar, "https://www.h.com/", "id=1; Secure; Path=/login") == [])
        let widened = "id=evil; Domain=h.com; Path=/login"
        #expect(set(&jar, "http://www.h.com/", "id=evil; Path=/login/en", widened) == [.insecure, .insecure])
        #expect(set(&jar, "http://h.com/", widened, "id=evil; Path=/login") == [.insecure, .insecure])
        #expect(set(&jar, "http://www.h.com/", "id=2; Path=/logi", "other=3; Path=/login") == [])
        #expect(set(&jar, "http://api.h.com/", "id=4; Path=/login") == [])
        #expect(header(jar, "https://www.h.com/login/en") == "id=1; other=3")
    }

    @Test func `prefixes are promises`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        let secure = "https://h.com/x/"
        #expect(set(&jar, secure, "__Secure-a=1; Secure") == [])
        #expect(set(&jar, secure, "__Host-a=1; Secure; Path=/") == [])
        for bad in [
            "__Secure-b=1", "__Host-b=1; Path=/", "__Host-b=1; Secure", "__Host-b=1; Secure; Path=/x",
            "__Host-b=1; Secure; Path=/; Domain=h.com", "__HOST-b=1", "__host-b", "=__Secure-b=1; Secure",
        ] {
            #expect(set(&jar, secure, bad) == [.prefix], "\(bad)")
        }
    }

    @Test func `SameSite counts where a redirect came from elsewhere`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        set(
            &jar, "https://www.h.com/", "s=1; SameSite=Strict", "l=1; SameSite=Lax", "n=1; SameSite=None; Secure",
            "d=1")
        #expect(set(&jar, "https://www.h.com/", "x=1; SameSite=None") == [.sameSite])
        #expect(header(jar, "https://www.h.com/") == "s=1; l=1; n=1; d=1")
        let url = try! TypedURL.parse("https://www.h.com/")
        func after(_ first: String, _ method: HTTPRequest.Method = .get) -> String? {
            let origin = try! TypedURL.parse(first).origin
            return jar.header(for: url, method: method, redirectedFrom: origin, at: Self.now)
        }
        #expect(after("https://login.h.com/") == "s=1; l=1; n=1; d=1")
        #expect(after("http://login.h.com/") == "l=1; n=1; d=1")
        #expect(after("https://evil.com/") == "l=1; n=1; d=1")
        #expect(after("https://evil.com/", .post) == "n=1")
    }

    @Test func `nonsense is refused, and what is only odd is read`() {
        var jar = CookieJar()
        #expect(set(&jar, "http://h/", "", ";", "=", " = ; Path=/") == [.empty, .empty, .empty, .empty])
        #expect(
            set(&jar, "http://h/", "a=" + String(repeating: "x", count: 4_096)) == [.tooLarge(limit: 4_096)])
        #expect(set(&jar, "http://h/", "value only", "a=b=c; ;;Path", "q=\"x y\"; hTTPonly") == [])
        #expect(header(jar, "http://h/") == "value only; a=b=c; q=\"x y\"")
        #expect(jar.cookies.map(\.isHTTPOnly) == [false, false, true])
        // A path that is none is the default one.
        set(&jar, "http://h/x/y", "p=1; Path=nowhere")
        #expect(jar.cookies.last?.path == "/x")
    }

    @Test func `a hostile server fills nothing`() {
        var jar = CookieJar()
        let many = (0..<60).map { "c\($0)=1" }
        #expect(set(&jar, "http://h/", many) == [.tooMany(limit: 50)])
        for round in 0..<30 { set(&jar, "http://h/", (0..<50).map { "r\(round)x\($0)=1" }) }
        #expect(jar.cookies.count == CookieJar.domainLimit)
        for host in 0..<400 {
            set(&jar, "http://h\(host)/", (0..<20).map { "c\($0)=\(String(repeating: "v", count: 80))" })
        }
        #expect(jar.cookies.count == CookieJar.totalLimit)
        set(&jar, "http://big/", (0..<10).map { "c\($0)=\(String(repeating: "v", count: 4_000))" })
        #expect(header(jar, "http://big/")!.utf8.count <= CookieJar.requestBytes)
    }

    // RFC 6265 §5.1.1, and what servers send
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("06 nov 1994 8:49:37", 784_111_777),
        ("1994 Nov 06 08:49:37", 784_111_777), ("Thu, 01-Jan-1970 00:00:00 GMT", 0),
        ("Tue, 29 Feb 2028 12:00:00 GMT", 1_835_438_400),
    ])
    func `dates are read as servers write them`(text: String, expected: Int64) {
        #expect(CookieDate.read(text) == expected)
    }

    @Test(arguments: [
        "", "never", "Sun, 06 Nov 1994", "08:49:37", "32 Nov 1994 08:49:37", "29 Feb 2027 00:00:00",
        "06 Nov 1994 24:00:00",
        "06 Nov 1600 08:49:37", "06 Nov 1994 08:60:37", "06 Nov 1994 108:49:37",
    ])
    func `what is no date is none`(text: String) {
        #expect(CookieDate.read(text) == nil)
    }

    @Test func `a file is read as it was written`() {
        var jar = CookieJar(suffixes: Self.suffixes)
        set(
            &jar, "https://www.h.com/x/", "a=1", "b=; Domain=h.com; Path=/; Secure", "c=x=y; HttpOnly; Max-Age=1000")
        let text = CookieFile.text(jar.cookies)
        let (cookies, bad) = CookieFile.read(text)
        #expect(bad == 0)
        #expect(cookies == jar.cookies)
        #expect(
            String(decoding: text, as: UTF8.self).contains(
                "#HttpOnly_www.h.com\tFALSE\t/x\tFALSE\t1800001000\tc\tx=y\n"))
    }

    @Test func `a file of curl's is read, and what is no cookie is counted`() {
        let text = """
            # Netscape HTTP Cookie File
            # https://curl.se/docs/http-cookies.html

            #HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\r
            .example.com\tTRUE\t/\tTRUE\t1900000000\tid\t7
            example.com\tFALSE\t/\tFALSE\t0\tempty\t
            example.com\tFALSE\t/\tFALSE\t0\tshort
            no cookie at all
            example.com\tYES\t/\tFALSE\t0\ta\tb
            example.com\tTRUE\tnopath\tFALSE\t0\ta\tb
            example.com\tTRUE\t/\tFALSE\t-1\ta\tb
            example.com\tTRUE\t/\tFALSE\t0\ta\tb; Path=/evil

            """
        let (cookies, bad) = CookieFile.read(Array(text.utf8))
        #expect(cookies.map(\.name) == ["session", "id", "empty", "short"])
        #expect(cookies[0].isHTTPOnly && cookies[0].isHostOnly && cookies[0].expires == nil)
        #expect(cookies[1].domain == "example.com" && !cookies[1].isHostOnly && cookies[1].isSecure)
        #expect(bad == 5)
    }

    @discardableResult
    private func set(_ jar: inout CookieJar, _ url: String, _ values: String...) -> [CookieRefusal] {
        set(&jar, url, values)
    }

    @discardableResult
    private func set(_ jar: inout CookieJar, _ url: String, _ values: [String]) -> [CookieRefusal] {
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: .setCookie, value: value)) }
        return jar.take(fields, from: try! TypedURL.parse(url), at: Self.now)
    }

    private func header(_ jar: CookieJar, _ url: String, at time: Int64 = now) -> String? {
        jar.header(for: try! TypedURL.parse(url), at: time)
    }
}
