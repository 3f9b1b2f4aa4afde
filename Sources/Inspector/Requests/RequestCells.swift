import HTTPTrace
import Sessions
import TextScreen

/// What the columns of the list say about an exchange.
enum RequestCells {
    /// `200`, `…` while there is no answer, `✗` when there was none.
    static func status(of exchange: Exchange, _ theme: Theme) -> (text: SafeText, style: Style) {
        if let response = exchange.answer {
            let isBroken = exchange.failure != nil
            return ("\(response.status)", isBroken ? theme.failure : theme.style(ofStatus: response.status))
        }
        if exchange.failure != nil { return (theme.marks.failed, theme.failure) }
        return (theme.marks.unfinished, theme.plain)
    }

    /// `c1`, `c1 ↻2` for the second reuse, `c5 ⇉3` for the third request on an HTTP/2 connection, `queued`.
    static func connection(of exchange: Exchange, in session: Session, _ theme: Theme) -> SafeText {
        if exchange.cause == .caught, let served = exchange.served {
            let name = served.connection.description
            if let got = exchange.connection {
                return "\(name)\(theme.marks.arrow.string)\(got.connection.description)"
            }
            let isShared = session.server[served.connection]?.applicationProtocol == "h2"
            guard let use = served.use, use > 1 else { return "\(name)" }
            return isShared
                ? "\(name) \(theme.marks.shared.string)\(use)" : "\(name) \(theme.marks.again.string)\(use - 1)"
        }
        guard let got = exchange.connection else {
            if exchange.standing == .queued { return "queued" }
            // Its own dial, so far.
            let dialed = exchange.events.lazy.prefix(8).compactMap(\.connection).first
            return dialed.map { "\($0.description)" } ?? theme.marks.absent
        }
        let facts = session.connections[got.connection]?.facts
        if facts?.applicationProtocol == "h2" {
            return "\(got.connection.description) \(theme.marks.shared.string)\(got.use)"
        }
        guard got.isReused, got.use > 1 else { return "\(got.connection.description)" }
        return "\(got.connection.description) \(theme.marks.again.string)\(got.use - 1)"
    }

    static func size(of exchange: Exchange, _ theme: Theme) -> SafeText {
        guard exchange.answer != nil, exchange.answerBytes > 0 || exchange.bodyEnd != nil else {
            return theme.marks.absent
        }
        return "\(Figures.size(exchange.answerBytes))"
    }

    /// The URL as the list shows it, with where it came from or leads to.
    static func url(of exchange: Exchange, in model: Model) -> SafeText {
        let marks = model.theme.marks
        if let line = exchange.unreadableLine, !line.isEmpty { return SafeText(untrusted: line) }
        let url = exchange.draft.url
        if case .redirect = exchange.cause { return "  \(marks.corner.string) \(url.description)" }
        var text = url.withoutScheme
        if let next = model.redirects[exchange.id] { text += " \(marks.arrow.string) \(next)" }
        if case .replay(let original) = exchange.cause { text += "  \(marks.again.string) \(original)" }
        return "\(text)"
    }

    /// A failure in the few words that fit behind a bar: *"refused"*. The whole sentence is in the detail.
    static func failureWords(of exchange: Exchange) -> String? {
        guard let failure = exchange.failure else { return nil }
        if failure.kind == .cancelled { return "cancelled" }
        var words = (failure.kind == .connect ? exchange.attempts.last?.failure?.message : nil) ?? failure.message
        for attempt in exchange.attempts where words.hasPrefix("\(attempt.address) ") {
            words.removeFirst("\(attempt.address) ".count)
        }
        return words
    }
}
