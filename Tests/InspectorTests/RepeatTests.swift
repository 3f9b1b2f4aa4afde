import HTTPTrace
import Sessions
import TestSupport
import Testing
import TextScreen

@testable import Inspector

@Suite("Repeating")
struct RepeatTests: PressesKeys {
    private static let original = ExchangeID(2)

    private func model(columns: Int = 120, rows: Int = 36) -> Model {
        ScreenTests.model(columns: columns, rows: rows, selecting: 2)
    }

    /// Presses `R`, puts the line in place of what is offered, and enters it.
    private func start(_ line: String, in model: inout Model) -> [Effect] {
        press("R", in: &model)
        _ = update(&model, .key(.control("u")), at: Self.now)
        return press(line + "\r", in: &model)
    }

    /// Some of a repeat's requests from number `first` on, as the engine tells of them.
    ///
    /// - Parameter beginning: False where they have their rows already.
    private func play(
        _ numbers: ClosedRange<Int>, failing: Int? = nil, beginning: Bool = true, into model: inout Model
    ) {
        let url = model.session[Self.original]!.draft.url.description
        let start = 600 + Double(numbers.lowerBound)
        var story = ScriptedSession()
        for number in numbers {
            story.add(
                .init(
                    number: number, url: url, cause: .replay(of: Self.original), start: start, connection: 1,
                    use: number, phases: [(.send, 0.1), (.wait, Double(number)), (.receive, 1)],
                    status: number == failing ? 503 : 200, bytes: 412, shown: []))
        }
        let draft = model.session[Self.original]!.draft
        let begun = numbers.map {
            BegunRequest(
                id: ExchangeID($0), draft: draft, cause: .replay(of: Self.original), time: .milliseconds(start))
        }
        if beginning { _ = update(&model, .begun(begun), at: Self.now) }
        story.play(into: &model, beginning: false)
    }

    // MARK: the line

    @Test(arguments: [
        ("100", RepeatPlan(count: 100, concurrency: 1)), ("100 x 10", RepeatPlan(count: 100, concurrency: 10)),
        ("40,000X64", RepeatPlan(count: 40_000, concurrency: 64)),
        (" 1_000_000 × 10000 ", RepeatPlan(count: 1_000_000, concurrency: 10_000)),
        ("100 x 10 50/s", RepeatPlan(count: 100, concurrency: 10, rate: 50)),
        ("100 * 10 2.5 /s", RepeatPlan(count: 100, concurrency: 10, rate: 2.5)),
        ("20 30/min", RepeatPlan(count: 20, concurrency: 1, rate: 0.5)),
        ("20 1/min", RepeatPlan(count: 20, concurrency: 1, rate: 1.0 / 60)),
        ("20 0.12345/s", RepeatPlan(count: 20, concurrency: 1, rate: 0.12345)),
    ])
    func `a line says how many, how many at a time and how fast`(line: String, plan: RepeatPlan) throws {
        #expect(try RepeatLine.parse(line) == plan)
        #expect(try RepeatLine.parse(RepeatLine.line(for: plan)) == plan)
    }

    @Test(arguments: [
        ("", "How many?"), ("10O", "10O is no number"), ("50/s", "How many?"), ("many", "many is no number"),
        ("-5", "-5 is no number"),
        ("0", "1 to 1,000,000 requests"), ("1000001", "1 to 1,000,000 requests"),
        ("99999999999999999999", "1 to 1,000,000 requests"), ("5 x 0", "1 to 10,000 at a time"),
        ("5 x 10001", "1 to 10,000 at a time"), ("100 10", "Write it like 100 x 10 50/s"),
        ("100 x", "Write it like"), ("5 x 5 x 5", "Write it like"), ("5 0/s", "0.001/s to 1,000,000/s"),
        ("5 nan/s", "no rate"), ("5 5/h", "5/h is no rate"), ("5 1/2/s", "no rate"),
    ])
    func `a line that says nothing of the kind is answered with a sentence`(line: String, words: String) {
        let problem = #expect(throws: RepeatLine.Problem.self) { try RepeatLine.parse(line) }
        #expect(problem?.message.contains(words) == true, "\(problem?.message ?? "")")
    }

