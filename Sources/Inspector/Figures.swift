import HTTPTrace
import TextScreen

// Numbers for people: three significant digits and a unit chosen by size, so that a column of them can be compared at a
// glance and a fast server is not "0.00 ms".

/// Writes times and sizes.
struct Figures: Sendable {
    /// `µs`, or `us` where only ASCII can be shown.
    var micro = "µs"

    init(_ theme: Theme = Theme()) { micro = theme.marks.micro.string }

    /// `812 µs`, `1.23 ms`, `81.2 ms`, `304 ms`, `1.20 s`, `12.3 s`, `2m03s`, `3h12m`.
    func time(_ duration: Duration) -> String {
        let (digits, unit) = timeParts(duration)
        return unit.isEmpty ? digits : "\(digits) \(unit)"
    }

    /// The number and its unit apart; the unit is empty where it stands inside the number.
    func timeParts(_ duration: Duration) -> (digits: String, unit: String) {
        let nanoseconds = Double(max(0, duration.nanoseconds))
        switch nanoseconds {
        case ..<999_500: return (Figures.digits(nanoseconds / 1e3), micro)
        case ..<999_500_000: return (Figures.digits(nanoseconds / 1e6), "ms")
        case ..<99_950_000_000: return (Figures.digits(nanoseconds / 1e9), "s")
        default:
            let seconds = Int(nanoseconds / 1e9)
            guard seconds >= 3600 else { return ("\(seconds / 60)m\(Figures.two(seconds % 60))s", "") }
            return ("\(seconds / 3600)h\(Figures.two(seconds / 60 % 60))m", "")
        }
    }

    /// Three significant digits of a number below 1000: `0.81`, `1.23`, `12.3`, `304`.
    static func digits(_ value: Double) -> String {
        switch value {
        case ..<9.995: fixed(value, decimals: 2)
        case ..<99.95: fixed(value, decimals: 1)
        default: fixed(value, decimals: 0)
        }
    }

    /// `412 B`, `1.2 k`, `38 k`, `910 k`, `48 M`: powers of 1000, two digits, since nobody compares bodies by the byte.
    static func size(_ bytes: Int) -> String {
        guard bytes >= 1000 else { return "\(max(0, bytes)) B" }
        var value = Double(bytes) / 1000
        for unit in ["k", "M", "G"] {
            if value < 9.95 { return "\(fixed(value, decimals: 1)) \(unit)" }
            if value < 999.5 { return "\(fixed(value, decimals: 0)) \(unit)" }
            value /= 1000
        }
        return "\(fixed(value, decimals: value < 9.95 ? 1 : 0)) T"
    }

    /// `0.98 MB/s`; nil when the time is too short to mean anything.
    static func rate(_ bytes: Int, in duration: Duration) -> String? {
        let seconds = duration.milliseconds / 1000
        guard seconds >= 0.001, bytes >= 1000 else { return nil }
        let perSecond = Double(bytes) / seconds
        return perSecond < 999_500 ? "\(digits(perSecond / 1e3)) kB/s" : "\(digits(min(perSecond / 1e6, 999_999))) MB/s"
    }

    /// A number with exactly so many decimals, rounded. Written by hand: Foundation would be the largest thing linked.
    static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 9e15 else { return "\(value)" }
        let whole = Int(scaled.magnitude) / Int(scale)
        let sign = scaled < 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(whole)" }
        let fraction = String(Int(scaled.magnitude) % Int(scale))
        return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// `1,204`: counts with their thousands apart.
    static func count(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `1 request`, `2 requests`.
    static func plural(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }
}
