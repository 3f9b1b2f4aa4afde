import HTTPTrace
import Sessions
import TextScreen

/// What DNS said, in words. Names in it come from servers; DNS's own way to write them leaves only printable ASCII.
enum LookupWords {
    /// `AAAA 2001:db8::1 2001:db8::2, www.example.com is edge.test, for 60 s, from 192.0.2.53:53, 2 tries`.
    static func sentence(on records: DNSRecords, withTime: Bool = true) -> String {
        var words: [String] = []
        if let problem = records.problem { words.append(problem) }
        if !records.addresses.isEmpty { words.append(records.addresses.map(\.ip).joined(separator: " ")) }
        words += records.aliases.map { "\($0.name) is \($0.target)" }
        if let life = records.timeToLive { words.append("for \(life.components.seconds) s") }
        if let server = records.server, records.problem == nil {
            words.append("from \(server)\(records.isOverTCP ? " over TCP" : "")")
        }
        if records.tries > 1 { words.append("\(records.tries) tries") }
        guard withTime else { return words.joined(separator: ", ") }
        return "\(records.family.recordType) " + words.joined(separator: ", ") + ", \(Figures().time(records.duration))"
    }

    /// Beside the phase's bar, where there is no line a family: `hosts file`, `2 addresses · shared`.
    static func note(on lookup: Exchange.Lookup, dot: String) -> SafeText? {
        guard let answer = lookup.answer, answer.failure == nil else { return nil }
        var words: [String] = []
        if let source = answer.source, source != .dns { words.append(source.description) }
        if answer.addresses.count > 1 { words.append("\(answer.addresses.count) addresses") }
        if answer.isCoalesced { words.append("shared") }
        return words.isEmpty ? nil : "\(words.joined(separator: dot))"
    }
}
