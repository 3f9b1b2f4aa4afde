/// A date of the proleptic Gregorian calendar in UTC. Made here: a formatter of Foundation takes as long as the rest of
/// an entry.
struct CalendarDate: Equatable {
    var year: Int
    var month: Int
    var day: Int

    /// - Parameter days: Since 1970-01-01, may be negative.
    init(daysSince1970 days: Int) {
        // Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last of its year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

enum ISODate {
    /// `2026-11-20T23:28:10.905123Z`: microseconds, always UTC.
    static func text(unixNanoseconds: Int64) -> String {
        // Rounded down, as clocks show time.
        let microseconds = Int(floorDivide(unixNanoseconds, 1_000))
        let seconds = floorDivide(microseconds, 1_000_000)
        let days = floorDivide(seconds, 86_400)
        var text: [UInt8] = []
        text.reserveCapacity(27)
        append(CalendarDate(daysSince1970: days), to: &text)
        append(timeOfDay: seconds - days * 86_400, after: ".", to: &text)
        append(microseconds - seconds * 1_000_000, 6, "Z", to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Remembers the second written last: entries come thousands a second.
    struct Latest {
        private var second = Int64.min
        /// `2026-11-20T23:28:10.`
        private var text = ""

        /// As `ISODate.text`.
        mutating func text(unixNanoseconds: Int64) -> String {
            let second = floorDivide(unixNanoseconds, 1_000_000_000)
            if second != self.second {
                self.second = second
                text = String(ISODate.text(unixNanoseconds: second * 1_000_000_000).dropLast(7))
            }
            let microseconds = Int(floorDivide(unixNanoseconds - second * 1_000_000_000, 1_000))
            return String(unsafeUninitializedCapacity: text.utf8.count + 7) { bytes in
                var end = bytes.initialize(fromContentsOf: text.utf8)
                var scale = 100_000
                while scale > 0 {
                    bytes[end] = UInt8(ascii: "0") + UInt8(microseconds / scale % 10)
                    end += 1
                    scale /= 10
                }
                bytes[end] = UInt8(ascii: "Z")
                return end + 1
            }
        }
    }

    /// `2026-11-20T23:28:10Z`. Certificates may name any year; outside 1 to 9999 it is clamped.
    static func text(unixSeconds: Int64) -> String {
        let seconds = Int(min(max(unixSeconds, -62_135_596_800), 253_402_300_799))
        let days = floorDivide(seconds, 86_400)
        var text: [UInt8] = []
        append(CalendarDate(daysSince1970: days), to: &text)
        append(timeOfDay: seconds - days * 86_400, after: "Z", to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ date: CalendarDate, to text: inout [UInt8]) {
        append(date.year, 4, "-", to: &text)
        append(date.month, 2, "-", to: &text)
        append(date.day, 2, "T", to: &text)
    }

    private static func append(timeOfDay seconds: Int, after: Unicode.Scalar, to text: inout [UInt8]) {
        append(seconds / 3_600, 2, ":", to: &text)
        append(seconds / 60 % 60, 2, ":", to: &text)
        append(seconds % 60, 2, after, to: &text)
    }

    private static func append(_ number: Int, _ width: Int, _ after: Unicode.Scalar, to text: inout [UInt8]) {
        var scale = 1
        for _ in 1..<width { scale *= 10 }
        while scale > 0 {
            text.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
        text.append(UInt8(ascii: after))
    }

    private static func floorDivide<Number: SignedInteger>(_ number: Number, _ divisor: Number) -> Number {
        number >= 0 ? number / divisor : (number - divisor + 1) / divisor
    }

    /// A cookie's `Expires` as ISO date; nil when it is none. Lenient as RFC 6265 §5.1.1 asks: any order of parts.
    static func text(cookieDate: Substring) -> String? {
        let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        var time: Substring?
        var day: Int?
        var month: Int?
        var year: Int?
        for token in cookieDate.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != ":" }) {
            if time == nil, token.contains(":") {
                time = token
            } else if day == nil, token.count <= 2, let number = Int(token) {
                day = number
            } else if month == nil, let index = months.firstIndex(of: token.prefix(3).lowercased()) {
                month = index + 1
            } else if year == nil, (2...4).contains(token.count), let number = Int(token) {
                year = number + (number < 70 ? 2_000 : number < 100 ? 1_900 : 0)
            }
        }
        let clock = time?.split(separator: ":").map { Int($0) ?? 99 } ?? []
        guard let day, let month, let year, clock.count == 3, year >= 1601,
            (1...daysOf(month, in: year)).contains(day), (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...59).contains(clock[2])
        else { return nil }
        var text: [UInt8] = []
        append(year, 4, "-", to: &text)
        append(month, 2, "-", to: &text)
        append(day, 2, "T", to: &text)
        append(timeOfDay: clock[0] * 3_600 + clock[1] * 60 + clock[2], after: "Z", to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func daysOf(_ month: Int, in year: Int) -> Int {
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
