public import HTTPTrace
public import Sessions

/// A server of the program's own, whose requests are the rows.
public struct Listening: Equatable, Sendable {
    /// Where it listens, with the port that was given out.
    public var origin: Origin
    /// Where its requests go on to; nil when it answers by itself.
    public var forwardsTo: RequestURL?
    /// What it answers by itself.
    public var answer: AnswerDraft

    public init(origin: Origin, forwardsTo: RequestURL? = nil, answer: AnswerDraft = AnswerDraft()) {
        self.origin = origin
        self.forwardsTo = forwardsTo
        self.answer = answer
    }

    /// What it does, for the probe line: *"answers 200 after 250 ms, 12 B"*.
    func words(_ figures: Figures) -> String {
        if let forwardsTo { return "forwards to \(forwardsTo)" }
        var words = "answers \(answer.status)"
        if answer.delay > .zero { words += " after \(figures.time(answer.delay))" }
        if !answer.body.isEmpty { words += ", \(Figures.size(answer.body.count))" }
        return words
    }
}

/// Whose connections the pane on the right shows.
public enum Side: Equatable, Sendable {
    case client, server
}

/// Which body the Body page shows.
enum BodySide: Equatable, Sendable {
    case request, response
}
