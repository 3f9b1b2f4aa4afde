internal import HTTPTrace

/// What is known of each connection, found by its number.
///
/// Numbers are given out in ascending order and never again, so that a new entry mostly belongs at the end and a search by halves
/// finds any: a few steps, where a dictionary hashes for as long as all the rest of a decision takes.
struct ConnectionTable<Entry> {
    // Apart, so that a removal moves little and a search touches little.
    private var ids: ContiguousArray<ConnectionID> = []
    private var places: ContiguousArray<Int32> = []
    private var entries: ContiguousArray<Entry?> = []
    private var free: ContiguousArray<Int32> = []

    init() {}

    var count: Int { ids.count }

    var isEmpty: Bool { ids.isEmpty }

    /// The entry of a connection; nil when there is none. Setting nil forgets it.
    subscript(_ id: ConnectionID) -> Entry? {
        get { place(of: id).flatMap { entries[$0] } }
        _modify {
            if let place = place(of: id) {
                defer { if entries[place] == nil { forget(id, place) } }
                yield &entries[place]
            } else {
                var entry: Entry?
                defer { if let entry { insert(id, entry) } }
                yield &entry
            }
        }
    }

    /// Where an entry stands as long as it is there; nil when there is none.
    func place(of id: ConnectionID) -> Int? {
        index(of: id).map { Int(places[$0]) }
    }

    /// The entry at a place that `place(of:)` gave.
    subscript(place place: Int) -> Entry {
        get { entries[place]! }
        _modify { yield &entries[place]! }
    }

    mutating func removeValue(forKey id: ConnectionID) -> Entry? {
        var entry: Entry?
        swap(&entry, &self[id])
        return entry
    }

    private func index(of id: ConnectionID) -> Int? {
        let index = indexOfFirst(from: id)
        return index < ids.count && ids[index] == id ? index : nil
    }

    private func indexOfFirst(from id: ConnectionID) -> Int {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func insert(_ id: ConnectionID, _ entry: Entry) {
        let index = indexOfFirst(from: id)
        ids.insert(id, at: index)
        if let place = free.popLast() {
            places.insert(place, at: index)
            entries[Int(place)] = entry
        } else {
            places.insert(Int32(entries.count), at: index)
            entries.append(entry)
        }
    }

    private mutating func forget(_ id: ConnectionID, _ place: Int) {
        let index = index(of: id)!
        ids.remove(at: index)
        places.remove(at: index)
        free.append(Int32(place))
    }
}

extension ConnectionTable: Sequence {
    /// In the order of their numbers.
    func makeIterator() -> AnyIterator<(key: ConnectionID, value: Entry)> {
        var index = 0
        return AnyIterator {
            guard index < ids.count else { return nil }
            defer { index += 1 }
            return (ids[index], entries[Int(places[index])]!)
        }
    }

    var values: [Entry] { map(\.value) }
}

extension ConnectionTable: Sendable where Entry: Sendable {}
