import HTTPTrace
import Sessions
import TextScreen

/// A request that is being sent many times, and how that went so far.
struct Repeating: Sendable {
    let original: ExchangeID
    let plan: RepeatPlan
    /// The last number before the first of it.
    let after: ExchangeID
    /// Hops not counted.
    var begun = 0
    var isStopping = false
    /// Replays of the same request that a person asked for meanwhile: they are none of it.
    var others: Set<ExchangeID> = []
    /// Hops are counted here as well: they are requests, too.
    private(set) var summary = LoadSummary()
    /// Good answers whose status says otherwise, 400 and above.
    private(set) var badStatuses = 0
    /// Those that a person cut off.
    private(set) var cancelled = 0

    init(_ plan: RepeatPlan, of original: ExchangeID, after: ExchangeID) {
        self.original = original
        self.plan = plan
        self.after = after
    }

    /// Takes in one of its exchanges, which has ended. Those that were cut off when a person stopped it say nothing of the
    /// server, but they have rows and are counted.
    mutating func note(_ ending: Ending) {
        guard ending.failure != .cancelled else {
            cancelled += 1
            return
        }
        summary.add(ending)
        if let status = ending.status, status >= 400 { badStatuses += 1 }
    }

    /// One of them turned out to be a failure after its end.
    mutating func note(_ problem: Failure) { summary.addFailure(problem.kind) }

    private var failed: Int { summary.failures.values.reduce(0, +) }

    /// How it goes: *"Repeating #3: 1,204 of 40,000, 64 at a time, 18,204/s, 3 failed."*
    func progress(_ figures: Figures) -> String {
        var parts = ["\(Figures.count(begun)) of \(Figures.count(plan.count))"]
        parts.append("\(Figures.count(plan.concurrency)) at a time")
        return "Repeating \(original): " + (parts + results).joined(separator: ", ") + "."
    }

    /// What came of it: *"Repeated #3: 40,000 in 2.10 s, 19,048/s; p50 3.21, p95 4.10, p99 9.00 ms."*
    ///
    /// - Parameter columns: How much of that there is room for: what does not fit goes as a whole, since half a figure is a
    ///   wrong one. The request's page has all of it but how long it took.
    func outcome(_ figures: Figures, columns: Int) -> String {
        let start = isStopping ? "Stopped repeating \(original): " : "Repeated \(original): "
        guard summary.requests > 0 else {
            return start + (["no request ended"] + results).joined(separator: ", ") + "."
        }
        let ended = Figures.count(summary.requests) + (cancelled > 0 ? " ended" : "")
        let elapsed = "\(ended) in \(figures.time(summary.elapsed))"
        let brief = isStopping ? "Stopped \(original): " : start
        let spread = times(figures)
        let forms: [(start: String, parts: [String], spread: String)] = [
            (start, [elapsed] + results, spread), (brief, [elapsed] + results, spread),
            (brief, [ended] + results, spread), (brief, [ended] + troubles, spread), (brief, [ended] + troubles, ""),
        ]
        let sentences = forms.map { "\($0.start)\($0.parts.joined(separator: ", "))\($0.spread)." }
        return sentences.first { $0.count <= columns } ?? sentences[sentences.count - 1]
    }

    /// The same for the page of the request that was repeated; nil when nothing came of it.
    func result(_ figures: Figures) -> String? {
        guard summary.requests > 0 else { return nil }
        return (["Repeated \(Figures.count(summary.requests)) times"] + results).joined(separator: ", ")
            + times(figures)
    }

    private func times(_ figures: Figures) -> String {
        guard let total = summary.total else { return "" }
        let times = [("p50", total.p50), ("p95", total.p95), ("p99", total.p99)].map { name, time in
            (name, figures.timeParts(time))
        }
        // The unit once where all share it.
        let isShared = times.allSatisfy { $0.1.unit == times[2].1.unit }
        let words = times.enumerated().map { index, time in
            "\(time.0) \(time.1.digits)" + (isShared && index < 2 ? "" : " \(time.1.unit)")
        }
        return "; " + words.joined(separator: ", ")
    }

    /// How fast, and what went wrong.
    private var results: [String] {
        guard let rate = summary.requestsPerSecond else { return troubles }
        return [rate < 100 ? "\(Figures.digits(rate))/s" : "\(Figures.count(Int(rate.rounded())))/s"] + troubles
    }

    private var troubles: [String] {
        var parts: [String] = []
        if failed > 0 { parts.append("\(Figures.count(failed)) failed") }
        if badStatuses > 0 { parts.append("\(Figures.count(badStatuses)) with status 400+") }
        if cancelled > 0 { parts.append("\(Figures.count(cancelled)) cancelled") }
        return parts
    }
}

extension Model {
    /// Opens the prompt for how often.
    mutating func askToRepeat() {
        guard let exchange = selectedExchange, !refusesCutBody(of: exchange) else { return }
        guard repeating == nil else { return say("One repeat at a time; X stops the one that runs.") }
        mode = .prompt(Prompt(.repeating(exchange.id), text: RepeatLine.line(for: lastPlan)))
    }

    /// Asks for the requests; their rows come as they begin.
    mutating func startRepeat(_ plan: RepeatPlan, of id: ExchangeID) -> [Effect] {
        guard let exchange = session[id] else {
            say("\(id) is gone: nothing was sent.", isError: true)
            return []
        }
        lastPlan = plan
        repeating = Repeating(plan, of: id, after: lastID)
        // As after a replay, but for the rows, which are not there yet.
        isFollowing = rows.order == .start
        return [.startRepeat(exchange.draft, plan, of: id)]
    }

    /// Whether `X` is for the repeat: not while a request is selected that runs beside it.
    var stopsRepeat: Bool {
        guard repeating != nil else { return false }
        return selectedExchange.map { !$0.isRunning || isRepeated($0.id, $0.cause) } ?? true
    }

    mutating func stopRepeat() -> [Effect] {
        repeating?.isStopping = true
        return [.stopRepeat]
    }

    /// Adds the rows of requests that began without a key.
    mutating func take(_ begun: [BegunRequest]) {
        // By a span: a loop over the array would copy each draft.
        let begun = begun.span
        for index in begun.indices {
            let cause = begun[index].cause
            begin(begun[index].draft, as: begun[index].id, cause: cause, at: begun[index].time)
            if let original = repeating?.original, cause == .replay(of: original) { repeating!.begun += 1 }
        }
    }

    /// All of it has ended: says what came of it.
    mutating func endRepeat() {
        guard let ended = repeating else { return }
        repeating = nil
        repeatResults[ended.original] = ended.result(figures)
        // A blank stands before every message.
        say(ended.outcome(figures, columns: size.columns - 1))
    }

    /// Whether the repeat under way made the exchange of that number and cause, by itself or through redirects.
    func isRepeated(_ id: ExchangeID, _ cause: Exchange.Cause) -> Bool {
        guard let after = repeating?.after, let original = repeating?.original, id > after else { return false }
        var (id, cause) = (id, cause)
        while case .redirect(let from) = cause, let before = session[from] { (id, cause) = (from, before.cause) }
        return cause == .replay(of: original) && id > after && repeating?.others.contains(id) == false
    }
}
