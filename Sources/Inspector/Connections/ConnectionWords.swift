import HTTPTrace
import Sessions
import TextScreen

/// A connection's state in words and marks.
struct ConnectionWords {
    let mark: SafeText
    let style: Style
    /// `busy #12`, `idle 1s/90`, why it closed.
    let state: SafeText
    let stateStyle: Style
    /// The same for a narrow column.
    let shortState: SafeText
    /// For a line shared by all connections: `#12`, `1s/90`.
    let short: SafeText
    /// `h1+tls`, `h2+tls`, `h1`; a dash before that is known.
    let proto: SafeText

    init(_ connection: ConnectionLedger.Connection, _ model: Model, at now: Timestamp) {
        let theme = model.theme
        proto = Self.proto(connection, theme)
        switch connection.state {
        case .dialing:
            (mark, style, stateStyle) = (theme.marks.dialing, theme.style(of: .connect), theme.plain)
            (state, shortState, short) = ("dialing", "dialing", "dialing")
        case .busy(let exchange) where connection.underWay.count > 1:
            (mark, style, stateStyle) = (theme.marks.busy, theme.success.adding(.bold), theme.plain)
            let others = "\(exchange.description) +\(connection.underWay.count - 1)"
            (state, shortState, short) = ("busy \(others)", "\(others)", "\(others)")
        case .busy(let exchange):
            (mark, style, stateStyle) = (theme.marks.busy, theme.success.adding(.bold), theme.plain)
            (state, shortState, short) = (
                "busy \(exchange.description)", "\(exchange.description)", "\(exchange.description)"
            )
        case .idle(let since, let until):
            (mark, style, stateStyle) = (theme.marks.idle, theme.plain, theme.plain)
            short = "\(Self.idle(since: since, until: until, at: now))"
            (state, shortState) = ("idle " + short, short)
        case .closed(let reason, _):
            (mark, style, stateStyle) = (theme.marks.ended, theme.quiet, theme.quiet)
            (state, shortState, short) = ("\(reason.description)", "\(reason.inTwoWords)", "closed")
        case .failed(let failure, _):
            (mark, style, stateStyle) = (theme.marks.glyph(of: .failed).safeText, theme.failure, theme.failure)
            let words = Self.failureWords(failure, of: connection, model)
            (state, shortState, short) = ("\(words)", "\(words)", "\(words)")
        }
    }

    /// `12s/90`: how long it has been idle, and when it is closed for it.
    private static func idle(since: Timestamp, until: Timestamp?, at now: Timestamp) -> String {
        let seconds = max(0, (now - since).nanoseconds) / 1_000_000_000
        let age = seconds < 120 ? "\(seconds)s" : "\(seconds / 60)m"
        guard let until else { return age }
        // Rounded: an event is stamped a few microseconds after the moment from which the limit runs.
        let limit: Duration = until + .milliseconds(500) - since
        return "\(age)/\(limit.nanoseconds / 1_000_000_000)"
    }

    private static func proto(_ connection: ConnectionLedger.Connection, _ theme: Theme) -> SafeText {
        guard let facts = connection.facts else { return theme.marks.absent }
        let name = facts.applicationProtocol == "h2" ? "h2" : "h1"
        return facts.tls == nil ? "\(name)" : "\(name)+tls"
    }

    /// The words of the request it was dialed for: those have the address taken off already.
    private static func failureWords(
        _ failure: Failure, of connection: ConnectionLedger.Connection, _ model: Model
    ) -> String {
        let prefix = "\(connection.key.origin.hostPort) "
        if failure.message.hasPrefix(prefix) { return String(failure.message.dropFirst(prefix.count)) }
        return connection.dialedFor.flatMap { model.session[$0] }.flatMap(RequestCells.failureWords) ?? failure.message
    }
}

