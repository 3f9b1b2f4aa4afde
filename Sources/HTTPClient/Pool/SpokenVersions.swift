internal import HTTPTrace

/// What hosts turned out to speak, so that the next requests know whether to hope for a connection they can share.
struct SpokenVersions: Sendable {
    private var streams: [ConnectionKey: Int] = [:]
    private var keys: [ConnectionKey] = []

    /// A crawl meets more hosts than it returns to: what was learned first is forgotten first.
    private static let limit = 1_000

    /// - Parameter count: Requests one connection carries; nil for one at a time (HTTP/1).
    mutating func note(_ count: Int?, for key: ConnectionKey) {
        if streams.updateValue(count ?? 1, forKey: key) == nil {
            keys.append(key)
            if keys.count > Self.limit { streams[keys.removeFirst()] = nil }
        }
    }

    /// How many requests a connection carries; nil where nobody knows.
    subscript(_ key: ConnectionKey) -> Int? { streams[key] }
}
