import HTTPTrace
import HTTPTypes
import Sessions
import Testing

// Requests that came in as rows: caught ones, those that went on, and those of our own client.

@Suite("Requests that came in")
struct CaughtExchangeTests {
    private let clock = ClockAnchor(monotonic: .zero, unixNanoseconds: 0)

    /// A session that makes a row of every head.
    private func session(_ records: [ServerRecord], _ upstream: [TraceRecord] = []) -> Session {
        var session = Session(clock: clock)
        var last = 0
        for record in records {
            session.apply(record)
            guard record.startsRow else { continue }
            last += 1
            session.begin(caught: record, as: ExchangeID(last))
            session.apply(upstream)
        }
        return session
    }

    @Test func `a caught request is a row whose phases are the server's`() throws {
        let session = session(ServerStory.caught.records)
        let row = try #require(session[ExchangeID(1)])
        #expect(row.cause == .caught && !row.isForwarded && !row.isRunning)
        #expect(row.startedAt == .milliseconds(10) && row.finishedAt == .milliseconds(36))
        #expect(row.spans == ["send": [10, 14], "wait": [14, 34], "receive": [34, 36]])
        #expect(row.response?.status == 201 && row.bodyBytes == 3)
        #expect(row.served?.id == ServerRequestID(1))
        #expect(row.absence(of: .dns) == .clientsBusiness)
        #expect(session.statistics.counts.total == 1 && session.statistics.p50 != nil)
    }

    @Test func `its draft is what came, without what belongs to the connection`() throws {
        var session = session(ServerStory.caught.records)
        var draft = try #require(session[ExchangeID(1)]).draft
        #expect(draft.method == .post && draft.url.description == "http://192.0.2.1:8080/hook")
        #expect(draft.fields == [.contentType: "application/json"])
        session.keep(BodyCapture(bytes: Array("hello".utf8), totalBytes: 5, sha256: "…"), of: ServerRequestID(1))
        draft = try #require(session[ExchangeID(1)]).draft
        #expect(draft.body == Array("hello".utf8))
        #expect(session[ExchangeID(1)]?.served?.body?.totalBytes == 5)
    }

    @Test(arguments: [
        ("GARBAGE", "-", "http://192.0.2.1:8080/"), ("", "-", "http://192.0.2.1:8080/"),
        ("GET /hook?a=1 HTTP/1.1", "GET", "http://192.0.2.1:8080/hook?a=1"),
    ])
    func `a request that can't be read is a row of what is known of it`(line: String, method: String, url: String)
        throws
    {
        let refusal = ServerCloseReason.refused(.badRequest, "exactly one Host is needed").failure
        var story = ServerStory()
        story.at(1, 1, ServerStory.accepted)
        story.at(2, 1, request: 1, .requestFirstByte, .requestUnreadable(line: Array(line.utf8)))
        story.at(3, 1, request: 1, ServerStory.answer(400), .responseFirstByte, .responseLastByte(bytes: 9))
        story.at(4, 1, request: 1, .requestFinished(refusal))
        let row = try #require(session(story.records)[ExchangeID(1)])
        #expect(row.draft.method.rawValue == method && row.draft.url.description == url)
        #expect(row.answer?.status == 400 && row.failure == refusal && !row.isRunning)
        #expect(row.unreadableLine == (method == "-" ? Array(line.utf8) : nil))
    }

    @Test func `a request that broke off is a failed row`() throws {
        var story = ServerStory()
        story.at(0, 1, ServerStory.accepted)
        story.at(1, 1, request: 1, .requestFirstByte, ServerStory.head())
        story.at(9, 1, request: 1, .requestFinished(ServerCloseReason.clientGone.failure))
        let row = try #require(session(story.records)[ExchangeID(1)])
        #expect(row.failure?.kind == .reset && row.outcome == "error:reset")
    }

    @Test func `a request that went on shows the way to the server behind, and ends when its client was told`() throws {
        var upstream = Story()
        upstream.exchange = .forwarded(ServerRequestID(1))
        upstream.connection = ConnectionID(7)
        upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
        upstream.at(12, got(7), sent, .flushed(bytes: 30))
        upstream.at(30, .gotFirstResponseByte, .responseHead(head(201)))
        upstream.at(33, .bodyEnded(BodyEnd(way: .complete, bytes: 3)), .requestFinished(nil))
        let session = session(ServerStory.caught.records, upstream.records)
        let row = try #require(session[ExchangeID(1)])
        #expect(row.isForwarded && row.connection?.connection == ConnectionID(7))
        #expect(row.startedAt == .milliseconds(10) && row.finishedAt == .milliseconds(36))
        #expect(row.spans == ["queued": [11.5, 12], "send": [12, 12], "wait": [12, 30], "receive": [30, 33]])
        #expect(row.served?.phases[.receive]?.start == .milliseconds(34))
        #expect(session.statistics.counts.inFlight == 0)
    }

