import HTTPTrace
import HTTPTypes
import Sessions

// The filter language, in the shape browsers' network panels have taught: `host:api status:5xx time>300 -is:running`.
// Space is AND, `-` negates, a word without a field is looked for in method and URL. `OR` binds less than that, and
// parentheses more: `host:api (status:5xx OR is:failed) -(time<10 OR size<1k)`.

/// A question asked of every row.
public struct RowFilter: Equatable, Sendable {
    /// As typed.
    public let text: String
    /// Nil lets everything through.
    private let condition: Condition?

    /// Why a text is no filter, in words.
    public struct Problem: Error, Equatable, Sendable {
        public var message: String
    }

    /// Reads a filter. An empty text matches everything.
    public init(_ text: String) throws(Problem) {
        self.text = text
        var reader = Reader(tokens: Token.all(in: text)[...])
        condition = try reader.whole()
    }

    var isEmpty: Bool { condition == nil }

    /// Whether a row is shown. Asked again whenever something happened to the exchange.
    func matches(_ exchange: Exchange) -> Bool {
        condition?.holds(for: exchange) ?? true
    }

    /// One line a field, for the help.
    static let fields: [(example: String, meaning: String)] = [
        ("users", "method or URL contains the word"),
        ("host:api.example.com", "host contains the text"),
        ("status:404  status:5xx", "status, or its class"),
        ("method:post", "method"),
        ("time>300  wait>100", "longer than so many ms; also time>2s, dns>0, tls<50"),
        ("size>10k", "body larger than; B, k, M, G"),
        ("conn:c2", "carried by that connection"),
        ("proto:h2", "protocol: h2, http/1.1"),
        ("reused:yes  reused:no", "on a connection that was open already"),
        ("is:failed  is:running", "also is:ok, is:cancelled, is:queued"),
        ("-status:200", "a minus says: not"),
        ("is:failed OR status:5xx", "either; OR binds less than a blank, which says: and"),
        ("host:a (time>1s OR -is:ok)", "parentheses take together; a minus before them says: not"),
    ]
}

extension RowFilter {
    private indirect enum Condition: Equatable, Sendable {
        case test(Test)
        case not(Condition)
        case all([Condition])
        case any([Condition])

        func holds(for exchange: Exchange) -> Bool {
            switch self {
            case .test(let test): test.matches(exchange)
            case .not(let condition): !condition.holds(for: exchange)
            case .all(let conditions): conditions.allSatisfy { $0.holds(for: exchange) }
            case .any(let conditions): conditions.contains { $0.holds(for: exchange) }
            }
        }
    }

    private enum Token {
        case open(isNegated: Bool)
        case close
        case or
        case term(Substring, isNegated: Bool)

        static func all(in text: String) -> [Token] { text.split(whereSeparator: \.isWhitespace).flatMap { read($0) } }

        /// A word with the parentheses around it. Those inside of it are its own: `wiki/Swift_(bird)`.
        private static func read(_ word: Substring) -> [Token] {
            var tokens: [Token] = []
            var rest = word
            while rest.hasPrefix("(") || rest.hasPrefix("-(") {
                tokens.append(.open(isNegated: rest.first == "-"))
                rest = rest.dropFirst(rest.first == "-" ? 2 : 1)
            }
            let surplus = rest.count(where: { $0 == ")" }) - rest.count(where: { $0 == "(" })
            var closing = 0
            while closing < surplus, rest.hasSuffix(")") {
                rest.removeLast()
                closing += 1
            }
            if rest == "OR" {
                tokens.append(.or)
            } else if !rest.isEmpty {
                let isNegated = rest.hasPrefix("-") && rest.count > 1
                tokens.append(.term(isNegated ? rest.dropFirst() : rest, isNegated: isNegated))
            }
            return tokens + Array(repeating: .close, count: closing)
        }
    }

    private struct Reader {
        var tokens: ArraySlice<Token>
        private var depth = 0

        init(tokens: ArraySlice<Token>) { self.tokens = tokens }

        // Each level is one of ours on the stack; nobody means more than a few.
        private static let depthLimit = 50

        mutating func whole() throws(Problem) -> Condition? {
            guard !tokens.isEmpty else { return nil }
            let condition = try alternatives()
            guard tokens.isEmpty else { throw Problem(message: "there is a ) without its (") }
            return condition
        }

        /// What stands before the next closing parenthesis, or the end.
        private mutating func alternatives() throws(Problem) -> Condition {
            var alternatives: [Condition] = []
            var terms: [Condition] = []
            reading: while let token = tokens.first {
                switch token {
                case .close: break reading
                case .or:
                    alternatives.append(try Self.together(terms))
                    terms = []
                    tokens.removeFirst()
                case .term(let word, let isNegated):
                    tokens.removeFirst()
                    let test = Condition.test(try Test.read(word))
                    terms.append(isNegated ? .not(test) : test)
                case .open(let isNegated):
                    tokens.removeFirst()
                    let group = try group()
                    terms.append(isNegated ? .not(group) : group)
                }
            }
            let last = try Self.together(terms, isOnly: alternatives.isEmpty)
            return alternatives.isEmpty ? last : .any(alternatives + [last])
        }

        private mutating func group() throws(Problem) -> Condition {
            depth += 1
            guard depth <= Self.depthLimit else { throw Problem(message: "so many ( are not read") }
            let condition = try alternatives()
            depth -= 1
            guard case .close? = tokens.popFirst() else { throw Problem(message: "a ) is missing") }
            return condition
        }

        private static func together(_ terms: [Condition], isOnly: Bool = false) throws(Problem) -> Condition {
            guard let first = terms.first else {
                throw Problem(message: isOnly ? "there is nothing between ( and )" : "OR stands between two conditions")
            }
            return terms.count == 1 ? first : .all(terms)
        }
    }

