import HTTPTrace
import HTTPTypes
import Sessions

/// Trace records told step by step: `at` moves the clock, the rest adds what happened.
struct Story {
    var records: [TraceRecord] = []
    var exchange: ExchangeID
    var connection: ConnectionID?
    private var time: Timestamp

    init(_ number: Int = 1, from start: Double = 0) {
        exchange = ExchangeID(number)
        time = .milliseconds(start)
    }

    /// Adds events at a time in milliseconds.
    mutating func at(_ milliseconds: Double, _ events: TraceEvent...) {
        time = .milliseconds(milliseconds)
        for event in events {
            records.append(TraceRecord(time: time, exchange: exchange, connection: connection, event: event))
        }
    }

    /// What the records make of an exchange.
    func exchange(_ url: String = "http://example.com/") -> Exchange {
        var exchange = Exchange(id: exchange, draft: Story.draft(url), at: records.first?.time ?? .zero)
        for record in records { exchange.apply(record) }
        return exchange
    }

    static func draft(_ url: String = "http://example.com/") -> RequestDraft {
        RequestDraft(url: try! TypedURL.parse(url))
    }
}

let ip4 = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 443)
let ip6 = NetworkAddress(family: .ip6, ip: "2001:db8::1", port: 443)
let facts = TLSFacts(version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: "http/1.1", serverName: "example.com")
let key = ConnectionKey(origin: Origin(scheme: .http, host: "example.com"))
let refused = Failure(.connect, phase: .connect, "192.0.2.1:443 refused")
let cancelled = Failure(.cancelled, "cancelled")

func got(_ connection: Int = 1, reused: Bool = false, idle: Duration? = nil, use: Int = 1) -> TraceEvent {
    .gotConn(
        GotConnection(
            connection: ConnectionID(connection), local: NetworkAddress(family: .ip4, ip: "192.0.2.9", port: 50_000),
            remote: ip4, isReused: reused, idleTime: idle, use: use))
}

func head(_ status: Int) -> ResponseHead {
    ResponseHead(status: status, reason: "", version: "HTTP/1.1", fields: [:])
}

let started = TraceEvent.requestStarted(RequestedHead(method: .get, url: RequestURL(origin: key.origin)))
let sent = TraceEvent.wroteHeaders(SentHead(bytes: Array("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".utf8)))

/// Phases as milliseconds from start to end, for comparing whole values.
extension Exchange {
    var spans: [String: [Double]] {
        var spans: [String: [Double]] = [:]
        for (phase, span) in phases.present {
            spans[phase.rawValue] = [span.start, span.end].compactMap { $0.map { Double($0.nanoseconds) / 1e6 } }
        }
        return spans
    }
}

extension Story {
    /// A good exchange on a new connection; `tls` adds a handshake. Ends at start + 100 ms.
    static func cold(_ number: Int, from start: Double = 0, tls: Bool = false, connection: Int = 1) -> Story {
        var story = Story(number, from: start)
        story.at(start, started, .getConn(hostPort: "example.com:80"), .queued(.dialing, position: 0))
        story.at(start + 1, .dnsStart(host: "example.com"))
        story.at(start + 10, .dnsDone(DNSAnswer(addresses: [ip4])), .connectStart(attempt: 1, ip4))
        story.at(start + 30, .connectDone(attempt: 1, ip4, nil))
        if tls {
            story.at(start + 30, .tlsHandshakeStart)
            story.at(start + 50, .tlsHandshakeDone(facts, nil))
        }
        story.at(start + 50, .dequeued(.dialed), got(connection), sent, .wroteRequest(nil))
        story.at(start + 51, .flushed(bytes: 38))
        story.at(start + 90, .gotFirstResponseByte, .responseHead(head(200)), .bodyBytes(5))
        story.at(start + 100, .bodyEnded(BodyEnd(way: .complete, bytes: 5)), .putIdleConn(nil), .requestFinished(nil))
        return story
    }

    /// A good exchange on an open connection. Ends at start + 50 ms.
    static func warm(_ number: Int, from start: Double = 0, connection: Int = 1, use: Int = 2) -> Story {
        var story = Story(number, from: start)
        story.at(
            start, started, .getConn(hostPort: "example.com:80"),
            got(connection, reused: true, idle: .milliseconds(10), use: use), sent, .wroteRequest(nil))
        story.at(start + 1, .flushed(bytes: 38))
        story.at(start + 40, .gotFirstResponseByte, .responseHead(head(200)))
        story.at(start + 50, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
        return story
    }
}
