import HTTPTrace
import Sessions
import TextScreen

/// The line over the keys: a question, or the last message.
enum MessageLine {
    static func draw(_ model: Model, into canvas: inout Canvas) {
        switch model.mode {
        case .confirming(.quit) where model.repeating != nil:
            canvas.write(" A repeat is under way. Quit? (y/n)", row: 0, style: model.theme.warning)
        case .confirming(.quit):
            let count = Figures.plural(model.runningCount, "request")
            let verb = model.runningCount == 1 ? "is" : "are"
            canvas.write(" \(count) \(verb) still in flight. Quit? (y/n)", row: 0, style: model.theme.warning)
        case .confirming(.send(let drafts)):
            canvas.write(
                " Send \(Figures.plural(drafts.count, "request")), the first to \(drafts.first?.url.description ?? "")? (y/n)",
                row: 0, style: model.theme.warning)
        case .confirming(.replace(let request)):
            canvas.write(" \(request.path) exists. Replace it? (y/n)", row: 0, style: model.theme.warning)
        default:
            guard let message = model.message else {
                guard let problem = ProbePrompt.problemBelow(model, columns: canvas.columns) else {
                    return drawRepeat(model, into: &canvas)
                }
                return canvas.write(problem, row: 0, startingAt: 1)
            }
            canvas.write(
                " \(message.text)", row: 0, style: message.isError ? model.theme.failure : model.theme.plain)
        }
    }

    /// How a repeat goes, while there is nothing else to say.
    private static func drawRepeat(_ model: Model, into canvas: inout Canvas) {
        guard let repeating = model.repeating else { return drawFilter(model, into: &canvas) }
        var way = StyledLine("  X", model.theme.key)
        way.add(repeating.isStopping ? " is stopping it" : " stops it")
        let end = canvas.write(
            " \(repeating.progress(model.figures))", row: 0, style: model.theme.warning,
            width: max(0, canvas.columns - way.width))
        canvas.write(way, row: 0, startingAt: end)
    }

    /// The filter in force, whole: in the list's head there is hardly room for how many it lets through.
    private static func drawFilter(_ model: Model, into canvas: inout Canvas) {
        guard let filter = model.rows.filter, case .browsing = model.mode else { return }
        let shown = "\(Figures.count(model.rows.count)) of \(Figures.count(model.counts.total))"
        let end = canvas.write(" Filter: \(filter.text)", row: 0, style: model.theme.warning)
        canvas.write("   \(shown)", column: end, row: 0, style: model.theme.quiet)
    }
}

/// The last line: the keys that matter now.
enum KeyLine {
    static func draw(_ model: Model, _ layout: ScreenLayout, into canvas: inout Canvas) {
        switch model.mode {
        case .prompt(let prompt): drawPromptKeys(model, prompt, hasOwnLine: layout.probe != nil, into: &canvas)
        case .copying:
            draw(
                [("y", "Copy:")] + KeyBindings.copies.map { (String($0.key), $0.name) } + [("Esc", "Nothing")],
                last: [], model, into: &canvas)
        case .choosingOption:
            let options = RequestOptions.all.map { option -> (key: String, word: String) in
                let isOn = model.options[keyPath: option.path]
                // What it is and what the key makes of it; close together, so that 80 columns hold them all.
                let (now, then) = isOn ? ("on", "off") : ("off", "on")
                return (String(option.key), "\(option.name) \(now)\(model.theme.marks.arrow.string)\(then)")
            }
            draw([(",", "Turn:")] + options + [("Esc", "Nothing")], last: [], model, into: &canvas)
        case .confirming: draw([("y", "Yes"), ("n", "No")], last: [], model, into: &canvas)
        case .browsing, .help:
            let isAtTop = model.focus == .requests && !model.isExpanded
            let hints = KeyBindings.hints(for: model).map { binding in
                switch binding.action {
                case .leave where !isAtTop: (binding.keyName, "Back")
                // While something is looked for, n goes on with that.
                case .probe where model.search != nil: ("a", binding.hint!)
                case .cancel where model.stopsRepeat: (binding.keyName, "Stop")
                default: (binding.keyName, binding.hint!)
                }
            }
            // Help and the way out are always there.
            draw(Array(hints.dropLast(2)), last: Array(hints.suffix(2)), model, into: &canvas)
        }
    }

