internal import HTTPTrace

/// Exchanges of which something will yet be written. Each has a place where it is changed as it stands: taken out of a
/// dictionary for each record it would be copied.
struct RunningExchanges: Sendable {
    private var places: [ExchangeID: Int] = [:]
    private var exchanges: [Exchange?] = []
    private var free: [Int] = []
    // Records of one exchange come several in a row.
    private var latest: (id: ExchangeID, place: Int)?
    /// Which changed since `takeChanged`, each once.
    private var changed: [ExchangeID] = []
    private var isChanged: [Bool] = []

    init() {}

    mutating func begin(_ exchange: Exchange) {
        let place = free.popLast() ?? exchanges.count
        if place == exchanges.count {
            exchanges.append(nil)
            isChanged.append(false)
        }
        places[exchange.id] = place
        exchanges[place] = exchange
        note(exchange.id, at: place)
    }

    /// Takes in a record. Nothing happens when its exchange is not here.
    mutating func apply(_ record: TraceRecord) {
        guard let id = record.exchange, let place = place(of: id) else { return }
        exchanges[place]!.apply(record)
        note(id, at: place)
    }

    /// Hands over those that changed, by number, and forgets those that have ended.
    mutating func takeChanged(_ body: (Exchange) throws -> Void) rethrows {
        changed.sort()
        for id in changed {
            guard let place = place(of: id) else { continue }
            try body(exchanges[place]!)
            isChanged[place] = false
            guard !exchanges[place]!.isRunning else { continue }
            exchanges[place] = nil
            places[id] = nil
            free.append(place)
            latest = nil
        }
        changed.removeAll(keepingCapacity: true)
    }

    private mutating func place(of id: ExchangeID) -> Int? {
        if let latest, latest.id == id { return latest.place }
        guard let place = places[id] else { return nil }
        latest = (id, place)
        return place
    }

    private mutating func note(_ id: ExchangeID, at place: Int) {
        guard !isChanged[place] else { return }
        isChanged[place] = true
        changed.append(id)
    }
}
