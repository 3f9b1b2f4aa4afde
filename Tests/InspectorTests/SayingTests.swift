import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("What the interface says and asks")
struct SayingTests: PressesKeys {
    private func model(_ session: ScriptedSession? = .busyMorning()) -> Model {
        ScreenTests.model(columns: 120, rows: 36, selecting: nil, session: session)
    }

    private func end(_ number: Int, _ failure: Failure?, in model: inout Model) {
        let record = TraceRecord(
            time: Self.now, exchange: ExchangeID(number), connection: nil, event: .requestFinished(failure))
        _ = update(&model, .trace([record]), at: Self.now)
    }

    @Test func `a request that was cancelled has not failed, in the counts and in filters`() {
        var model = model()
        end(11, Failure(.cancelled, phase: .wait, "cancelled"), in: &model)
        #expect(model.counts.failed == 1 && model.counts.cancelled == 1)
        for (filter, numbers) in [("is:failed", [10]), ("is:cancelled", [11])] {
            press("f", in: &model)
            press(.control("u"), in: &model)
            press(filter, in: &model)
            press(.enter, in: &model)
            #expect(model.rows.ids.map(\.number) == numbers)
        }
    }

    @Test func `the question whether to quit goes when nothing runs any more`() {
        var session = ScriptedSession()
        session.add(
            .init(number: 1, url: "http://a.example/", start: 0, connection: 1, phases: [(.wait, 600)], isRunning: true)
        )
        var model = model(session)
        #expect(press("q", in: &model) == [])
        #expect(model.mode == .confirming(.quit))
        end(1, nil, in: &model)
        #expect(model.mode == .browsing)
        #expect(!ScreenTests.text(of: model).contains("in flight. Quit?"))
        // An answer that was on its way is one all the same, and only that.
        var answered = model
        #expect(press("y", in: &answered) == [.quit])
        #expect(press("q", in: &model) == [.quit])
        #expect(press("y", in: &model) == [])
    }

    @Test func `a forgotten mark is named where it leaves out the rest`() {
        var model = model()
        model.select(row: 0)
        press("mx", in: &model)
        #expect(ScreenTests.text(of: model).contains("export marked only (1 of 14) to"))
        #expect(
            press(.enter, in: &model)
                == [
                    .export(
                        ExportRequest(
                            path: "session.har", isFull: false, exchanges: [ExchangeID(1)],
                            note: "marked only (1 of 14)"))
                ])
    }

    @Test func `a probe line that was left comes back with Up, and is not kept on disk`() {
        var model = model()
        press("nhttp://half.example/", in: &model)
        press(.escape, in: &model)
        press("n", in: &model)
        press(.up, in: &model)
        guard case .prompt(let prompt) = model.mode else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.editor.text == "http://half.example/")
        press(.control("u"), in: &model)
        press("a.example", in: &model)
        #expect(press(.enter, in: &model).last == .saveHistory(["a.example"]))
    }

    @Test func `an export that failed offers its path again, until one goes well`() {
        func offered(_ model: inout Model) -> String? {
            press("x", in: &model)
            guard case .prompt(let prompt) = model.mode else { return nil }
            return prompt.editor.text
        }
        var model = model()
        #expect(offered(&model) == "session.har")
        press(.control("u"), in: &model)
        press("/nowhere/a.har --full", in: &model)
        press(.enter, in: &model)
        _ = update(&model, .exportFailed("/nowhere/a.har: no such folder"), at: Self.now)
        #expect(model.message?.isError == true)
        #expect(offered(&model) == "/nowhere/a.har --full")
        press(.enter, in: &model)
        #expect(offered(&model) == "session.har")
    }

    @Test func `the filter in force can be read whole`() {
        var model = model()
        let filter = "time>10 -is:running host:api.example.com status:2xx"
        press("f" + filter, in: &model)
        press(.enter, in: &model)
        // The message on how many match goes with the next key.
        press("j", in: &model)
        #expect(ScreenTests.text(of: model).contains(" Filter: \(filter)   5 of 14"))
    }

    @Test(arguments: [Failure(.cancelled, phase: .wait, "cancelled"), Failure(.reset, phase: .wait, "reset")])
    func `nothing is so many times as fast as what failed or was cut off`(failure: Failure) {
        var model = model()
        end(11, failure, in: &model)
        model.select(row: 0)
        press("m", in: &model)
        model.select(row: 10)
        press("=", in: &model)
        #expect(model.comparison?.subject.after == ExchangeID(11))
        let text = ScreenTests.text(of: model)
        #expect(text.contains(" total ") && !text.contains(" times as "))
    }
}
