public import HTTPTrace
public import Sessions

// HAR 1.2 (ahmadnassri/har-spec), as its readers hold us to it: har-validator, haralyzer, mitmproxy, Chrome, Firefox.
// Written entry by entry into one buffer that its owner empties, so a million entries need the memory of one chunk.

/// Writes a HAR file.
///
///     var writer = HARWriter(version: "1.0", clock: session.clock, at: now)
///     try writer.write(session.exchanges, of: session) { try file.write($0) }
///     print(writer.summary)
public struct HARWriter: ~Copyable {
    var json = JSONWriter()
    var redaction: Redaction
    var dates = ISODate.Latest()
    let clock: ClockAnchor
    let now: Timestamp
    private let version: String
    /// Requests and responses that were written before, by their heads.
    var written = WrittenParts()
    public private(set) var summary = Summary()

    /// What was written.
    public struct Summary: Equatable, Sendable {
        public var entries = 0
        /// Those that were cancelled not counted, as in the counts of a session.
        public var failed = 0
        public var cancelled = 0
        /// Still running when written.
        public var running = 0
        public var redacted = Redaction.Counts()
    }

    /// How many bytes are gathered before they are handed on: large enough that a write's cost disappears.
    public static let chunkBytes = 128 * 1_024

    /// The longest body of a request that is written: as much as is kept of a response's. Text and parameters of a form are
    /// the same bytes twice, so an upload of 200 MB would make a file of which no reader wants to know.
    public static let requestBodyLimit = 1 << 20

    /// - Parameters:
    ///   - version: The program's, for `creator`.
    ///   - now: Until when phases count that still run.
    public init(version: String, clock: ClockAnchor, redacting mode: Redaction.Mode = .secrets, at now: Timestamp) {
        self.version = version
        self.clock = clock
        self.now = now
        redaction = Redaction(mode)
    }

    /// Writes a whole file. `exchanges` are all or some of the session's, in the order of asking.
    ///
    /// - Parameter sink: Takes the bytes chunk by chunk; what it throws ends the writing.
    public mutating func write<Problem: Error>(
        _ exchanges: some Sequence<Exchange>, of session: Session, to sink: ([UInt8]) throws(Problem) -> Void
    ) throws(Problem) {
        begin()
        for exchange in exchanges {
            add(exchange, on: exchange.connection.flatMap { session.connections[$0.connection] })
            if json.count >= HARWriter.chunkBytes { try sink(takeBytes()) }
        }
        end()
        try sink(takeBytes())
    }

    /// What was written since the last call.
    public mutating func takeBytes() -> [UInt8] { json.takeBytes() }

    /// First of all, once.
    public mutating func begin() {
        json.raw("{\"log\":{\"version\":\"1.2\",\"creator\":")
        json.openObject()
        json.field("name", "roundtrip")
        json.field("version", version)
        json.closeObject()
        json.raw(",\"pages\":[],\"entries\":[")
    }

    /// Adds an entry; oldest first.
    ///
    /// - Parameter connection: The one that carried it, which knows what its handshake agreed on; nil without one.
    public mutating func add(_ exchange: Exchange, on connection: ConnectionLedger.Connection?) {
        json.raw(summary.entries == 0 ? "\n" : ",\n")
        writeEntry(exchange, on: connection)
        summary.entries += 1
        switch exchange.standing {
        case .failed: summary.failed += 1
        case .cancelled: summary.cancelled += 1
        case .queued, .inFlight: summary.running += 1
        case .good: break
        }
        summary.redacted = redaction.counts
    }

    /// Last of all, once.
    public mutating func end() { json.raw("\n]}}\n") }
}
