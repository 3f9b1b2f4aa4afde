public import HTTPTrace

/// A request about to be sent, for those who list or record it.
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
