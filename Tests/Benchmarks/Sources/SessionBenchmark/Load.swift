import HTTPTrace
import HTTPTypes
import Sessions

/// Exchanges as a load makes them, the same every time.
final class Load {
    /// Whether heads repeat. A load's do, for a second at a time; a person's hardly ever.
    enum Heads: String { case shared, distinct }

    private static let urlCount = 8
    private static let connectionCount = 64
    /// At ten thousand a second.
    private static let perSecond = 10_000

    let body = BodyCapture(
        bytes: Array("hello\n".utf8), totalBytes: 6,
        sha256: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
    private let heads: Heads
    private let drafts: [RequestDraft]
    private let requested: [RequestedHead]
    private let sent: [SentHead]
    private var answers: [(second: Int, head: ResponseHead)?]
    private let remote = NetworkAddress(family: .ip4, ip: "192.0.2.10", port: 80)

    init(_ heads: Heads) {
        self.heads = heads
        drafts = (0..<Self.urlCount).map { number in
            let origin = Origin(scheme: .http, host: "api.example.com")
            return RequestDraft(url: RequestURL(origin: origin, target: "/v1/things/\(number)?page=\(number)"))
        }
        requested = drafts.map { RequestedHead(method: $0.method, url: $0.url) }
        sent = drafts.map { Self.sentHead($0) }
        answers = Array(repeating: nil, count: Self.urlCount)
    }

    func start(of number: Int) -> Timestamp { Timestamp(nanoseconds: Int64(number) * 100_000) }
    func end(of number: Int) -> Timestamp { start(of: number) + .microseconds(830) }
    func draft(of number: Int) -> RequestDraft { drafts[number % Self.urlCount] }

    func session(of count: Int) -> Session {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 1_800_000_000_000_000_000))
        for number in 1...count {
            let id = ExchangeID(number)
            session.begin(draft(of: number), as: id, at: start(of: number))
            session.apply(records(of: number))
            session.keep(body, of: id)
        }
        return session
    }

    /// What the engine records of an exchange on a kept connection; for the first of each connection, its dial too.
    func records(of number: Int) -> [TraceRecord] {
        let url = number % Self.urlCount
        let connection = ConnectionID(number % Self.connectionCount + 1)
        let use = number / Self.connectionCount + 1
        let local = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: UInt16(40_000 + connection.number))
        let facts = ConnectionFacts(local: local, remote: remote)
        var time = start(of: number)
        var records: [TraceRecord] = []
        records.reserveCapacity(18)
        func record(
            after microseconds: Double, _ event: TraceEvent, on connection: ConnectionID? = connection,
            _ id: ExchangeID? = ExchangeID(number)
        ) {
            time = time + .nanoseconds(Int64(microseconds * 1000) + Int64(number % 97))
            records.append(TraceRecord(time: time, exchange: id, connection: connection, event: event))
        }
        let requested = heads == .shared ? requested[url] : RequestedHead(method: .get, url: drafts[url].url)
        let sent = heads == .shared ? sent[url] : Self.sentHead(drafts[url])
        record(after: 0, .requestStarted(requested), on: nil)
        record(after: 0.4, .getConn(hostPort: "api.example.com:80"), on: nil)
        if use == 1 {
            record(after: 1, .connectionDialing(ConnectionKey(origin: drafts[url].url.origin)))
            record(after: 90, .connectionOpened(facts))
        }
        record(after: 0.6, .connectionActive(use: use))
        let got = GotConnection(
            connection: connection, local: local, remote: remote, isReused: use > 1,
            idleTime: use > 1 ? .microseconds(4_000 + number % 1_000) : nil, use: use)
        record(after: 0, .gotConn(got))
        record(after: 0.7, .wroteHeaders(sent))
        record(after: 0.2, .wroteRequest(nil))
        record(after: 9, .flushed(bytes: sent.bytes.count))
        record(after: 640, .gotFirstResponseByte)
        record(after: 0, .responseHead(answer(url, to: number)))
        record(after: 0, .bodyBytes(6))
        record(after: 0, .bodyEnded(BodyEnd(way: .complete, bytes: 6)))
        record(after: 0, .putIdleConn(nil))
        record(after: 0, .connectionIdle(until: time + .seconds(90)), nil)
        record(after: 0, .requestFinished(nil))
        return records
    }

    private func answer(_ url: Int, to number: Int) -> ResponseHead {
        let second = number / Self.perSecond
        if heads == .shared, let answer = answers[url], answer.second == second { return answer.head }
        let text = """
            HTTP/1.1 200 OK\r
            Server: nginx/1.22.1\r
            Date: Fri, 15 Jan 2027 \(8 + second / 3600 % 16):\(10 + second / 60 % 50):\(10 + second % 50) GMT\r
            Content-Type: text/plain\r
            Content-Length: 6\r
            Connection: keep-alive\r
            X-Request-Id: \(heads == .shared ? url : number)\r
            \r

            """
        let lines = text.split(separator: "\r\n").dropFirst().map { $0.split(separator: ": ") }
        let head = ResponseHead(
            status: 200, reason: "OK", version: "HTTP/1.1", bytes: Array(text.utf8),
            fields: HTTPFields(lines.map { HTTPField(name: HTTPField.Name(String($0[0]))!, value: String($0[1])) }))
        answers[url] = (second, head)
        return head
    }

    private static func sentHead(_ draft: RequestDraft) -> SentHead {
        SentHead(
            bytes: Array(
                "GET \(draft.url.target) HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: roundtrip/1\r\n\r\n".utf8))
    }
}
