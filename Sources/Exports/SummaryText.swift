internal import HTTPTrace
public import Sessions

// The figures of many requests as a table to read:
//
//   100 requests in 1.2 s, 83.3 a second · 96 on open connections · 1.2 MB received
//                  min      p50      p90      p99      max
//   wait          1.02     1.31     2.40     8.11     9.02  ms
//   total         1.40     1.75     3.11     9.02    12.90  ms
//   status   200 × 98, 503 × 2
//   failed   connect × 1

/// Writes a `LoadSummary` in words and figures.
public enum SummaryText {
    /// Lines of plain text, each with its line end.
    /// - Parameter longestTurn: How long the network thread was busy in one go, at most: stamps may be late by that.
    public static func text(_ summary: LoadSummary, marks: TextTimeline.Marks, longestTurn: Duration) -> String {
        let (dot, times) = marks == .unicode ? (" · ", " × ") : (", ", " x ")
        var lines = [headline(summary).joined(separator: dot)]
        var rows: [(String, LoadSummary.Spread)] = Phase.allCases.compactMap { phase in
            summary.spread(of: phase).map { (phase.rawValue, $0) }
        }
        if let firstByte = summary.firstByte { rows.append(("first byte", firstByte)) }
        if let total = summary.total { rows.append(("total", total)) }
        if !rows.isEmpty {
            lines.append(row("", ["min", "p50", "p90", "p99", "max"]) + "  ms")
            for (name, spread) in rows {
                let figures = [spread.min, spread.p50, spread.p90, spread.p99, spread.max].map(milliseconds)
                // Failed requests have no times here, and some phases only some requests: the figures are of so many.
                let share = spread.count == summary.requests ? "" : "  of \(spread.count)"
                lines.append(row(name, figures) + share)
            }
        }
        if !summary.statuses.isEmpty {
            lines.append(
                "status   " + list(summary.statuses.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) }, times))
        }
        let failures = summary.failures.filter { $0.key != .cancelled }
        if !failures.isEmpty {
            let sorted = failures.map { ($0.key.rawValue, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            lines.append("failed   " + list(sorted, times))
        }
        if let cancelled = summary.failures[.cancelled] { lines.append("cancelled \(cancelled)") }
        lines.append(
            "stamps   late by at most \(milliseconds(longestTurn)) ms, the longest time the network thread was busy in one go"
        )
        return lines.map { $0 + "\n" }.joined()
    }

    private static func headline(_ summary: LoadSummary) -> [String] {
        var parts = ["\(summary.requests) request\(summary.requests == 1 ? "" : "s") in \(seconds(summary.elapsed))"]
        if let rate = summary.requestsPerSecond { parts[0] += ", \(threeDigits(rate)) a second" }
        parts.append("\(summary.reused) on open connections")
        parts.append("\(bytes(summary.bodyBytes)) of bodies")
        return parts
    }

    private static func row(_ name: String, _ figures: [String]) -> String {
        name + String(repeating: " ", count: max(11 - name.count, 0))
            + figures.map { String(repeating: " ", count: max(9 - $0.count, 1)) + $0 }.joined()
    }

    private static func list(_ entries: [(String, Int)], _ times: String) -> String {
        entries.map { "\($0.0)\(times)\($0.1)" }.joined(separator: ", ")
    }

    private static func milliseconds(_ duration: Duration) -> String { threeDigits(duration.milliseconds) }

    private static func seconds(_ duration: Duration) -> String { "\(threeDigits(duration.milliseconds / 1000)) s" }

    private static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1_000: "\(count) B"
        case ..<1_000_000: "\(threeDigits(Double(count) / 1e3)) kB"
        case ..<1_000_000_000: "\(threeDigits(Double(count) / 1e6)) MB"
        default: "\(threeDigits(Double(count) / 1e9)) GB"
        }
    }

    /// `0.123`, `1.23`, `12.3`, `123`, `1234`.
    private static func threeDigits(_ value: Double) -> String {
        let decimals = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0
        let scale = [1.0, 10, 100, 1000][decimals]
        let scaled = Int((value * scale).rounded())
        guard decimals > 0 else { return "\(scaled)" }
        let fraction = "\(scaled % Int(scale))"
        return "\(scaled / Int(scale))." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
