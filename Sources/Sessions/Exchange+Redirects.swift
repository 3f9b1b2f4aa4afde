public import HTTPTrace
internal import HTTPTypes

extension Exchange {
    /// What led here; nil for a request of its own.
    public var redirection: Redirection? {
        // Always the second event, so it is among those that are kept.
        for record in events.prefix(2) { if case .redirected(let redirection) = record.event { return redirection } }
        return nil
    }

    /// From asking for the first request of a chain of redirects to the end of this one; nil for a request of its own.
    public func chainTotal(at now: Timestamp) -> Duration? {
        redirection.map { max((finishedAt ?? now) - $0.chainStart, .zero) }
    }

    /// Whether the response names another place to go to. What following it would mean, only the client knows.
    public var leadsOn: Bool {
        guard let response, [301, 302, 303, 307, 308].contains(response.status) else { return false }
        return response.fields[.location] != nil
    }
}
