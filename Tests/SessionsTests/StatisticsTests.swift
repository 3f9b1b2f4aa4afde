import HTTPTrace
import Sessions
import Testing

@Suite("Statistics")
struct StatisticsTests {
    private func session(_ stories: [Story], url: String = "http://example.com/") -> Session {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        for story in stories {
            session.begin(Story.draft(url), as: story.exchange, at: story.records[0].time)
            session.apply(story.records)
        }
        return session
    }

    @Test func `a load's summary counts open connections of failed requests too, and times of good ones`() throws {
        var broken = Story(3, from: 300)
        broken.at(300, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent, .requestFinished(refused))
        var summary = LoadSummary()
        for story in [.cold(1), .warm(2, from: 200), broken] { summary.add(try #require(story.exchange().ending)) }
        #expect(summary.requests == 3 && summary.reused == 2 && summary.failures == [.connect: 1])
        #expect(summary.total?.count == 2)
    }

    @Test func `the head line counts every exchange where it stands`() {
        var waiting = Story(3, from: 300)
        waiting.at(300, started, .getConn(hostPort: "a:80"), .queued(.hostLimit(1), position: 0))
        var running = Story(4, from: 300)
        running.at(300, started, .getConn(hostPort: "a:80"), got(1, reused: true))
        var failed = Story(5, from: 300)
        failed.at(300, started, .requestFinished(refused))
        var given = Story(6, from: 300)
        given.at(300, started, .requestFinished(cancelled))
        var session = session([.cold(1), .warm(2, from: 200), waiting, running, failed, given])
        var expected = Statistics.Counts()
        expected.total = 6
        expected.inFlight = 1
        expected.queued = 1
        expected.failed = 1
        expected.cancelled = 1
        expected.served = 3
        expected.reused = 2
        #expect(session.statistics.counts == expected)
        #expect(session.statistics.counts.finished == 4)
        #expect(session.statistics.counts.reuseShare == 2.0 / 3)

        waiting.records = []
        waiting.at(400, .dequeued(.handedOver), got(1, reused: true))
        session.apply(waiting.records)
        #expect(session.statistics.counts.queued == 0)
        #expect(session.statistics.counts.inFlight == 2)
    }

    @Test func `a dial of its own ends the wait once it moves`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), .queued(.dialing, position: 0))
        #expect(story.exchange().standing == .queued)
        story.at(1, .connectStart(attempt: 1, ip4))
        #expect(story.exchange().standing == .inFlight)
    }

    @Test func `percentiles are those of the good exchanges, to three digits`() throws {
        var stories: [Story] = []
        for number in 1...100 {
            var story = Story(number)
            story.at(0, started)
            story.at(Double(number), .requestFinished(number > 95 ? refused : nil))
            stories.append(story)
        }
        let statistics = session(stories).statistics
        let p50 = try #require(statistics.p50).milliseconds
        let p95 = try #require(statistics.p95).milliseconds
        #expect(abs(p50 - 48) < 0.1)
        #expect(abs(p95 - 91) < 0.1)
        #expect(Statistics().p50 == nil)
    }

    @Test func `percentiles of few exchanges are the times of some of them, to the last digit`() throws {
        // 1.664 ms are 1.66, and the histogram's bucket ends in 1.67.
        let times = [1.6649, 701.2345]
        var stories: [Story] = []
        for (index, time) in times.enumerated() {
            var story = Story(index + 1)
            story.at(0, started)
            story.at(time, .requestFinished(nil))
            stories.append(story)
        }
        let session = session(stories)
        let totals = [ExchangeID(1), ExchangeID(2)].map { session[$0]!.total(at: .zero) }
        #expect(session.statistics.p50 == totals[0] && session.statistics.p95 == totals[1])
        var summary = LoadSummary()
        for story in stories { summary.add(try #require(story.exchange().ending)) }
        #expect(summary.total?.p50 == totals[0] && summary.total?.p99 == totals[1])
    }

    @Test func `percentiles of many exchanges are within a thousandth`() throws {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        for number in 1...3_000 {
            var story = Story(number)
            story.at(0, started)
            story.at(Double(number), .requestFinished(nil))
            session.begin(Story.draft(), as: story.exchange, at: .zero)
            session.apply(story.records)
        }
        let p50 = try #require(session.statistics.p50).milliseconds
        #expect(abs(p50 - 1_500) <= 1.5)
    }

    @Test func `no percentile is longer than the longest time`() {
        var story = Story(1)
        story.at(0, started)
        story.at(1_234.567, .requestFinished(nil))
        let session = session([story])
        #expect(session.statistics.p95 == session[ExchangeID(1)]?.total(at: .zero))
    }

    @Test func `counting as it grows and counting anew agree`() {
        var random = SeededGenerator(seed: 7)
        var whole = session([])
        for number in 1...300 {
            let story: Story = Bool.random(using: &random) ? .cold(number) : .warm(number)
            whole.begin(Story.draft(), as: story.exchange, at: .zero)
            whole.apply(story.records.prefix(Int.random(in: 0...story.records.count, using: &random)))
        }
        let before = whole.statistics
        whole.removeAll { _ in false }
        #expect(whole.statistics == before)
        let removed = whole.exchanges[100].id
        whole.remove(removed)
        #expect(whole.statistics.counts.total == 299)
        #expect(whole[removed] == nil)
        #expect(whole[ExchangeID(300)]?.id == ExchangeID(300))
        whole.removeAll { _ in true }
        #expect(whole.statistics.counts == Statistics.Counts())
    }

    @Test func `the spark line has a bucket a second for the last minute`() {
        var stories: [Story] = []
        for (number, end) in [(1, 1_500.0), (2, 1_900), (3, 60_500), (4, 61_000)] {
            var story = Story(number, from: end - 100)
            story.at(end - 100 * Double(number), started)
            story.at(end, .requestFinished(nil))
            stories.append(story)
        }
        let recent = session(stories).statistics.recent
        let atEnd = recent.buckets(at: .milliseconds(60_700))
        #expect(atEnd.count == 60)
        #expect(atEnd[59].count == 1)
        // Second 1 has slid out when second 61 came in.
        #expect(recent.buckets(at: .seconds(61)).map(\.count).reduce(0, +) == 2)
        #expect(recent.buckets(at: .seconds(61))[58].longest == .milliseconds(300))
        #expect(recent.buckets(at: .seconds(500)).allSatisfy { $0 == RecentTimes.Bucket() })
        #expect(session([.cold(1)]).statistics.recent.buckets(at: .seconds(0))[59].mean == .milliseconds(100))
    }

    @Test func `a cold request finds its warm twin and what that saved`() {
        let session = session([
            .cold(1, tls: true), .warm(2, from: 200), .warm(3, from: 300), .cold(4, from: 400, connection: 2),
        ])
        let cold = session.twin(of: session[ExchangeID(1)]!)
        #expect(cold?.id == ExchangeID(3))
        #expect(cold?.warmth == .warm)
        #expect(cold?.isSameConnection == true)
        #expect(cold?.setUp == [.dns, .connect, .tls])
        #expect(cold?.saved == .milliseconds(49))
        let warm = session.twin(of: session[ExchangeID(2)]!)
        #expect(warm?.id == ExchangeID(4))
        #expect(warm?.isSameConnection == false)
        #expect(warm?.setUp == [.dns, .connect])
    }

    @Test func `twins ask for the same URL, went well, and were not removed`() {
        var other = session([.cold(1)])
        other.begin(Story.draft("http://example.com/other"), as: ExchangeID(2), at: .milliseconds(200))
        other.apply(Story.warm(2, from: 200).records)
        #expect(other.twin(of: other[ExchangeID(1)]!) == nil)

        var pair = session([.cold(1), .warm(2, from: 200)])
        let cold = pair[ExchangeID(1)]!
        pair.remove(ExchangeID(2))
        #expect(pair.twin(of: cold) == nil)
    }

    @Test func `sizes of rows are known`() {
        // A million of these are kept. Not a promise, but a change should be noticed.
        #expect(MemoryLayout<Exchange>.stride <= 1_200)
    }
}
