import HTTPTrace
import Sessions

// Which exchanges are shown and in what order: a list of numbers, kept up to date change by change. A frame over a
// million exchanges then costs what the visible rows cost.

/// What the rows are sorted by.
public enum RowOrder: String, CaseIterable, Sendable {
    /// The order of asking.
    case start
    case time, wait, size, status

    /// Larger is further down; the order of asking decides between equals.
    func key(of exchange: Exchange) -> Int64 {
        switch self {
        case .start: 0
        case .time: exchange.finishedAt.map { ($0 - exchange.startedAt).nanoseconds } ?? .max
        case .wait: exchange.phases[.wait].flatMap { span in span.end.map { ($0 - span.start).nanoseconds } } ?? -1
        case .size: Int64(exchange.bodyBytes)
        case .status: Int64(exchange.failure != nil ? 1000 : exchange.response?.status ?? -1)
        }
    }
}

/// The rows of the request list.
struct RowList: Equatable, Sendable {
    private(set) var ids: [ExchangeID] = []
    /// Rows taken off the list by hand; their exchanges stay in the session until the list is left.
    private(set) var removed: Set<ExchangeID> = []
    private(set) var filter: RowFilter?
    private(set) var order = RowOrder.start
    /// The sort keys beside `ids`; empty in the order of asking.
    private var keys: [Int64] = []

    var isEmpty: Bool { ids.isEmpty }
    var count: Int { ids.count }

    /// Where the exchange stands; nil when it is not shown.
    func index(of id: ExchangeID) -> Int? {
        guard order == .start else { return ids.firstIndex(of: id) }
        let index = firstIndex { $0 >= id }
        return index < ids.count && ids[index] == id ? index : nil
    }

    /// Whether rows come, go or move when something happens to their exchanges; otherwise only a new one is news.
    var followsChanges: Bool { filter != nil || order != .start }

    /// Takes in that an exchange is new; where `followsChanges`, `note` does it.
    mutating func begin(_ id: ExchangeID) {
        if let last = ids.last, id <= last {
            ids.insert(id, at: firstIndex { $0 >= id })
        } else {
            ids.append(id)
        }
    }

    /// Takes in that an exchange is new, or that something happened to it.
    mutating func note(_ exchange: Exchange) {
        let wasShown = index(of: exchange.id)
        let isShown = !removed.contains(exchange.id) && (filter?.matches(exchange) ?? true)
        switch (wasShown, isShown) {
        case (nil, false): break
        case (nil, true): insert(exchange)
        case (let index?, false): take(at: index)
        case (let index?, true):
            guard order != .start, keys[index] != order.key(of: exchange) else { break }
            take(at: index)
            insert(exchange)
        }
    }

    mutating func remove(_ id: ExchangeID) {
        removed.insert(id)
        if let index = index(of: id) { take(at: index) }
    }

    mutating func restore(_ exchange: Exchange) {
        removed.remove(exchange.id)
        note(exchange)
    }

    /// Forgets that a row was taken off, once its exchange is gone for good.
    mutating func forget(_ id: ExchangeID) { removed.remove(id) }

    /// Looks at every exchange anew. Only a person's key asks for this, never a frame.
    mutating func rebuild(from session: Session, filter: RowFilter?, order: RowOrder) {
        self.filter = filter.flatMap { $0.isEmpty ? nil : $0 }
        self.order = order
        let shown = session.exchanges.filter { exchange in
            !removed.contains(exchange.id) && (self.filter?.matches(exchange) ?? true)
        }
        guard order != .start else {
            (ids, keys) = (shown.map(\.id), [])
            return
        }
        let pairs = shown.map { (key: order.key(of: $0), id: $0.id) }.sorted { ($0.key, $0.id) < ($1.key, $1.id) }
        (ids, keys) = (pairs.map(\.id), pairs.map(\.key))
    }

    private mutating func insert(_ exchange: Exchange) {
        guard order != .start else {
            ids.insert(exchange.id, at: firstIndex { $0 >= exchange.id })
            return
        }
        let key = order.key(of: exchange)
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if (keys[middle], ids[middle]) < (key, exchange.id) { low = middle + 1 } else { high = middle }
        }
        ids.insert(exchange.id, at: low)
        keys.insert(key, at: low)
    }

    private mutating func take(at index: Int) {
        ids.remove(at: index)
        if order != .start { keys.remove(at: index) }
    }

    private func firstIndex(where isPast: (ExchangeID) -> Bool) -> Int {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if isPast(ids[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