    private enum Comparison: Equatable, Sendable {
        case above, below

        func holds(_ left: Int64, _ right: Int64) -> Bool { self == .above ? left > right : left < right }
    }

    private enum Test: Equatable, Sendable {
        case word(String)
        case host(String)
        case status(ClosedRange<Int>)
        case method(String)
        case connection(Int)
        case proto(String)
        case reused(Bool)
        case failed, cancelled, running, ok, queued
        case size(Comparison, Int64)
        case total(Comparison, Int64)
        case phase(Phase, Comparison, Int64)

        func matches(_ exchange: Exchange) -> Bool {
            switch self {
            case .word(let word):
                exchange.draft.url.description.lowercased().contains(word)
                    || exchange.draft.method.rawValue.lowercased() == word
            case .host(let text): exchange.draft.url.origin.host.contains(text)
            case .status(let range): exchange.answer.map { range.contains($0.status) } ?? false
            case .method(let name): exchange.draft.method.rawValue.lowercased() == name
            case .connection(let number): exchange.connection?.connection.number == number
            case .proto(let name):
                exchange.response.map { Self.isVersion($0.version, name) } ?? false
            case .reused(let wanted): exchange.connection.map { $0.isReused == wanted } ?? false
            case .failed: exchange.standing == .failed
            case .cancelled: exchange.standing == .cancelled
            case .running: exchange.isRunning
            case .ok: !exchange.isRunning && exchange.failure == nil
            case .queued: exchange.standing == .queued
            case .size(let comparison, let bytes): comparison.holds(Int64(exchange.bodyBytes), bytes)
            case .total(let comparison, let limit):
                // What still runs has no length yet; it is asked again at its end.
                exchange.finishedAt.map { comparison.holds(($0 - exchange.startedAt).nanoseconds, limit) } ?? false
            case .phase(let phase, let comparison, let limit):
                exchange.phases[phase].flatMap { span in
                    span.end.map { comparison.holds(($0 - span.start).nanoseconds, limit) }
                } ?? false
            }
        }

        private static func isVersion(_ version: String, _ name: String) -> Bool {
            let version = version.lowercased()
            return version == name || (name == "h2" && version == "http/2") || (name == "h1" && version != "http/2")
        }

        static func read(_ word: Substring) throws(Problem) -> Test {
            if let sign = word.firstIndex(where: { $0 == ">" || $0 == "<" }), sign > word.startIndex {
                return try comparison(
                    field: word[..<sign].lowercased(), word[sign] == ">" ? .above : .below,
                    value: word[word.index(after: sign)...])
            }
            guard let colon = word.firstIndex(of: ":"), colon > word.startIndex else {
                return .word(word.lowercased())
            }
            let field = word[..<colon].lowercased()
            let value = word[word.index(after: colon)...].lowercased()
            guard fieldNames.contains(field) else {
                // A port or a scheme is part of a URL, not a field: `localhost:8080`, `https://…`.
                if value.allSatisfy(\.isNumber) || value.hasPrefix("//") { return .word(word.lowercased()) }
                throw Problem(message: "\(field): is no field; there are \(fieldNames.joined(separator: " "))")
            }
            guard !value.isEmpty else { throw Problem(message: "\(field): needs a value") }
            return try equality(field: field, value: value)
        }

        private static let fieldNames = ["host", "status", "method", "conn", "proto", "reused", "is", "url"]

        private static func equality(field: String, value: String) throws(Problem) -> Test {
            switch field {
            case "host": return .host(value)
            case "url": return .word(value)
            case "method": return .method(value)
            case "proto": return .proto(value)
            case "status":
                if value.count == 3, value.hasSuffix("xx"), let hundred = value.first?.wholeNumberValue {
                    return .status(hundred * 100...hundred * 100 + 99)
                }
                guard let status = Int(value) else {
                    throw Problem(message: "status:\(value) is no status; 404 or 5xx are")
                }
                return .status(status...status)
            case "conn":
                guard let number = Int(value.hasPrefix("c") ? value.dropFirst() : value[...]) else {
                    throw Problem(message: "conn:\(value) is no connection; c2 is")
                }
                return .connection(number)
            case "reused":
                guard value == "yes" || value == "no" else { throw Problem(message: "reused: is yes or no") }
                return .reused(value == "yes")
            default:
                switch value {
                case "failed": return .failed
                case "cancelled", "canceled": return .cancelled
                case "running": return .running
                case "ok": return .ok
                case "queued": return .queued
                default: throw Problem(message: "is: knows failed, cancelled, running, ok, queued")
                }
            }
        }

        private static func comparison(
            field: String, _ comparison: Comparison, value: Substring
        ) throws(Problem) -> Test {
            switch field {
            case "size": return .size(comparison, try amount(value, units: ["b": 1, "k": 1e3, "m": 1e6, "g": 1e9], 1))
            case "time": return .total(comparison, try time(value))
            default:
                guard let phase = Phase(rawValue: field) else {
                    throw Problem(message: "\(field) can't be compared; time, size and phases can")
                }
                return .phase(phase, comparison, try time(value))
            }
        }

        private static func time(_ text: Substring) throws(Problem) -> Int64 {
            try amount(text, units: ["us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9], 1e6)
        }

        private static func amount(
            _ text: Substring, units: [String: Double], _ unit: Double
        ) throws(Problem) -> Int64 {
            let digits = text.prefix { $0.isNumber || $0 == "." }
            let name = text.dropFirst(digits.count).lowercased()
            guard let number = Double(digits), let factor = name.isEmpty ? unit : units[name], number * factor < 9e18
            else {
                throw Problem(message: text.isEmpty ? "a number is missing" : "\(text) is no amount")
            }
            return Int64(number * factor)
        }
    }
}
