import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The probe line under the top line, typed in or waiting.
enum ProbePrompt {
    /// What is wrong with the line; nil when it can be sent.
    static func problem(_ prompt: Prompt) -> ProbeLine.Problem? {
        do {
            _ = try ProbeLine.parse(prompt.editor.text)
            return nil
        } catch { return error }
    }

    /// - Returns: The cursor's column while it is typed in.
    static func draw(_ model: Model, typing prompt: Prompt?, into canvas: inout Canvas) -> Int? {
        let theme = model.theme
        var column = canvas.write(label(prompt), row: 0, style: prompt == nil ? theme.quiet : theme.strong)
        column = canvas.write(
            " \(theme.marks.prompt.string) ", column: column, row: 0, style: prompt == nil ? theme.quiet : theme.key)
        guard let prompt else {
            column = canvas.write(model.search == nil ? "n" : "a", column: column, row: 0, style: theme.key)
            canvas.write(" to type a request", column: column, row: 0, style: theme.quiet)
            drawRight(options(model), into: &canvas)
            return nil
        }
        let hint = problemBelow(model, columns: canvas.columns) == nil ? hint(model, prompt) : .empty
        let hintWidth = min(hint.width, hintRoom(model, prompt, columns: canvas.columns))
        let cursor = canvas.write(
            prompt.editor, column: column, row: 0, width: max(1, canvas.columns - column - hintWidth - 3))
        if hintWidth > 0 {
            let region = Region(column: canvas.columns - hintWidth - 1, row: 0, columns: hintWidth, rows: 1)
            canvas.within(region) { $0.write(hint, row: 0) }
        }
        return cursor
    }

    private static func label(_ prompt: Prompt?) -> SafeText {
        guard case .probe(let original?) = prompt?.purpose else { return " probe" }
        return " edit \(original)"
    }

    /// Half of the room at most: the line being typed has the other one.
    private static func hintRoom(_ model: Model, _ prompt: Prompt, columns: Int) -> Int {
        max(0, (columns - label(prompt).width - model.theme.marks.prompt.width - 2) / 2)
    }

    /// What is wrong with the line, where that is too long to stand beside it: the message line has room for it, unless
    /// something else is said there.
    static func problemBelow(_ model: Model, columns: Int) -> StyledLine? {
        guard model.message == nil, case .prompt(let prompt) = model.mode, case .probe = prompt.purpose,
            let problem = Self.problem(prompt)
        else { return nil }
        let line = words(of: problem, prompt, model.theme)
        return line.width > hintRoom(model, prompt, columns: columns) ? line : nil
    }

    private static func words(of problem: ProbeLine.Problem, _ prompt: Prompt, _ theme: Theme) -> StyledLine {
        StyledLine(
            "\(problem.message)",
            prompt.isRefused ? theme.failure : problem.isUnfinished ? theme.quiet : theme.warning)
    }

    private static func drawRight(_ line: StyledLine, into canvas: inout Canvas) {
        guard line.width + 30 < canvas.columns else { return }
        canvas.write(line, row: 0, startingAt: canvas.columns - line.width - 1)
    }

    private static func options(_ model: Model) -> StyledLine {
        var line = StyledLine()
        if let listening = model.listening { line.add("   \(listening.words(model.figures))", model.theme.quiet) }
        for option in model.options.words + model.standingOptions { line.add("   \(option)", model.theme.quiet) }
        return line
    }

    /// What Enter would send, or why it would not.
    private static func hint(_ model: Model, _ prompt: Prompt) -> StyledLine {
        let theme = model.theme
        do {
            let (draft, _, leftOut) = try ProbeLine.read(prompt.editor.text)
            var line = StyledLine("\(draft.method.rawValue)", theme.strong)
            line.add("  \(draft.url.origin.description)", theme.quiet)
            if !draft.fields.isEmpty { line.add("  \(Figures.plural(draft.fields.count, "field"))", theme.quiet) }
            if !draft.body.isEmpty { line.add("  body \(Figures.size(draft.body.count))", theme.quiet) }
            if !leftOut.isEmpty { line.add("  without \(leftOut.joined(separator: " "))", theme.warning) }
            line.add("   \(theme.marks.enter.string)", theme.key)
            line.add(" send")
            return line
        } catch {
            return words(of: error, prompt, theme)
        }
    }
}
