internal import HTTPTrace

/// Exchanges of which something will yet be written. Each has a place where it is changed as it stands: taken out of a
/// dictionary for each record it would be copied.
struct RunningExchanges: Sendable {
    private struct Place: Sendable {
        /// Nil where none is.
        var exchange: Exchange?
        var isChanged = false
    }

    private var places: [Place] = []
    private var free: [Int] = []
    private var placeOf = NumberPlaces()
    /// Which changed since `take`, each once; some may be gone.
    private var noted: [ExchangeID] = []

    init() {}

    /// Nothing happens with one that is here.
    mutating func begin(_ begun: BegunRequest) {
        guard placeOf[begun.id.number] == nil else { return }
        let place = free.popLast() ?? places.count
        if place == places.count { places.append(Place()) }
        placeOf[begun.id.number] = place
        places[place].exchange = Exchange(id: begun.id, draft: begun.draft, cause: begun.cause, at: begun.time)
        note(begun.id, at: place)
    }

    func contains(_ id: ExchangeID) -> Bool { placeOf[id.number] != nil }

    /// Forgets one that is written by others.
    mutating func remove(_ id: ExchangeID) {
        guard let place = placeOf[id.number] else { return }
        forget(id, at: place)
        places[place] = Place()
    }

    /// Nothing happens where its exchange is not here: late events of an abandoned dial, which change no column.
    mutating func apply(_ record: borrowing TraceRecord) {
        guard let id = record.exchange, let place = placeOf[id.number] else { return }
        places[place].exchange!.apply(record)
        note(id, at: place)
    }

    /// Those that changed since `take`, in order.
    var changed: [ExchangeID] {
        noted.filter { id in placeOf[id.number].map { places[$0].isChanged } ?? false }.sorted()
    }

    /// Hands over those that changed, and forgets those that have ended.
    ///
    /// - Parameter changed: What `changed` said.
    mutating func take(_ changed: [ExchangeID], _ body: (borrowing Exchange) throws -> Void) rethrows {
        for id in changed {
            // Moved out and back: looked at where it stands, it would be copied.
            guard let place = placeOf[id.number], let exchange = places[place].exchange.take() else { continue }
            try body(exchange)
            places[place].isChanged = false
            if exchange.isRunning { places[place].exchange = exchange } else { forget(id, at: place) }
        }
        noted.removeAll(keepingCapacity: true)
        placeOf.trim()
    }

    private mutating func forget(_ id: ExchangeID, at place: Int) {
        placeOf[id.number] = nil
        free.append(place)
    }

    private mutating func note(_ id: ExchangeID, at place: Int) {
        guard !places[place].isChanged else { return }
        places[place].isChanged = true
        noted.append(id)
    }
}
