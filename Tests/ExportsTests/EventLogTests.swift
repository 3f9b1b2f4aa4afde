import Exports
import Foundation
import HTTPTrace
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