    @Test func `what failed behind fails the row, also when the client got an answer`() throws {
        var upstream = Story()
        upstream.exchange = .forwarded(ServerRequestID(1))
        upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
        upstream.at(12, .requestFinished(refused))
        let row = try #require(session(ServerStory.caught.records, upstream.records)[ExchangeID(1)])
        #expect(row.failure == refused && !row.isRunning)
    }

    /// Sessions with a request that was sent on, whose body behind is told early or late.
    private func sessions(sendingOn upstream: Story, keeping body: BodyCapture) -> [Session] {
        [true, false].map { isEarly in
            var session = Session(clock: clock)
            for record in ServerStory.caught.records {
                session.apply(record)
                guard case .requestHead = record.event else { continue }
                session.begin(caught: record, as: ExchangeID(1))
                session.apply(upstream.records)
                if isEarly { session.keep(body, of: ExchangeID(1)) }
            }
            if !isEarly { session.keep(body, of: ExchangeID(1)) }
            return session
        }
    }

    @Test func `an answer that could not be passed on fails the row, whenever that is told`() {
        let problem = Failure(.protocol, "the answer's head can't be passed on")
        let body = BodyCapture(bytes: [], totalBytes: 0, sha256: "…").with(problem: problem)
        var upstream = Story()
        upstream.exchange = .forwarded(ServerRequestID(1))
        upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
        upstream.at(30, .gotFirstResponseByte, .responseHead(head(200)))
        upstream.at(33, .bodyEnded(BodyEnd(way: .closedEarly, bytes: 0)), .requestFinished(nil))
        for session in sessions(sendingOn: upstream, keeping: body) {
            #expect(session[ExchangeID(1)]?.failure == problem)
            #expect(session.statistics.counts.failed == 1)
        }
    }

    @Test func `an answer that was passed on whole and can't be decoded here is no failure`() {
        let problem = Failure(.tooLarge, phase: .receive, "a decompression bomb, most likely")
        let body = BodyCapture(bytes: [], totalBytes: 0, sha256: "…", codings: ["gzip"], problem: problem)
        var upstream = Story()
        upstream.exchange = .forwarded(ServerRequestID(1))
        upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
        upstream.at(30, .gotFirstResponseByte, .responseHead(head(201)))
        upstream.at(33, .bodyEnded(BodyEnd(way: .complete, bytes: 3)), .requestFinished(nil))
        for session in sessions(sendingOn: upstream, keeping: body) {
            #expect(session[ExchangeID(1)]?.outcome == "ok")
            #expect(session[ExchangeID(1)]?.body?.problem == problem)
            #expect(session.statistics.counts.failed == 0)
        }
    }

    @Test func `an answer that broke off behind fails the row with what happened there, early or late`() throws {
        let reset = Failure(.reset, phase: .receive, "the server reset the connection")
        var upstream = Story()
        upstream.exchange = .forwarded(ServerRequestID(1))
        upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
        upstream.at(30, .gotFirstResponseByte, .responseHead(head(200)))
        upstream.at(33, .requestFinished(reset))
        var story = ServerStory()
        story.at(1, 1, ServerStory.accepted)
        story.at(10, 1, request: 1, .requestFirstByte, ServerStory.head(), ServerStory.answer(200))
        story.at(36, 1, request: 1, .requestFinished(ServerCloseReason.sourceBroke(reset.message).failure))
        #expect(session(story.records, upstream.records)[ExchangeID(1)]?.failure == reset)
        var late = session(story.records)
        #expect(late[ExchangeID(1)]?.failure?.message == "behind: the server reset the connection")
        late.apply(upstream.records)
        #expect(late[ExchangeID(1)]?.failure == reset)
        // A client that went away is its own doing, whatever came of the way behind.
        story = ServerStory()
        story.at(1, 1, ServerStory.accepted)
        story.at(10, 1, request: 1, .requestFirstByte, ServerStory.head(), ServerStory.answer(200))
        story.at(36, 1, request: 1, .requestFinished(ServerCloseReason.clientGone.failure))
        let gone = try #require(session(story.records, upstream.records)[ExchangeID(1)])
        #expect(gone.failure == ServerCloseReason.clientGone.failure)
    }

