import Testing

@testable import Exports

@Suite("Redaction")
struct RedactionTests {
    private func value(_ name: String, _ value: String) -> String {
        var redaction = Redaction()
        return redaction.value(of: name, value)
    }

    private func url(_ text: String) -> String {
        var redaction = Redaction()
        return redaction.url(text)
    }

    @Test func `credentials go, a known scheme stays`() {
        #expect(value("authorization", "Bearer abc") == "Bearer REDACTED")
        #expect(value("Authorization", "basic abc") == "basic REDACTED")
        #expect(value("Authorization", "two words") == "REDACTED")
        #expect(value("Authorization", "Bearer") == "REDACTED")
        #expect(value("Proxy-Authorization", "Digest username=x") == "Digest REDACTED")
        for name in [
            "X-Api-Key", "Api-Key", "X-Auth-Token", "Private-Token", "X-Amz-Security-Token", "X-CSRF-Token",
            "Ocp-Apim-Subscription-Key", "X-Goog-Api-Key", "x-functions-key", "X-Vault-Token", "X_Access_Token",
            "apikey", "X-Client-Secret", "X-Hub-Signature",
        ] {
            #expect(value(name, "abc") == "REDACTED", "\(name)")
        }
    }

    @Test func `what only sounds secret stays`() {
        for name in [
            "Content-Type", "Sec-WebSocket-Key", "WWW-Authenticate", "Idempotency-Key", "ETag", "X-Request-Id",
            "X-Monkey", "Surrogate-Key", "Date",
        ] {
            #expect(value(name, "abc") == "abc", "\(name)")
        }
    }

    @Test func `cookies keep their names and attributes`() {
        #expect(value("Cookie", "a=1; b=2=3; c") == "a=REDACTED; b=REDACTED;REDACTED")
        #expect(value("Set-Cookie", "a=1; Path=/; HttpOnly") == "a=REDACTED; Path=/; HttpOnly")
        #expect(value("Set-Cookie", "bare") == "REDACTED")
        #expect(value("Cookie", "") == "REDACTED")
    }

    @Test func `telling parameters lose their value in queries and fragments`() {
        #expect(url("http://a/?x=1&token=abc&y=2") == "http://a/?x=1&token=REDACTED&y=2")
        #expect(url("http://a/?ACCESS-Token=abc") == "http://a/?ACCESS-Token=REDACTED")
        #expect(url("http://a/?%74oken=abc") == "http://a/?%74oken=REDACTED")
        #expect(url("http://a/#access_token=abc&x=1") == "http://a/#access_token=REDACTED&x=1")
        #expect(url("http://a/?next=/b?sig=abc") == "http://a/?next=/b?sig=REDACTED")
        #expect(url("http://a/?a;token=1;b") == "http://a/?a;token=REDACTED;b")
        #expect(url("http://a/?token") == "http://a/?token")
        #expect(url("http://a/?tokens=1&keyboard=2") == "http://a/?tokens=1&keyboard=2")
        #expect(url("/relative?key=1") == "/relative?key=REDACTED")
        #expect(url("http://a/b") == "http://a/b")
    }

    @Test func `fields that hold a URL lose what URLs lose`() {
        for name in [":path", "Location", "Referer", "Destination", "X-Original-URL", "X-Forwarded-Uri"] {
            #expect(value(name, "/echo?token=abc&x=1") == "/echo?token=REDACTED&x=1", "\(name)")
        }
    }

    @Test func `user information goes, also with an at sign in the password`() {
        #expect(url("http://me:pw@a/x") == "http://REDACTED@a/x")
        #expect(url("//me:p@w@a/") == "//REDACTED@a/")
        #expect(url("http://a/x@y") == "http://a/x@y")
        #expect(url("mailto:me@a") == "mailto:me@a")
    }

    @Test func `a combining accent hides nothing`() {
        #expect(url("http://a/?token=\u{301}abc") == "http://a/?token=REDACTED")
        #expect(url("http://a/?\u{301}&token=abc") == "http://a/?\u{301}&token=REDACTED")
        #expect(value("Cookie", "sid=\u{301}abc") == "sid=REDACTED")
    }

    @Test func `redacting twice changes nothing more`() {
        let once = url("http://u:p@a/?token=1&code=2#sig=3")
        #expect(url(once) == once)
    }

    @Test func `what was left out is said in words`() {
        #expect(Redaction.Counts().description == "nothing to redact")
        #expect(Redaction.Counts(cookies: 1).description == "1 cookie redacted")
        #expect(
            Redaction.Counts(credentials: 2, cookies: 3, parameters: 1).description
                == "2 credentials, 3 cookies and 1 parameter redacted")
        var full = Redaction(.full)
        #expect(full.value(of: "Cookie", "a=1") == "a=1")
        #expect(full.counts.total == 0)
    }
}
