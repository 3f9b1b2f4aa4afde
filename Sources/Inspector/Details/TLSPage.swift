import HTTPTrace
import Sessions
import TextScreen

/// The TLS page: whether the peer can be believed, what was agreed on, and the peer's certificates.
struct TLSPage {
    private let exchange: Exchange
    private let model: Model
    private let tls: TLSFacts
    private var facts: FactLines

    private var theme: Theme { model.theme }
    private var dot: String { " \(theme.marks.middleDot.string) " }

    static func page(of exchange: Exchange, _ model: Model, columns: Int) -> DetailPage {
        guard exchange.draft.url.origin.scheme == .https else {
            return DetailPage([StyledLine(" Plain http: nothing is encrypted.", model.theme.quiet)])
        }
        let connection = exchange.connection.flatMap { model.session.connections[$0.connection] }
        guard let tls = exchange.tls ?? connection?.facts?.tls else {
            return DetailPage([StyledLine(" No handshake yet.", model.theme.quiet)])
        }
        var page = TLSPage(
            exchange: exchange, model: model, tls: tls, facts: FactLines(columns: columns, theme: model.theme))
        if exchange.tls == nil, let connection {
            page.facts.lines.append(StyledLine(" Agreed when \(connection.id) was opened.", model.theme.quiet))
        }
        page.addVerdict()
        page.addAgreement()
        for depth in tls.certificates.indices { page.addCertificate(depth) }
        if tls.certificatesLeftOut > 0 {
            let more = Figures.plural(tls.certificatesLeftOut, "more certificate")
            page.facts.lines += [.empty, StyledLine(" \(more) came and were not kept.", model.theme.warning)]
        }
        return DetailPage(page.facts.lines)
    }

    // MARK: can it be believed?

    private mutating func addVerdict() {
        if let problem = tls.verificationProblem {
            facts.add(
                tls.isUnverified ? "NOT VERIFIED" : "verified", "\(tls.isUnverified ? "" : "no: ")\(problem)",
                theme.failure)
            if let depth = tls.problemDepth, depth > 0 {
                facts.add("", depth < tls.certificates.count ? "in issuer \(depth)" : "beyond what was sent")
            }
            if tls.isUnverified { facts.add("", "accepted all the same (-k)", theme.failure) }
        } else if tls.certificates.isEmpty, !tls.isResumed {
            facts.add("verified", "nothing was shown to verify")
        } else if tls.isResumed {
            facts.add("verified", "when the resumed session began", theme.success)
        } else {
            facts.add("verified", "chain, dates and name", theme.success)
        }
        if let anchor = tls.trustAnchor { facts.add("trusted by", anchor) }
        if let leaf = tls.certificates.first {
            facts.add("certificate", lifetime(of: leaf).words, lifetime(of: leaf).style)
        }
        for alert in exchange.tlsAlerts {
            let isFatal = if case .alert(let alert) = alert.kind { alert.isFatal } else { false }
            facts.add("\(alert.direction.rawValue)", alert.name, isFatal ? theme.failure : .plain)
        }
    }

    /// `74 days left, 2025-10-09 to 2026-02-02`, against the session's clock, so that a saved session says what held when it
    /// was made.
    private func lifetime(of certificate: TLSFacts.Certificate) -> (words: String, style: Style) {
        let today = model.session.clock.unixNanoseconds / 1_000_000_000
        let span =
            "\(CalendarDay(unixSeconds: certificate.notBefore)) to \(CalendarDay(unixSeconds: certificate.notAfter))"
        if certificate.notBefore > today {
            return ("valid in \(Self.days(certificate.notBefore - today)), \(span)", theme.failure)
        }
        let left = certificate.notAfter - today
        if left < 0 { return ("expired \(Self.days(-left)) ago, \(span)", theme.failure) }
        // Two weeks are what renewing by hand takes; those who renew by program do it a month before.
        return ("\(Self.days(left)) left, \(span)", left < 15 * 86_400 ? theme.warning : theme.plain)
    }

