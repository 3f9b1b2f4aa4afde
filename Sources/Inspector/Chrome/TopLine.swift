import HTTPTrace
import Sessions
import TextScreen

/// The first line: whether anything runs, how many, and how long they take.
enum TopLine {
    static func draw(_ model: Model, into canvas: inout Canvas) {
        let theme = model.theme
        let isNarrow = canvas.columns < 100
        // Between two requests of a repeat there may be none.
        let isRunning = model.runningCount > 0 || model.repeating != nil
        var line = StyledLine(" ")
        if !isNarrow { line.add("roundtrip  ", theme.strong) }
        line.add(
            isRunning ? theme.marks.live : theme.marks.idle, isRunning ? theme.success.adding(.bold) : theme.plain)
        if canvas.columns >= 60 {
            line.add(isRunning ? " live" : " idle", isRunning ? theme.success.adding(.bold) : theme.plain)
        }
        if let alarm = model.alarm {
            line.add("  ")
            line.add(canvas.columns < 100 ? " -k " : " \(alarm) ", theme.alarm)
        }
        if let mark = model.mark { line.add("  \(mark)", theme.warning) }
        if let listening = model.listening {
            let marks = model.theme.marks
            let target = listening.forwardsTo.map { " \(marks.arrow.string) \($0.origin.authority)" } ?? ""
            line.add("  \(listening.origin.description)\(canvas.columns >= 80 ? target : "")", theme.warning)
        }
        if model.recordingPath != nil { line.add("  \(theme.marks.busy.string) rec", theme.failure) }
        addCounts(model, to: &line, gap: canvas.columns < 120 ? "  " : "   ", columns: canvas.columns)
        if !model.isFollowing, line.width + 16 <= canvas.columns { line.add("  not following", theme.warning) }
        if let wait = model.engine?.longestWait, wait > .zero {
            let words: SafeText = "   waited for the screen \(model.figures.time(wait))"
            let hasRoom = line.width + words.width <= canvas.columns
            line.add(hasRoom ? words : "  held \(model.figures.time(wait))", theme.warning)
        }
        if let turn = model.engine?.longestTurn, turn >= slowTurn {
            line.add("   loop \(model.figures.time(turn))", theme.warning)
        }
        canvas.write(line, row: 0)

        let times = times(model)
        guard line.width + times.width + 3 <= canvas.columns else { return }
        canvas.write(times, row: 0, startingAt: canvas.columns - times.width - 1)
    }

    // A turn of 5 ms may put a stamp of another request off by a third of a frame: from there on it is said.
    private static let slowTurn = Duration.milliseconds(5)

    private static func addCounts(_ model: Model, to line: inout StyledLine, gap: SafeText, columns: Int) {
        let counts = model.counts
        let theme = model.theme
        line.add(gap)
        line.add("\(Figures.count(counts.total))", theme.strong)
        line.add(columns < 100 ? " req" : counts.total == 1 ? " request" : " requests")
        let isTight = columns < 60
        if counts.inFlight > 0 {
            line.add("\(gap)\(Figures.count(counts.inFlight)) \(isTight ? "run" : "in flight")", theme.strong)
        }
        if counts.queued > 0 { line.add("\(gap)\(Figures.count(counts.queued)) \(isTight ? "wait" : "queued")") }
        if counts.failed > 0 {
            line.add("\(gap)\(Figures.count(counts.failed)) \(isTight ? "fail" : "failed")", theme.failure)
        }
    }

    /// `p50 140   p95 304 ms`: the unit once where both share it.
    private static func times(_ model: Model) -> StyledLine {
        var line = StyledLine()
        guard let median = model.session.statistics.p50, let high = model.session.statistics.p95 else { return line }
        let theme = model.theme
        let (middle, top) = (model.figures.timeParts(median), model.figures.timeParts(high))
        line.add("p50 ", theme.quiet)
        line.add(middle.unit == top.unit ? "\(middle.digits)" : "\(middle.digits) \(middle.unit)", theme.strong)
        line.add("  p95 ", theme.quiet)
        line.add("\(top.digits) \(top.unit)", theme.strong)
        return line
    }
}
