/// A date in UTC, as certificates carry them.
struct CalendarDay: Equatable, CustomStringConvertible {
    let year: Int
    let month: Int
    let day: Int

    // Days to a civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Eras of 400 years that begin
    // in March, so that the leap day is the last of its year.
    init(unixSeconds: Int64) {
        let seconds = max(-1 << 45, min(unixSeconds, 1 << 45))
        let days = Int((Double(seconds) / 86_400).rounded(.down)) + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2026-11-20`.
    var description: String { "\(year)-\(Figures.two(month))-\(Figures.two(day))" }
}
