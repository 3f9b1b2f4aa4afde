import HTTPTrace
import Sessions
import Testing

@Suite("How fast a load goes")
struct PaceTests {
    @Test func `beginnings are an interval apart, however many wait for theirs`() {
        var pace = Pace(perSecond: 50)
        let due = (0..<4).map { _ in pace.take(at: .milliseconds(100)) }
        #expect(due == [.milliseconds(100), .milliseconds(120), .milliseconds(140), .milliseconds(160)])
        #expect(pace.take(at: .milliseconds(170)) == .milliseconds(180))
    }

    @Test func `what was missed while nobody was free is not made up for`() {
        var pace = Pace(perSecond: 50)
        _ = pace.take(at: .milliseconds(100))
        #expect(pace.take(at: .milliseconds(500)) == .milliseconds(500))
        #expect(pace.take(at: .milliseconds(501)) == .milliseconds(520))
    }

    @Test func `numbers ascend, above all that somebody else uses`() {
        let numbers = ExchangeNumbers()
        #expect(numbers.next() == ExchangeID(1))
        numbers.skip(to: ExchangeID(7))
        numbers.skip(to: ExchangeID(3))
        #expect(numbers.next() == ExchangeID(8))
    }
}
