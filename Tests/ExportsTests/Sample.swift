import Exports
import HTTPTrace
import HTTPTypes
import Sessions

/// A session in which nearly everything happens once, with secrets in every place that can hold one.
struct Sample {
    var session = Session(
        clock: ClockAnchor(monotonic: .seconds(100), unixNanoseconds: 1_795_217_290_905_123_456))
    let now = Timestamp.seconds(130)

    /// No export may hold any of these unless asked to.
    static let secrets = [
        "s3cret-basic", "s3cret-bearer", "s3cret-cookie", "s3cret-set", "s3cret-query", "s3cret-user", "s3cret-form",
        "s3cret-location", "s3cret-fragment", "s3cret-apikey", "s3cret-trailer", "s3cret-hint", "s3cret-referer",
    ]

    static let local = NetworkAddress(family: .ip4, ip: "192.0.2.9", port: 50_000)
    static let ip4 = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 443)
    static let ip6 = NetworkAddress(family: .ip6, ip: "2001:db8::1", port: 443)
    static let facts = TLSFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: "http/1.1", serverName: "api.example.com",
        certificates: [
            .init(
                subject: "CN=api.example.com", issuer: "CN=Test", names: ["api.example.com", "192.0.2.1"],
                notBefore: 1_790_000_000, notAfter: 1_800_000_000, sha256: "ab12", key: "EC P-256")
        ])

    init() {
        login()
        warmReplay()
        refusedConnect()
        unresolved()
        binaryUpload()
        compressedAndCut()
        redirect()
        early()
        retried()
        cancelled()
        http2()
        running()
        queued()
    }

    subscript(number: Int) -> Exchange { session[ExchangeID(number)]! }

    func connection(of exchange: Exchange) -> ConnectionLedger.Connection? {
        exchange.connection.flatMap { session.connections[$0.connection] }
    }

    // MARK: steps

    private mutating func begin(
        _ number: Int, _ method: HTTPRequest.Method = .get, _ url: String, _ fields: HTTPFields = [:],
        body: [UInt8] = [], cause: Exchange.Cause = .typed
    ) {
        let draft = RequestDraft(method: method, url: try! TypedURL.parse(url), fields: fields, body: body)
        session.begin(draft, as: ExchangeID(number), cause: cause, at: Sample.start(number))
        at(number, 0, .requestStarted(RequestedHead(method: method, url: draft.url, fields: fields)))
        at(number, 0.01, .getConn(hostPort: draft.url.origin.hostPort))
    }

    static func start(_ number: Int) -> Timestamp { .seconds(100 + Double(number)) }

    private mutating func at(_ number: Int, _ milliseconds: Double, connection: Int? = nil, _ events: TraceEvent...) {
        let time = Sample.start(number) + .nanoseconds(Int64((milliseconds * 1e6).rounded()))
        session.apply(
            events.map {
                TraceRecord(
                    time: time, exchange: ExchangeID(number), connection: connection.map(ConnectionID.init), event: $0)
            })
    }

    private mutating func dial(_ number: Int, connection: Int, tls: Bool = true, alpn: String = "http/1.1") {
        let origin = Origin(scheme: tls ? .https : .http, host: "api.example.com")
        at(number, 0.02, connection: connection, .connectionDialing(ConnectionKey(origin: origin)))
        at(number, 0.1, .dnsStart(host: "api.example.com"))
        at(number, 8.3334, .dnsDone(DNSAnswer(addresses: [Sample.ip6, Sample.ip4])))
        at(number, 8.4, .connectStart(attempt: 1, Sample.ip6))
        at(number, 258.4, .connectStart(attempt: 2, Sample.ip4))
        at(number, 280.0005, .connectDone(attempt: 2, Sample.ip4, nil))
        if tls {
            at(number, 280.01, .tlsHandshakeStart)
            at(number, 280.5, .connectDone(attempt: 1, Sample.ip6, Failure(.cancelled, "another attempt won")))
            at(number, 310.7777, .tlsHandshakeDone(Sample.facts, nil))
        }
        at(
            number, 310.8, connection: connection,
            .connectionOpened(
                ConnectionFacts(
                    local: Sample.local, remote: Sample.ip4, applicationProtocol: alpn, tls: tls ? Sample.facts : nil)))
        take(number, at: 310.9, connection: connection, reused: false, use: 1)
    }

    private mutating func take(
        _ number: Int, at time: Double, connection: Int, reused: Bool = true, use: Int, idle: Duration? = nil
    ) {
        at(number, time, connection: connection, .connectionActive(use: use))
        at(
            number, time,
            .gotConn(
                GotConnection(
                    connection: ConnectionID(connection), local: Sample.local, remote: Sample.ip4, isReused: reused,
                    idleTime: idle, use: use)))
    }

    private mutating func send(_ number: Int, at time: Double, _ fields: [(String, String)] = []) {
        let draft = self[number].draft
        var head = "\(draft.method.rawValue) \(draft.url.target) HTTP/1.1\r\nHost: \(draft.url.origin.authority)\r\n"
        for field in draft.fields { head += "\(field.name.rawName): \(field.value)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        head += "\r\n"
        at(number, time, .wroteHeaders(SentHead(bytes: Array(head.utf8))), .wroteRequest(nil))
        at(number, time + 0.1234, .flushed(bytes: head.utf8.count + draft.body.count))
    }

    private mutating func answer(
        _ number: Int, at time: Double, _ status: Int, _ fields: HTTPFields, body: [UInt8]?, wireBytes: Int? = nil,
        total: Int? = nil, trailers: [String: String]? = nil, version: String = "HTTP/1.1"
    ) {
        let bytes = Array("HTTP/1.1 \(status) Reason\r\n".utf8) + Array(repeating: 65, count: 40)
        at(number, time, .gotFirstResponseByte)
        at(
            number, time + 0.05,
            .responseHead(
                ResponseHead(
                    status: status, reason: "Reason", version: version, bytes: version == "HTTP/2" ? [] : bytes,
                    fields: fields)))
        let wire = wireBytes ?? body?.count ?? 0
        if wire > 0 { at(number, time + 1, .bodyBytes(wire)) }
        at(number, time + 2.5, .bodyEnded(BodyEnd(way: .complete, bytes: wire, trailers: trailers)), .putIdleConn(nil))
        if let body {
            let capture = BodyCapture(
                bytes: body, totalBytes: total ?? body.count, sha256: "00ff",
                codings: fields[.contentEncoding].map { [$0] } ?? [])
            session.keep(capture, of: ExchangeID(number))
        }
        at(number, time + 2.6, .requestFinished(nil))
    }

    // MARK: what happened

    private mutating func login() {
        begin(
            1, .post, "https://me:s3cret-user@api.example.com/login?access_token=s3cret-query&page=2&q=a%20b+c#top",
            [
                .contentType: "application/x-www-form-urlencoded", .authorization: "Basic s3cret-basic",
                .cookie: "sid=s3cret-cookie; theme=dark", .init("X-Api-Key")!: "s3cret-apikey",
                .referer: "https://example.com/?token=s3cret-referer",
            ], body: Array("user=me&password=s3cret-form&next=%2Fhome".utf8))
        dial(1, connection: 1)
        send(1, at: 311)
        var fields: HTTPFields = [.contentType: "application/json; charset=utf-8"]
        fields.append(
            HTTPField(
                name: .setCookie,
                value: "sid=s3cret-set; Path=/; Domain=example.com; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly; "
                    + "Secure; SameSite=Lax"))
        fields.append(HTTPField(name: .setCookie, value: "theme=s3cret-set"))
        answer(1, at: 400.4444, 200, fields, body: Array("{\"ok\":true,\"name\":\"Zoë \\\"\u{1}\"}".utf8))
        at(1, 403.2, connection: 1, .connectionIdle(until: .seconds(200)))
    }

    private mutating func warmReplay() {
        begin(2, .get, "https://api.example.com/v1/users", cause: .replay(of: ExchangeID(1)))
        take(2, at: 0.02, connection: 1, use: 2, idle: .microseconds(596_800))
        send(2, at: 0.05, [("Authorization", "Bearer s3cret-bearer")])
        answer(
            2, at: 81.3, 200, [.contentType: "text/plain"], body: Array("hello".utf8),
            trailers: ["X-Auth-Token": "s3cret-trailer", "X-Sum": "1"])
    }

    private mutating func refusedConnect() {
        begin(3, .get, "http://127.0.0.1:1/")
        let address = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 1)
        let failure = Failure(.connect, phase: .connect, "127.0.0.1:1 refused the connection")
        at(3, 0.1, .connectStart(attempt: 1, address))
        at(3, 0.5, .connectDone(attempt: 1, address, failure))
        at(3, 0.6, .requestFinished(failure))
    }

    private mutating func unresolved() {
        begin(4, .head, "https://nowhere.invalid/")
        let failure = Failure(.dns, phase: .dns, "nowhere.invalid: no such host \u{1B}[31m")
        at(4, 0.1, .dnsStart(host: "nowhere.invalid"))
        at(4, 31, .dnsDone(DNSAnswer(addresses: [], failure: failure)))
        at(4, 31, .requestFinished(failure))
    }

    private mutating func binaryUpload() {
        begin(5, .put, "https://api.example.com/blob", [.contentType: "image/png"], body: [0x89, 0x50, 0, 0xFF, 0x27])
        take(5, at: 0.02, connection: 1, use: 3)
        send(5, at: 0.05)
        answer(5, at: 20, 201, [.contentType: "image/png"], body: [0x89, 0x50, 0, 0xFF])
    }

    private mutating func compressedAndCut() {
        begin(6, .get, "https://api.example.com/big")
        take(6, at: 0.02, connection: 1, use: 4)
        send(6, at: 0.05)
        answer(
            6, at: 20, 200, [.contentType: "text/html", .contentEncoding: "gzip"], body: Array("<html>".utf8),
            wireBytes: 1_000, total: 5_000)
    }

    private mutating func redirect() {
        begin(7, .get, "https://api.example.com/old")
        take(7, at: 0.02, connection: 1, use: 5)
        send(7, at: 0.05)
        answer(
            7, at: 20, 302,
            [.location: "https://u:s3cret-user@example.com/new?code=s3cret-location#id_token=s3cret-fragment&x=1"],
            body: [])
    }

    private mutating func early() {
        begin(8, .post, "https://api.example.com/upload", body: Array("{\"a\":'1'}".utf8))
        take(8, at: 0.02, connection: 1, use: 6)
        at(
            8, 3, .gotFirstResponseByte,
            .got1xxResponse(
                ResponseHead(status: 103, reason: "", version: "HTTP/1.1", fields: [.cookie: "a=s3cret-hint"])))
        at(8, 5, .responseHead(ResponseHead(status: 413, reason: "", version: "HTTP/1.1", fields: [:])))
        at(8, 9, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
    }

    private mutating func retried() {
        begin(9, .get, "https://api.example.com/again")
        take(9, at: 0.02, connection: 1, use: 7)
        send(9, at: 0.05)
        at(9, 2, .attemptRetried(Failure(.reset, "c1 was closed while idle"), number: 1))
        at(9, 2, connection: 1, .connectionClosed(.peerClosedIdle))
        at(9, 2.1, .getConn(hostPort: "api.example.com:443"))
        take(9, at: 2.2, connection: 2, use: 2)
        send(9, at: 2.3)
        answer(9, at: 20, 204, [:], body: nil)
    }

    private mutating func cancelled() {
        begin(10, .get, "https://api.example.com/slow")
        at(10, 0.1, .dnsStart(host: "api.example.com"))
        at(10, 50, .requestFinished(Failure(.cancelled, phase: .dns, "cancelled")))
    }

    private mutating func http2() {
        begin(11, .get, "https://api.example.com/h2?list[]=1&empty&=v")
        dial(11, connection: 3, alpn: "h2")
        at(11, 311, .flushed(bytes: 20))
        answer(11, at: 350, 200, [.contentType: "text/plain; charset=latin1"], body: [0xE9], version: "HTTP/2")
    }

    private mutating func running() {
        begin(12, .get, "https://api.example.com/events")
        take(12, at: 0.02, connection: 3, use: 2)
        send(12, at: 0.05)
    }

    private mutating func queued() {
        begin(13, .get, "https://api.example.com/next")
        at(13, 0.02, .queued(.hostLimit(1), position: 0))
    }
}

extension Sample {
    static func har(_ mode: Redaction.Mode = .secrets) -> (text: String, summary: HARWriter.Summary) {
        let sample = Sample()
        var bytes: [UInt8] = []
        var writer = HARWriter(version: "1.0", clock: sample.session.clock, redacting: mode, at: sample.now)
        writer.write(sample.session.exchanges, of: sample.session) { bytes += $0 }
        return (String(decoding: bytes, as: UTF8.self), writer.summary)
    }
}
