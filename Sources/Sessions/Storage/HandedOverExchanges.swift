internal import HTTPTrace

/// A batch's exchanges that somebody else made of its records, as they ended: written from where they stand.
struct HandedOverExchanges {
    /// Where one stands.
    struct Place {
        let id: ExchangeID
        fileprivate let group, index: Int
    }

    private var groups: [StoreQueue.Ended]
    /// Where each number's latest is, counted through all groups.
    private var counted = NumberPlaces()
    private let places: [Place]
    /// Whether it is to be written, by the same count.
    private var isWritten: [Bool]
    /// Of the record before: those of one exchange come several in a row.
    private var known: (id: ExchangeID, place: Place?)?

    init(_ groups: consuming [StoreQueue.Ended]) {
        var places: [Place] = []
        for (number, group) in groups.enumerated() {
            // By pointers: what is taken out of an array is copied.
            group.exchanges.withUnsafeBufferPointer { exchanges in
                for (index, exchange) in exchanges.pointers.enumerated() {
                    // One that runs is made of its records like all others that do.
                    guard exchange.pointee.finishedAt != nil else { continue }
                    places.append(Place(id: exchange.pointee.id, group: number, index: index))
                }
            }
        }
        self.groups = groups
        self.places = places
        for (count, place) in places.enumerated() { counted[place.id.number] = count }
        isWritten = Array(repeating: false, count: places.count)
    }

    /// Has the exchange of that number written.
    ///
    /// - Returns: Whether it is here.
    mutating func write(_ id: ExchangeID) -> Bool {
        guard let count = counted[id.number] else { return false }
        isWritten[count] = true
        return true
    }

    /// Takes in a record of the batch's part with this number. One that an exchange was made of already changes nothing.
    ///
    /// - Returns: Whether its exchange is written from here.
    mutating func apply(_ record: borrowing TraceRecord, ofPart part: Int) -> Bool {
        guard let id = record.exchange else { return false }
        if known?.id != id { known = (id, counted[id.number].flatMap { isWritten[$0] ? places[$0] : nil }) }
        guard let place = known?.place else { return false }
        if groups[place.group].parts <= part { groups[place.group].exchanges[place.index].apply(record) }
        return true
    }

    /// Of those that are here; some may come twice.
    var numbers: [ExchangeID] { places.map(\.id) }

    /// Those that are to be written, in order.
    var written: [Place] {
        zip(places, isWritten).filter(\.1).map(\.0).sorted { $0.id < $1.id }
    }

    /// Looks at one where it stands.
    func read(at place: Place, _ look: (borrowing Exchange) throws -> Void) rethrows {
        try groups[place.group].exchanges.withUnsafeBufferPointer { exchanges in
            try (exchanges.baseAddress! + place.index).lend(to: look)
        }
    }
}
