/// Where a trace's records are kept as they happen, for those who look at many at a time: recorders.
///
/// What an event costs decides whether a trace may stay installed. This is an append to memory that is there already; a
/// closure an event is four times that.
///
/// Belongs to the network thread: filled there by the client, to be emptied there by its owner.
public final class TraceBuffer: @unchecked Sendable {
    // Nothing looks at it while it grows: see the isolation above. Checked as it runs, that would cost as much as the append.
    @exclusivity(unchecked) private var records: [TraceRecord] = []
    private let limit: Int
    /// Called after the first record since it was empty. Set before it is used.
    public var begun: (@Sendable () -> Void)?
    /// Called after each record from the `limit`th on: it holds more when nobody empties it. Set before it is used.
    public var filled: (@Sendable () -> Void)?

    /// - Parameter limit: How many records make it full.
    public init(limit: Int) {
        self.limit = limit
        records.reserveCapacity(min(limit, 64))
    }

    public var count: Int { records.count }

    public func append(_ record: consuming TraceRecord) {
        records.append(record)
        if records.count >= limit { filled?() } else if records.count == 1 { begun?() }
    }

    /// Takes out what there is, oldest first.
    public func take() -> [TraceRecord] {
        // Sixty times a second most batches are small: a full one's room for each would be the most of a quiet program's
        // memory. A busy one gets it at once.
        var taken: [TraceRecord] = []
        taken.reserveCapacity(records.count >= limit ? limit : min(limit, 2 * records.count))
        swap(&taken, &records)
        return taken
    }

    /// Forgets what there is and keeps its room.
    public func removeAll() { records.removeAll(keepingCapacity: true) }
}
