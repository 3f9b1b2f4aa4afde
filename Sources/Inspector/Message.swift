public import HTTPTrace
public import Sessions
public import TextScreen

/// Everything that can happen to the interface.
public enum Message: Sendable {
    case key(Key)
    /// Requests that the engine began by itself since the last batch: a repeat's, and hops. To be handed in before what it
    /// recorded of them.
    case begun([BegunRequest])
    /// All requests of the repeat have ended, and all about them has been handed in.
    case repeatEnded
    /// What the engine recorded since the last batch, oldest first.
    case trace([TraceRecord])
    /// What a server of ours recorded since the last batch, oldest first. To be handed in after the client's records of the
    /// same time, so that requests of our own find their rows.
    case served([ServerRecord])
    /// The body of a request that came in has ended, as far as it was kept.
    case requestBody(ServerRequestID, BodyCapture)
    /// Response bodies that have ended since the last batch, as far as they were kept.
    case bodies([(exchange: ExchangeID, capture: BodyCapture)])
    /// The screen's new size; also the first message, before anything is drawn.
    case resized(Size)
    /// A request somebody else starts (command line, demo, a redirect followed by hand), under a number of the model's
    /// `numbers`.
    case begin(RequestDraft, ExchangeID, Exchange.Cause)
    /// A sentence for the message line: *"Saved session.har: 14 entries"*. Errors stay until the next key, like all.
    case notice(String, isError: Bool)
    /// The file to be exported to exists, and nothing was written: the person decides.
    case exportExists(ExportRequest)
    /// What an editor made of a request's body.
    case edited([UInt8], of: ExchangeID)
    /// Goes on with a search through the list, as `Effect.goOnSearching` asks.
    case searchOn
    /// Nothing was exported, and why: the person may want to mend the path.
    case exportFailed(String)
    case engine(EngineFacts)
    /// The session is written to this file; nil when it is not (any more).
    case recording(path: String?)
}

/// What the engine says about itself, so that its stamps can be judged.
public struct EngineFacts: Equatable, Sendable {
    /// The longest time its loop was busy with one turn lately: stamps of other requests may be late by so much.
    public var longestTurn: Duration

    /// The longest time lately that clients of a listening server waited because the interface could not follow; no figure of
    /// a request holds it. Zero when none did.
    public var longestWait: Duration

    public init(longestTurn: Duration, longestWait: Duration = .zero) {
        self.longestTurn = longestTurn
        self.longestWait = longestWait
    }
}