    @Test func `whichever half is told first, the row is the same`() throws {
        for failure in [nil, refused] {
            var upstream = Story()
            upstream.exchange = .forwarded(ServerRequestID(1))
            upstream.connection = ConnectionID(7)
            upstream.at(11.5, started, .getConn(hostPort: "example.com:80"))
            upstream.at(12, got(7), sent, .flushed(bytes: 30))
            upstream.at(30, .gotFirstResponseByte, .responseHead(head(201)))
            upstream.at(33, .bodyEnded(BodyEnd(way: .complete, bytes: 3)), .requestFinished(failure))
            let inOrder = try #require(session(ServerStory.caught.records, upstream.records)[ExchangeID(1)])
            var late = session(ServerStory.caught.records)
            late.apply(upstream.records)
            #expect(late[ExchangeID(1)] == inOrder)
            #expect(late.statistics.counts.failed == (failure == nil ? 0 : 1))
        }
    }

    @Test func `a request of our own client finds its row, which stays the client's`() throws {
        var session = Session(clock: clock)
        session.begin(Story.draft(), as: ExchangeID(1), at: .zero)
        var story = Story()
        story.connection = ConnectionID(4)
        story.at(
            5, .connectionDialing(key),
            .connectionOpened(ConnectionFacts(local: ServerStory.client, remote: ServerStory.server)),
            .connectionActive(use: 1))
        session.apply(story.records)
        for record in ServerStory.caught.records { session.apply(record) }
        let row = try #require(session[ExchangeID(1)])
        #expect(row.cause == .typed && row.served?.id == ServerRequestID(1))
        #expect(row.isRunning, "only its own side ends it")
        #expect(session.server[ServerConnectionID(1)]?.peer == ConnectionID(4))
        #expect(session.row(of: ServerRequestID(1)) == ExchangeID(1))
    }

    @Test func `rows that became old keep both their halves`() {
        var long = Session(clock: clock)
        // More than stay plain: most of these are packed.
        for number in 1...4_000 { Self.catchOne(number, in: &long) }
        for number in 1...4_000 {
            var short = Session(clock: clock)
            Self.catchOne(number, in: &short)
            guard long[ExchangeID(number)] == short[ExchangeID(number)], short[ExchangeID(number)]?.served != nil else {
                Issue.record("e\(number) differs")
                return
            }
        }
    }

    /// A request with a connection of its own: answered here or behind, broken off, or still running.
    private static func catchOne(_ number: Int, in session: inout Session) {
        let start = Double(number)
        let upstream = number % 3 == 0 ? passedOn(number) : []
        var story = ServerStory()
        story.at(start, number, ServerStory.accepted)
        story.at(start, number, request: number, .requestFirstByte, ServerStory.head("/\(number)", use: number % 4 + 1))
        story.at(start + 1, number, request: number, .handlerStart, .requestBody(number), .requestEnded(bytes: number))
        if number % 5 > 0 {
            story.at(start + 7, number, request: number, ServerStory.answer(200 + number % 9), .responseFirstByte)
            story.at(start + 8, number, request: number, .responseLastByte(bytes: number), .handlerDone(nil))
        }
        if number % 7 > 0 {
            let failure = number % 5 > 0 ? nil : ServerCloseReason.clientGone.failure
            story.at(start + 9, number, request: number, .requestFinished(failure))
        }
        for record in story.records {
            session.apply(record)
            guard case .requestHead = record.event else { continue }
            session.begin(caught: record, as: ExchangeID(number))
            session.apply(upstream)
        }
        let body = BodyCapture(bytes: [UInt8(number % 70)], totalBytes: 1, sha256: "\(number % 70)")
        session.keep(body, of: ServerRequestID(number))
        session.keep(body, of: ExchangeID(number))
    }

    private static func passedOn(_ number: Int) -> [TraceRecord] {
        let start = Double(number)
        var story = Story()
        story.exchange = .forwarded(ServerRequestID(number))
        story.connection = ConnectionID(7)
        story.at(start + 2, started, .getConn(hostPort: "example.com:80"))
        story.at(start + 3, got(7, reused: true, use: number), sent, .flushed(bytes: 30))
        guard number % 2 == 0 else {
            story.at(start + 4, .requestFinished(refused))
            return story.records
        }
        story.at(start + 5, .gotFirstResponseByte, .responseHead(head(201)))
        story.at(start + 6, .bodyEnded(BodyEnd(way: .complete, bytes: 3)), .requestFinished(nil))
        return story.records
    }
}
