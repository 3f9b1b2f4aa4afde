internal import HTTPTrace

/// What is known of each host, found by its key, or by its place once that is known.
struct HostTable: Sendable {
    private struct Slot {
        var key: ConnectionKey
        var host: PoolState.Host?
    }

    private var slots: ContiguousArray<Slot> = []
    private var places: [ConnectionKey: Int] = [:]
    private var free: ContiguousArray<Int> = []

    /// As many as are compared one by one, which for the same name is a look at a pointer; hashing one takes longer.
    private static let few = 8

    /// Nil when nothing is known of it. Setting nil forgets it.
    subscript(_ key: ConnectionKey) -> PoolState.Host? {
        get { place(of: key).flatMap { slots[$0].host } }
        _modify {
            if let place = place(of: key) {
                defer { if slots[place].host == nil { forget(key, place) } }
                yield &slots[place].host
            } else {
                var host: PoolState.Host?
                defer { if let host { append(key, host) } }
                yield &host
            }
        }
    }

    subscript(_ key: ConnectionKey, default host: PoolState.Host) -> PoolState.Host {
        get { self[key] ?? host }
        _modify {
            if place(of: key) == nil { append(key, host) }
            yield &slots[place(of: key)!].host!
        }
    }

    /// Where a host stands as long as it is known; nil when it isn't.
    func place(of key: ConnectionKey) -> Int? {
        guard slots.count > Self.few else { return slots.firstIndex { $0.host != nil && $0.key == key } }
        return places[key]
    }

    /// The host at a place that `place(of:)` gave.
    subscript(place place: Int) -> PoolState.Host {
        _read { yield slots[place].host! }
        _modify { yield &slots[place].host! }
    }

    func key(at place: Int) -> ConnectionKey { slots[place].key }

    /// Of all that are known.
    var keys: [ConnectionKey] { slots.compactMap { $0.host == nil ? nil : $0.key } }

    private mutating func append(_ key: ConnectionKey, _ host: PoolState.Host) {
        let slot = Slot(key: key, host: host)
        if let place = free.popLast() {
            slots[place] = slot
            places[key] = place
        } else {
            places[key] = slots.count
            slots.append(slot)
        }
    }

    private mutating func forget(_ key: ConnectionKey, _ place: Int) {
        places[key] = nil
        free.append(place)
    }
}
