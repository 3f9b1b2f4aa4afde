import Sessions

// How often a request is repeated, in one line:
//
//   100               one after the other
//   100 x 10          ten at a time
//   40,000 x 64 500/s at most 500 begin in a second; 30/min is slower

/// Reads and writes the line behind `R`.
enum RepeatLine {
    /// Why a line says no plan.
    struct Problem: Error, Equatable {
        /// A sentence for the person who typed it.
        var message: String
    }

    /// What stands in the line at first: enough for percentiles, nothing that a small server minds.
    static let usual = RepeatPlan(count: 100, concurrency: 10)

    /// Reads one line.
    static func parse(_ line: String) throws(Problem) -> RepeatPlan {
        var words = line.split { " ×*xX".contains($0) }.map(String.init)
        let crosses = line.count { "×*xX".contains($0) }
        // A unit may stand apart: `50 /s`.
        if words.count > 1, let last = words.last, last.hasPrefix("/") { words[words.count - 2] += words.removeLast() }
        var rate: Double?
        if let last = words.last, last.contains("/") {
            rate = try perSecond(last)
            words.removeLast()
        }
        guard let count = words.first else {
            throw Problem(message: "How many? 100 x 10 is a hundred, ten at a time; 50/s behind it slows them down.")
        }
        guard words.count == crosses + 1, words.count <= 2 else {
            throw Problem(message: "Write it like 100 x 10 50/s: how many, how many at a time, how many a second.")
        }
        return RepeatPlan(
            count: try number(count, upTo: RepeatPlan.countLimit, "requests, a session's worth"),
            concurrency: words.count == 1
                ? 1 : try number(words[1], upTo: RepeatPlan.concurrencyLimit, "at a time"),
            rate: rate)
    }

    /// The line that `parse` reads as the same plan.
    static func line(for plan: RepeatPlan) -> String {
        let start = "\(plan.count) x \(plan.concurrency)"
        guard let rate = plan.rate else { return start }
        // The first that says the same when it is read: 1/min is not 0.017/s.
        for (unit, seconds) in [("s", 1.0), ("min", 60.0)] {
            let text = Figures.fixed(rate * seconds, decimals: 3)
            let digits = text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()
            let short = "\(String(digits))/\(unit)"
            if (try? perSecond(short)) == rate { return "\(start) \(short)" }
        }
        return "\(start) \(rate)/s"
    }

    private static func number(_ word: String, upTo limit: Int, _ noun: String) throws(Problem) -> Int {
        let digits = word.filter { $0 != "," && $0 != "_" }
        guard digits.allSatisfy(\.isASCIIDigit), !digits.isEmpty else {
            throw Problem(message: "\(word) is no number; write it like 100 x 10 50/s.")
        }
        // What has too many digits for a number is too large as well.
        guard let value = Int(digits), (1...limit).contains(value) else {
            throw Problem(message: "\(word) is out of range: 1 to \(Figures.count(limit)) \(noun).")
        }
        return value
    }

    private static func perSecond(_ word: String) throws(Problem) -> Double {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        let seconds = parts.count == 2 ? ["s": 1.0, "sec": 1, "m": 60, "min": 60][parts[1].lowercased()] : nil
        guard let seconds, let count = Double(parts[0].filter { $0 != "," && $0 != "_" }), count.isFinite else {
            throw Problem(message: "\(word) is no rate; write it 50/s or 30/min.")
        }
        guard RepeatPlan.rates.contains(count / seconds) else {
            throw Problem(message: "\(word) is out of range: 0.001/s to 1,000,000/s.")
        }
        return count / seconds
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
