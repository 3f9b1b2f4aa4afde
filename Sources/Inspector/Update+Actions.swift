import HTTPTrace
import Sessions
import TextScreen

extension Model {
    /// Does what a binding is for. The binding is available: what it needs is there.
    mutating func perform(_ action: Action, at now: Timestamp) -> [Effect] {
        switch action {
        case .move(let step): move(step, in: focus)
        case .nextRow: move(.lines(1), in: .requests)
        case .previousRow: move(.lines(-1), in: .requests)
        case .nextPane: cyclePane(by: 1)
        case .previousPane: cyclePane(by: -1)
        case .nextTab: show(DetailTab(rawValue: (tab.rawValue + 1) % DetailTab.allCases.count)!)
        case .previousTab:
            show(DetailTab(rawValue: (tab.rawValue + DetailTab.allCases.count - 1) % DetailTab.allCases.count)!)
        case .tab(let tab): show(tab)
        case .expand: expand()
        case .back: if search == nil { goBack() } else { endSearch() }
        case .leave: return leave()
        case .quitAtOnce: return [.quit]
        case .interrupt: say("Press ^C once more to quit.")
        case .probe: openProbeLine()
        case .replay: return replay(at: now)
        case .repeat: askToRepeat()
        case .edit: edit()
        case .cancel: return stopsRepeat ? stopRepeat() : selected.map { [.cancel($0)] } ?? []
        case .remove: return removeRow()
        case .restore: restoreRow()
        case .follow:
            isFollowing.toggle()
            if isFollowing, rows.order != .start { rows.rebuild(from: session, filter: activeFilter, order: .start) }
            say(isFollowing ? "Following the newest request." : "Staying on this row; s follows the newest again.")
        case .nextTimeline: nextTimeline()
        case .zoomIn: zoom = min(zoom + 1, 20)
        case .zoomOut: zoom = max(zoom - 1, 0)
        case .zoomFit: zoom = 0
        case .connections:
            isExpanded = focus == .connections && !isExpanded
            focus = .connections
        case .otherSide: switchSide()
        case .otherBody: switchBody()
        case .answer: editAnswer()
        case .copy: mode = .copying
        case .viewBody: return viewBody()
        case .editBody: return editBody()
        case .followRedirect: return selected.map { [.followRedirect($0)] } ?? []
        case .options: mode = .choosingOption
        case .mark: toggleMark()
        case .unmarkAll: unmarkAll()
        case .compare: compare()
        case .export: mode = .prompt(Prompt(.export, text: offeredExport ?? "session.har"))
        case .filter: mode = .prompt(Prompt(.filter, text: filter?.text ?? ""))
        case .search: mode = .prompt(Prompt(.search, text: "", history: searches))
        case .nextMatch: return goOnSearching(.forward, at: now)
        case .previousMatch: return goOnSearching(.backward, at: now)
        case .toggleFilter:
            isFilterOn.toggle()
            rows.rebuild(from: session, filter: activeFilter, order: rows.order)
            say(isFilterOn ? "Filter on: \(filter?.text ?? "")" : "Filter off; F switches it on again.")
        case .order: nextOrder()
        case .resetOrder: setOrder(.start)
        case .toggleMouse:
            hasMouse.toggle()
            say(hasMouse ? "Mouse on; Shift-drag selects text." : "Mouse off: the terminal selects text.")
            return [.setMouse(hasMouse)]
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .help: mode = .help(HelpState())
        }
        return []
    }

    // MARK: moving

    mutating func move(_ step: Move, in pane: Pane) {
        switch pane {
        case .requests:
            select(row: Self.moved(selectedRow ?? 0, step, page: layout.listRows, count: rows.count))
        case .detail:
            // Past the end is mended when the model settles.
            detailScroll = max(0, Self.moved(detailScroll, step, page: layout.detailRows, count: 1 << 40))
        case .connections:
            let page = layout.connections?.rows ?? 1
            connectionScroll = Self.moved(connectionScroll, step, page: page / 2, count: listedConnections)
        }
    }

    private static func moved(_ position: Int, _ step: Move, page: Int, count: Int) -> Int {
        switch step {
        case .lines(let lines): max(0, min(position + lines, count - 1))
        case .halfPages(let halves): max(0, min(position + halves * max(1, page / 2), count - 1))
        case .first: 0
        case .last: max(0, count - 1)
        }
    }

    private mutating func cyclePane(by step: Int) {
        let panes = Pane.allCases
        let index = panes.firstIndex(of: focus)! + step + panes.count
        focus = panes[index % panes.count]
        isExpanded = false
    }

    mutating func show(_ tab: DetailTab) {
        stopComparing()
        // On a screen with one pane at a time, asking for a page means wanting to see it.
        if focus == .connections || layout.detail == nil { focus = .detail }
        guard tab != self.tab else { return }
        self.tab = tab
        detailScroll = 0
    }

    private mutating func expand() {
        if focus == .requests { focus = .detail }
        isExpanded.toggle()
    }

    private var isAtTop: Bool { !isExpanded && focus == .requests }

    /// From the whole screen or another pane to the list.
    private mutating func goBack() {
        stopComparing()
        isExpanded = false
        focus = .requests
    }

    /// Back, and from the list out.
    private mutating func leave() -> [Effect] {
        guard isAtTop else {
            goBack()
            return []
        }
        guard runningCount == 0, repeating == nil else {
            mode = .confirming(.quit)
            return []
        }
        return [.quit]
    }

    // MARK: requests

    /// A request that runs holds some kilobytes, and keys come faster than any server answers: with more the program would
    /// grow without bound. As many as a repeat may have under way.
    static let runningLimit = RepeatPlan.concurrencyLimit