extension CloseReason {
    /// For a column of a dozen cells; `description` says more.
    fileprivate var inTwoWords: String {
        switch self {
        case .peerClosedIdle: "peer closed"
        case .unsolicitedBytes: "stray bytes"
        case .idleTimeout: "idle limit"
        case .usedUp: "used up"
        case .tooOld: "too old"
        case .peerSaidClose: "peer close"
        case .weSaidClose: "our close"
        case .peerSaidGoAway: "GOAWAY"
        case .surplus: "surplus"
        case .http10: "HTTP/1.0"
        case .bodyUntilClose: "body's end"
        case .earlyResponse: "early answer"
        case .bodyNotRead: "unread body"
        case .keepAliveOff: "no keep-alive"
        case .tooManyIdleForHost, .tooManyIdle: "idle surplus"
        case .madeRoom: "made room"
        case .closeIdleWasCalled: "idle closed"
        case .switchedProtocols: "switched"
        case .tunnelRefused: "no tunnel"
        case .requestCancelled: "cancelled"
        case .requestTimedOut: "timed out"
        case .failed(let failure): failure.kind.rawValue
        case .clientClosed: "shut down"
        }
    }
}

extension Glyph {
    /// The glyph as text that can be written in a line.
    var safeText: SafeText { SafeText(untrusted: text) }
}

/// The lines below the connections, about all of them.
enum PoolFooter {
    static func lines(_ model: Model, columns: Int) -> [StyledLine] {
        let theme = model.theme
        var lines: [StyledLine] = []
        if model.activity.recent.count > 1 {
            var line = StyledLine("  ")
            let recent = model.activity.recent.suffix(max(8, min(40, columns - 24)))
            line.add(spark(Array(recent), theme), theme.style(of: .receive))
            line.add("  time of the last \(recent.count)", theme.quiet)
            lines.append(line)
        }
        // Where room is short the lines above go first.
        if let queued = queueLine(model, columns: columns) { lines.append(queued) }
        lines.append(legend(theme, columns: columns))
        return lines
    }

    /// `api.example.com  2 of 2 open · 1 queued (#14)`.
    private static func queueLine(_ model: Model, columns: Int) -> StyledLine? {
        // The oldest that waits; behind it stand others for the same reason.
        guard model.counts.queued > 0, let waiting = model.activity.firstQueued(in: model.session) else { return nil }
        let theme = model.theme
        let gap: SafeText = columns < 48 ? " " : "  "
        var line = StyledLine(gap + "\(waiting.draft.url.origin.host)" + gap, theme.strong)
        switch waiting.queueReason {
        case .hostLimit(let limit): line.add(columns < 48 ? "\(limit)/\(limit) open" : "\(limit) of \(limit) open")
        case .totalLimit(let limit): line.add("\(limit) of \(limit) open in all")
        case .streamLimit(let limit): line.add("\(limit) streams, the limit")
        case .dialing, .sharedDial, nil: line.add("dialing")
        }
        line.add(" \(theme.marks.middleDot.string) ")
        line.add("\(Figures.count(model.counts.queued)) queued \(waiting.id.description)", theme.warning)
        return line
    }

    /// Heights relative to the longest: which ones stand out is the question, not how long they are.
    private static func spark(_ times: [Duration], _ theme: Theme) -> SafeText {
        let highest = max(1, times.map(\.nanoseconds).max() ?? 1)
        let steps = theme.marks.spark
        return times.reduce(SafeText.empty) { text, time in
            text + steps[min(steps.count - 1, Int(time.nanoseconds * Int64(steps.count) / highest))]
        }
    }

    private static func legend(_ theme: Theme, columns: Int) -> StyledLine {
        let names: [(BarMark, SafeText)] = [
            (.queued, "queue"), (.dns, "dns"), (.connect, "tcp"), (.tls, "tls"), (.send, "send"), (.wait, "wait"),
            (.receive, columns < 44 ? "recv" : "receive"),
        ]
        var line = StyledLine(columns >= 50 ? "  " : " ")
        for (index, (mark, name)) in names.enumerated() {
            if index > 0 { line.add(" ") }
            line.add(theme.marks.glyph(of: mark).safeText, theme.style(of: mark))
            line.add(name, theme.quiet)
        }
        return line
    }
}
