public import HTTPTrace

// The exchanges of a session. A long one has a million of them, of which a person looks at forty: the latest stand as
// they are, those before them are packed into pages of bytes as soon as they have ended, a twentieth of the size.
//
//      page │ page │ page │ … │ recent, plain
//      ─────┴──────┴──────┴───┴──────────────▶ order of asking
//
// Whoever reads one gets it unpacked, a microsecond or two of work; nothing else is different.

/// Exchanges in the order of their numbers.
public struct ExchangeList: Equatable, Sendable {
    /// How many of the latest stay plain: they change still, and are what is looked at.
    private static let recentCount = 1_024
    /// One that runs on and on keeps at most so many behind it from being packed: some 25 MB.
    private static let plainLimit = recentCount + 8 * ExchangePage.size

    private var pages: [ExchangePage] = []
    /// The position behind each page's last exchange.
    private var ends: [Int] = []
    private var recent: [Exchange] = []

    init() {}

    /// Adds one at its number's place. That is the end, but for a few: what begins on the network thread is heard of a little
    /// later than what begins on the main one.
    mutating func add(_ exchange: consuming Exchange) {
        if let last = lastID, exchange.id < last { insert(exchange) } else { recent.append(exchange) }
        guard recent.count >= Self.recentCount + ExchangePage.size, mayPack else { return }
        pages.append(ExchangePage(&recent, count: ExchangePage.size))
        ends.append((ends.last ?? 0) + ExchangePage.size)
        recent.removeFirst(ExchangePage.size)
    }

    /// Nil when there is none. By its place: the last one as a value would be copied.
    private var lastID: ExchangeID? {
        recent.isEmpty ? pages.last?.lastID : recent[recent.count - 1].id
    }

    private mutating func insert(_ exchange: Exchange) {
        guard let lastPacked = pages.last?.lastID, exchange.id < lastPacked else {
            recent.insert(exchange, at: firstPlace(among: recent.count) { recent[$0].id > exchange.id })
            return
        }
        let behind = firstPlace(among: pages.count) { pages[$0].id(at: 0) > exchange.id }
        if behind > 0 {
            pages[behind - 1].insert(exchange)
        } else {
            var alone = [exchange]
            pages.insert(ExchangePage(&alone, count: 1), at: 0)
        }
        tidyPages()
    }

    // What still runs would change in its page, at many times the cost. A load's rows have ended a moment later: looking
    // anew at each would be in vain.
    private var mayPack: Bool {
        guard recent.count.isMultiple(of: 64) else { return false }
        guard recent.count < Self.plainLimit else { return true }
        let oldest = recent.span
        for index in 0..<ExchangePage.size where oldest[index].finishedAt == nil { return false }
        return true
    }

    /// Where the exchange of that number stands; nil when there is none.
    public func index(of id: ExchangeID) -> Int? {
        guard let last = pages.last?.lastID, id <= last else {
            let place = place(of: id, among: recent.count) { recent[$0].id }
            return place.map { $0 + packedCount }
        }
        let page = firstPlace(among: pages.count) { pages[$0].lastID >= id }
        guard page < pages.count, let place = place(of: id, among: pages[page].count, { pages[page].id(at: $0) })
        else { return nil }
        return place + start(of: page)
    }

    /// Removes those of these numbers, without a look at what they hold.
    ///
    /// - Parameter ids: In ascending order, each once.
    /// - Returns: Those that were removed and not packed, in order.
    @discardableResult
    mutating func remove(_ ids: [ExchangeID]) -> [Exchange] {
        let removed = removeRecent(ids)
        guard let lowest = ids.first, let last = pages.last?.lastID, lowest <= last else { return removed }
        let ids = Set(ids)
        for page in pages.indices { pages[page].removeAll { ids.contains($0) } }
        tidyPages()
        return removed
    }

