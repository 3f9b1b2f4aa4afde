internal import HTTPTypes
internal import Transport

/// A request on its way to a route: the path's parameter and the query, with the checks that all routes share.
@NetworkActor
struct PlaygroundRequest {
    /// Answered with 400 and `words`.
    struct Problem: Error { var words: String }

    let request: ServerRequest
    /// What stands in the place of `{…}`; empty without one.
    let parameter: Substring
    /// In the order of the query, decoded.
    let query: [(name: String, value: String)]

    init(_ request: ServerRequest, parameter: Substring, query: Substring) {
        self.request = request
        self.parameter = parameter
        self.query = Self.items(of: query)
    }

    /// The path's parameter as a number.
    func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int {
        try Self.number(parameter, name, range)
    }

    /// A number of the query; `standard` when it isn't there.
    func number(_ name: String, in range: ClosedRange<Int>, else standard: Int) throws(Problem) -> Int {
        guard let item = query.first(where: { $0.name == name }) else { return standard }
        return try Self.number(item.value[...], name, range)
    }

    /// For routes that write bytes of HTTP/1, which mean nothing elsewhere.
    func needHTTP1() throws(Problem) {
        guard request.version != "HTTP/2" else { throw Problem(words: "this is a matter of HTTP/1") }
    }

    /// A time in milliseconds of the query.
    func pause(_ name: String, else standard: Duration) throws(Problem) -> Duration {
        let range = 0...Int(PlaygroundLimits.pause.components.seconds) * 1000
        guard query.contains(where: { $0.name == name }) else { return standard }
        return .milliseconds(try number(name, in: range, else: 0))
    }

    private static func number(_ text: Substring, _ name: String, _ range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Problem(words: "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    // application/x-www-form-urlencoded, as browsers write queries.
    private static func items(of query: Substring) -> [(name: String, value: String)] {
        query.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    /// Percent escapes and `+` undone; what is no escape stays as it is.
    static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
