public import HTTPTrace
public import Sessions

/// What the program is asked to do. Small, and carried out in order.
public enum Effect: Equatable, Sendable {
    /// Send it and report under this number. The row stands already.
    case send(RequestDraft, ExchangeID, Exchange.Cause)
    /// Send it many times as replays of this one. Their rows come with `Message.begun`, and at the end `Message.repeatEnded`.
    case startRepeat(RequestDraft, RepeatPlan, of: ExchangeID)
    /// End the repeat at once, with what is under way. Harmless when there is none.
    case stopRepeat
    /// End it at once, whatever it does. Harmless for one that has ended.
    case cancel(ExchangeID)
    /// Go on where its response leads.
    case followRedirect(ExchangeID)
    /// What holds from now on.
    case setOptions(RequestOptions)
    case export(ExportRequest)
    /// Send `Message.searchOn` when keys and frames have had their turn.
    case goOnSearching
    /// Put text on the clipboard.
    case copy(String)
    /// The same with the exchange as a curl command, whose quoting lives in Exports.
    case copyCurl(ExchangeID)
    /// Answer every request that comes in like this from now on.
    case setAnswer(AnswerDraft)
    /// Show a text in the person's pager, and come back when they leave it.
    case view([UInt8])
    /// Let them change a body in their editor; `Message.edited` says what came of it.
    case editBody([UInt8], of: ExchangeID)
    /// The probe lines entered so far, oldest first, to be kept for the next start.
    case saveHistory([String])
    case setMouse(Bool)
    /// Draw every cell anew: something else wrote on the terminal.
    case redraw
    /// Stop as on ^Z, until the shell says `fg`.
    case suspend
    case quit
}

/// A session to be written to a file.
public struct ExportRequest: Equatable, Sendable {
    /// As typed, but for `~/`; the format follows from its ending (`.har`, `.ndjson`, …).
    public var path: String
    /// Whether cookies, authorization and the like stay in.
    public var isFull: Bool
    /// Which exchanges, in the order of the list.
    public var exchanges: [ExchangeID]
    /// Whether a file of that name may go; asked for when there turns out to be one.
    public var mayReplace: Bool
    /// What is to be said of the choice with what was written; nil for nothing.
    public var note: String?

    public init(
        path: String, isFull: Bool, exchanges: [ExchangeID], mayReplace: Bool = false, note: String? = nil
    ) {
        self.path = path
        self.isFull = isFull
        self.exchanges = exchanges
        self.mayReplace = mayReplace
        self.note = note
    }
}
