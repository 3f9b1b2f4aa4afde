import HTTPTrace
import HTTPTypes
import Sessions

// The filter language, in the shape browsers' network panels have taught: `host:api status:5xx time>300 -is:running`.
// Space is AND, `-` negates, a word without a field is looked for in method and URL.

/// A question asked of every row.
public struct RowFilter: Equatable, Sendable {
    /// As typed.
    public let text: String
    private let terms: [Term]

    /// Why a text is no filter, in words.
    public struct Problem: Error, Equatable, Sendable {
        public var message: String
    }

    /// Reads a filter. An empty text matches everything.
    public init(_ text: String) throws(Problem) {
        self.text = text
        var terms: [Term] = []
        for word in text.split(whereSeparator: \.isWhitespace) { terms.append(try Term(word)) }
        self.terms = terms
    }

    var isEmpty: Bool { terms.isEmpty }

    /// Whether a row is shown. Asked again whenever something happened to the exchange.
    func matches(_ exchange: Exchange) -> Bool {
        terms.allSatisfy { $0.test.matches(exchange) != $0.isNegated }
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
    ]
}

extension RowFilter {
    private struct Term: Equatable, Sendable {
        var isNegated: Bool
        var test: Test

        init(_ word: Substring) throws(Problem) {
            isNegated = word.hasPrefix("-") && word.count > 1
            test = try Test.read(isNegated ? word.dropFirst() : word)
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
            case .status(let range): exchange.response.map { range.contains($0.status) } ?? false
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
