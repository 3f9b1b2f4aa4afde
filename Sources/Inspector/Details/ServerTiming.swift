import HTTPTypes

/// What a server says about its own time: the Server-Timing field (W3C Server Timing §3.1).
struct ServerTiming: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        /// Untrusted text.
        var name: String
        var milliseconds: Double
    }

    /// Those with a duration, in the order of the field; at most `limit`.
    private(set) var entries: [Entry] = []

    /// What fits a line; servers that send hundreds have a mistake.
    private static let limit = 12

    /// The sum of all entries, unless one of them is called `total`.
    var total: Double {
        entries.first { $0.name == "total" }?.milliseconds ?? entries.reduce(0) { $0 + $1.milliseconds }
    }

    /// Nil when no entry has a duration.
    init?(_ fields: HTTPFields) {
        guard let name = HTTPField.Name("server-timing"), let value = fields[name] else { return nil }
        for entry in value.split(separator: ",") {
            let parts = entry.split(separator: ";").map { part in
                String(part.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
            }
            guard let name = parts.first, !name.isEmpty, entries.count < Self.limit,
                let duration = parts.dropFirst().first(where: { $0.lowercased().hasPrefix("dur=") })
            else { continue }
            let digits = duration.dropFirst(4).filter { $0 != "\"" }
            guard let milliseconds = Double(digits), milliseconds.isFinite, milliseconds >= 0, milliseconds < 1e12
            else { continue }
            entries.append(Entry(name: name, milliseconds: milliseconds))
        }
        guard !entries.isEmpty else { return nil }
    }
}