    /// Whether that many more may run; where not, it is said.
    mutating func hasRoom(for count: Int = 1) -> Bool {
        guard runningCount + count > Self.runningLimit else { return true }
        say(
            "\(Figures.count(runningCount)) requests run already, and more than \(Figures.count(Self.runningLimit)) may not.",
            isError: true)
        return false
    }

    /// Adds the row and asks for it to be sent. There is room.
    mutating func send(_ draft: RequestDraft, cause: Exchange.Cause, at now: Timestamp) -> Effect {
        let id = numbers.next()
        if let original = repeating?.original, cause == .replay(of: original) { repeating?.others.insert(id) }
        begin(draft, as: id, cause: cause, at: now)
        // What was just asked for is what one wants to see, wherever one was before.
        isFollowing = rows.order == .start
        selected = id
        return .send(draft, id, cause)
    }

    private mutating func replay(at now: Timestamp) -> [Effect] {
        guard let exchange = selectedExchange, !refusesCutBody(of: exchange), hasRoom() else { return [] }
        return [send(exchange.draft, cause: .replay(of: exchange.id), at: now)]
    }

    /// Whether it can't be sent again as it came, which is then said.
    mutating func refusesCutBody(of exchange: Exchange) -> Bool {
        if exchange.isMissingBody, let served = exchange.served {
            say(
                "Only \(Figures.size(served.requestBytes)) of its body came: sending those would be another request. "
                    + "e edits it, and -d gives a body.")
            return true
        }
        guard let body = exchange.served?.body, body.isCut else { return false }
        say(
            "Only \(Figures.size(body.bytes.count)) of the body's \(Figures.size(body.totalBytes)) were kept: "
                + "sending those would be another request. e edits it, and -d gives a body.")
        return true
    }

    private mutating func edit() {
        guard let exchange = selectedExchange else { return }
        var draft = exchange.draft
        if draft.url.userInfo != nil {
            say("User and password go along unseen; before the host, u:p@ names others, @ none.")
        }
        if let body = exchange.served?.body, body.isCut {
            draft.body = []
            say(
                "Only \(Figures.size(body.bytes.count)) of the body's \(Figures.size(body.totalBytes)) were kept, and they "
                    + "are left out; -d gives a new one.")
        } else if exchange.isMissingBody {
            say("Only the beginning of its body came; -d gives another one.")
        }
        var line = ProbeLine.line(for: draft)
        if line.count > LineEditor.lengthLimit, !draft.body.isEmpty {
            // Cut off in its midst it would be another one.
            say("The body is too long for a line and is left out; -d gives a new one.")
            draft.body = []
            line = ProbeLine.line(for: draft)
        } else if !draft.body.isEmpty, String(validating: draft.body, as: UTF8.self) == nil {
            say("The body is not text and is left out; -d gives a new one.")
        }
        mode = .prompt(Prompt(.probe(editing: selected), text: line, history: offeredHistory))
    }

    private mutating func removeRow() -> [Effect] {
        guard let exchange = selectedExchange else { return [] }
        rows.remove(exchange.id)
        undo.append(exchange.id)
        marked.removeAll { $0 == exchange.id }
        isFollowing = false
        say("\(exchange.id) is off the list; u brings it back.")
        if undo.count > Model.undoLimit { drop(undo.removeFirst()) }
        return exchange.isRunning ? [.cancel(exchange.id)] : []
    }

    /// Beyond that many, nobody remembers what the oldest was.
    private static let undoLimit = 100

    private mutating func drop(_ id: ExchangeID) {
        activity.forget(id)
        session.remove(id)
        rows.forget(id)
    }

    private mutating func restoreRow() {
        guard let id = undo.popLast(), let exchange = session[id] else { return }
        rows.restore(exchange)
        selected = id
        say("\(id) is back.")
    }

    // MARK: the list's looks

    private mutating func nextTimeline() {
        let modes = TimelineMode.allCases
        timeline = modes[(modes.firstIndex(of: timeline)! + 1) % modes.count]
        zoom = 0
        switch timeline {
        case .automatic: say("Time axis: session time while requests overlap, aligned otherwise.")
        case .session: say("Time axis: session time, with pauses cut out.")
        case .aligned: say("Time axis: aligned, every bar from zero.")
        case .share: say("Time axis: every bar fills its row, showing shares.")
        }
    }

    private mutating func nextOrder() {
        let orders = RowOrder.allCases
        setOrder(orders[(orders.firstIndex(of: rows.order)! + 1) % orders.count])
    }

    private mutating func setOrder(_ order: RowOrder) {
        isFollowing = false
        rows.rebuild(from: session, filter: activeFilter, order: order)
        say(order == .start ? "In the order of asking." : "Ordered by \(order.rawValue), largest last; O goes back.")
    }

    // MARK: copying

    mutating func copy(_ key: Key) -> [Effect] {
        mode = .browsing
        guard case .character(let letter) = key,
            let subject = KeyBindings.copies.first(where: { $0.key == letter })?.what
        else {
            say("Nothing copied.")
            return []
        }
        guard let exchange = selectedExchange else { return [] }
        if subject == .curl { return [.copyCurl(exchange.id)] }
        guard let text = CopiedText.text(of: exchange, subject, in: self) else {
            say("There is no \(subject) to copy as text.", isError: true)
            return []
        }
        let size = Figures.size(text.utf8.count)
        // Which of the two, as on its page.
        let isRequest = subject == .body && shownBody(of: exchange).side == .request
        say("Copied the \(isRequest ? "request's " : "")\(subject) of \(exchange.id), \(size).")
        return [.copy(text)]
    }
}
