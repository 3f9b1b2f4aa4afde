public import HTTPTrace

/// Everything seen since the start (or since the list was cleared): exchanges, connections, and figures about them.
public struct Session: Equatable, Sendable {
    /// In the order of asking.
    public private(set) var exchanges = ExchangeList()
    public private(set) var connections = ConnectionLedger()
    /// Figures over all exchanges, kept up to date record by record.
    public private(set) var statistics = Statistics()
    /// Connections of a server of ours, open or gone, with their requests.
    public internal(set) var server = ServerLedger()
    /// The rows of requests that a server is serving.
    var rows: [ServerRequestID: ExchangeID] = [:]
    private var twins = TwinIndex()
    /// Ties the stamps to dates.
    public var clock: ClockAnchor

    public init(clock: ClockAnchor) { self.clock = clock }

    /// The exchange of that number; nil when there is none, or it was removed.
    public subscript(id: ExchangeID) -> Exchange? { exchanges.index(of: id).map { exchanges[$0] } }

    /// Adds a row for a request that is about to be sent, at its number's place. Nobody else may have the number.
    public mutating func begin(
        _ draft: RequestDraft, as id: ExchangeID, cause: Exchange.Cause = .typed, at time: Timestamp
    ) {
        precondition(exchanges.index(of: id) == nil, "\(id) begins twice")
        let exchange = Exchange(id: id, draft: draft, cause: cause, at: time)
        statistics.add(exchange)
        exchanges.add(consume exchange)
    }

    /// Takes in what was recorded, oldest first. Records of removed exchanges still count for their connections.
    ///
    /// - Returns: What has ended, in the order of ending.
    @discardableResult
    public mutating func apply(_ records: [TraceRecord]) -> [Ending] {
        var endings: [Ending] = []
        // By a span: a loop over the array would copy each record.
        let records = records.span
        for index in records.indices { apply(records[index], adding: &endings) }
        return endings
    }

    /// As above, for parts of a batch. What the engine hands over are arrays: a loop over any sequence would ask it for each
    /// record through a table.
    public mutating func apply(_ records: some Sequence<TraceRecord>) { apply(Array(records)) }

    private mutating func apply(_ record: TraceRecord, adding endings: inout [Ending]) {
        guard let asked = record.exchange else {
            connections.apply(record)
            return
        }
        let id = row(of: asked)
        // Copied only where it must be changed, which is for what was sent on.
        if id == asked {
            connections.apply(record)
        } else {
            var record = record
            record.exchange = id
            connections.apply(record)
        }
        guard let index = exchanges.index(of: id) else { return }
        if note(exchanges[index].shares(aroundA: record)) { endings.append(finished(at: index)) }
    }

    /// Changes an exchange and keeps the figures true; nothing happens when it was removed.
    mutating func update(_ id: ExchangeID, _ change: (inout Exchange) -> Void) {
        guard let index = exchanges.index(of: id) else { return }
        if note(exchanges[index].shares(aroundA: change)) { _ = finished(at: index) }
    }

    /// - Returns: Whether this was its end.
    private mutating func note(_ shares: (before: Statistics.Share, after: Statistics.Share)) -> Bool {
        let (before, after) = shares
        guard after != before else { return false }
        statistics.move(from: before, to: after)
        return after.hasFinished && !before.hasFinished
    }

    private mutating func finished(at index: Int) -> Ending {
        let (ending, draft) = exchanges[index].endingInPlace()
        statistics.finish(ending)
        twins.note(ending, of: draft)
        return ending
    }

    /// Keeps what was captured of a response body, and with it what was found wrong too late for an event.
    public mutating func keep(_ body: BodyCapture, of id: ExchangeID) {
        guard let index = exchanges.index(of: id) else { return }
        exchanges[index].body = body
        guard let problem = body.problem, exchanges[index].failure == nil, !exchanges[index].isRunning else { return }
        // Its time stays in the percentiles: a histogram forgets no single value, and the server did take that long.
        let before = exchanges[index].share
        exchanges[index].failure = problem
        statistics.move(from: before, to: exchanges[index].share)
    }

    /// Drops rows that have ended and are of no more use, and keeps them in the figures: what a long headless run does.
    /// In one pass, since the first rows go while those behind them stay.
    public mutating func forget(_ ids: Set<ExchangeID>) {
        guard !ids.isEmpty else { return }
        exchanges.remove(ids)
    }

    public mutating func remove(_ id: ExchangeID) {
        guard exchanges.index(of: id) != nil else { return }
        exchanges.remove([id])
        countAgain()
    }

    /// Removes many at once, in one pass. Their connections stay in the ledger: those were there.
    public mutating func removeAll(where isUnwanted: (Exchange) -> Bool) {
        exchanges.removeAll(where: isUnwanted)
        countAgain()
    }

    /// The latest exchange that asked for the same and found the opposite: a new connection where this one used an open
    /// one, or the other way round. Nil while this one has no connection, or when there is no such exchange.
    public func twin(of exchange: Exchange) -> Twin? {
        guard let warmth = exchange.warmth, let id = twins.latest(of: exchange.draft, warmth.opposite) else {
            return nil
        }
        guard let other = self[id], other.draft.method == exchange.draft.method, other.draft.url == exchange.draft.url
        else { return nil }
        return Twin(of: exchange, other: other)
    }

    // A histogram forgets no single value; removing is rare and done by hand, so counting anew is cheap enough.
    private mutating func countAgain() {
        statistics = Statistics()
        twins = TwinIndex()
        for exchange in exchanges {
            statistics.add(exchange)
            guard let ending = exchange.ending else { continue }
            statistics.finish(ending)
            twins.note(ending, of: exchange.draft)
        }
    }
}

extension Exchange {
    /// Changes it where it stands, and says what it added to the counts before and adds after. In one access: a look at an
    /// element of the list, unlike a change, copies all of it.
    fileprivate mutating func shares(
        aroundA change: (inout Exchange) -> Void
    ) -> (before: Statistics.Share, after: Statistics.Share) {
        let before = share
        change(&self)
        return (before, share)
    }

    /// The same for the change that happens most: a closure would have a copy of the record.
    fileprivate mutating func shares(
        aroundA record: TraceRecord
    ) -> (before: Statistics.Share, after: Statistics.Share) {
        let before = share
        apply(record)
        return (before, share)
    }

    /// Mutating for the same reason.
    fileprivate mutating func endingInPlace() -> (Ending, RequestDraft) { (ending!, draft) }
}
