import HTTPTrace
import HTTPTypes
import Inspector
import Sessions
import TextScreen

/// A session told as "this request, from then on, so long in each phase": the records an engine would have made.
struct ScriptedSession {
    private var records: [TraceRecord] = []
    private var begins: [(time: Timestamp, message: Message)] = []
    private var bodies: [Message] = []
    private var opened: Set<Int> = []

    /// One request. Times in milliseconds.
    struct Probe {
        var number: Int
        var url: String
        var method = HTTPRequest.Method.get
        var body = ""
        var cause = Exchange.Cause.typed
        var start: Double
        /// The connection that carries it, and as which use; nil when it never gets one.
        var connection: Int?
        var use = 1
        var http2 = false
        /// What happened and how long it took; the last one is still running where `isRunning`.
        var phases: [(Phase, Double)]
        var isRunning = false
        var status: Int?
        var fields: HTTPFields = [:]
        var bytes = 0
        /// When parts of the body came, from the beginning of `receive`.
        var chunks: [Double] = [0]
        var failure: Failure?
        var queue: QueueReason?
        var shown: [UInt8]?
        /// What the handshake found; nil takes the usual.
        var tls: TLSFacts?
        /// Messages of the handshake, each so long after its beginning.
        var messages: [(Double, TLSMessage.Direction, TLSMessage.Kind, bytes: Int)] = []
        /// Of `shown`, and what is wrong with it.
        var codings: [String] = []
        var problem: Failure?
        var redirection: Redirection?
    }

    private static let proxy = ProxyServer(.http, host: "proxy.example.com", port: 3128)
    private static let local = NetworkAddress(family: .ip4, ip: "192.0.2.9", port: 50_000)

    static func address(of url: RequestURL) -> NetworkAddress {
        let isLocal = url.origin.host == "127.0.0.1"
        return NetworkAddress(family: .ip4, ip: isLocal ? "127.0.0.1" : "93.184.216.34", port: url.origin.port)
    }

