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
            "apikey", "X-Client-Secret", "X-Hub-Signature", "X-RapidAPI-Key", "DD-APPLICATION-KEY", "X-Master-Key",
            "X-Amz-Server-Side-Encryption-Customer-Key",
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
        #expect(value("Cookie", "a=1;") == "a=REDACTED;")
        #expect(value("Cookie", "a=1; ;b=2; ") == "a=REDACTED; ;b=REDACTED; ")
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

    @Test func `a parameter's name tells by each of its words, however frameworks put them together`() {
        for name in [
            "user[password]", "user%5Bpassword%5D", "password_confirmation", "newPassword", "new_password1",
            "PASSWORD2",
            "oauth_token", "__RequestVerificationToken", "authenticity_token", "X-Amz-Signature", "db.pass", "token[]",
            "csrfmiddlewaretoken", "clientSecretValue",
        ] {
            #expect(url("http://a/?x=1&\(name)=abc") == "http://a/?x=1&\(name)=REDACTED", "\(name)")
            var redaction = Redaction()
            #expect(redaction.form("\(name)=abc&x=1") == "\(name)=REDACTED&x=1", "\(name)")
        }
        for name in [
            "user[email]", "passenger", "compass", "tokenizer", "keyId", "passwords", "secretary", "my_monkey",
        ] {
            #expect(url("http://a/?\(name)=abc") == "http://a/?\(name)=abc", "\(name)")
        }
        #expect(url("http://api.token.example/year=2026/x") == "http://api.token.example/year=2026/x")
    }

    private func body(_ lines: [String], of type: String) -> String {
        var redaction = Redaction()
        return String(decoding: redaction.body(Array(lines.joined(separator: "\r\n").utf8), of: type), as: UTF8.self)
    }

    @Test func `a form in parts loses what its fields hold, and keeps its files`() {
        func lines(_ password: String, _ next: String) -> [String] {
            [
                "preamble", "--b--x", "Content-Disposition: form-data; name=\"user\"", "", "me", "--b--x",
                "content-disposition:form-data ; NAME=user[password]", "", password, "--b--x",
                "Content-Disposition: form-data;", " name=\"a \\\"next\\\"\"", "", next, "--b--x",
                "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\notes.txt\"",
                "Content-Type: text/plain", "", "https://me:kept@h/", "--b--x--", "epilogue",
            ]
        }
        let type = "Multipart/Form-Data; charset=utf-8; boundary=\"b--x\""
        let before = lines("s3cret\r\nof two lines", "https://me:s3cret@h/?token=s3cret")
        let after = lines("REDACTED", "https://REDACTED@h/?token=REDACTED").joined(separator: "\r\n")
        #expect(body(before, of: type) == after)
        #expect(body(before, of: "multipart/form-data") == before.joined(separator: "\r\n"))
        #expect(body(before, of: "text/plain; boundary=b--x") == before.joined(separator: "\r\n"))
    }

    @Test func `a form in parts may break off anywhere, and may hold any bytes`() {
        let start = ["--b", "Content-Disposition: form-data; name=\"token\"; filename=\"t\"", "", ""]
        let head = Array(start.joined(separator: "\r\n").utf8)
        var redaction = Redaction()
        #expect(
            redaction.body(head + [0xFF, 0, 10, 13], of: "multipart/form-data; boundary=b")
                == head + Array(Redaction.mark.utf8))
        #expect(redaction.counts == Redaction.Counts(parameters: 1))
        for count in head.indices {
            let cut = Array(head.prefix(count))
            let shown = redaction.body(cut, of: "multipart/form-data; boundary=b")
            #expect(shown.starts(with: cut))
        }
        let whole = redaction.body(head, of: "multipart/form-data; boundary=")
        #expect(whole == head)
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

    @Test func `telling parameters of a path lose their value, and the path goes on`() {
        #expect(url("http://a/echo;jsessionid=abc?a=b") == "http://a/echo;jsessionid=REDACTED?a=b")
        #expect(url("/a;x=1;JSESSIONID=abc/b;sid=c") == "/a;x=1;JSESSIONID=REDACTED/b;sid=REDACTED")
        #expect(url("http://a/b;%6Asessionid=abc") == "http://a/b;%6Asessionid=REDACTED")
        // Where no path is, a slash is part of the value.
        #expect(url("/?a;token=b/c") == "/?a;token=REDACTED")
    }

    @Test func `a URL inside a URL has no secrets, nor has what stands before it`() {
        #expect(
            url("/cb?access_token=abc&next=https://me:pw@example.com/?x=1")
                == "/cb?access_token=REDACTED&next=https://REDACTED@example.com/?x=1")
        #expect(
            url("http://me:pw@a/b;sid=1?next=//you:pw@c/d;sid=2/e")
                == "http://REDACTED@a/b;sid=REDACTED?next=//REDACTED@c/d;sid=REDACTED")
        #expect(
            value("Link", "<https://a/?x=1>; rel=a, <https://u:p&w@h/>, <https://v:s3cret@i>")
                == "<https://a/?x=1>; rel=a, <https://REDACTED@h/>, <https://REDACTED@i>")
        // The host stays readable, and what follows is another parameter.
        #expect(url("/?next=https://a.b&mail=me@c.d") == "/?next=https://a.b&mail=me@c.d")
        #expect(url("//u;token=1:p@h/x") == "//REDACTED@h/x")
    }

    @Test func `an encoded URL with a secret in it goes whole, and one without stays`() {
        #expect(url("http://a/?next=https%3A%2F%2Fme%3Apw%40h%2F&x=1") == "http://a/?next=REDACTED&x=1")
        #expect(url("http://a/?next=%2Fb%3Ftoken%3Dabc") == "http://a/?next=REDACTED")
        #expect(url("http://a/?next=%252Fb%253Ftoken%253Dabc") == "http://a/?next=REDACTED")
        // Services that fetch what they are asked for, by a query that is nothing else, and by a path.
        #expect(url("http://a/?https%3A%2F%2Fme%3Apw%40h%2F&x=1") == "http://a/?REDACTED&x=1")
        #expect(url("http://a/?https%3A%2F%2Fh%3Fapikey=abc") == "http://a/?REDACTED")
        #expect(url("http://a/get/https%3A%2F%2Fh%3Fsig%3Dabc/b?c=d") == "http://a/get/REDACTED/b?c=d")
        for harmless in [
            "http://a/?q=a%20b%3D1", "http://a/?mail=me%40example.com", "http://a/%7Eme?next=%2Fb%3Fx%3D1",
            "http://a/?https%3A%2F%2Fh%2F", "http://a/me%40h/https%3A%2F%2Fh%2F%3Fx%3D1",
        ] {
            #expect(url(harmless) == harmless)
        }
    }

    @Test func `a password that should have been encoded goes whole`() {
        #expect(url("https://me:half/rest@a/b") == "https://REDACTED@a/b")
        #expect(url("https://me:half?rest#more@a/b") == "https://REDACTED@a/b")
        #expect(url("/?next=https://me:half&rest@a/b") == "/?next=https://REDACTED@a/b")
        #expect(url("https://a:80/b@c") == "https://a:80/b@c")
        #expect(url("https://[::1]/b@c") == "https://[::1]/b@c")
        #expect(url("https://me:half/rest?x=@") == "https://REDACTED@")
    }

    @Test func `slashes that browsers forgive hide no user information`() {
        #expect(url("https:///me:pw@a/") == "https:///REDACTED@a/")
        #expect(url("https:/me:pw@a/") == "https:/REDACTED@a/")
        #expect(url("https:\\\\me:pw@a/") == "https:\\\\REDACTED@a/")
        #expect(url("//\u{301}me:pw@a/") == "//REDACTED@a/")
        #expect(url("http://a//@b/c") == "http://a//@b/c")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a hostile field takes no more time than its length`() {
        for part in [
            "//", "//a:b@", "//a@/", "?//", ";sid=/", "@", "&token=//", "//a:b/", "//a:b/@", "%2F", "/%2F%2Fa:b%40",
        ] {
            let text = String(repeating: part, count: 20_000)
            #expect(value("Location", text).utf8.count > 0)
        }
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