    // MARK: keys

    @Test func `R offers a plan, and Enter asks for it as replays of the selected request`() {
        var model = model()
        press("R", in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text == "100 x 10")
        let draft = model.session[Self.original]!.draft
        let plan = RepeatPlan(count: 100, concurrency: 10)
        #expect(press("\r", in: &model) == [.startRepeat(draft, plan, of: Self.original)])
        #expect(model.counts.total == 14)
        press("R", in: &model)
        #expect(model.message?.text.contains("One repeat at a time") == true)
    }

    @Test func `a plan that is none stays to be mended`() {
        var model = model()
        #expect(start("100 x many", in: &model) == [])
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("the prompt is gone")
            return
        }
        #expect(prompt.isRefused)
        #expect(prompt.editor.text == "100 x many")
        #expect(render(model, at: Self.now).screen.text(row: 35).contains("many is no number"))
    }

    @Test func `X stops the repeat, unless a request is selected that runs beside it`() {
        var model = model()
        _ = start("5000 x 64", in: &model)
        play(15...20, into: &model)
        // The newest is followed, and it is one of the repeat.
        #expect(model.selected == ExchangeID(20))
        model.select(row: model.rows.index(of: ExchangeID(11))!)
        #expect(press("X", in: &model) == [.cancel(ExchangeID(11))])
        model.select(row: 0)
        #expect(press("X", in: &model) == [.stopRepeat])
        _ = update(&model, .repeatEnded, at: Self.now)
        #expect(model.message?.text.hasPrefix("Stopped repeating #2: 6 in ") == true)
        #expect(press("X", in: &model) == [])
        // What was asked for last is what one would ask for again.
        press("R", in: &model)
        guard case .prompt(let prompt) = model.mode else { return }
        #expect(prompt.editor.text == "5000 x 64")
    }

    /// Begins nine requests, of which three still run when it is stopped.
    private func stopInItsMidst(_ model: inout Model) {
        _ = start("40 x 3", in: &model)
        play(15...20, into: &model)
        let draft = model.session[Self.original]!.draft
        let late = (21...23).map {
            BegunRequest(
                id: ExchangeID($0), draft: draft, cause: .replay(of: Self.original), time: .milliseconds(622))
        }
        _ = update(&model, .begun(late), at: Self.now)
        press("X", in: &model)
        let cancelled = Failure(.cancelled, phase: .wait, "cancelled")
        let ends = late.map {
            TraceRecord(
                time: .milliseconds(630), exchange: $0.id, connection: nil, event: .requestFinished(cancelled))
        }
        _ = update(&model, .trace(ends), at: Self.now)
        _ = update(&model, .repeatEnded, at: Self.now)
    }

    @Test func `a repeat that was stopped says how many were cancelled, so that all rows are told of`() {
        var model = model()
        stopInItsMidst(&model)
        #expect(model.message?.text.hasPrefix("Stopped repeating #2: 6 ended in ") == true)
        #expect(model.message?.text.contains(", 3 cancelled;") == true, "\(model.message?.text ?? "")")
    }

    @Test func `what came of a repeat fits a narrow screen whole, all percentiles included`() {
        var model = model(columns: 80, rows: 24)
        stopInItsMidst(&model)
        let text = model.message?.text ?? ""
        #expect(text.hasPrefix("Stopped #2: 6 ended, "), "\(text)")
        #expect(text.contains(", 3 cancelled; p50 ") && text.contains(", p99 ") && text.hasSuffix(" ms."), "\(text)")
        let screen = render(model, at: Self.now).screen
        #expect((0..<24).contains { screen.text(row: $0) == " \(text)" }, "\(text)")
    }

    @Test func `a replay that a person asks for meanwhile is none of the repeat`() {
        var model = model()
        _ = start("5 x 1", in: &model)
        press("r", in: &model)
        play(15...15, failing: 15, beginning: false, into: &model)
        #expect(model.session[ExchangeID(15)]?.isRunning == false)
        play(16...20, into: &model)
        _ = update(&model, .repeatEnded, at: Self.now)
        #expect(model.message?.text.hasPrefix("Repeated #2: 5 in ") == true)
        #expect(model.message?.text.contains("status") == false)
    }

    @Test func `quitting during a repeat asks first`() {
        var model = ScreenTests.model(columns: 120, rows: 36, selecting: nil, session: .oneByOne())
        press("R\r", in: &model)
        #expect(press("q", in: &model) == [])
        #expect(model.mode == .confirming(.quit))
        #expect(press("y", in: &model) == [.quit])
    }

    // MARK: numbers

    @Test func `a request that began before a key did is listed before it, though it is heard of later`() {
        var model = model()
        _ = start("100 x 10", in: &model)
        for _ in 0..<3 { _ = model.numbers.next() }
        press("r", in: &model)
        #expect(model.session.exchanges.last?.id == ExchangeID(18))
        play(15...17, into: &model)
        #expect(model.rows.ids.suffix(5).map(\.number) == [14, 15, 16, 17, 18])
        #expect(model.session.exchanges.map(\.id.number) == Array(1...18))
        #expect(model.session[ExchangeID(16)]?.isRunning == false)
    }

    @Test func `hops belong to the repeat they came of`() {
        var model = model()
        _ = start("100 x 10", in: &model)
        play(15...15, into: &model)
        let draft = model.session[Self.original]!.draft
        let hop = BegunRequest(
            id: ExchangeID(16), draft: draft, cause: .redirect(from: ExchangeID(15)), time: Self.now)
        _ = update(&model, .begun([hop]), at: Self.now)
        #expect(model.redirects[ExchangeID(15)] == ExchangeID(16))
        #expect(model.repeating?.begun == 1)
        #expect(model.isRepeated(ExchangeID(16), .redirect(from: ExchangeID(15))))
        #expect(!model.isRepeated(ExchangeID(7), .redirect(from: ExchangeID(6))))
    }

    // MARK: the screen

    @Test(arguments: [(120, 36), (80, 24), (20, 5)])
    func `a repeat under way says how far it is and how to stop it`(columns: Int, rows: Int) {
        var model = model(columns: columns, rows: rows)
        _ = start("40,000 x 64", in: &model)
        play(15...40, failing: 33, into: &model)
        expectScreen(
            render(model, at: .milliseconds(660)).screen, matches: "repeat-\(columns)x\(rows)",
            in: "InspectorTests/Screens")
    }

    @Test(arguments: [(120, 36), (80, 24)])
    func `the prompt says what may be typed`(columns: Int, rows: Int) {
        var model = model(columns: columns, rows: rows)
        press("R", in: &model)
        expectScreen(
            render(model, at: Self.now).screen, matches: "repeat-prompt-\(columns)x\(rows)",
            in: "InspectorTests/Screens")
    }

    @Test func `the end says how many, how fast, and what went wrong`() {
        var model = model()
        _ = start("26 x 64", in: &model)
        play(15...40, failing: 33, into: &model)
        _ = update(&model, .repeatEnded, at: Self.now)
        #expect(
            model.message?.text
                == "Repeated #2: 26 in 41.1 ms, 633/s, 1 with status 400+; p50 28.1, p95 40.1, p99 41.1 ms."
        )
        #expect(model.repeating == nil)
        // The message goes with the next key; its page keeps it.
        model.select(row: 1)
        let screen = render(model, at: Self.now).screen
        #expect((0..<36).contains { screen.text(row: $0).contains("↻ Repeated 26 times, 633/s") })
    }
}
