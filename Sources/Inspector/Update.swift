public import HTTPTrace
import Sessions
import TextScreen

// The interface's only way to change: a message comes in, the model is changed, effects go out.
//
//     keys, traces, sizes ──▶ update ──▶ model ──▶ render ──▶ screen
//                               └──▶ effects ──▶ the program
//
// No I/O, no clock: `now` is the moment at which the message is handled.

/// Takes in what happened and says what is to be done about it, in order.
public func update(_ model: inout Model, _ message: Message, at now: Timestamp) -> [Effect] {
    var effects: [Effect] = []
    switch message {
    case .key(let key): effects = model.take(key, at: now)
    case .begun(let requests): model.take(requests)
    case .repeatEnded: model.endRepeat()
    case .trace(let records): model.take(records)
    case .served(let records): model.take(records)
    case .requestBody(let request, let body): model.keep(body, of: request)
    case .bodies(let bodies): for (id, body) in bodies { model.keep(body, of: id) }
    case .resized(let size): model.size = size
    case .begin(let draft, let id, let cause):
        guard model.session.exchanges.index(of: id) == nil else {
            // Two places gave out the same number: the row would be taken for another one, so it is not shown.
            model.say("A request came with the number \(id), which is in use; it is not listed.", isError: true)
            break
        }
        model.begin(draft, as: id, cause: cause, at: now)
    case .notice(let text, let isError): model.say(text, isError: isError)
    case .exportExists(let request): model.askToReplace(request)
    case .edited(let body, let id): effects = model.send(edited: body, of: id, at: now)
    case .searchOn: effects = model.searchRows(at: now)
    case .exportFailed(let words):
        model.offeredExport = model.typedExport
        model.say(words, isError: true)
    case .engine(let facts): model.engine = facts
    case .recording(let path): model.recordingPath = path
    }
    model.settle()
    model.withdrawQuestion()
    return effects
}

extension Model {
    mutating func say(_ text: String, isError: Bool = false) { message = Notice(text: text, isError: isError) }

    /// Whether to quit in spite of what runs is no question any more when nothing does.
    fileprivate mutating func withdrawQuestion() {
        guard mode == .confirming(.quit), runningCount == 0, repeating == nil else { return }
        mode = .browsing
        hasWithdrawnQuestion = true
        say("All requests have ended; q quits.")
    }

    /// Asks, unless the person is writing something else by now: a question that takes the next key would take that.
    fileprivate mutating func askToReplace(_ request: ExportRequest) {
        if mode == .browsing {
            mode = .confirming(.replace(request))
        } else {
            offeredExport = typedExport
            say("\(request.path) exists; nothing was written.", isError: true)
        }
    }

    /// Adds a row.
    mutating func begin(_ draft: RequestDraft, as id: ExchangeID, cause: Exchange.Cause, at now: Timestamp) {
        session.begin(draft, as: id, cause: cause, at: now)
        if case .redirect(let from) = cause { redirects[from] = id }
        noteBegin(id)
    }

    /// Brings what is derived from exchanges up to date: a row was added.
    mutating func noteBegin(_ id: ExchangeID) {
        lastID = max(lastID, id)
        numbers.skip(to: id)
        activity.begin(id)
        if rows.followsChanges { noteChange(id) } else { rows.begin(id) }
    }

    /// The same for a row that changed.
    mutating func noteChange(_ id: ExchangeID) {
        guard let exchange = session[id] else { return }
        if let ending = exchange.ending { activity.note(ending) }
        rows.note(exchange)
    }

    fileprivate mutating func keep(_ body: BodyCapture, of id: ExchangeID) {
        let id = session.row(of: id)
        session.keep(body, of: id)
        if id == selected { bodyText = nil }
        // It may have turned out to be a failure.
        guard let problem = body.problem, let exchange = session[id] else { return }
        rows.note(exchange)
        if exchange.failure == problem, isRepeated(id, exchange.cause) { repeating?.note(problem) }
    }

    /// Applies a batch, then brings everything that is derived from exchanges and connections up to date: once for each
    /// that was touched, however many records were about it, and for exchanges only where that can make a difference.
    mutating func take(_ records: [TraceRecord]) {
        var touched: Set<ExchangeID> = []
        if rows.followsChanges {
            // By a span: a loop over the array would copy each record.
            let records = records.span
            var latest: ExchangeID?
            for index in records.indices {
                guard let id = records[index].exchange, id != latest else { continue }
                // Records of one exchange come several in a row.
                latest = id
                touched.insert(session.row(of: id))
            }
        }
        let changes = session.apply(records)
        for ending in changes.endings {
            activity.note(ending)
            if repeating != nil, isRepeated(ending.id, ending.cause) { repeating?.note(ending) }
        }
        for id in touched.sorted() { noteChange(id) }
        for (id, before) in changes.connections.sorted(by: { $0.id < $1.id }) {
            guard let state = session.connections.state(of: id) else { continue }
            pool.note(id, state, was: before)
        }
    }

    /// Makes the selection, the scroll positions and what hangs on them agree with what just changed.
    mutating func settle() {
        let before = selected
        if isFollowing { selected = rows.ids.last }
        if let id = selected, rows.index(of: id) == nil {
            // The row is gone: the one in its place takes over.
            let row = min(selectedRow ?? rows.count, rows.count - 1)
            selected = rows.isEmpty ? nil : rows.ids[max(0, row)]
        } else if selected == nil {
            selected = rows.ids.last
        }
        selectedRow = selected.flatMap { rows.index(of: $0) }
        if selected != before { detailScroll = 0 }

        settleComparison()

        let layout = layout
        let page = max(1, layout.listRows)
        if let row = selectedRow {
            if row < firstRow { firstRow = row }
            if row >= firstRow + page { firstRow = row - page + 1 }
        }
        firstRow = max(0, min(firstRow, rows.count - page))
        if let detail = layout.detail { prepareBody(columns: detail.columns) }
        // At the top, where it mostly is, nobody needs to know how long the page is.
        if detailScroll > 0 { detailScroll = max(0, min(detailScroll, detailLineCount(layout) - layout.detailRows)) }
        connectionScroll = max(0, min(connectionScroll, listedConnections - 1))
    }

    /// Cuts the body into lines when its page is shown, and only then: this walks over all of it.
    private mutating func prepareBody(columns: Int) {
        guard tab == .body, let exchange = selectedExchange, let body = shownBody(of: exchange).capture else {
            bodyText = nil
            return
        }
        guard bodyText?.isOf(exchange.id, columns: columns) != true else { return }
        bodyText = BodyText(body, of: exchange.id, columns: columns)
    }

    /// Moves the selection. Onto the last row it follows the newest from then on, off it it stays where it is.
    mutating func select(row: Int) {
        guard !rows.isEmpty else { return }
        let row = max(0, min(row, rows.count - 1))
        // In another order the last row is not the newest.
        isFollowing = row == rows.count - 1 && rows.order == .start
        guard rows.ids[row] != selected else { return }
        selected = rows.ids[row]
        selectedRow = row
        detailScroll = 0
    }
}
