import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPClient

@Suite("Redirect rules")
struct RedirectChainTests {
    private static let start = Timestamp.seconds(7)

    @Test func `a response without Location, or of another status, is the answer`() {
        #expect(step(302, nil) == .stay)
        #expect(step(302, "") == .stay)
        for status in [200, 201, 300, 304, 305, 306, 404] { #expect(step(status, "/next") == .stay) }
    }

    // RFC 9110 §15.4
    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"), (308, "POST", "POST"),
        (301, "PUT", "PUT"), (302, "DELETE", "DELETE"), (303, "PUT", "GET"), (307, "PUT", "PUT"),
        (301, "HEAD", "HEAD"), (303, "HEAD", "HEAD"), (303, "GET", "GET"), (308, "PATCH", "PATCH"),
    ])
    func `the status decides what becomes of the method`(status: Int, method: String, next: String) {
        var request = self.request("http://a/x", method)
        request.body = Array("a=1".utf8)
        request.fields = [
            .contentType: "text/plain", .contentEncoding: "gzip", .expect: "100-continue", .accept: "text/html",
        ]
        guard case .follow(let followed, _) = step(status, "/next", request) else {
            Issue.record("not followed")
            return
        }
        #expect(followed.method.rawValue == next)
        let keepsBody = method == next
        #expect(followed.body == (keepsBody ? request.body : []))
        #expect(followed.fields == (keepsBody ? request.fields : [.accept: "text/html"]))
    }

    @Test func `a POST stays one where that was asked for`() {
        var policy = RedirectPolicy()
        policy.keepsPost = [302]
        let request = request("http://a/x", "POST")
        for (status, method) in [(301, "GET"), (302, "POST"), (303, "GET")] {
            guard case .follow(let next, _) = step(status, "/next", request, policy) else { return }
            #expect(next.method.rawValue == method)
        }
    }

    // Go hands out the redirect itself where a body is asked for again; here the reason is said.
    @Test func `a body that can be read only once goes no further`() {
        var request = request("http://a/x", "POST")
        request.bodyStream = RequestBodyStream(length: nil) { nil }
        guard case .follow(let next, _) = step(303, "/next", request) else {
            Issue.record("not followed")
            return
        }
        #expect(next.method == .get && !next.hasBody)
        guard case .refuse(let failure) = step(308, "/next", request) else {
            Issue.record("followed")
            return
        }
        #expect(failure.message == "308 asks for the body once more, which can be read only once")
    }

    // RFC 3986 §5.4, as far as requests go: the fragment stays here.
    @Test(arguments: [
        ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"), ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"), ("g?y#s", "/b/c/g?y"), (";x", "/b/c/;x"), ("", "/b/c/d;p?q"),
        (".", "/b/c/"), ("./", "/b/c/"), ("..", "/b/"), ("../g", "/b/g"), ("../..", "/"), ("../../../g", "/g"),
        ("/./g", "/g"), ("/../g", "/g"), ("g.", "/b/c/g."), ("..g", "/b/c/..g"), ("./../g", "/b/g"),
        ("g/./h", "/b/c/g/h"), ("g;x=1/../y", "/b/c/y"), ("g?y/../x", "/b/c/g?y/../x"), ("ä b", "/b/c/%C3%A4%20b"),
        ("\\g", "/g"), ("g?\\", "/b/c/g?%5C"), ("12:30", "/b/c/12:30"),
    ])
    func `a relative Location is taken as the standard says`(location: String, target: String) throws {
        let base = try TypedURL.parse("http://user:pass@a:81/b/c/d;p?q")
        let url = try base.resolving(location: location)
        #expect(url.target == target)
        #expect(url.origin == base.origin)
        #expect(url.userInfo == "user:pass")
    }

    @Test(arguments: [
        ("http://b/c/../d", "http://b/d"), ("//b:8080", "http://b:8080/"), ("HTTPS://B", "https://b/"),
        ("  https://b/x  ", "https://b/x"), ("https:\\\\b\\x", "https://b/x"), ("http://a:81/z", "http://a:81/z"),
    ])
    func `an absolute Location is taken whole`(location: String, expected: String) throws {
        let base = try TypedURL.parse("http://user:pass@a:81/b")
        let url = try base.resolving(location: location)
        #expect(url.description == expected)
        // The URL's own credentials are for the origin they were written for.
        #expect(url.userInfo == (url.origin == base.origin ? "user:pass" : nil))
    }

    @Test(arguments: [
        "ftp://a/", "javascript:alert(1)", "file:///etc/passwd", "mailto:a@b", "http:", "http:x", "http:///x",
        "http://a b/", "http://a:99999/", "//[::1", "http://\u{1}/", "http://ｅ/",
        String(repeating: "x", count: 70_000),
    ])
    func `a Location that leads nowhere ends it with a reason`(location: String) {
        guard case .refuse(let failure) = step(302, location) else {
            Issue.record("\(location.prefix(50)) was followed")
            return
        }
        #expect(failure.kind == .redirect)
        #expect(failure.message.hasPrefix("302 to "))
        #expect(failure.message.utf8.count < 300)
    }

    @Test(arguments: [
        (
            "https://me:s3cret@a b/x;sid=s3cret?t=s3cret",
            "https://a b/x, which is no URL: a b is no host name or address"
        ),
        ("//me:s3cret@a:99999/", "http://a:99999/, which is no URL: 99999 is no port; a port is 1 to 65535"),
        ("https:me:s3cret@a/", "https:a/, which is no URL: There is no host in this URL"),
        ("https://me:s3cret/s3cret@a/", "https://…, which is no URL: ... is no port; a port is 1 to 65535"),
        ("https://me:s3cret#:@a/", "https://…, which is no URL: ... is no port; a port is 1 to 65535"),
    ])
    func `the reason has no secrets of the Location`(location: String, words: String) {
        guard case .refuse(let failure) = step(302, location, request("http://a/")) else {
            Issue.record("\(location) was followed")
            return
        }
        #expect(failure.message == "302 to " + words)
    }

    @Test func `a loop is named without what its path may hide`() {
        guard
            case .refuse(let failure) = step(
                302, "/a;jsessionid=s3cret", request("http://a/a;jsessionid=s3cret"), RedirectPolicy(limit: 0))
        else {
            Issue.record("followed")
            return
        }
        #expect(failure.message == "1 redirects, and the limit is 0: http://a/a leads back to itself at once")
    }

    @Test func `two Locations that differ are refused, and two that don't are one`() {
        let head = head(302, ["/a", "/b"])
        var chain = RedirectChain(RedirectPolicy(), at: Self.start)
        guard case .refuse = chain.step(after: head, to: request("http://a/"), sentAs: ExchangeID(1)) else {
            Issue.record("followed")
            return
        }
        var other = RedirectChain(RedirectPolicy(), at: Self.start)
        guard
            case .follow = other.step(
                after: self.head(302, ["/a", "/a"]), to: request("http://a/"), sentAs: ExchangeID(1))
        else {
            Issue.record("not followed")
            return
        }
    }

    // robustness.md, promise 8
    @Test(arguments: [
        ("http://a/", true), ("http://a:80/x", true), ("/x", true), ("https://a/", false), ("http://a:81/", false),
        ("http://b/", false), ("http://sub.a/", false), ("//b/", false),
    ])
    func `what was meant for one origin goes to no other`(location: String, keeps: Bool) {
        var request = request("http://a/x")
        let secrets = ["Authorization", "Cookie", "X-Api-Key", "private-token", "X-Auth", "X-CSRF-Token"]
        for name in secrets { request.fields[HTTPField.Name(name)!] = "s3cret" }
        request.fields[.accept] = "text/html"
        request.fields[HTTPField.Name("X-Keyboard")!] = "de"
        guard case .follow(let next, let redirection) = step(302, location, request) else {
            Issue.record("not followed")
            return
        }
        #expect(redirection.withheld == (keeps ? [] : secrets))
        #expect(next.fields == (keeps ? request.fields : [.accept: "text/html", HTTPField.Name("X-Keyboard")!: "de"]))
    }

    // golang/go#70530: nor do they come back when a later hop returns.
    @Test func `what was left out once stays out, also at home again`() {
        var chain = RedirectChain(RedirectPolicy(), at: Self.start)
        var request = request("http://a/")
        request.fields[.authorization] = "Bearer x"
        for location in ["http://b/", "http://a/"] {
            guard
                case .follow(let next, _) = chain.step(
                    after: head(302, [location]), to: request, sentAs: ExchangeID(1))
            else { return }
            request = next
        }
        #expect(request.url.origin.host == "a")
        #expect(request.fields.isEmpty)
    }

    @Test func `a Host of one's own is for its server alone`() {
        var request = request("http://a/")
        request.fields[HTTPField.Name("Host")!] = "virtual"
        guard case .follow(let here, _) = step(302, "/x", request),
            case .follow(let there, let redirection) = step(302, "http://b/", request)
        else { return }
        #expect(here.fields == request.fields)
        #expect(there.fields.isEmpty)
        #expect(redirection.withheld == ["Host"])
    }

    @Test func `Referer is not told to a server without TLS by one with`() {
        var request = request("https://a/secret")
        request.fields[.referer] = "https://a/"
        for (location, keeps) in [("http://a/", false), ("https://b/", true), ("/x", true)] {
            guard case .follow(let next, _) = step(302, location, request) else { return }
            #expect((next.fields[.referer] != nil) == keeps)
        }
    }

    @Test func `hops are counted, and the limit names a loop`() {
        var chain = RedirectChain(RedirectPolicy(limit: 3), at: Self.start)
        var request = request("http://a/1")
        for hop in 1...3 {
            let location = hop % 2 == 1 ? "/2" : "/1"
            guard
                case .follow(let next, let redirection) = chain.step(
                    after: head(301, [location]), to: request, sentAs: ExchangeID(hop))
            else {
                Issue.record("hop \(hop) was not followed")
                return
            }
            #expect(
                redirection
                    == Redirection(
                        from: ExchangeID(hop), status: 301, hop: hop, chainStart: Self.start,
                        firstOrigin: Origin(scheme: .http, host: "a")))
            request = next
        }
        guard
            case .refuse(let failure) = chain.step(after: head(301, ["/1"]), to: request, sentAs: ExchangeID(4))
        else {
            Issue.record("a fourth hop")
            return
        }
        #expect(
            failure.message == "4 redirects, and the limit is 3: http://a/1 leads back to itself over 2 hops")
    }

    @Test func `a limit of none refuses the first`() {
        guard case .refuse(let failure) = step(302, "/x", request("http://a/"), RedirectPolicy(limit: 0)) else {
            Issue.record("followed")
            return
        }
        #expect(failure.kind == .redirect)
    }

    private func step(
        _ status: Int, _ location: String?, _ request: ClientRequest? = nil, _ policy: RedirectPolicy = RedirectPolicy()
    ) -> RedirectChain.Step {
        var chain = RedirectChain(policy, at: Self.start)
        return chain.step(
            after: head(status, location.map { [$0] } ?? []), to: request ?? self.request("http://a/x"),
            sentAs: ExchangeID(1))
    }

    private func head(_ status: Int, _ locations: [String]) -> ResponseHead {
        let fields = HTTPFields(locations.map { HTTPField(name: .location, value: $0) })
        return ResponseHead(status: status, reason: "", version: "HTTP/1.1", fields: fields)
    }

    private func request(_ url: String, _ method: String = "GET") -> ClientRequest {
        ClientRequest(method: HTTPRequest.Method(method)!, url: try! TypedURL.parse(url))
    }
}
