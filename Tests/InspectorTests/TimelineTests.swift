import HTTPTrace
import Sessions
import Testing
import TextScreen

@testable import Inspector

@Suite("Bars and axes")
struct TimelineTests {
    private func exchange(_ phases: [(Phase, Double)], start: Double = 0) -> Exchange {
        let url = try! TypedURL.parse("http://example.com/")
        var exchange = Exchange(id: ExchangeID(1), draft: RequestDraft(url: url), at: .milliseconds(start))
        var time = start
        for (phase, length) in phases {
            exchange.phases[phase] = .init(start: .milliseconds(time), end: .milliseconds(time + length))
            time += length
        }
        exchange.finishedAt = .milliseconds(time)
        return exchange
    }

    private func bar(_ exchange: Exchange, to end: Double, columns: Int) -> String {
        let axis = TimeAxis(from: .zero, length: .milliseconds(end), columns: columns)
        let bar = PhaseBar(exchange, on: axis, at: .milliseconds(end))
        return String(repeating: " ", count: bar.column) + bar.marks.map { Marks.unicode.glyph(of: $0).text }.joined()
    }

    @Test func `a bar is as long as its exchange and every phase has its share`() {
        let cold = exchange([(.dns, 20), (.connect, 20), (.tls, 30), (.wait, 50), (.receive, 30)])
        #expect(bar(cold, to: 150, columns: 15) == "┄┄──═══░░░░░███")
        #expect(bar(cold, to: 300, columns: 15).count == 8)
    }

    @Test func `an attempt that failed is drawn on its own connection, and the next on the one that it had`() {
        var again = exchange([(.wait, 30), (.receive, 20)], start: 50)
        var phases = PhaseSpans()
        phases[.wait] = .init(start: .zero, end: .milliseconds(40))
        again.startedAt = .zero
        again.retries = [
            Exchange.Retry(
                failure: Failure(.reset, "gone"), connection: ConnectionID(1), startedAt: .zero,
                failedAt: .milliseconds(40), phases: phases, resumedAt: .milliseconds(50))
        ]
        let end = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 80)
        again.connection = GotConnection(
            connection: ConnectionID(2), local: end, remote: end, isReused: false, idleTime: nil, use: 1)
        #expect(bar(again, to: 100, columns: 10) == "░░░░·░░░██")
        let axis = TimeAxis(from: .zero, length: .milliseconds(100), columns: 10)
        let lanes = [1, 2].map { number in
            BarStory.attempts(of: again, on: ConnectionID(number)).map { story in
                let bar = PhaseBar(story, of: again, on: axis, at: .milliseconds(100))
                return String(repeating: " ", count: bar.column)
                    + bar.marks.map { Marks.unicode.glyph(of: $0).text }.joined()
            }
        }
        #expect(lanes == [["░░░░✗"], ["     ░░░██"]])
    }

    @Test func `a short phase keeps a cell where there is room`() {
        let slow = exchange([(.dns, 0.1), (.connect, 0.1), (.tls, 0.1), (.wait, 99), (.receive, 0.1)])
        #expect(bar(slow, to: 100, columns: 10) == "┄─═░░░░░░█")
    }

    @Test func `without room the longest phases stay`() {
        let slow = exchange([(.dns, 1), (.connect, 2), (.tls, 3), (.wait, 90), (.receive, 4)])
        #expect(bar(slow, to: 1000, columns: 20) == "░█")
        #expect(bar(slow, to: 1000, columns: 10) == "░")
    }

    @Test func `a reused connection begins with waiting however long the hand-over took`() {
        let warm = exchange([(.queued, 0.05), (.send, 0.1), (.wait, 50), (.receive, 10)], start: 26)
        #expect(bar(warm, to: 100, columns: 20) == "     ░░░░░░░░░░██")
    }

    @Test func `what lies outside of the axis is pointed at`() {
        #expect(bar(exchange([(.wait, 10)], start: 500), to: 100, columns: 10) == "         »")
    }

    @Test func `zoomed far into a bar, what is seen of it is drawn and nothing else is made`() {
        let hours = exchange([(.dns, 1e6), (.wait, 3.6e7), (.receive, 3.6e7)])
        // A microsecond of twenty hours: laid out whole, the bar would have more cells than memory.
        let inside = TimeAxis(from: .milliseconds(2e6), length: .microseconds(1), columns: 10)
        let middle = PhaseBar(hours, on: inside, at: .milliseconds(8e7))
        #expect(middle.column == 0)
        #expect(middle.marks == Array(repeating: .wait, count: 10))
        let start = Timestamp.milliseconds(3.7e7) + .nanoseconds(-500)
        let turn = TimeAxis(from: start, length: .microseconds(1), columns: 10)
        let border = PhaseBar(hours, on: turn, at: .milliseconds(8e7))
        #expect(border.marks == Array(repeating: .wait, count: 5) + Array(repeating: .receive, count: 5))
    }

    @Test func `long pauses are cut out and short ones are not`() {
        let moment = Timestamp.milliseconds
        let far = TimeAxis.fitting([moment(0)...moment(100), moment(9000)...moment(9100)], columns: 42, from: .zero)
        #expect(far.segments.count == 2)
        #expect(far.cuts.count == 1)
        #expect(far.column(of: moment(9100)) <= 42)
        let near = TimeAxis.fitting([moment(0)...moment(100), moment(120)...moment(200)], columns: 40, from: .zero)
        #expect(!near.hasCuts)
    }

    @Test func `an axis grows in round steps`() {
        #expect(
            [1, 999, 1_001, 580_000_000, 600_000_000, 600_000_001].map { TimeAxis.niceLength($0) }
                == [1_000, 1_000, 1_200, 600_000_000, 600_000_000, 800_000_000])
    }

    @Test(
        arguments: [
            (0.9, "0.90 µs"), (812, "812 µs"), (1_230, "1.23 ms"), (81_200, "81.2 ms"), (304_000, "304 ms"),
            (999_600, "1.00 s"), (12_300_000, "12.3 s"), (123_000_000, "2m03s"), (11_520_000_000, "3h12m"),
        ] as [(Double, String)])
    func `times have three digits and a unit of their size`(microseconds: Double, text: String) {
        #expect(Figures().time(.nanoseconds(Int64(microseconds * 1000))) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1_200, "1.2 k"), (38_400, "38 k"), (999_600, "1.0 M"), (48_000_000, "48 M"),
    ])
    func `sizes have two`(bytes: Int, text: String) { #expect(Figures.size(bytes) == text) }
}
