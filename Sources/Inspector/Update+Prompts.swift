import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

extension Model {
    /// A key while a prompt is open: the editor's, or one of those that leave it.
    mutating func type(_ key: Key, in prompt: Prompt, at now: Timestamp) -> [Effect] {
        var prompt = prompt
        switch key {
        case .escape, .control("c"), .control("g"):
            mode = .browsing
            keep(abandoned: prompt)
            // What was tried while typing is undone.
            if prompt.purpose == .filter { rows.rebuild(from: session, filter: activeFilter, order: rows.order) }
            return []
        case .enter: return submit(prompt, at: now)
        case .paste(let text) where text.contains(where: \.isNewline) && prompt.editor.isEmpty:
            // Several lines into an empty probe line: several requests, or one that was written on several. Into a line that
            // has begun they are one line.
            guard case .probe = prompt.purpose, let line = Self.pastedLines(text).first else { fallthrough }
            guard Self.pastedLines(text).count == 1 else { return takePaste(text, at: now) }
            prompt.editor.insert(line.text)
            prompt.isRefused = false
            mode = .prompt(prompt)
            return []
        default:
            guard prompt.editor.handle(Self.inOneLine(key, for: prompt)) else { return [] }
            prompt.isRefused = false
            mode = .prompt(prompt)
            if prompt.purpose == .filter { tryFilter(prompt.editor.text) }
            return []
        }
    }

    private mutating func submit(_ prompt: Prompt, at now: Timestamp) -> [Effect] {
        var prompt = prompt
        let refuse: (inout Model) -> [Effect] = { model in
            prompt.isRefused = true
            model.mode = .prompt(prompt)
            return []
        }
        switch prompt.purpose {
        case .probe(let original):
            guard let line = try? ProbeLine.read(prompt.editor.text), hasRoom() else { return refuse(&self) }
            var draft = line.draft
            if let original, !line.namesNobody { takeUserInfo(of: original, into: &draft) }
            remember(prompt.editor.text)
            mode = .browsing
            focus = .requests
            isExpanded = false
            let cause = original.map { Exchange.Cause.replay(of: $0) } ?? .typed
            // What is edited says all that is to be sent.
            let asked = original == nil ? options.applied(to: draft) : draft
            return [send(asked, cause: cause, at: now), .saveHistory(history)]
        case .repeating(let id):
            guard let plan = try? RepeatLine.parse(prompt.editor.text) else { return refuse(&self) }
            mode = .browsing
            return startRepeat(plan, of: id)
        case .answer:
            guard let answer = try? AnswerLine.parse(prompt.editor.text) else { return refuse(&self) }
            mode = .browsing
            listening?.answer = answer
            say("From now on: \(listening?.words(figures) ?? "").")
            return [.setAnswer(answer)]
        case .filter:
            guard let filter = try? RowFilter(prompt.editor.text) else { return refuse(&self) }
            self.filter = filter.isEmpty ? nil : filter
            isFilterOn = true
            rows.rebuild(from: session, filter: activeFilter, order: rows.order)
            mode = .browsing
            if !filter.isEmpty {
                say("\(Figures.count(rows.count)) of \(Figures.count(counts.total)) match; F shows all.")
            }
            return []
        case .search:
            mode = .browsing
            let text = prompt.editor.submit()
            searches = prompt.editor.history
            return beginSearch(text, at: now)
        case .export:
            var words = prompt.editor.text.split(separator: " ").map(String.init)
            let isFull = words.contains("--full")
            words.removeAll { $0 == "--full" }
            guard !words.isEmpty else { return refuse(&self) }
            mode = .browsing
            var path = words.joined(separator: " ")
            // No shell reads this line.
            if path.hasPrefix("~/"), let homePath { path = homePath + path.dropFirst() }
            say("Writing \(path) …")
            (typedExport, offeredExport) = (prompt.editor.text, nil)
            let chosen = marked.isEmpty ? rows.ids : marked.sorted()
            return [.export(ExportRequest(path: path, isFull: isFull, exchanges: chosen, note: markedOnly))]
        }
    }

    /// That an export leaves out what is not marked, which may have been forgotten; nil while nothing is marked.
    var markedOnly: String? {
        marked.isEmpty ? nil : "marked only (\(Figures.count(marked.count)) of \(Figures.count(counts.total)))"
    }

    /// A line that was sent, for Up and the next start. What was abandoned before is forgotten.
    private mutating func remember(_ line: String) {
        var editor = LineEditor(line, history: history)
        _ = editor.submit()
        history = editor.history
        abandonedLine = nil
    }

