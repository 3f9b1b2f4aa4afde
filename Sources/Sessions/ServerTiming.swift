internal import HTTPTrace
internal import HTTPTypes

// Strict, since a figure that was guessed is worse than none: an entry that is not written as the standard has it is left
// out, and those around it stay.
//
//   Server-Timing: db;dur=121.3;desc="two queries, joined", cache;desc=hit, app;dur=27

/// What a server says about its own time: the Server-Timing field (W3C Server Timing §3.1).
public struct ServerTiming: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        /// A token.
        public var name: String
        /// Nil where the server only said that something was.
        public var milliseconds: Double?
        /// Untrusted text; nil without one.
        public var words: String?
    }

    /// In the order of the field; at most `limit`.
    public private(set) var entries: [Entry] = []

    /// Servers that send hundreds have a mistake.
    public static let limit = 32
    private static let bytesLimit = 16_384

    /// The sum of all entries, unless one of them is called `total`; 0 when none has a duration.
    public var total: Double {
        timed.first { $0.name == "total" }?.milliseconds ?? timed.reduce(0) { $0 + ($1.milliseconds ?? 0) }
    }

    /// Those with a duration.
    public var timed: [Entry] { entries.filter { $0.milliseconds != nil } }

    /// Nil when there is no entry.
    public init?(_ values: [String]) {
        for value in values where value.utf8.count <= Self.bytesLimit {
            var reader = Reader(value)
            while !reader.isAtEnd {
                if let entry = reader.nextEntry(), entries.count < Self.limit { entries.append(entry) }
            }
        }
        guard !entries.isEmpty else { return nil }
    }

    /// One field's value, entry by entry, by bytes.
    private struct Reader {
        private var rest: Substring.UTF8View

        init(_ value: String) { rest = value[...].utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        /// Nil for one that is malformed or empty. Goes behind its comma.
        mutating func nextEntry() -> Entry? {
            skipBlanks()
            let entry = readEntry()
            skipBlanks()
            let isWhole = rest.isEmpty || rest.first == UInt8(ascii: ",")
            skipPastComma()
            return isWhole ? entry : nil
        }

        private mutating func readEntry() -> Entry? {
            guard let name = token() else { return nil }
            var entry = Entry(name: name)
            var seen: Set<String> = []
            skipBlanks()
            while take(";") {
                skipBlanks()
                guard let parameter = token()?.lowercased() else { return nil }
                skipBlanks()
                var value: String?
                if take("=") {
                    skipBlanks()
                    guard let text = rest.first == UInt8(ascii: "\"") ? quoted() : token() else { return nil }
                    value = text
                }
                skipBlanks()
                // §3.1.1: the first of a name counts.
                guard seen.insert(parameter).inserted else { continue }
                switch parameter {
                case "dur":
                    guard let value, let number = Self.duration(value) else { return nil }
                    entry.milliseconds = number
                case "desc": entry.words = value
                default: break
                }
            }
            return entry
        }

        private static func duration(_ text: String) -> Double? {
            guard let number = Double(decimal: text), number < 1e12 else { return nil }
            return number
        }

        private mutating func token() -> String? {
            let text = rest.prefix { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
            guard !text.isEmpty else { return nil }
            rest = rest[text.endIndex...]
            return String(text)
        }

        /// Without its quotes; a backslash takes the next byte as it is (RFC 9110 §5.6.4).
        private mutating func quoted() -> String? {
            var bytes: [UInt8] = []
            rest.removeFirst()
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let next = rest.popFirst() else { return nil }
                    bytes.append(next)
                default: bytes.append(byte)
                }
            }
            return nil
        }

        private mutating func take(_ mark: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: mark) else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func skipBlanks() {
            while rest.first == 0x20 || rest.first == 0x09 { rest.removeFirst() }
        }

        private mutating func skipPastComma() {
            while let byte = rest.popFirst() {
                // A comma in quotes parts nothing.
                if byte == UInt8(ascii: "\"") {
                    rest = rest.drop { $0 != UInt8(ascii: "\"") }.dropFirst()
                } else if byte == UInt8(ascii: ",") {
                    return
                }
            }
        }
    }
}

extension Exchange {
    /// What the server claims, in its head or, where it knew only then, behind its body; nil when it says nothing. Read
    /// anew at each call.
    public var serverTiming: ServerTiming? {
        guard let response else { return nil }
        var values =
            response.mayHave("server-timing") ? response.fields[values: HTTPField.Name("Server-Timing")!] : []
        for (name, value) in bodyEnd?.trailers ?? [:] where name.lowercased() == "server-timing" {
            values.append(value)
        }
        return values.isEmpty ? nil : ServerTiming(values)
    }
}