    static func tls(_ host: String, http2: Bool) -> TLSFacts {
        TLSFacts(
            version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: http2 ? "h2" : "http/1.1", serverName: host,
            resumption: .resumed,
            certificates: [
                .init(
                    subject: "CN=\(host)", issuer: "CN=Example CA R3", names: [host, "*.\(host)"],
                    notBefore: 1_760_000_000, notAfter: 1_770_000_000,
                    sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", key: "EC P-256")
            ])
    }

    mutating func add(_ probe: Probe) {
        let url = try! TypedURL.parse(probe.url)
        let id = ExchangeID(probe.number)
        let draft = RequestDraft(method: probe.method, url: url, body: Array(probe.body.utf8))
        let start = Timestamp.milliseconds(probe.start)
        begins.append((start, .begin(draft, id, probe.cause)))
        var time = probe.start
        let dial = probe.connection.map { ConnectionID($0) }
        let isNew = probe.connection.map { opened.insert($0).inserted } ?? false
        func record(_ event: TraceEvent, _ connection: ConnectionID? = nil, at moment: Double? = nil) {
            records.append(
                TraceRecord(
                    time: .milliseconds(moment ?? time), exchange: id, connection: connection, event: event))
        }
        let address = Self.address(of: url)
        let facts = probe.tls ?? Self.tls(url.origin.host, http2: probe.http2)
        record(.requestStarted(RequestedHead(method: probe.method, url: url)))
        if let redirection = probe.redirection { record(.redirected(redirection)) }
        record(.getConn(hostPort: url.origin.hostPort))
        if isNew { record(.connectionDialing(ConnectionKey(origin: url.origin)), dial) }
        var hasConnection = false
        func connect() {
            guard !hasConnection, let connection = dial else { return }
            hasConnection = true
            if isNew {
                record(
                    .connectionOpened(
                        ConnectionFacts(
                            local: Self.local, remote: address, applicationProtocol: probe.http2 ? "h2" : "http/1.1",
                            tls: url.origin.scheme == .https ? facts : nil)), connection)
            }
            record(.connectionActive(use: probe.use), connection)
            record(
                .gotConn(
                    GotConnection(
                        connection: connection, local: Self.local, remote: address, isReused: !isNew,
                        idleTime: isNew ? nil : .milliseconds(3), use: probe.use)), connection)
            let head =
                "\(probe.method.rawValue) \(url.target) HTTP/1.1\r\nHost: \(url.origin.authority)\r\n"
                + "User-Agent: roundtrip/1\r\nAccept: */*\r\n\r\n"
            record(.wroteHeaders(SentHead(bytes: Array(head.utf8))), connection)
            record(.wroteRequest(nil), connection)
        }
        for (phase, length) in probe.phases {
            let isLast = phase == probe.phases.last!.0
            let end = time + length
            switch phase {
            case .queued: if let queue = probe.queue { record(.queued(queue, position: 1)) }
            case .dns: record(.dnsStart(host: url.origin.host))
            case .connect: record(.connectStart(attempt: 1, address), dial)
            case .tunnel: record(.tunnelStart(Self.proxy, target: url.origin.hostPort), dial)
            case .tls:
                record(.tlsHandshakeStart, dial)
                for (offset, direction, kind, bytes) in probe.messages {
                    let moment = Timestamp.milliseconds(time + offset)
                    record(
                        .tlsMessage(TLSMessage(direction, kind, bytes: bytes, at: moment)), dial, at: time + offset)
                }
            case .send: connect()
            case .wait:
                connect()
                record(.flushed(bytes: 90 + probe.body.utf8.count), dial)
            case .receive:
                record(.gotFirstResponseByte, dial)
                record(.responseHead(Self.head(probe)), dial)
                for (index, chunk) in probe.chunks.enumerated() {
                    let bytes = probe.bytes / probe.chunks.count
                    guard bytes > 0 else { continue }
                    _ = index
                    record(.bodyBytes(bytes), dial, at: time + chunk)
                }
            }
            time = end
            guard !(isLast && probe.isRunning) else { break }
            switch phase {
            case .dns: record(.dnsDone(DNSAnswer(addresses: [address])))
            case .connect: record(.connectDone(attempt: 1, address, probe.failure), dial)
            case .tunnel:
                record(.tunnelDone(TunnelFacts(proxy: Self.proxy, target: url.origin.hostPort), probe.failure), dial)
            case .tls: record(.tlsHandshakeDone(facts, probe.failure), dial)
            default: break
            }
        }
        guard !probe.isRunning else { return }
        if let failure = probe.failure {
            if !hasConnection { record(.connectionFailed(failure), dial) }
            record(.requestFinished(failure), dial)
            return
        }
        record(.bodyEnded(BodyEnd(way: .complete, bytes: probe.bytes)), dial)
        record(.requestFinished(nil), dial)
        record(.connectionIdle(until: .milliseconds(time) + .seconds(90)), dial)
        if let shown = probe.shown {
            // Of a decoded body all is kept: `bytes` are those of the wire.
            let total = probe.codings.isEmpty ? probe.bytes : shown.count
            bodies.append(
                .bodies([
                    (
                        id,
                        BodyCapture(
                            bytes: shown, totalBytes: total, sha256: "5891b5b522d5df086d0ff0b110fbd9d2",
                            codings: probe.codings, problem: probe.problem)
                    )
                ]))
        }
    }

    mutating func close(_ connection: Int, _ reason: CloseReason, at milliseconds: Double) {
        records.append(
            TraceRecord(
                time: .milliseconds(milliseconds), exchange: nil, connection: ConnectionID(connection),
                event: .connectionClosed(reason)))
    }

    private static func head(_ probe: Probe) -> ResponseHead {
        let status = probe.status ?? 200
        let version = probe.http2 ? "HTTP/2" : "HTTP/1.1"
        let reason = [200: "OK", 201: "Created", 301: "Moved Permanently"][status] ?? ""
        let fields = probe.fields
        let text = fields.map { "\($0.name.rawName): \($0.value)\r\n" }.joined()
        return ResponseHead(
            status: status, reason: probe.http2 ? "" : reason, version: version,
            bytes: probe.http2 ? [] : Array("HTTP/1.1 \(status) \(reason)\r\n\(text)\r\n".utf8), fields: fields)
    }

    /// What the program would have told the interface, in the order of time.
    ///
    /// - Parameter beginning: Whether the rows are added, too.
    func play(into model: inout Model, beginning: Bool = true) {
        for begin in begins where beginning { _ = update(&model, begin.message, at: begin.time) }
        let sorted = records.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        _ = update(&model, .trace(sorted.map(\.element)), at: .zero)
        for body in bodies { _ = update(&model, body, at: .zero) }
    }
}

extension ScriptedSession {
    /// Fourteen requests on six connections at 600 ms: some done, some running, one queued, one refused.
    static func busyMorning() -> ScriptedSession {
        var session = ScriptedSession()
        let api = "https://api.example.com/v1"
        let json: HTTPFields = [.contentType: "application/json", .server: "nginx"]
        session.add(
            Probe(
                number: 1, url: "\(api)/users", start: 0, connection: 1,
                phases: [
                    (.queued, 0.1), (.dns, 19), (.connect, 39), (.tls, 60), (.send, 0.2), (.wait, 48), (.receive, 20),
                ],
                status: 200, fields: json, bytes: 1_200, shown: Array(userList.utf8)))
        session.add(
            Probe(
                number: 2, url: "\(api)/users/7", start: 192, connection: 1, use: 2,
                phases: [(.send, 0.1), (.wait, 62), (.receive, 18.9)], status: 200, fields: json, bytes: 412))
        var orderFields = json
        orderFields[HTTPField.Name("Server-Timing")!] = "db;dur=121, render;dur=27"
        session.add(
            Probe(
                number: 3, url: "\(api)/orders", start: 48, connection: 2,
                phases: [
                    (.queued, 0.1), (.connect, 38.7), (.tls, 61.2), (.send, 0.2), (.wait, 165.4), (.receive, 38.4),
                ],
                status: 200, fields: orderFields, bytes: 38_000, chunks: [0, 10, 20, 38], shown: Array(orders.utf8)))
        session.add(
            Probe(
                number: 4, url: "\(api)/orders", method: .post, body: "{\"user\":7}", start: 275, connection: 1, use: 3,
                phases: [(.send, 14), (.wait, 107), (.receive, 21)], status: 201, fields: json, bytes: 96))
        session.add(
            Probe(
                number: 5, url: "\(api)/orders", cause: .replay(of: ExchangeID(3)), start: 354, connection: 2, use: 2,
                phases: [(.send, 0.1), (.wait, 100), (.receive, 90)], status: 200, fields: json, bytes: 38_000,
                chunks: [0, 10, 20, 30, 40, 50, 60, 70, 80, 89]))
        session.add(
            Probe(
                number: 6, url: "http://example.com/", start: 104, connection: 3,
                phases: [(.dns, 22), (.connect, 39), (.send, 0.1), (.wait, 40), (.receive, 17)], status: 301,
                fields: [.location: "https://example.com/"], bytes: 0, chunks: []))
        session.add(
            Probe(
                number: 7, url: "https://example.com/", cause: .redirect(from: ExchangeID(6)), start: 223,
                connection: 4,
                phases: [(.connect, 39), (.tls, 60), (.send, 0.1), (.wait, 42), (.receive, 20)], status: 200, bytes: 648
            ))
        session.add(
            Probe(
                number: 8, url: "https://cdn.example.net/app.js", start: 125, connection: 5, http2: true,
                phases: [(.dns, 20), (.connect, 40), (.tls, 40), (.send, 0.1), (.wait, 42), (.receive, 80)],
                status: 200,
                bytes: 84_000, chunks: [0, 15, 30, 45, 60, 75]))
        session.add(
            Probe(
                number: 9, url: "https://cdn.example.net/app.css", start: 180, connection: 5, use: 2, http2: true,
                phases: [(.queued, 45), (.send, 0.1), (.wait, 60), (.receive, 55)], status: 200, bytes: 12_000,
                chunks: [0, 15, 30, 45], queue: .dialing))
        session.add(
            Probe(
                number: 10, url: "http://127.0.0.1:1/", start: 330, connection: 6,
                phases: [(.connect, 0.9)], failure: Failure(.connect, phase: .connect, "127.0.0.1:1 refused")))
        session.add(
            Probe(
                number: 11, url: "\(api)/slow", start: 545, connection: 2, use: 3,
                phases: [(.send, 0.1), (.wait, 54.9)], isRunning: true))
        session.add(
            Probe(
                number: 12, url: "\(api)/events", start: 420, connection: 1, use: 4,
                phases: [(.send, 0.1), (.wait, 38), (.receive, 142)], isRunning: true, status: 200, bytes: 6_100,
                chunks: [0, 45, 85, 135]))
        session.add(
            Probe(
                number: 13, url: "https://example.com/big.iso", start: 400, connection: 4, use: 2,
                phases: [(.send, 0.1), (.wait, 38), (.receive, 162)], isRunning: true, status: 200, bytes: 48_000_000,
                chunks: (0..<33).map { Double($0) * 5 }))
        session.add(
            Probe(
                number: 14, url: "\(api)/next", start: 500, phases: [(.queued, 100)], isRunning: true,
                queue: .hostLimit(2)))
        session.close(3, .peerSaidClose, at: 223)
        return session
    }

    /// When the figures above are looked at.
    static let now = Timestamp.milliseconds(600)

    private static let userList = """
        {"users": [
          {"id": 7, "name": "Grüße aus Köln"},
          {"id": 8, "name": "東京"}
        ]}

        """

    private static let orders = """
        {"orders": [
          {"id": 301, "total": "12.00", "state": "paid"},
          {"id": 302, "total": "99.50", "state": "open"},
          {"id": 303, "total": "7.25", "state": "paid"}
        ]}

        """
}
