public import HTTPTrace
public import Sessions

// What a server is asked for is as secret as what a client asks for: `listen --json` prints both, and both through here.

extension ServerEventLines {
    /// The first line, which has the date: `since` is the clock's `monotonic` then.
    public static func firstLine(_ clock: ClockAnchor) -> String {
        var json = JSONWriter()
        json.writeLogStart(clock)
        return json.takeText()
    }

    /// A line, and a line break.
    ///
    /// - Parameter redaction: Replaces secrets in URLs and counts them.
    public mutating func line(_ record: ServerRecord, redacting redaction: inout Redaction) -> String {
        line(record) { redaction.url($0) }
    }

    /// The same for what went on to the server behind.
    public mutating func line(_ record: TraceRecord, redacting redaction: inout Redaction) -> String {
        line(record) { redaction.url($0) }
    }
}