    /// A probe line that is left with something typed in it is there again when Up is pressed.
    private mutating func keep(abandoned prompt: Prompt) {
        guard case .probe = prompt.purpose else { return }
        let text = prompt.editor.text
        guard text != prompt.offered, text.contains(where: { !$0.isWhitespace }), text != history.last else { return }
        abandonedLine = text
    }

    /// The line shows no user and password: an edited request keeps the original's, unless it names its own (or nobody) or
    /// goes where they were not meant for. Redirects follow the same rule.
    private mutating func takeUserInfo(of original: ExchangeID, into draft: inout RequestDraft) {
        guard draft.url.userInfo == nil, draft.fields[.authorization] == nil,
            let before = session[original]?.draft.url, before.userInfo != nil
        else { return }
        guard before.origin == draft.url.origin else {
            say("User and password were left out: they are for \(before.origin).")
            return
        }
        draft.url.userInfo = before.userInfo
    }

    /// Filters while typing. A text that is no filter (yet) brings back the one in force: `status:foo` was a search for the
    /// word `status` on its way, which most lists have nowhere. Beyond what can be looked through between two keys, Enter
    /// decides.
    private mutating func tryFilter(_ text: String) {
        guard counts.total <= 20_000 else { return }
        let tried = (try? RowFilter(text)) ?? activeFilter
        guard rows.filter != tried else { return }
        rows.rebuild(from: session, filter: tried, order: rows.order)
    }

    // MARK: pasting

    /// Pasted text outside of a line being written: one line opens the probe line with it, several become several
    /// requests after one question.
    mutating func takePaste(_ text: String, at now: Timestamp) -> [Effect] {
        let lines = Self.pastedLines(text)
        guard lines.count > 1 else {
            openProbeLine(lines.first?.text ?? "")
            return []
        }
        guard lines.count <= Model.pasteLimit else {
            say("\(lines.count) lines were pasted; at most \(Model.pasteLimit) are sent at once.", isError: true)
            return []
        }
        var drafts: [RequestDraft] = []
        for line in lines {
            do { drafts.append(try ProbeLine.parse(line.text)) } catch {
                mode = .browsing
                say("Nothing was sent: line \(line.number) is no request. \(error.message)", isError: true)
                return []
            }
        }
        mode = .confirming(.send(drafts))
        return []
    }

    /// A paste into a probe line that has begun, its lines put together: a backslash at the end of one goes, and a line end
    /// between quotes stays one. Any other key as it is.
    private static func inOneLine(_ key: Key, for prompt: Prompt) -> Key {
        guard case .paste(let text) = key, case .probe = prompt.purpose else { return key }
        var quote = ShellWords.Quote.open(after: prompt.editor.text.prefix(prompt.editor.cursor), before: nil)
        var (joined, lineEnd) = ("", "")
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            quote = ShellWords.Quote.open(after: line, before: quote)
            let goesOn = quote == nil && line.last == "\\"
            joined += lineEnd
            joined += goesOn ? line.dropLast() : line
            lineEnd = quote?.lineEnd ?? " "
        }
        return .paste(joined)
    }

    /// More than this is a file pasted by mistake; the command line reads lists.
    private static let pasteLimit = 200

    /// The lines of a paste that say something, by their number in it from 1: blank ones and comments are left out but
    /// counted. A line that ends in a backslash goes on in the next, and so does one whose quotes are open: there, a line
    /// end is text.
    private static func pastedLines(_ text: String) -> [(number: Int, text: String)] {
        var lines: [(number: Int, text: String)] = []
        var continued = ""
        var start = 0
        var quote: ShellWords.Quote?
        let text = CmdQuoting.removed(from: text)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = line
            if quote == nil {
                guard !line.isEmpty else { continue }
                if continued.isEmpty {
                    start = index + 1
                    guard line.first(where: { !$0.isWhitespace }) != "#" else { continue }
                }
            }
            quote = ShellWords.Quote.open(after: line, before: quote)
            if let quote {
                continued += line + quote.lineEnd
                continue
            }
            while let last = line.last, last.isWhitespace { line.removeLast() }
            if line.last == "\\" {
                continued += line.dropLast() + " "
                continue
            }
            let whole = (continued + line).drop { $0.isWhitespace }
            continued = ""
            if !whole.isEmpty { lines.append((start, String(whole))) }
        }
        if continued.contains(where: { !$0.isWhitespace }) { lines.append((start, continued)) }
        return lines
    }
}