    private static func draw(
        _ hints: [(key: String, word: String)], last: [(key: String, word: String)], _ model: Model,
        into canvas: inout Canvas
    ) {
        let width: ((key: String, word: String)) -> Int = { $0.key.count + 1 + $0.word.count + 2 }
        var room = canvas.columns - 1 - last.reduce(0) { $0 + width($1) }
        var line = StyledLine(" ")
        var isFull = false
        for hint in hints where !isFull {
            isFull = width(hint) > room
            guard !isFull else { break }
            room -= width(hint)
            add(hint, to: &line, model.theme)
        }
        for hint in last { add(hint, to: &line, model.theme) }
        canvas.write(line, row: 0)
    }

    private static func add(_ hint: (key: String, word: String), to line: inout StyledLine, _ theme: Theme) {
        line.add("\(hint.key)", theme.key)
        line.add(" \(hint.word)  ")
    }

    /// Under a prompt: what is wrong with the line, else the keys that leave it.
    private static func drawPromptKeys(
        _ model: Model, _ prompt: Prompt, hasOwnLine: Bool, into canvas: inout Canvas
    ) {
        if case .probe = prompt.purpose, !hasOwnLine, let problem = ProbePrompt.problem(prompt) {
            let style = prompt.isRefused ? model.theme.failure : model.theme.quiet
            canvas.write(" \(problem.message)", row: 0, style: style)
            return
        }
        if let problem = problem(with: prompt) {
            let style = prompt.isRefused ? model.theme.failure : model.theme.warning
            canvas.write(" \(problem)", row: 0, style: style)
            return
        }
        var hints = [("Enter", "Send"), ("Esc", "Cancel")]
        switch prompt.purpose {
        case .probe: hints.append(("Up", "History"))
        case .filter:
            hints[0].1 = "Filter"
            hints.append(("host: status: method: conn: is: time> size>", "-not"))
        case .search:
            hints[0].1 = "Find"
            hints += [("Up", "Before"), ("a capital", "makes capitals count")]
        case .repeating:
            hints[0].1 = "Repeat"
            hints.append(("100 x 10 50/s", "how many, at a time, a second"))
        case .answer:
            hints[0].1 = "Answer so"
            hints.append(("status -H 'Name: value' -d body --delay", "ms"))
        case .export:
            hints[0].1 = "Write"
            hints.append(("--full", "keeps cookies and authorization"))
        }
        draw(hints, last: [], model, into: &canvas)
    }

    /// What is wrong with the line as it stands, in words; nil when nothing is. A probe's has a place of its own, and a path
    /// is tried when it is used.
    private static func problem(with prompt: Prompt) -> String? {
        let text = prompt.editor.text
        switch prompt.purpose {
        case .probe, .search, .export: break
        case .filter: do { _ = try RowFilter(text) } catch { return error.message }
        case .repeating: do { _ = try RepeatLine.parse(text) } catch { return error.message }
        case .answer: do { _ = try AnswerLine.parse(text) } catch { return error.message }
        }
        return nil
    }
}

/// Prompts that stand in the message line.
enum LinePrompt {
    /// - Returns: The cursor's column.
    static func draw(_ model: Model, _ prompt: Prompt, into canvas: inout Canvas) -> Int {
        let label: SafeText =
            switch prompt.purpose {
            case .probe: "probe"
            case .filter: "filter"
            case .search: "find"
            case .answer: "answer"
            case .repeating(let id): "repeat \(id)"
            case .export: model.markedOnly.map { "export \($0) to" } ?? "export to"
            }
        var column = canvas.write(" \(label.string)", row: 0, style: model.theme.strong)
        column = canvas.write(" \(model.theme.marks.prompt.string) ", column: column, row: 0, style: model.theme.key)
        return canvas.write(prompt.editor, column: column, row: 0, width: max(1, canvas.columns - column - 1))
    }
}
