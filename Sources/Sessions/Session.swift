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

    /// What a batch of records made of a session.
    public struct Changes {
        /// What has ended, in the order of ending.
        public fileprivate(set) var endings: [Ending] = []
        /// Connections of which it told something, each once, and how they stood before; nil for those that are new. Not the
        /// connections: a copy would share its list of requests, and make the next event copy it.
        public fileprivate(set) var connections: [(id: ConnectionID, before: ConnectionLedger.State?)] = []
        private var known = NumberPlaces()

        fileprivate mutating func note(_ id: ConnectionID, in ledger: borrowing ConnectionLedger) {
            guard known[id.number] == nil else { return }
            known[id.number] = connections.count
            connections.append((id, ledger.state(of: id)))
        }
    }

    /// Takes in what was recorded, oldest first. Records of removed exchanges still count for their connections.
    @discardableResult
    public mutating func apply(_ records: [TraceRecord]) -> Changes {
        var changes = Changes()
        records.withUnsafeBufferPointer { records in
            var start = 0
            while start < records.count {
                // Records of one exchange come several in a row.
                let asked = records[start].exchange
                var end = start + 1
                while end < records.count, records[end].exchange == asked { end += 1 }
                apply(UnsafeBufferPointer(rebasing: records[start..<end]), of: asked, noting: &changes)
                start = end
            }
        }
        return changes
    }

    /// As above, for parts of a batch. What the engine hands over are arrays: a loop over any sequence would ask it for each
    /// record through a table.
    public mutating func apply(_ records: some Sequence<TraceRecord>) { apply(Array(records)) }

    /// - Parameter records: All of this exchange; at least one.
    private mutating func apply(
        _ records: UnsafeBufferPointer<TraceRecord>, of asked: ExchangeID?, noting changes: inout Changes
    ) {
        let id = asked.map { row(of: $0) }
        for record in records.pointers where record.pointee.event.isAboutConnection {
            if let connection = record.pointee.connection { changes.note(connection, in: connections) }
            // Copied only where it must be changed, which is for what was sent on.
            if id == asked {
                connections.apply(record.pointee)
            } else {
                var record = record.pointee
                record.exchange = id
                connections.apply(record)
            }
        }
        guard let id, let index = exchanges.index(of: id) else { return }
        if note(exchanges.apply(records, at: index)) { changes.endings.append(finished(at: index)) }
    }

    /// Changes an exchange and keeps the figures true; nothing happens when it was removed.
    mutating func update(_ id: ExchangeID, _ change: (inout Exchange) -> Void) {
        guard let index = exchanges.index(of: id) else { return }
        if note(exchanges.change(at: index) { $0.shares(aroundA: change) }) { _ = finished(at: index) }
    }

    /// - Returns: Whether this was its end.
    private mutating func note(_ shares: (before: Statistics.Share, after: Statistics.Share)) -> Bool {
        let (before, after) = shares
        guard after != before else { return false }
        statistics.move(from: before, to: after)
        return after.hasFinished && !before.hasFinished
    }

    private mutating func finished(at index: Int) -> Ending {
        let (ending, draft) = exchanges.change(at: index) { $0.endingInPlace() }
        statistics.finish(ending)
        twins.note(ending, of: draft)
        return ending
    }

    /// Those of these numbers that are here.
    public func exchanges(_ ids: [ExchangeID]) -> [Exchange] {
        var found: [Exchange] = []
        found.reserveCapacity(ids.count)
        for id in ids {
            if let index = exchanges.index(of: id) { found.append(exchanges[index]) }
        }
        return found
    }

    /// Keeps what was captured of a response body, and with it what was found wrong too late for an event.
    public mutating func keep(_ body: BodyCapture, of id: ExchangeID) {
        guard !body.isOfNoAnswer, let index = exchanges.index(of: id) else { return }
        let moved = exchanges.change(at: index) { exchange -> (Statistics.Share, Statistics.Share)? in
            exchange.body = body
            guard let problem = exchange.bodyProblem, exchange.failure == nil, !exchange.isRunning else { return nil }
            let before = exchange.share
            exchange.failure = problem
            return (before, exchange.share)
        }
        // Its time stays in the percentiles: a histogram forgets no single value, and the server did take that long.
        if let (before, after) = moved { statistics.move(from: before, to: after) }
    }

    /// Drops rows that have ended and are of no more use, and keeps them in the figures: what a long headless run does.
    /// In one pass, since the first rows go while those behind them stay.
    ///
    /// - Returns: Those of them that were there, in order, unless they had become so old as to be packed.
    @discardableResult
    public mutating func forget(_ ids: [ExchangeID]) -> [Exchange] {
        ids.isEmpty ? [] : exchanges.remove(ids.sorted())
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

    /// The same for the change that happens most.
    mutating func shares(
        aroundAll records: UnsafeBufferPointer<TraceRecord>
    ) -> (before: Statistics.Share, after: Statistics.Share) {
        let before = share
        for record in records.pointers { record.lend { apply($0) } }
        return (before, share)
    }

    /// Mutating for the same reason.
    fileprivate mutating func endingInPlace() -> (Ending, RequestDraft) { (ending!, draft) }
}
