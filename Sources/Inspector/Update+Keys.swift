import HTTPTrace
import Sessions
import TextScreen

// What a key means depends on the mode: in a prompt it is text, in a question it is the answer, otherwise the table of
// bindings decides. Pasted text is data in every mode, never a row of commands.

extension Model {
    mutating func take(_ key: Key, at now: Timestamp) -> [Effect] {
        // The focus of the window is no key, and a drag or a release go on with what a press did: none takes a message away.
        switch key {
        case .focus: return []
        case .mouse(let event):
            switch event.action {
            case .release: return []
            case .drag:
                explainDrag()
                return []
            default: break
            }
        default: break
        }
        message = nil
        search?.walk = nil
        let wasAnswering = hasWithdrawnQuestion
        hasWithdrawnQuestion = false
        // The answer was on its way when the question went.
        if wasAnswering, mode == .browsing, key == .character("y") { return [.quit] }
        let wasInterrupted = isInterrupted
        isInterrupted = key == .control("c")
        if isInterrupted, wasInterrupted { return [.quit] }
        switch key {
        case .control("z"): return [.suspend]
        case .control("l"): return [.redraw]
        case .mouse(let event): return take(event)
        default: break
        }

        switch mode {
        case .browsing:
            if case .paste(let text) = key { return takePaste(text, at: now) }
            return browse(key, at: now)
        case .prompt(let prompt): return type(key, in: prompt, at: now)
        case .copying: return copy(key)
        case .choosingOption: return turnOption(key)
        case .confirming(let question): return answer(question, with: key, at: now)
        case .help(let help):
            readHelp(key, help)
            return []
        }
    }

    private mutating func browse(_ key: Key, at now: Timestamp) -> [Effect] {
        if case .unknown = key { return [] }
        guard let binding = KeyBindings.binding(for: key, in: self) else {
            say("\(key) is not bound here; ? lists the keys.")
            return []
        }
        guard binding.isAvailable(self) else {
            say("\(key) has nothing to do just now: \(binding.help.prefix(1).lowercased())\(binding.help.dropFirst())")
            return []
        }
        return perform(binding.action, at: now)
    }

    private mutating func answer(_ question: Confirmation, with key: Key, at now: Timestamp) -> [Effect] {
        mode = .browsing
        let isYes: Bool =
            switch question {
            case .quit: key == .character("y") || key == .enter || key == .character("q")
            case .send: key == .character("y") || key == .enter
            // What is overwritten is gone: no key that people press without looking.
            case .replace: key == .character("y")
            }
        guard isYes else {
            switch question {
            case .quit: say("Not quitting.")
            case .send: say("Nothing was sent.")
            case .replace(let request):
                offeredExport = typedExport
                say("Nothing was written; \(request.path) is as it was.")
            }
            return []
        }
        switch question {
        case .quit: return [.quit]
        case .send(let drafts):
            guard hasRoom(for: drafts.count) else { return [] }
            return drafts.map { send(options.applied(to: $0), cause: .typed, at: now) }
        case .replace(var request):
            request.mayReplace = true
            return [.export(request)]
        }
    }

    private mutating func readHelp(_ key: Key, _ help: HelpState) {
        var help = help
        switch key {
        case .escape, .enter, .control("c"), .function(1):
            mode = .browsing
            return
        case .character("?") where help.filter.isEmpty:
            mode = .browsing
            return
        case .down: help.scroll += 1
        case .up: help.scroll -= 1
        case .pageDown: help.scroll += max(1, size.rows - 4)
        case .pageUp: help.scroll -= max(1, size.rows - 4)
        case .backspace: help.filter = String(help.filter.dropLast())
        case .control("u"): help.filter = ""
        case .character(let character):
            help.filter = String((help.filter + String(character)).prefix(40))
            help.scroll = 0
        default: break
        }
        help.scroll = max(0, min(help.scroll, HelpScreen.lines(for: self, help).count - max(1, size.rows - 2)))
        mode = .help(help)
    }

    /// Who drags wants to select text, as everywhere else in the terminal: says once how.
    private mutating func explainDrag() {
        guard !hasExplainedDrag, mode == .browsing, message?.isError != true else { return }
        hasExplainedDrag = true
        say("Shift-drag selects text; M leaves the mouse to the terminal, and takes it back.")
    }

    private mutating func take(_ event: MouseEvent) -> [Effect] {
        guard mode == .browsing else { return [] }
        let layout = layout
        let isIn: (Region?) -> Bool = { $0?.contains(column: event.column, row: event.row) ?? false }
        let pane: Pane? =
            isIn(layout.list)
            ? .requests : isIn(layout.detail) ? .detail : isIn(layout.connections) ? .connections : nil
        switch event.action {
        case .wheelDown: if let pane { move(.lines(pane == .requests ? 1 : 3), in: pane) }
        case .wheelUp: if let pane { move(.lines(pane == .requests ? -1 : -3), in: pane) }
        case .press(.left):
            if let pane { focus = pane }
            if pane == .requests, let list = layout.list {
                // In the smallest list the selected row has two lines.
                var line = event.row - list.row
                if layout.screenClass == .small, let row = selectedRow, line > row - firstRow { line -= 1 }
                if firstRow + line < rows.count { select(row: firstRow + line) }
            }
            if isIn(layout.probe) { openProbeLine() }
        default: break
        }
        return []
    }
}
