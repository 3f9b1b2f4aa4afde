internal import HTTPTrace

/// Exchanges of which something will yet be written. Each has a place where it is changed as it stands: taken out of a
/// dictionary for each record it would be copied.
struct RunningExchanges: Sendable {
    private struct Place: Sendable {
        /// Nil where none is, or its beginning is yet to come.
        var exchange: Exchange?
        /// How many of the batch's first parts it was made of already.
        var partsTaken = 0
        var isChanged = false
    }

    private var places: [Place] = []
    private var free: [Int] = []
    private var placeOf = NumberPlaces()
    /// Which changed since `takeChanged`, each once.
    private var changed: [ExchangeID] = []

    init() {}

    /// Takes in what began, and what somebody else made of the batch's records already.
    mutating func begin(_ batch: inout StoreQueue.Batch) {
        for begun in batch.begun { expect(begun.id) }
        for index in batch.ended.indices {
            let parts = batch.ended[index].parts
            // From the end, where one can be moved out; all others would be copied.
            while let exchange = batch.ended[index].exchanges.popLast() { put(exchange, after: parts) }
        }
        for begun in batch.begun where isVacant(begun.id) {
            put(Exchange(id: begun.id, draft: begun.draft, cause: begun.cause, at: begun.time))
        }
    }

    /// One that begins with this batch.
    private mutating func expect(_ id: ExchangeID) {
        guard placeOf[id.number] == nil else { return }
        let place = free.popLast() ?? places.count
        if place == places.count { places.append(Place()) }
        placeOf[id.number] = place
        note(id, at: place)
    }

    /// Whether it is expected, and nothing is known of it yet.
    private func isVacant(_ id: ExchangeID) -> Bool { placeOf[id.number].map { places[$0].exchange == nil } ?? false }

    /// Puts in what is known of an exchange that is expected or runs; nothing happens with another.
    ///
    /// - Parameter parts: How many of the first parts of this batch's records it was made of.
    private mutating func put(_ exchange: consuming Exchange, after parts: Int = 0) {
        guard let place = placeOf[exchange.id.number] else { return }
        note(exchange.id, at: place)
        places[place].partsTaken = parts
        places[place].exchange = exchange
    }

    /// Takes in the batch's records of the part with this number. Nothing happens with those whose exchange is not here: late
    /// events of an abandoned dial, which change no column, or that was handed over with them.
    mutating func apply(_ records: UnsafeBufferPointer<TraceRecord>, ofPart part: Int) {
        for record in records.pointers {
            guard let id = record.pointee.exchange, let place = placeOf[id.number], places[place].partsTaken <= part,
                places[place].exchange != nil
            else { continue }
            places[place].exchange!.apply(record.pointee)
            note(id, at: place)
        }
    }

    /// Hands over those that changed, by number, and forgets those that have ended.
    mutating func takeChanged(_ body: (borrowing Exchange) throws -> Void) rethrows {
        changed.sort()
        for id in changed {
            // Moved out and back: looked at where it stands, it would be copied.
            guard let place = placeOf[id.number], let exchange = places[place].exchange.take() else { continue }
            try body(exchange)
            places[place].isChanged = false
            places[place].partsTaken = 0
            if exchange.isRunning {
                places[place].exchange = exchange
            } else {
                placeOf[id.number] = nil
                free.append(place)
            }
        }
        changed.removeAll(keepingCapacity: true)
        placeOf.trim()
    }

    private mutating func note(_ id: ExchangeID, at place: Int) {
        guard !places[place].isChanged else { return }
        places[place].isChanged = true
        changed.append(id)
    }
}
