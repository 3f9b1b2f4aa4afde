/// The dates of cookies, which servers write in every way there is (RFC 6265 §5.1.1).
enum CookieDate {
    /// Seconds since 1970; nil when it is no date.
    static func read(_ text: String) -> Int64? {
        var time: (Int, Int, Int)?
        var day: Int?
        var month: Int?
        var year: Int?
        for token in text.utf8.split(whereSeparator: isDelimiter) {
            if time == nil, let found = clock(token) {
                time = found
            } else if day == nil, let number = leadingNumber(token, 1...2) {
                day = number
            } else if month == nil, let found = months.firstIndex(of: String(token.prefix(3))!.lowercased()) {
                month = found + 1
            } else if year == nil, let number = leadingNumber(token, 2...4) {
                year = number + (number < 70 ? 2_000 : number < 100 ? 1_900 : 0)
            }
        }
        guard let (hours, minutes, seconds) = time, let day, let month, let year, (1...31).contains(day), year >= 1601,
            hours <= 23, minutes <= 59, seconds <= 59, day <= length(of: month, year)
        else { return nil }
        return Int64(days(year, month, day)) * 86_400 + Int64(hours * 3_600 + minutes * 60 + seconds)
    }

    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x20...0x2F, 0x3B...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// `h:m:s`, each of one or two digits; what follows behind a non-digit is nothing.
    private static func clock(_ token: Substring.UTF8View) -> (Int, Int, Int)? {
        let parts = token.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let hours = number(parts[0], 1...2), let minutes = number(parts[1], 1...2),
            let seconds = leadingNumber(parts[2], 1...2)
        else { return nil }
        return (hours, minutes, seconds)
    }

    private static func number(_ text: Substring.UTF8View, _ digits: ClosedRange<Int>) -> Int? {
        text.allSatisfy(isDigit) ? leadingNumber(text, digits) : nil
    }

    /// So many digits and then the end or no digit.
    private static func leadingNumber(_ text: Substring.UTF8View, _ digits: ClosedRange<Int>) -> Int? {
        let number = text.prefix(while: isDigit)
        return digits.contains(number.count) ? Int(String(number)!) : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func length(of month: Int, _ year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01. Howard Hinnant's days_from_civil: years begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
