import Foundation
import HTTPTrace
import HTTPTypes
import Sessions
import Testing

@testable import Exports

@Suite("HAR")
struct HARTests {
    private typealias Object = [String: Any]

    private static func entries(_ mode: Redaction.Mode = .secrets) throws -> [Object] {
        let object = try JSONSerialization.jsonObject(with: Data(Sample.har(mode).text.utf8)) as? Object
        return try #require((object?["log"] as? Object)?["entries"] as? [Object])
    }

    private static func entry(_ number: Int, _ mode: Redaction.Mode = .secrets) throws -> Object {
        try #require(try entries(mode).first { $0["_number"] as? Int == number })
    }

    /// The file of one request, without its secrets.
    private static func text(
        _ draft: RequestDraft, sent head: String? = nil, answered fields: HTTPFields? = nil
    ) -> String {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        session.begin(draft, as: ExchangeID(1), cause: .typed, at: .zero)
        var events: [TraceEvent] = [
            .requestStarted(RequestedHead(method: draft.method, url: draft.url, fields: draft.fields))
        ]
        if let head { events.append(.wroteHeaders(SentHead(bytes: Array(head.utf8)))) }
        if let fields {
            events.append(.responseHead(ResponseHead(status: 302, reason: "", version: "HTTP/1.1", fields: fields)))
        }
        session.apply(
            events.map { TraceRecord(time: .milliseconds(1), exchange: ExchangeID(1), connection: nil, event: $0) })
        var bytes: [UInt8] = []
        var writer = HARWriter(version: "1", clock: session.clock, at: .seconds(1))
        writer.write(session.exchanges, of: session) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `an entry is written as its golden file has it`() throws {
        let text = Sample.har().text
        let lines = text.split(separator: "\n")
        #expect(
            lines.first
                == "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"roundtrip\",\"version\":\"1.0\"},\"pages\":[],\"entries\":["
        )
        #expect(lines.last == "]}}")
        let golden = """
            {"startedDateTime":"2026-11-20T23:28:12.905123Z","time":83.9,"request":{"method":"GET",\
            "url":"https://api.example.com/v1/users","httpVersion":"HTTP/1.1","cookies":[],"headers":[\
            {"name":"Host","value":"api.example.com"},{"name":"Authorization","value":"Bearer REDACTED"}],\
            "queryString":[],"headersSize":86,"bodySize":0},"response":{"status":200,"statusText":"Reason",\
            "httpVersion":"HTTP/1.1","cookies":[],"headers":[{"name":"Content-Type","value":"text/plain"}],\
            "content":{"size":5,"mimeType":"text/plain","text":"hello"},"redirectURL":"","headersSize":61,"bodySize":5,\
            "_transferSize":66},"cache":{},"timings":{"blocked":0.12,"dns":-1,"connect":-1,"ssl":-1,"send":0.153,\
            "wait":81.127,"receive":2.5,"_blocked_queueing":0.01},"serverIPAddress":"192.0.2.1","connection":"1",\
            "_resourceType":"fetch","_number":2,"_replayOf":1,"_phases":{"queued":{"startNs":10000,"endNs":20000},\
            "send":{"startNs":20000,"endNs":173400},"wait":{"startNs":173400,"endNs":81300000},\
            "receive":{"startNs":81300000,"endNs":83800000}},"_connection":{"id":1,"isReused":true,"use":2,\
            "idleNs":596800000,"localAddress":"192.0.2.9","localPort":50000,"remotePort":443,"protocol":"http/1.1",\
            "closed":"peer closed it while idle"},"_tls":{"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384",\
            "alpn":"http/1.1","server_name":"api.example.com","is_resumed":false,\
            "resumption":"notOffered","is_verified":true},"_securityDetails":{"protocol":"TLS 1.3",\
            "subjectName":"api.example.com","issuer":"Test","validFrom":1790000000,"validTo":1800000000},\
            "_trailers":[{"name":"X-Auth-Token","value":"REDACTED"},{"name":"X-Sum","value":"1"}]},
            """
        #expect(String(lines[2]) == golden)
    }

