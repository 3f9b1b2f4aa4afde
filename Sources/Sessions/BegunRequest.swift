public import HTTPTrace

/// A request that began without anybody being asked first: a repeat's, or a redirect's next hop.
public struct BegunRequest: Equatable, Sendable {
    public var id: ExchangeID
    public var draft: RequestDraft
    public var cause: Exchange.Cause
    public var time: Timestamp

    public init(id: ExchangeID, draft: RequestDraft, cause: Exchange.Cause, time: Timestamp) {
        self.id = id
        self.draft = draft
        self.cause = cause
        self.time = time
    }
}
