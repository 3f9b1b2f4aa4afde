public import HTTPTrace

/// An exchange in figures, as it stands when it ends: what is needed to sum up many without looking at each again.
public struct Ending: Equatable, Sendable {
    public let id: ExchangeID
    public let cause: Exchange.Cause
    public let startedAt, finishedAt: Timestamp
    public let phases: PhaseSpans
    /// From asking to the first byte; nil when none came.
    public let timeToFirstByte: Duration?
    /// Nil when it never had a connection.
    public let warmth: Exchange.Warmth?
    /// Nil when no final head came.
    public let status: Int?
    /// Received, in their content coding.
    public let bodyBytes: Int
    /// Nil when all went well.
    public let failure: Failure.Kind?

    /// From asking to the end.
    public var total: Duration { max(finishedAt - startedAt, .zero) }
}

extension Exchange {
    /// Nil while it runs.
    // Inlined, so that only these few are read of an exchange where it stands: a call would be handed a copy of all of it.
    @inline(__always)
    public var ending: Ending? {
        guard let finishedAt else { return nil }
        return Ending(
            id: id, cause: cause, startedAt: startedAt, finishedAt: finishedAt, phases: phases,
            timeToFirstByte: timeToFirstByte, warmth: warmth, status: response?.status, bodyBytes: bodyBytes,
            failure: failure?.kind)
    }
}
