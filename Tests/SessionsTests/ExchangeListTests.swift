import HTTPTrace
import Sessions
import Testing

@Suite("A long session")
struct ExchangeListTests {
    /// More than stay plain: most of these are packed.
    private static let count = 5_000

    /// Exchanges as different as the stories tell them, beside each other.
    private static func stories() -> [Story] {
        (1...count).map { number in
            let start = Double(number)
            return switch number % 5 {
            case 0: Story.cold(number, from: start, tls: number % 2 == 0, connection: number)
            case 1: failed(number, from: start)
            case 2: odd(number, from: start)
            default: Story.warm(number, from: start, connection: number % 7 + 1, use: number)
            }
        }
    }

    private static func failed(_ number: Int, from start: Double) -> Story {
        var story = Story(number, from: start)
        story.at(start, started, .getConn(hostPort: "example.com:80"), .queued(.hostLimit(2), position: number))
        story.at(start + 1, .connectStart(attempt: 1, ip4), .connectStart(attempt: 2, ip6))
        story.at(start + 3, .connectDone(attempt: 1, ip4, refused), .connectDone(attempt: 2, ip6, refused))
        story.at(start + 3, .dequeued(.failed), .requestFinished(refused))
        return story
    }

    /// Times that run backwards, a retry, interim answers, trailers, and an event after the end.
    private static func odd(_ number: Int, from start: Double) -> Story {
        var story = Story(number, from: start)
        story.at(start, started, .getConn(hostPort: "example.com:80"), got(3, reused: true, use: 9), sent)
        story.at(start - 0.1, .attemptRetried(refused, number: 2), got(4, reused: true, idle: .nanoseconds(1)), sent)
        story.at(start + 2, .got1xxResponse(head(103)), .gotFirstResponseByte, .responseHead(head(200 + number % 9)))
        let end = BodyEnd(way: .broken, bytes: number, trailers: ["Digest": "\(number)"])
        story.at(start + 4, .bodyBytes(number), .bodyEnded(end), .putIdleConn(.broken), .requestFinished(nil))
        story.at(start + 5, .connectDone(attempt: 1, ip4, cancelled))
        return story
    }

    private static func session(_ stories: [Story]) -> Session {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        for story in stories {
            session.begin(draft(story.exchange.number), as: story.exchange, at: story.records[0].time)
            session.apply(story.records)
            session.keep(body(story.exchange.number), of: story.exchange)
        }
        return session
    }

    private static func draft(_ number: Int) -> RequestDraft { Story.draft("http://example.com/\(number % 60)") }

    private static func body(_ number: Int) -> BodyCapture {
        BodyCapture(bytes: [UInt8(number % 70)], totalBytes: 1, sha256: "\(number % 70)")
    }

    private static func expected(_ story: Story) -> Exchange {
        var exchange = Exchange(id: story.exchange, draft: draft(story.exchange.number), at: story.records[0].time)
        for record in story.records { exchange.apply(record) }
        exchange.body = body(story.exchange.number)
        return exchange
    }

    @Test func `what was packed comes back as it was, by its place and by its number`() {
        let stories = Self.stories()
        let session = Self.session(stories)
        #expect(session.exchanges.count == Self.count)
        for (place, story) in stories.enumerated() {
            let expected = Self.expected(story)
            guard session.exchanges[place] == expected, session[story.exchange] == expected else {
                Issue.record("\(story.exchange) differs")
                return
            }
        }
        #expect(session[ExchangeID(0)] == nil)
        #expect(session[ExchangeID(Self.count + 1)] == nil)
    }

    @Test func `one that still runs when many have come after it goes on being recorded`() {
        var stories = Self.stories()
        let ending = stories[2].records.removeLast()
        var session = Self.session(stories)
        #expect(session[ExchangeID(3)]?.isRunning == true)
        #expect(session.statistics.counts.inFlight == 1)
        session.apply([ending])
        session.keep(Self.body(99), of: ExchangeID(3))
        #expect(session[ExchangeID(3)]?.isRunning == false)
        #expect(session[ExchangeID(3)]?.body == Self.body(99))
        #expect(session.statistics.counts.inFlight == 0)
    }

    @Test func `what is forgotten is handed out, in order`() {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        for number in 1...6 {
            session.begin(Story.draft(), as: ExchangeID(number), at: .milliseconds(Double(number)))
            session.apply(Story.warm(number, from: Double(number)).records)
        }
        let all = Array(session.exchanges)
        #expect(session.forget([ExchangeID(5), ExchangeID(9), ExchangeID(2), ExchangeID(-1)]) == [all[1], all[4]])
        #expect(session.exchanges.elementsEqual([all[0], all[2], all[3], all[5]]))
        #expect(session.forget([]).isEmpty)
        #expect(session.forget(all.map(\.id)) == [all[0], all[2], all[3], all[5]])
        #expect(session.exchanges.isEmpty)
        #expect(session.statistics.counts.total == 6)
    }

    @Test(arguments: [2, 700, 1_500, 2_700, 4_990])
    func `one that is heard of late stands where its number belongs`(late: Int) {
        let stories = Self.stories()
        // Another one is missing behind it, and the first of all.
        var session = Self.session(stories.filter { ![1, late, late + 3].contains($0.exchange.number) })
        for number in [late + 3, 1, late] {
            let story = stories[number - 1]
            session.begin(Self.draft(number), as: story.exchange, at: story.records[0].time)
            session.apply(story.records)
            session.keep(Self.body(number), of: story.exchange)
        }
        #expect(session.exchanges.map(\.id.number) == Array(1...Self.count))
        #expect(session.exchanges.elementsEqual(stories.map(Self.expected)))
        #expect(session.statistics.counts.total == Self.count)
    }

    @Test func `packed rows are found when none behind them is left`() {
        let stories = Self.stories()
        var session = Self.session(stories)
        session.forget((2_000...Self.count).map { ExchangeID($0) })
        #expect(session.exchanges.count == 1_999)
        #expect(session[ExchangeID(1_500)] == Self.expected(stories[1_499]))
        #expect(session[ExchangeID(2_000)] == nil)
    }

    @Test func `rows that were removed are gone, and those beside them stay`() {
        let stories = Self.stories()
        var session = Self.session(stories)
        session.remove(ExchangeID(17))
        session.removeAll { $0.failure != nil }
        session.forget([ExchangeID(20), ExchangeID(4_999)])
        let kept = stories.map(Self.expected).filter {
            $0.failure == nil && ![17, 20, 4_999].contains($0.id.number)
        }
        #expect(session.exchanges.map(\.id) == kept.map(\.id))
        #expect(session.exchanges.elementsEqual(kept))
        #expect(session[ExchangeID(17)] == nil)
        #expect(session[ExchangeID(19)] == kept.first { $0.id == ExchangeID(19) })
        session.removeAll { _ in true }
        #expect(session.exchanges.isEmpty)
    }
}
