import Exports
import Foundation
import HTTPTrace
import HTTPTypes
import Sessions
import Testing

@Suite("Event log")
struct EventLogTests {
    private let sample = Sample()

    private func lines(_ log: inout EventLog) throws -> [[String: Any]] {
        let bytes = log.takeBytes()
        #expect(bytes.last == 10)
        return try bytes.split(separator: 10).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
        }
    }

    @Test func `every event is a line of its own, after one that says when it began`() throws {
        var log = EventLog(clock: ClockAnchor(monotonic: .seconds(1), unixNanoseconds: 1_800_000_000_000_000_000))
        let exchange = try #require(sample.session[ExchangeID(1)])
        for record in exchange.events { log.add(record) }
        let objects = try lines(&log)
        #expect(objects.count == exchange.events.count + 1)
        #expect(objects[0]["schema_version"] as? Int == 1)
        #expect(objects[0]["started"] as? String == "2027-01-15T08:00:00.000000Z")
        #expect(objects.dropFirst().allSatisfy { $0["req"] as? Int == 1 })
        for (object, record) in zip(objects.dropFirst(), exchange.events) {
            #expect(object["t"] as? Int64 == (record.time - .seconds(1)).nanoseconds)
            #expect(object["conn"] as? Int == record.connection?.number)
        }
    }

    @Test func `a URL's secrets are left out`() throws {
        var log = EventLog(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        for exchange in sample.session.exchanges { for record in exchange.events { log.add(record) } }
        let text = String(decoding: log.takeBytes(), as: UTF8.self)
        #expect(text.contains("access_token=REDACTED"))
        #expect(!text.contains("s3cret"))
    }

    @Test func `a server's lines begin with the date, as a client's do`() {
        let clock = ClockAnchor(monotonic: .seconds(5), unixNanoseconds: 1_763_600_000_000_000_000)
        let line = ServerEventLines.firstLine(clock)
        #expect(line == #"{"schema_version":1,"ev":"log","started":"2025-11-20T00:53:20.000000Z"}"# + "\n")
        var log = EventLog(clock: clock)
        let bytes = log.takeBytes()
        #expect(bytes == Array(line.utf8))
    }

    @Test func `a server's lines leave out the same, of what came in and of what went on`() throws {
        let url = try TypedURL.parse("http://a/hook;sid=s3cret?token=s3cret&page=2")
        let head = IncomingHead(
            method: .get, url: url, target: "http://me:s3cret@a\(url.target)", version: "HTTP/1.1", bodyBytes: 0,
            fields: [:])
        let served = ServerRecord(
            time: .zero, connection: ServerConnectionID(1), request: ServerRequestID(1),
            event: .requestHead(head, use: 1))
        let forwarded = TraceRecord(
            time: .zero, exchange: ExchangeID(1), connection: nil,
            event: .requestStarted(RequestedHead(method: .get, url: url)))

        var lines = ServerEventLines(since: .zero)
        var redaction = Redaction()
        let text = lines.line(served, redacting: &redaction) + lines.line(forwarded, redacting: &redaction)
        #expect(!text.contains("s3cret"))
        #expect(text.contains(#""target":"http://REDACTED@a/hook;sid=REDACTED?token=REDACTED&page=2","url":"#))
        #expect(text.components(separatedBy: #""url":"http://a/hook;sid=REDACTED?token=REDACTED&page=2""#).count == 3)
        #expect(redaction.counts == Redaction.Counts(credentials: 1, parameters: 6))

        var full = Redaction(.full)
        #expect(lines.line(served, redacting: &full).contains(#""target":"http://me:s3cret@a/hook;sid=s3cret?"#))
    }

    @Test func `a body is told with its coding and what is wrong with it`() throws {
        var log = EventLog(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        _ = log.takeBytes()
        log.add(
            BodyCapture(
                bytes: [1], totalBytes: 9, sha256: "ff", codings: ["gzip", "br"],
                problem: Failure(.decode, phase: .receive, "damaged")), of: ExchangeID(3), at: .seconds(2))
        let object = try #require(try lines(&log).first)
        #expect(
            NSDictionary(dictionary: object) == [
                "t": 2_000_000_000, "req": 3, "ev": "body", "bytes": 9, "sha256": "ff", "coding": "gzip, br",
                "error": "decode", "message": "damaged",
            ])
    }
}
