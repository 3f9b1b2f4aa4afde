import HTTPTrace
import HTTPTypes
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("What the interface says and asks")
struct SayingTests {
    private static let now = ScriptedSession.now

    private func model(_ session: ScriptedSession? = .busyMorning()) -> Model {
        ScreenTests.model(columns: 120, rows: 36, selecting: nil, session: session)
    }

    @discardableResult
    private func press(_ text: String, in model: inout Model) -> [Effect] {
        text.flatMap { update(&model, .key(.character($0)), at: Self.now) }
    }

    @discardableResult
    private func press(_ keys: Key..., in model: inout Model) -> [Effect] {
        keys.flatMap { update(&model, .key($0), at: Self.now) }
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
