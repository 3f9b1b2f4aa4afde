import Exports
import Foundation
import HTTPTrace
import HTTPTypes
import Sessions
import Testing

@Suite("JSON of an exchange")
struct ExchangeJSONTests {
    private let sample = Sample()

    private func object(_ number: Int, _ mode: Redaction.Mode = .secrets) throws -> [String: Any] {
        var redaction = Redaction(mode)
        let exchange = sample[number]
        let line = ExchangeJSON.line(
            exchange, on: sample.connection(of: exchange), redacting: &redaction, at: sample.now)
        #expect(line.last == 10)
        #expect(line.filter { $0 == 10 }.count == 1)
        return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    @Test func `a good exchange tells its figures, its connection and its handshake`() throws {
        let object = try object(1)
        #expect(object["schema_version"] as? Int == 1)
        #expect(object["outcome"] as? String == "ok")
        #expect(object["status"] as? Int == 200)
        #expect(object["http_version"] as? String == "HTTP/1.1")
        #expect(object["body_sha256"] as? String == "00ff")
        #expect(object["body_len"] as? Int == 29)
        #expect(object["url"] as? String == "https://api.example.com/login?access_token=REDACTED&page=2&q=a%20b+c")
        #expect(object["dns_ms"] as? Double == 8.2334)
        #expect(object["tls_ms"] as? Double == 30.7677)
        #expect(object["error"] == nil)
        let connection = try #require(object["connection"] as? NSDictionary)
        #expect(
            connection == [
                "id": 1, "reused": false, "use": 1, "local": "192.0.2.9:50000", "remote": "192.0.2.1:443",
                "protocol": "http/1.1",
            ])
        #expect((object["tls"] as? [String: Any])?["version"] as? String == "TLSv1.3")
        #expect((object["attempts"] as? [[String: Any]])?.count == 2)
    }