    private static func days(_ seconds: Int64) -> String { Figures.plural(Int(seconds / 86_400), "day") }

    // MARK: what was agreed on

    private mutating func addAgreement() {
        let unknown = theme.marks.absent.string
        facts.add("version", tls.version.isEmpty ? unknown : tls.version)
        facts.add("cipher", tls.cipher.isEmpty ? unknown : tls.cipher)
        var exchanged = [tls.group, tls.signature.map { "proved by \($0)" }].compactMap { $0 }
        if tls.hasRetriedHello { exchanged.append("asked for anew, one more round trip") }
        if !exchanged.isEmpty { facts.add("key exchange", exchanged.joined(separator: dot)) }
        facts.add("ALPN", tls.alpn ?? "none agreed")
        facts.add("server name", tls.serverName ?? "none sent (an address)")
        facts.add("session", session)
        if let offer = tls.offer {
            facts.add(
                "we offered",
                "\(offer.versions.joined(separator: " ")), \(Figures.plural(offer.ciphers.count, "cipher"))")
        }
        switch tls.clientCertificate {
        case .notAsked: break
        case .askedInVain: facts.add("we showed", "no certificate, and were asked for one", theme.warning)
        case .sent: facts.add("we showed", "a certificate, as asked")
        }
        if let staple = tls.staple { add(staple) }
        if !tls.timestamps.isEmpty {
            let logs = tls.timestamps.map { "\($0.log.prefix(8))" }.joined(separator: " ")
            facts.add("CT promises", "\(tls.timestamps.count), of logs \(logs)")
        }
        if let path = model.keyLogPath { facts.add("secrets in", path, theme.warning) }
    }

    private var session: String {
        switch tls.resumption {
        case .resumed: return "resumed"
        case .declined: return "new; the ticket offered was not taken"
        case .notOffered: break
        }
        let tickets = exchange.events.count { record in
            if case .tlsMessage(let message) = record.event { message.name == "NewSessionTicket" } else { false }
        }
        return tickets > 0 ? "new; \(Figures.plural(tickets, "ticket")) for the next" : "new"
    }

    private mutating func add(_ staple: TLSFacts.OCSPStaple) {
        let signed = staple.isSigned ? "" : ", signature not verified"
        let until = staple.nextUpdate.map { ", until \(CalendarDay(unixSeconds: $0))" } ?? ""
        switch staple.status {
        case .good: facts.add("OCSP staple", "good\(until)\(signed)", staple.isSigned ? theme.success : .plain)
        case .revoked(let time):
            facts.add("OCSP staple", "REVOKED on \(CalendarDay(unixSeconds: time))\(signed)", theme.failure)
        case .unknown: facts.add("OCSP staple", "the responder does not know it\(until)\(signed)", theme.warning)
        case .unusable(let words): facts.add("OCSP staple", "of no use: \(words)", theme.warning)
        }
    }

    // MARK: certificates

    private mutating func addCertificate(_ depth: Int) {
        let certificate = tls.certificates[depth]
        facts.lines.append(.empty)
        facts.add(depth == 0 ? "leaf" : "issuer \(depth)", certificate.subject, theme.strong)
        facts.add("issued by", certificate.issuer)
        facts.add("valid", lifetime(of: certificate).words, lifetime(of: certificate).style)
        facts.add("key", certificate.key)
        if !certificate.signature.isEmpty { facts.add("signed by", certificate.signature) }
        if !certificate.serial.isEmpty { facts.add("serial", certificate.serial) }
        facts.add("sha256", certificate.sha256)
        guard !certificate.names.isEmpty else { return }
        let more = certificate.namesLeftOut > 0 ? " and \(Figures.count(certificate.namesLeftOut)) more" : ""
        facts.add("names", certificate.names.joined(separator: " ") + more)
    }
}