    // From the end, where an element can be moved out; all others are copied.
    private mutating func removeRecent(_ ids: [ExchangeID]) -> [Exchange] {
        var (backwards, kept, removed): ([Exchange], [Exchange], [Exchange]) = ([], [], [])
        backwards.reserveCapacity(recent.count)
        while let exchange = recent.popLast() { backwards.append(exchange) }
        kept.reserveCapacity(backwards.count)
        removed.reserveCapacity(ids.count)
        var next = 0
        while let exchange = backwards.popLast() {
            while next < ids.count, ids[next] < exchange.id { next += 1 }
            if next < ids.count, ids[next] == exchange.id { removed.append(exchange) } else { kept.append(exchange) }
        }
        recent = kept
        return removed
    }

    mutating func removeAll(where isUnwanted: (Exchange) -> Bool) {
        recent.removeAll(where: isUnwanted)
        for page in pages.indices {
            let unwanted = Set(
                pages[page].indices.compactMap { place in
                    let exchange = pages[page].exchange(at: place)
                    return isUnwanted(exchange) ? exchange.id : nil
                })
            if !unwanted.isEmpty { pages[page].removeAll { unwanted.contains($0) } }
        }
        tidyPages()
    }

    private mutating func tidyPages() {
        pages.removeAll { $0.count == 0 }
        var end = 0
        ends = pages.map { page in
            end += page.count
            return end
        }
    }

    // MARK: - Places

    private var packedCount: Int { ends.last ?? 0 }

    private func start(of page: Int) -> Int { page == 0 ? 0 : ends[page - 1] }

    private func pageAndPlace(_ position: Int) -> (page: Int, place: Int) {
        let page = firstPlace(among: ends.count) { ends[$0] > position }
        return (page, position - start(of: page))
    }

    private func place(of id: ExchangeID, among count: Int, _ idAt: (Int) -> ExchangeID) -> Int? {
        guard count > 0 else { return nil }
        // Without removals the numbers have no gaps, and the first guess is right.
        let guess = id.number - idAt(0).number
        if (0..<count).contains(guess), idAt(guess) == id { return guess }
        let place = firstPlace(among: count) { idAt($0) >= id }
        return place < count && idAt(place) == id ? place : nil
    }

    private func firstPlace(among count: Int, where isPast: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isPast(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Looks at an exchange where it stands: as a value of its own it would be copied, and what comes by way of the
    /// subscript is handed over at the cost of an allocation.
    public func read<Result>(at position: Int, _ look: (borrowing Exchange) -> Result) -> Result {
        let packed = packedCount
        guard position >= packed else { return look(self[position]) }
        return recent.withUnsafeBufferPointer { ($0.baseAddress! + (position - packed)).lend(to: look) }
    }

    /// Changes an exchange where it stands.
    @inline(__always)
    mutating func change<Result>(at position: Int, _ change: (inout Exchange) -> Result) -> Result {
        let packed = packedCount
        return position >= packed ? change(&recent[position - packed]) : change(&self[position])
    }

    /// Has an exchange take in what was recorded of it, and says what it adds to the counts before and after.
    mutating func apply(
        _ records: UnsafeBufferPointer<TraceRecord>, at position: Int
    ) -> (before: Statistics.Share, after: Statistics.Share) {
        let packed = packedCount
        guard position >= packed else { return self[position].shares(aroundAll: records) }
        return recent[position - packed].shares(aroundAll: records)
    }

    public static func == (left: ExchangeList, right: ExchangeList) -> Bool { left.elementsEqual(right) }
}

extension ExchangeList: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { packedCount + recent.count }

    public internal(set) subscript(position: Int) -> Exchange {
        _read {
            let packed = packedCount
            if position >= packed {
                yield recent[position - packed]
            } else {
                let (page, place) = pageAndPlace(position)
                yield pages[page].exchange(at: place)
            }
        }
        _modify {
            let packed = packedCount
            if position >= packed {
                yield &recent[position - packed]
            } else {
                let (page, place) = pageAndPlace(position)
                var exchange = pages[page].exchange(at: place)
                defer { pages[page].replace(at: place, with: exchange) }
                yield &exchange
            }
        }
    }
}
