import HTTPTrace
import HTTPTypes
import Testing

@testable import Sessions

@Suite("Server-Timing")
struct ServerTimingTests {
    typealias Entry = ServerTiming.Entry

    @Test func `entries are read in order, with what they say`() {
        let timing = ServerTiming(["db;dur=121.3;desc=\"two queries, joined\", cache;desc=hit,app ; dur = 27", "edge"])
        #expect(
            timing?.entries == [
                Entry(name: "db", milliseconds: 121.3, words: "two queries, joined"),
                Entry(name: "cache", milliseconds: nil, words: "hit"), Entry(name: "app", milliseconds: 27),
                Entry(name: "edge"),
            ])
        #expect(timing?.total == 148.3)
        #expect(timing?.timed.map(\.name) == ["db", "app"])
    }

    @Test func `an entry called total is the total`() {
        #expect(ServerTiming(["a;dur=1, total;dur=40, b;dur=2"])?.total == 40)
    }

    @Test func `names are read in any case, and the first of a name counts`() {
        #expect(
            ServerTiming(["a;DUR=1;dur=2;Desc=\"x\\\"y\";other=z"])?.entries == [
                Entry(name: "a", milliseconds: 1, words: "x\"y")
            ])
    }

    @Test(arguments: [
        "a;dur=-1", "a;dur=1e3", "a;dur=0x10", "a;dur=inf", "a;dur=nan", "a;dur=", "a;dur=\"\"", "a;dur", "a b;dur=1",
        "a;dur=1 2", ";dur=1", "a;dur=\"1", "a;=1", "a;dur=1.2.3", "a;dur=9999999999999999", "\u{1B}[2J", "ä;dur=1",
    ])
    func `what is malformed is left out, and what stands around it stays`(bad: String) {
        #expect(ServerTiming([bad])?.entries == nil)
        let names = ServerTiming(["first;dur=1, \(bad), last;dur=2"])?.entries.map(\.name)
        // An open quote swallows what follows it.
        #expect(names == ["first", "last"] || (bad.contains("\"1") && names == ["first"]))
    }

    @Test func `a hostile server fills nothing`() {
        let many = (0..<500).map { "m\($0);dur=1" }
        #expect(ServerTiming(many)?.entries.count == ServerTiming.limit)
        #expect(ServerTiming(["a;desc=\"" + String(repeating: "x", count: 20_000) + "\""]) == nil)
        #expect(ServerTiming([]) == nil)
        #expect(ServerTiming([" , ,"]) == nil)
    }

    @Test func `a server may know its times only behind the body`() {
        var story = Story()
        let head = ResponseHead(
            status: 200, reason: "", version: "HTTP/1.1", fields: [HTTPField.Name("Server-Timing")!: "a;dur=1"])
        story.at(0, started)
        story.at(1, .responseHead(head))
        story.at(
            2, .bodyEnded(BodyEnd(way: .complete, bytes: 0, trailers: ["server-timing": "b;dur=2"])),
            .requestFinished(nil))
        #expect(story.exchange().serverTiming?.entries.map(\.name) == ["a", "b"])
        #expect(Story.cold(1).exchange().serverTiming == nil)
    }
}

@Suite("Arrival of bodies")
struct BodyArrivalsTests {
    @Test func `the largest gap is found, with what came before it`() throws {
        var story = Story()
        story.at(0, started)
        for (time, bytes) in [(10, 100), (20, 50), (270, 25), (280, 5)] { story.at(Double(time), .bodyBytes(bytes)) }
        let arrivals = BodyArrivals(of: story.exchange())
        #expect(arrivals.parts.map(\.bytes) == [100, 50, 25, 5])
        #expect(!arrivals.isCut)
        let gap = try #require(arrivals.largestGap)
        #expect(gap.start == .milliseconds(20))
        #expect(gap.duration == .milliseconds(250))
        #expect(gap.bytesBefore == 150)
    }

    @Test func `what its reader held up counts, but for what had arrived by then`() {
        var story = Story()
        story.at(0, started)
        story.at(1, .responseHead(head(200)), .bodyBytes(100))
        #expect(story.exchange().heldUp == nil)
        story.at(30, .bodyHeldUp(.milliseconds(20)), .bodyBytes(100))
        story.at(90, .bodyHeldUp(.milliseconds(50)))
        #expect(story.exchange().heldUp == .milliseconds(70))
        // The kernel says when the last bytes came, which is before they were read.
        story.at(60, .bodyBytes(100), .bodyEnded(BodyEnd(way: .complete, bytes: 300)))
        #expect(story.exchange().heldUp == .milliseconds(20))
    }

    @Test func `one part has no gap`() {
        #expect(BodyArrivals(of: Story.cold(1).exchange()).largestGap == nil)
        #expect(BodyArrivals(of: Story.cold(1).exchange()).parts.count == 1)
    }

    @Test func `parts beyond the kept events are not looked at, and that is said`() {
        var story = Story()
        story.at(0, started)
        for part in 0..<Exchange.eventLimit { story.at(Double(part), .bodyBytes(1)) }
        let arrivals = BodyArrivals(of: story.exchange())
        #expect(arrivals.isCut)
        #expect(arrivals.parts.count == Exchange.eventLimit - 1)
    }
}

@Suite("What is found wrong after the end")
struct LateProblemTests {
    private let problem = Failure(.decode, phase: .receive, "the gzip data is damaged")

    @Test func `a body that can't be decoded makes its exchange a failure`() {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        session.begin(Story.draft(), as: ExchangeID(1), at: .zero)
        session.apply(Story.cold(1).records)
        #expect(session[ExchangeID(1)]?.outcome == "ok")
        session.keep(BodyCapture(bytes: [], totalBytes: 0, sha256: "", problem: problem), of: ExchangeID(1))
        #expect(session[ExchangeID(1)]?.outcome == "error:decode")
        #expect(session.statistics.counts.failed == 1)
        #expect(session.statistics.counts.finished == 1)
    }

    @Test func `the failure that was first stays`() {
        var session = Session(clock: ClockAnchor(monotonic: .zero, unixNanoseconds: 0))
        session.begin(Story.draft(), as: ExchangeID(1), at: .zero)
        var story = Story()
        story.at(0, started)
        story.at(1, .requestFinished(refused))
        session.apply(story.records)
        session.keep(BodyCapture(bytes: [], totalBytes: 0, sha256: "", problem: problem), of: ExchangeID(1))
        #expect(session[ExchangeID(1)]?.failure == refused)
        #expect(session.statistics.counts.failed == 1)
    }

    @Test func `a hop tells how long its chain took`() {
        var story = Story(2, from: 100)
        let redirection = Redirection(
            from: ExchangeID(1), status: 302, hop: 1, chainStart: .milliseconds(20), firstOrigin: key.origin)
        story.at(100, started, .redirected(redirection))
        story.at(180, .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.redirection == redirection)
        #expect(exchange.chainTotal(at: .seconds(9)) == .milliseconds(160))
        #expect(Story.cold(1).exchange().chainTotal(at: .zero) == nil)
    }
}
