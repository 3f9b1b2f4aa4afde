public import HTTPTrace

/// Everything seen since the start (or since the list was cleared): exchanges, connections, and figures about them.
public struct Session: Equatable, Sendable {
    /// In the order of asking.
    public private(set) var exchanges: [Exchange] = []
    public private(set) var connections = ConnectionLedger()
    /// Ties the stamps to dates.
    public var clock: ClockAnchor

    public init(clock: ClockAnchor) { self.clock = clock }

    /// The exchange of that number; nil when there is none, or it was removed.
    public subscript(id: ExchangeID) -> Exchange? { index(of: id).map { exchanges[$0] } }

    /// Adds a row for a request that is about to be sent. Numbers must ascend.
    public mutating func begin(
        _ draft: RequestDraft, as id: ExchangeID, cause: Exchange.Cause = .typed, at time: Timestamp
    ) {
        precondition(exchanges.last.map { $0.id < id } ?? true, "exchange \(id) begins after \(exchanges.last!.id)")
        exchanges.append(Exchange(id: id, draft: draft, cause: cause, at: time))
    }

    /// Takes in what was recorded, oldest first. Records of removed exchanges still count for their connections.
    public mutating func apply(_ records: some Sequence<TraceRecord>) {
        for record in records {
            connections.apply(record)
            guard let id = record.exchange, let index = index(of: id) else { continue }
            exchanges[index].apply(record)
        }
    }

    /// Keeps what was captured of a response body.
    public mutating func keep(_ body: BodyCapture, of id: ExchangeID) {
        guard let index = index(of: id) else { return }
        exchanges[index].body = body
    }

    public mutating func remove(_ id: ExchangeID) {
        guard let index = index(of: id) else { return }
        exchanges.remove(at: index)
    }

    private func index(of id: ExchangeID) -> Int? {
        var low = 0
        var high = exchanges.count
        while low < high {
            let middle = (low + high) / 2
            if exchanges[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < exchanges.count && exchanges[low].id == id ? low : nil
    }
}
