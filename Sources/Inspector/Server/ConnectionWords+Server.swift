import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

// A connection as its server sees it: `active #12`, `idle 1s`, why it closed.

extension ConnectionWords {
    init(_ connection: ServerLedger.Connection, _ model: Model, at now: Timestamp) {
        let theme = model.theme
        let age = Self.age(now - connection.since)
        let isSecure = connection.scheme == .https
        proto =
            connection.applicationProtocol.map { "\($0 == "h2" ? "h2" : "h1")\(isSecure ? "+tls" : "")" }
            ?? theme.marks.absent
        switch connection.state {
        case .new:
            (mark, style, stateStyle) = (theme.marks.dialing, theme.style(of: .connect), theme.plain)
            (state, short) = ("new \(age)", "new")
        case .active:
            (mark, style, stateStyle) = (theme.marks.busy, theme.success.adding(.bold), theme.plain)
            let request = connection.running.flatMap { model.session.row(of: $0.id) }
            let name = request.map { " \($0)" } ?? ""
            (state, short) = ("active\(name)", request.map { "\($0.description)" } ?? "active")
        case .idle:
            (mark, style, stateStyle) = (theme.marks.idle, theme.plain, theme.plain)
            (state, short) = ("idle \(age)", "\(age)")
        case .hijacked:
            (mark, style, stateStyle) = (theme.marks.busy, theme.warning, theme.plain)
            (state, short) = ("taken over", "taken")
        case .closed:
            (mark, style, stateStyle) = (theme.marks.ended, theme.quiet, theme.quiet)
            let reason = connection.closeReason?.description ?? "closed"
            (state, short) = ("\(reason)", "closed")
            shortState = connection.closeReason.map { "\($0.inTwoWords)" } ?? "closed"
            return
        }
        shortState = short
    }

    private static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.nanoseconds) / 1_000_000_000
        return seconds < 120 ? "\(seconds)s" : "\(seconds / 60)m"
    }
}

extension ServerCloseReason {
    /// For a column of a dozen cells; `description` says more.
    fileprivate var inTwoWords: String {
        switch self {
        case .clientClosed: "client closed"
        case .clientGone: "client gone"
        case .clientSaidClose: "client close"
        case .weSaidClose: "our close"
        case .http10: "HTTP/1.0"
        case .bodyUntilClose: "body's end"
        case .bodyNotRead: "unread body"
        case .timedOut(.nextRequest): "idle limit"
        case .timedOut: "timed out"
        case .refused(let status, _): "refused \(status.code)"
        case .handshakeFailed: "no handshake"
        case .handlerFailed: "handler died"
        case .handlerClosed: "by handler"
        case .sourceBroke: "broke behind"
        case .responseCutShort: "cut short"
        case .keepAliveOff: "no keep-alive"
        case .serverStopped: "shut down"
        case .broken: "broken"
        case .hijackEnded: "was taken"
        }
    }
}
