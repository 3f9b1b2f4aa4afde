internal import HTTPTrace

// Some exchanges side by side: what differs from one to the next as bytes, what they have in common once, in a table.
//
// An exchange is what its events make of it, so its events are what is kept; the rest is made anew by the same reducer that
// made it. Where something else had a say, packing looks whether it comes back equal: what would not stays as it is.

/// Exchanges packed together.
struct ExchangePage: Sendable {
    /// So many that what they share weighs nothing, so few that adding a page is no pause.
    static let size = 1_024

    /// The number of the first; `numbers` count from it.
    private let firstNumber: Int
    private var numbers: [UInt32] = []
    /// Where in `bytes` each begins; `plainOffset` where it is in `plain`.
    private var offsets: [UInt32] = []
    private var bytes: [UInt8] = []
    private var table = PageTable()
    /// Those that run, and those that can't be packed, by their number's distance.
    private var plain: [UInt32: Exchange] = [:]

    private static let plainOffset = UInt32.max

    /// - Parameters:
    ///   - exchanges: At least one.
    ///   - count: How many of them, from the first on.
    // To be changed, though nothing is: each is looked at where it stands, and not copied.
    init(_ exchanges: inout [Exchange], count: Int) {
        firstNumber = exchanges[0].id.number
        numbers.reserveCapacity(count)
        offsets.reserveCapacity(count)
        var packed = PackedWriter(capacity: count * 96)
        for index in 0..<count {
            let number = UInt32(exchanges[index].id.number - firstNumber)
            let offset = packed.count
            if !exchanges[index].tryPack(into: &packed, &table) {
                if let alone = Self.packed(exchanges[index], &table) {
                    packed.append(alone)
                } else {
                    plain[number] = exchanges[index]
                }
            }
            numbers.append(number)
            offsets.append(plain[number] == nil ? UInt32(offset) : Self.plainOffset)
        }
        bytes = packed.bytes
    }

    var count: Int { numbers.count }
    var indices: Range<Int> { numbers.indices }
    var lastID: ExchangeID { id(at: count - 1) }

    func id(at place: Int) -> ExchangeID { ExchangeID(firstNumber + Int(numbers[place])) }

    func exchange(at place: Int) -> Exchange {
        guard offsets[place] != Self.plainOffset else { return plain[numbers[place]]! }
        var reader = PackedReader(bytes, at: Int(offsets[place]))
        return Exchange(id: id(at: place), from: &reader, table)
    }

    /// Takes in what became of an exchange. Its old bytes are left behind: this is rare.
    mutating func replace(at place: Int, with exchange: Exchange) {
        let number = numbers[place]
        if bytes.count < Int(Self.plainOffset), let packed = Self.packed(exchange, &table) {
            plain[number] = nil
            offsets[place] = UInt32(bytes.count)
            bytes += packed
        } else {
            plain[number] = exchange
            offsets[place] = Self.plainOffset
        }
    }

    /// Nil where something would be lost; then the table is as it was.
    private static func packed(_ exchange: Exchange, _ table: inout PageTable) -> [UInt8]? {
        guard !exchange.isRunning, exchange.droppedEvents == 0 else { return nil }
        let known = table.mark
        var packed = PackedWriter(capacity: 256)
        exchange.pack(into: &packed, &table)
        let bytes = packed.bytes
        if exchange.isMadeOfItsEvents { return bytes }
        var reader = PackedReader(bytes, at: 0)
        if Exchange(id: exchange.id, from: &reader, table) == exchange { return bytes }
        table.forget(after: known)
        return nil
    }

    /// Adds one between the others, above the first: this is rarer still.
    mutating func insert(_ exchange: Exchange) {
        let place = indices.first { id(at: $0) > exchange.id } ?? count
        numbers.insert(UInt32(exchange.id.number - firstNumber), at: place)
        offsets.insert(Self.plainOffset, at: place)
        replace(at: place, with: exchange)
    }

    mutating func removeAll(where isUnwanted: (ExchangeID) -> Bool) {
        let kept = indices.filter { !isUnwanted(id(at: $0)) }
        guard kept.count < count else { return }
        for place in indices where isUnwanted(id(at: place)) { plain[numbers[place]] = nil }
        numbers = kept.map { numbers[$0] }
        offsets = kept.map { offsets[$0] }
    }
}