    @Test func `time is the sum of the parts, to the last digit, for any durations`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var clock: Int64 = 5_000_000_000
            var exchange = Exchange(
                id: ExchangeID(1), draft: RequestDraft(url: try TypedURL.parse("https://a/")),
                at: Timestamp(nanoseconds: clock))
            let got = GotConnection(
                connection: ConnectionID(1), local: Sample.local, remote: Sample.ip4, isReused: false, idleTime: nil,
                use: 1)
            let proxy = ProxyServer(.http, host: "p", port: 1)
            let events: [TraceEvent] = [
                .getConn(hostPort: "a:443"), .dnsStart(host: "a"), .dnsDone(DNSAnswer(addresses: [Sample.ip4])),
                .connectStart(attempt: 1, Sample.ip4), .connectDone(attempt: 1, Sample.ip4, nil),
                .tunnelStart(proxy, target: "a:443"), .tunnelDone(TunnelFacts(proxy: proxy, target: "a:443"), nil),
                .tlsHandshakeStart,
                .tlsHandshakeDone(Sample.facts, nil), .gotConn(got), .flushed(bytes: 1), .gotFirstResponseByte,
                .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil),
            ]
            for event in events {
                clock += Int64.random(in: 0...9_999, using: &random)
                let time = Timestamp(nanoseconds: clock)
                exchange.apply(TraceRecord(time: time, exchange: ExchangeID(1), connection: nil, event: event))
            }
            let timings = HARTimings(exchange, at: .zero)
            let parts = [timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive]
            #expect(parts.allSatisfy { $0 ?? 0 >= 0 })
            #expect(timings.time == parts.reduce(0) { $0 + ($1 ?? 0) })
            #expect(timings.ssl! <= timings.connect!)
            // Eight parts, each rounded: at most a few microseconds from the truth.
            #expect(abs(timings.time * 1_000 - exchange.total(at: .zero).nanoseconds) <= 4_000)
            let tunnel = exchange.phases[.tunnel]!.duration(at: .zero)
            #expect(timings.connect! * 1_000 >= tunnel.nanoseconds - 2_000, "a proxy's making of the way is in connect")
        }
    }

    @Test func `the written figures keep the rules that readers hold us to`() throws {
        let entries = try Self.entries()
        #expect(entries.count == 13)
        var last = ""
        for entry in entries {
            // Foundation reads numbers as Double; whole microseconds come back exactly when rounded.
            func microseconds(_ value: Any?) -> Int64 { Int64((((value as? Double) ?? .nan) * 1_000).rounded()) }
            let timings = try #require(entry["timings"] as? Object).mapValues(microseconds)
            let names = ["blocked", "dns", "connect", "send", "wait", "receive"]
            let sum = names.map { timings[$0]! }.filter { $0 >= 0 }.reduce(0, +)
            #expect(microseconds(entry["time"]) == sum)
            for name in ["send", "wait", "receive"] { #expect(timings[name]! >= 0) }
            for name in ["blocked", "dns", "connect", "ssl"] {
                #expect(timings[name]! >= 0 || timings[name]! == -1_000)
            }
            #expect(timings["ssl"]! <= timings["connect"]!)
            #expect(Int(try #require(entry["connection"] as? String)) != nil)
            let started = try #require(entry["startedDateTime"] as? String)
            #expect(started > last)
            last = started
            let response = try #require(entry["response"] as? Object)
            for name in ["status", "headersSize", "bodySize"] { #expect(response[name] is NSNumber) }
            #expect((response["content"] as? Object)?["size"] is NSNumber)
        }
    }

    @Test func `a new connection shows its set-up, a reused one minus one`() throws {
        let cold = try #require(try Self.entry(1)["timings"] as? [String: Double])
        #expect(cold["dns"] == 8.233)
        #expect(cold["connect"] == 302.369)
        #expect(cold["ssl"] == 30.768)
        let warm = try #require(try Self.entry(2)["timings"] as? [String: Double])
        for name in ["dns", "connect", "ssl"] { #expect(warm[name] == -1) }
    }

    @Test func `a failed request is complete, with status 0 and its reason`() throws {
        let entry = try Self.entry(3)
        let response = try #require(entry["response"] as? Object)
        #expect(response["status"] as? Int == 0)
        #expect((response["content"] as? NSDictionary) == ["size": 0, "mimeType": "x-unknown"])
        #expect(response["bodySize"] as? Int == -1)
        #expect(entry["_error"] as? String == "127.0.0.1:1 refused the connection")
        #expect(entry["_outcome"] as? String == "error:connect")
        #expect(entry["connection"] as? String == "0")
        #expect(entry["serverIPAddress"] == nil)
        #expect((entry["_attempts"] as? [Object])?.first?["address"] as? String == "127.0.0.1:1")
    }

    @Test func `a running request is written as it stands`() throws {
        for number in [12, 13] {
            let entry = try Self.entry(number)
            #expect(entry["comment"] as? String == "still running when written")
            #expect((entry["response"] as? Object)?["status"] as? Int == 0)
        }
        #expect(try #require(try Self.entry(13)["timings"] as? [String: Double])["blocked"] == 17_000)
    }

    @Test func `bodies are text, base64, or left out with a reason`() throws {
        func content(_ number: Int) throws -> NSDictionary? {
            (try Self.entry(number)["response"] as? Object)?["content"] as? NSDictionary
        }
        #expect(try content(1)?["text"] as? String == "{\"ok\":true,\"name\":\"Zoë \\\"\u{1}\"}")
        #expect(try content(5) == ["size": 4, "mimeType": "image/png", "text": "iVAA/w==", "encoding": "base64"])
        #expect(
            try content(6) == [
                "size": 5_000, "compression": 4_000, "mimeType": "text/html",
                "comment": "body left out: 6 of 5000 bytes were kept",
            ])
        let post = (try Self.entry(5)["request"] as? Object)?["postData"] as? Object
        #expect(post?["text"] as? String == "iVAA/yc=")
    }

    /// The request of an entry, as a file has it whose only exchange this is.
    private static func request(_ exchange: Exchange) throws -> Object {
        let session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        var writer = HARWriter(version: "1.0", clock: session.clock, at: .zero)
        var bytes: [UInt8] = []
        writer.write([exchange], of: session) { bytes += $0 }
        let log = (try JSONSerialization.jsonObject(with: Data(bytes)) as? Object)?["log"] as? Object
        return try #require((log?["entries"] as? [Object])?.first?["request"] as? Object)
    }

    @Test func `a long upload is left out, and its size stays true`() throws {
        for count in [1 << 20, 1 << 20 + 1] {
            let draft = RequestDraft(
                method: .post, url: try TypedURL.parse("http://a.example/"),
                fields: [.contentType: "application/x-www-form-urlencoded"],
                body: Array("a=".utf8) + Array(repeating: 120, count: count - 2))
            let request = try Self.request(Exchange(id: ExchangeID(1), draft: draft, at: .zero))
            let post = try #require(request["postData"] as? Object)
            #expect(request["bodySize"] as? Int == count)
            #expect((post["text"] as? String)?.utf8.count == (count > 1 << 20 ? 0 : count))
            #expect((post["params"] == nil) == (count > 1 << 20))
            let comment = "body left out: 1048577 bytes, and 1048576 at most are written"
            #expect(post["comment"] as? String == (count > 1 << 20 ? comment : nil))
        }
    }

    @Test func `a body that came in and was kept in part does not pass for a whole one`() throws {
        let draft = RequestDraft(
            method: .post, url: try TypedURL.parse("http://a.example/"), body: Array("begin".utf8))
        var exchange = Exchange(id: ExchangeID(1), draft: draft, cause: .caught, at: .zero)
        var served = ServedRequest(
            id: ServerRequestID(1), connection: ServerConnectionID(1), client: Sample.local, at: .zero)
        served.requestBytes = 5_000
        exchange.served = served
        let request = try Self.request(exchange)
        #expect(request["bodySize"] as? Int == 5_000)
        let post = try #require(request["postData"] as? Object)
        #expect(post["text"] as? String == "")
        #expect(post["comment"] as? String == "body left out: 5 of 5000 bytes were kept")
    }

    @Test func `cookies, query and form are taken apart`() throws {
        let request = try #require(try Self.entry(1, .full)["request"] as? Object)
        #expect(
            request["cookies"] as? NSArray == [
                ["name": "sid", "value": "s3cret-cookie"], ["name": "theme", "value": "dark"],
            ])
        #expect(
            request["queryString"] as? NSArray == [
                ["name": "access_token", "value": "s3cret-query"], ["name": "page", "value": "2"],
                ["name": "q", "value": "a b c"],
            ])
        #expect(
            (request["postData"] as? Object)?["params"] as? NSArray == [
                ["name": "user", "value": "me"], ["name": "password", "value": "s3cret-form"],
                ["name": "next", "value": "/home"],
            ])
        let response = try #require(try Self.entry(1, .full)["response"] as? Object)
        #expect(
            (response["cookies"] as? NSArray)?[0] as? NSDictionary == [
                "name": "sid", "value": "s3cret-set", "path": "/", "domain": "example.com",
                "expires": "2026-10-21T07:28:00Z", "httpOnly": true, "secure": true, "sameSite": "Lax",
            ])
    }

    @Test func `a cookie expires on a day that there is, or says no day`() {
        func expires(_ text: String) -> String? { HARCookie(setCookie: "a=b; Expires=\(text)")?.expires }
        #expect(expires("Thu, 29-Feb-2024 10:00:00 GMT") == "2024-02-29T10:00:00Z")
        #expect(expires("Sat, 31 Dec 99 23:59:59 GMT") == "1999-12-31T23:59:59Z")
        for none in [
            "Sun, 29 Feb 2026 10:00:00 GMT", "31 Jun 2026 10:00:00", "29 Feb 1900 10:00:00", "1 Jan 1600 0:0:0", "soon",
        ] {
            #expect(expires(none) == nil, "\(none)")
        }
    }

    @Test func `the protocol is named as Chrome reads it`() throws {
        #expect((try Self.entry(11)["request"] as? Object)?["httpVersion"] as? String == "HTTP/2.0")
        #expect((try Self.entry(11)["response"] as? Object)?["headersSize"] as? Int == -1)
        #expect((try Self.entry(11)["_tls"] as? Object)?["certificates"] != nil)
        #expect((try Self.entry(12)["_tls"] as? Object)?["certificates"] == nil)
    }

    @Test func `no secret is in the bytes unless asked for, and what was left out is counted`() {
        let (text, summary) = Sample.har()
        for secret in Sample.secrets { #expect(!text.contains(secret), "\(secret) is in the export") }
        #expect(summary.redacted == Redaction.Counts(credentials: 6, cookies: 5, parameters: 5))
        #expect(summary.entries == 13)
        #expect(summary.failed == 2 && summary.cancelled == 1)
        #expect(summary.running == 2)
        let (full, fullSummary) = Sample.har(.full)
        // Of user information, only the field made from it is ever written.
        for secret in Sample.secrets.dropFirst(0) where secret != "s3cret-user" { #expect(full.contains(secret)) }
        #expect(fullSummary.redacted.description == "nothing to redact")
    }

    @Test func `an HTTP-2 request's path has no secrets either`() throws {
        let text = Self.text(
            RequestDraft(url: try TypedURL.parse("http://a/echo?token=s3cret&page=2")),
            sent: "GET /echo?token=s3cret&page=2 HTTP/2\r\n:method: GET\r\n:path: /echo?token=s3cret&page=2\r\n\r\n")
        #expect(!text.contains("s3cret"))
        #expect(text.contains(#"{"name":":path","value":"/echo?token=REDACTED&page=2"}"#))
    }

    @Test func `a form that is no text has no secrets either`() throws {
        let fields: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        let draft = RequestDraft(
            method: .post, url: try TypedURL.parse("http://a/"), fields: fields,
            body: [0xFF] + Array("&password=s3cret".utf8))
        #expect(Self.text(draft).contains(Base64.encode([0xFF] + Array("&password=REDACTED".utf8))))
    }

    @Test func `a form in parts has no secrets either, in a HAR or in a command`() throws {
        let form = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ns3cret\r\n--b--\r\n"
        let draft = RequestDraft(
            method: .post, url: try TypedURL.parse("http://a/"),
            fields: [.contentType: "multipart/form-data; boundary=b"], body: Array(form.utf8))
        let text = Self.text(draft)
        #expect(!text.contains("s3cret") && text.contains(#"\r\n\r\nREDACTED\r\n--b--"#))
        var redaction = Redaction()
        let command = CurlCommand.text(draft, redacting: &redaction)
        #expect(!command.contains("s3cret") && redaction.counts.parameters == 1)
    }

    @Test func `URLs in parameters and in a Location have no secrets`() throws {
        let next = "https%3A%2F%2Fexample.com%2F%3Fpage%3D1"
        let url = try TypedURL.parse("http://a/b;jsessionid=s3cret?next=https://me:s3cret@c/&then=\(next)")
        let text = Self.text(
            RequestDraft(url: url),
            answered: [.location: "/cb?access_token=s3cret&next=https://me:s3cret@example.com/"])
        #expect(!text.contains("s3cret"))
        #expect(text.contains(#""url":"http://a/b;jsessionid=REDACTED?next=https://REDACTED@c/&then=\#(next)""#))
        #expect(text.contains(#"{"name":"next","value":"https://REDACTED@c/"}"#))
        #expect(text.contains(#"{"name":"then","value":"https://example.com/?page=1"}"#))
        #expect(text.contains(#""redirectURL":"/cb?access_token=REDACTED&next=https://REDACTED@example.com/""#))
    }

    @Test func `a query that is a URL itself has no secrets in its list either`() throws {
        let url = try TypedURL.parse("http://a/?https://me:s3cret@h/?apikey=s3cret&x=1")
        let text = Self.text(RequestDraft(url: url))
        #expect(!text.contains("s3cret"))
        #expect(
            text.contains(
                #""queryString":[{"name":"https://REDACTED@h/?apikey","value":"REDACTED"},{"name":"x","value":"1"}]"#))
    }

    @Test func `a file is valid JSON however it is cut into chunks, and an empty one too`() throws {
        let sample = Sample()
        var writer = HARWriter(version: "1", clock: sample.session.clock, at: sample.now)
        writer.write([], of: sample.session) { chunk in
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(chunk)) }
        }
        var chunks = 0
        var bytes: [UInt8] = []
        writer = HARWriter(version: "1", clock: sample.session.clock, at: sample.now)
        let many = (0..<200).flatMap { _ in sample.session.exchanges }
        writer.write(many, of: sample.session) {
            chunks += 1
            #expect($0.count < HARWriter.chunkBytes + 20_000)
            bytes += $0
        }
        #expect(chunks > 10)
        let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? Object
        #expect(((object?["log"] as? Object)?["entries"] as? [Any])?.count == 2_600)
    }
}