    @Test func `the total is exactly the phases and what lies between them`() throws {
        for exchange in sample.session.exchanges {
            let object = try object(exchange.id.number)
            // Foundation reads numbers as Double; whole nanoseconds come back exactly when rounded.
            func nanoseconds(_ value: Any?) -> Int64 { Int64((((value as? Double) ?? .nan) * 1e6).rounded()) }
            #expect(
                nanoseconds(object["total_ms"])
                    == nanoseconds(object["phases_sum_ms"]) + nanoseconds(object["unclaimed_ms"]))
            let phases = try #require(object["phases"] as? [[String: Any]])
            let sum = phases.map { nanoseconds($0["duration_ms"]) }.reduce(0, +)
            #expect(sum == nanoseconds(object["phases_sum_ms"]))
            for phase in phases {
                let name = try #require(phase["phase"] as? String)
                #expect(object["\(name)_ms"] as? Double == phase["duration_ms"] as? Double)
            }
        }
    }

    @Test func `what did not happen is absent`() throws {
        let warm = try object(2)
        for name in ["dns_ms", "connect_ms", "tls_ms", "error"] { #expect(warm[name] == nil) }
        #expect(warm["replay_of"] as? Int == 1)
        #expect((warm["connection"] as? [String: Any])?["idle_ms"] as? Double == 596.8)
        let failed = try object(4)
        #expect(failed["status"] == nil)
        #expect(failed["connection"] == nil)
        #expect(failed["outcome"] as? String == "error:dns")
        #expect(
            failed["error"] as? NSDictionary == [
                "phase": "dns", "kind": "dns", "message": "nowhere.invalid: no such host \u{1B}[31m",
            ])
        #expect(try object(12)["outcome"] as? String == "running")
    }

    @Test func `curl's block counts from the start, in seconds`() throws {
        let curl = try #require(try object(1)["curl"] as? [String: Any])
        let times = [
            "time_queue", "time_namelookup", "time_connect", "time_appconnect", "time_pretransfer",
            "time_posttransfer", "time_starttransfer", "time_total",
        ].map { curl[$0] as! Double }
        #expect(times == times.sorted())
        #expect(times == [0.0001, 0.008333, 0.280001, 0.310778, 0.3109, 0.311123, 0.400444, 0.403044])
        #expect(curl["num_connects"] as? Int == 1)
        #expect(curl["remote_port"] as? Int == 443)
        #expect(curl["http_version"] as? String == "1.1")
        #expect(curl["response_code"] as? Int == 200)
        let warm = try #require(try object(2)["curl"] as? [String: Any])
        #expect(warm["num_connects"] as? Int == 0)
        #expect(warm["time_appconnect"] as? Double == 0)
        #expect(warm["time_connect"] as? Double == 0)
        #expect(warm["time_namelookup"] as? Double == 0.00002)
        let failed = try #require(try object(3)["curl"] as? [String: Any])
        #expect(failed["response_code"] as? Int == 0)
        #expect(failed["time_starttransfer"] as? Double == 0)
        #expect(failed["conn_id"] as? Int == -1)
    }

    private let address = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 80)

    private var got: TraceEvent {
        .gotConn(
            GotConnection(
                connection: ConnectionID(1), local: address, remote: address, isReused: false, idleTime: nil, use: 1))
    }

    private func draft() throws -> RequestDraft {
        RequestDraft(url: try TypedURL.parse("http://a.example/"), body: Array("body!".utf8))
    }

    /// The curl block of an exchange with a body, to which this happened.
    private func curl(_ events: [TraceEvent]) throws -> [String: Any] {
        try curl(Exchange(id: ExchangeID(1), draft: try draft(), at: .zero), events)
    }

    private func curl(_ begun: Exchange, _ events: [TraceEvent]) throws -> [String: Any] {
        var exchange = begun
        for event in events + [.requestFinished(nil)] {
            exchange.apply(TraceRecord(time: .zero, exchange: exchange.id, connection: nil, event: event))
        }
        var redaction = Redaction()
        let line = ExchangeJSON.line(exchange, on: nil, redacting: &redaction, at: .zero)
        let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        return try #require(object?["curl"] as? [String: Any])
    }

    @Test func `that it was sent again is told, and why`() throws {
        let retry = try #require((try object(9)["retries"] as? [[String: Any]])?.first)
        #expect(retry["kind"] as? String == "reset")
        #expect(retry["message"] as? String == "c1 was closed while idle")
        #expect(retry["at_ms"] as? Double == 2)
        #expect(retry["duration_ms"] as? Double == 2)
        #expect(try #require(retry["pause_ms"] as? Double).rounded(.up) == 1)
        #expect(try object(1)["retries"] == nil)
    }

    @Test func `what its reader held up is told, and nothing where it held up nothing`() throws {
        var redaction = Redaction()
        var exchange = sample[1]
        func texts() throws -> (json: String, text: String) {
            let json = ExchangeJSON.line(exchange, on: nil, redacting: &redaction, at: sample.now)
            let text = TextTimeline(marks: .ascii).text(
                exchange, on: nil, twin: nil, redacting: &redaction, at: sample.now)
            return (String(decoding: json, as: UTF8.self), text)
        }
        #expect(try !texts().json.contains("held_up") && !texts().text.contains("held up"))
        let start = try #require(exchange.phases[.receive]?.start)
        exchange.apply(
            TraceRecord(
                time: start + .milliseconds(2), exchange: exchange.id, connection: nil,
                event: .bodyHeldUp(.milliseconds(1))))
        #expect(try texts().json.contains(#""receive_held_up_ms":1"#))
        #expect(try texts().text.contains("\n  held up     1.0 ms at most: it came faster than"))
    }

    @Test func `all heads that came are counted, and none where their size is not known`() throws {
        func head(_ status: Int, _ bytes: Int) -> ResponseHead {
            let version = bytes > 0 ? "HTTP/1.1" : "HTTP/2"
            return ResponseHead(
                status: status, reason: "", version: version, bytes: Array(repeating: 65, count: bytes), fields: [:])
        }
        func counted(_ events: TraceEvent...) throws -> Int? { try curl([got] + events)["size_header"] as? Int }
        let early = TraceEvent.got1xxResponse(head(103, 30))
        #expect(try counted(early, .got1xxResponse(head(100, 5)), .responseHead(head(200, 40))) == 75)
        #expect(try counted(early) == 30)
        #expect(try counted() == 0)
        #expect(try counted(.responseHead(head(200, 0))) == nil)
    }

    @Test func `a connection whose handshake failed was made all the same`() throws {
        let other = NetworkAddress(family: .ip4, ip: "192.0.2.2", port: 443)
        let refused = Failure(.connect, phase: .connect, "refused")
        let curl = try curl([
            .connectStart(attempt: 1, other), .connectDone(attempt: 1, other, refused),
            .connectStart(attempt: 2, address), .connectDone(attempt: 2, address, nil), .tlsHandshakeStart,
            .tlsHandshakeDone(
                TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil), Failure(.tls, phase: .tls, "no")),
        ])
        #expect(curl["num_connects"] as? Int == 1)
        #expect(curl["remote_ip"] as? String == "192.0.2.1" && curl["remote_port"] as? Int == 80)
        let refusedByAll = try self.curl([.connectStart(attempt: 1, other), .connectDone(attempt: 1, other, refused)])
        #expect(refusedByAll["num_connects"] as? Int == 0 && refusedByAll["remote_ip"] as? String == "")
    }

    @Test func `a body that was held back was not uploaded`() throws {
        func uploaded(_ events: [TraceEvent]) throws -> Int? { try curl([got] + events)["size_upload"] as? Int }
        #expect(try uploaded([.flushed(bytes: 90)]) == 5)
        #expect(try uploaded([.wait100Continue]) == 0)
        // Cut off in the midst: nobody knows but the kernel.
        #expect(try uploaded([]) == nil)
        let head = SentHead(bytes: Array("POST / HTTP/1.1\r\n\r\n".utf8))
        let facts = TCPFacts(
            moment: .end, roundTrip: .zero, roundTripVariation: .zero, congestionWindow: 10, segmentBytes: 1_448,
            exchange: WireBytes(sent: head.bytes.count + 3, received: 0))
        #expect(try uploaded([.wroteHeaders(head), .tcpMeasured(facts)]) == 3)
    }

    @Test func `of a request that was sent on, all that went was uploaded, kept or not`() throws {
        for kept in [try draft(), RequestDraft(url: try draft().url)] {
            var exchange = Exchange(id: ExchangeID(1), draft: kept, cause: .caught, at: .zero)
            var served = ServedRequest(
                id: ServerRequestID(1), connection: ServerConnectionID(1), client: Sample.local, at: .zero)
            served.requestBytes = 5_000
            exchange.served = served
            #expect(try curl(exchange, [got, .flushed(bytes: 5_090)])["size_upload"] as? Int == 5_000)
        }
    }

    @Test func `no secret and no control character is in the line`() throws {
        var redaction = Redaction()
        for exchange in sample.session.exchanges {
            let line = ExchangeJSON.line(
                exchange, on: sample.connection(of: exchange), redacting: &redaction, at: sample.now)
            let text = String(decoding: line, as: UTF8.self)
            for secret in Sample.secrets { #expect(!text.contains(secret)) }
            #expect(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        }
        #expect(redaction.counts == Redaction.Counts(parameters: 1))
    }
}
