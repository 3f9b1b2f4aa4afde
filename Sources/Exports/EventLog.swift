public import HTTPTrace
public import Sessions

// What `roundtrip probe --ndjson` prints while it happens: one event a line, append-only, so that a reader may stop at any
// line and a cut-off last one loses nothing else.
//
//   {"schema_version":1,"ev":"log","started":"2026-11-20T23:28:10.905123Z"}
//   {"t":120000,"req":1,"ev":"requestStarted","method":"GET","url":"http://127.0.0.1:8080/"}
//   {"t":910000,"req":1,"conn":1,"ev":"gotConn", …}
//   {"t":1830000,"req":1,"ev":"body","bytes":648,"sha256":"…"}
//
// `t` counts nanoseconds since `started`. Lines of one request come in the order of their times; those of others stand
// between. Names are the events' own; a line without `req` is about a connection that serves nobody just then.

/// Writes events as lines of JSON.
public struct EventLog: ~Copyable, Sendable {
    private var json = JSONWriter()
    private var redaction = Redaction()
    private let clock: ClockAnchor

    /// The first line is there already.
    public init(clock: ClockAnchor) {
        self.clock = clock
        json.writeLogStart(clock)
    }

    public mutating func add(_ record: TraceRecord) {
        var redaction = redaction
        json.writeForLog(record, since: clock.monotonic) { redaction.url($0.description) }
        self.redaction = redaction
        json.raw("\n")
    }

    /// A body has been read to its end and decoded.
    ///
    /// - Parameter now: When that was known; the events say when its bytes came.
    public mutating func add(_ body: BodyCapture, of id: ExchangeID, at now: Timestamp) {
        guard !body.isOfNoAnswer else { return }
        json.openObject()
        json.field("t", (now - clock.monotonic).nanoseconds)
        json.field("req", id.number)
        json.field("ev", "body")
        json.field("bytes", body.totalBytes)
        json.field("sha256", body.sha256)
        if !body.codings.isEmpty { json.field("coding", body.codings.joined(separator: ", ")) }
        json.field("left_encoded", ifPresent: body.reasonLeftEncoded)
        if let problem = body.problem {
            json.field("error", problem.kind.rawValue)
            json.field("message", problem.message)
        }
        json.closeObject()
        json.raw("\n")
    }

    /// The lines since the last call, all whole.
    public mutating func takeBytes() -> [UInt8] { json.takeBytes() }
}

extension JSONWriter {
    /// The line that a log of events begins with: the date that `t` counts from.
    mutating func writeLogStart(_ clock: ClockAnchor) {
        openObject()
        field("schema_version", ExchangeJSON.schemaVersion)
        field("ev", "log")
        field("started", ISODate.text(unixNanoseconds: clock.unixNanoseconds))
        closeObject()
        raw("\n")
    }
}
