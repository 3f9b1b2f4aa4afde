import HTTPTrace
import Sessions
import TextScreen

/// The TLS page: what the handshake agreed on, and the peer's certificates.
enum TLSPage {
    static func page(of exchange: Exchange, _ model: Model) -> DetailPage {
        let theme = model.theme
        guard exchange.draft.url.origin.scheme == .https else {
            return DetailPage([StyledLine(" Plain http: nothing is encrypted.", theme.quiet)])
        }
        let connection = exchange.connection.flatMap { model.session.connections[$0.connection] }
        guard let tls = exchange.tls ?? connection?.facts?.tls else {
            return DetailPage([StyledLine(" No handshake yet.", theme.quiet)])
        }
        var lines: [StyledLine] = []
        if exchange.tls == nil, let connection {
            lines.append(StyledLine(" Agreed when \(connection.id) was opened.", theme.quiet))
        }
        let unknown = theme.marks.absent.string
        lines.append(fact("version", tls.version.isEmpty ? unknown : tls.version, theme))
        lines.append(fact("cipher", tls.cipher.isEmpty ? unknown : tls.cipher, theme))
        lines.append(fact("ALPN", tls.alpn ?? "none agreed", theme))
        lines.append(fact("server name", tls.serverName ?? "none sent (an address)", theme))
        lines.append(fact("session", tls.isResumed ? "resumed" : "new", theme))
        if let problem = tls.verificationProblem {
            lines.append(fact("verified", "no: \(problem)", theme, theme.failure))
        } else if tls.isUnverified {
            lines.append(fact("verified", "no: checking is switched off", theme, theme.warning))
        } else {
            lines.append(
                fact("verified", tls.isResumed ? "with the resumed session" : "chain and name", theme, theme.success))
        }
        for (depth, certificate) in tls.certificates.enumerated() {
            lines.append(.empty)
            lines += self.lines(of: certificate, depth: depth, model)
        }
        return DetailPage(lines)
    }

    private static func lines(
        of certificate: TLSFacts.Certificate, depth: Int, _ model: Model
    ) -> [StyledLine] {
        let theme = model.theme
        var lines = [StyledLine(" \(depth == 0 ? "leaf" : "issuer \(depth)")  \(certificate.subject)", theme.strong)]
        lines.append(fact("issued by", certificate.issuer, theme))
        if !certificate.names.isEmpty { lines.append(fact("names", certificate.names.joined(separator: " "), theme)) }
        // Against the session's clock, so that a saved session says what held when it was made.
        let today = model.session.clock.unixNanoseconds / 1_000_000_000
        let days = (certificate.notAfter - today) / 86_400
        let style = days < 0 ? theme.failure : days < 15 ? theme.warning : theme.plain
        let left = days < 0 ? "expired \(-days) days ago" : "\(days) days left"
        lines.append(
            fact(
                "valid",
                "\(CalendarDay(unixSeconds: certificate.notBefore)) to "
                    + "\(CalendarDay(unixSeconds: certificate.notAfter)), \(left)", theme, style))
        lines.append(fact("key", certificate.key, theme))
        lines.append(fact("sha256", certificate.sha256, theme))
        return lines
    }

    private static func fact(_ name: String, _ value: String, _ theme: Theme, _ style: Style = .plain) -> StyledLine {
        var line = StyledLine(" \(name)", theme.quiet)
        line.add("\(value)", style, at: 15)
        return line
    }
}

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
