import HTTPTrace
import HTTPTypes
import Sessions
import Testing

@Suite("A server's connections")
struct ServerLedgerTests {
    private func ledger(_ story: ServerStory) -> ServerLedger {
        var ledger = ServerLedger()
        for record in story.records { ledger.apply(record) }
        return ledger
    }

    @Test func `a connection knows its state, its requests and what they were`() throws {
        let ledger = ledger(.caught)
        let connection = try #require(ledger[ServerConnectionID(1)])
        #expect(connection.state == .idle && connection.since == .milliseconds(36))
        #expect(connection.uses == 1 && connection.applicationProtocol == "http/1.1")
        let request = try #require(connection.requests.first)
        #expect(request.use == 1 && request.requestBytes == 5 && request.responseBytes == 3)
        #expect(request.response?.status == 201 && request.failure == nil)
        #expect(request.handler == PhaseSpans.Span(start: .milliseconds(11), end: .milliseconds(36)))
        #expect(
            request.phases.present.map { "\($0.phase) \($0.span.start.nanoseconds / 1_000_000)" }
                == ["send 10", "wait 14", "receive 34"])
        #expect(request.finishedAt == .milliseconds(36))
    }

    @Test func `counts follow the states, and a closed connection says why`() {
        var story = ServerStory.caught
        story.at(40, 2, ServerStory.accepted, .state(.new))
        var ledger = ledger(story)
        #expect(ledger.counts.idle == 1 && ledger.counts.new == 1 && ledger.counts.open == 2)
        story.at(50, 1, .closed(.clientClosed, received: 200, sent: 100))
        ledger = self.ledger(story)
        #expect(ledger.counts.idle == 0 && ledger.counts.closed == 1 && ledger.counts.open == 1)
        #expect(ledger[ServerConnectionID(1)]?.closeReason == .clientClosed)
        #expect(ledger[ServerConnectionID(1)]?.received == 200)
    }

    @Test func `an answer that comes before the request has ended leaves nothing to wait for`() throws {
        var story = ServerStory()
        story.at(0, 1, ServerStory.accepted)
        story.at(1, 1, request: 1, .requestFirstByte, ServerStory.head())
        story.at(5, 1, request: 1, ServerStory.answer(200), .responseFirstByte)
        story.at(9, 1, request: 1, .requestEnded(bytes: 5), .responseLastByte(bytes: 2), .requestFinished(nil))
        let request = try #require(ledger(story)[ServerRequestID(1), on: ServerConnectionID(1)])
        #expect(request.phases.present.map(\.phase) == [.send, .receive])
    }

    @Test func `a request that runs is kept beside hundreds that come and go on its connection`() throws {
        var story = ServerStory()
        story.at(0, 1, ServerStory.accepted)
        story.at(1, 1, request: 1, .requestFirstByte, ServerStory.head("/events"))
        for number in 2...1_000 {
            story.at(Double(number), 1, request: number, .requestFirstByte, ServerStory.head(use: number))
            story.at(Double(number), 1, request: number, .requestFinished(nil))
        }
        #expect(ledger(story)[ServerConnectionID(1)]?.running?.id == ServerRequestID(1))
        story.at(2_000, 1, request: 1, .requestFinished(nil))
        let connection = try #require(ledger(story)[ServerConnectionID(1)])
        #expect(connection.requests.first?.finishedAt == .milliseconds(2_000) && connection.running == nil)
        #expect(connection.requests.count <= 2 * ServerLedger.requestLimit && connection.uses == 1_000)
    }

    @Test func `of ten thousand that are gone the latest are kept, and those that are open always`() {
        var ledger = ServerLedger()
        for number in 1...10_000 {
            var story = ServerStory()
            story.at(Double(number), number, ServerStory.accepted, .state(.new))
            if number > 5 { story.at(Double(number), number, .closed(.clientClosed, received: 0, sent: 0)) }
            for record in story.records { ledger.apply(record) }
        }
        #expect(ledger.counts.closed == 9_995 && ledger.counts.open == 5)
        #expect(ledger.connections.count <= 5 + 2 * ServerLedger.endedLimit)
        #expect((1...5).allSatisfy { ledger[ServerConnectionID($0)] != nil })
        #expect(ledger[ServerConnectionID(10_000)] != nil && ledger[ServerConnectionID(6)] == nil)
        #expect(ledger.listed(limit: 10).prefix(6).map(\.number) == [1, 2, 3, 4, 5, 10_000])
    }

    @Test func `a shutdown says whom it waits for, until it is over`() {
        var ledger = ServerLedger()
        let waiting = ServerWaiting(
            connection: ServerConnectionID(3), client: ServerStory.client, reason: .answering(1, oldest: "GET /slow"),
            since: .zero)
        ledger.apply(
            ServerRecord(time: .zero, connection: nil, request: nil, event: .shutdownWaits([waiting], count: 1)))
        #expect(ledger.waiting?.connections == [waiting] && ledger.waiting?.count == 1)
        ledger.apply(
            ServerRecord(time: .zero, connection: nil, request: nil, event: .shutdownDone(isInTime: true)))
        #expect(ledger.waiting == nil)
    }

    @Test func `each event is one line of JSON`() {
        var lines = ServerEventLines(since: .milliseconds(1))
        #expect(
            lines.line(ServerStory.caught.records[4], showing: { $0 })
                == #"{"t":10000000,"conn":"s1","req":"r1","ev":"requestHead","method":"POST","target":"/hook","#
                + #""url":"http://192.0.2.1:8080/hook","version":"HTTP/1.1","use":1,"body_len":5}"# + "\n")
        let unreadable = ServerRecord(
            time: .milliseconds(2), connection: ServerConnectionID(1), request: ServerRequestID(2),
            event: .requestUnreadable(line: Array("GET".utf8) + [255]))
        #expect(
            lines.line(unreadable, showing: { $0 })
                == #"{"t":1000000,"conn":"s1","req":"r2","ev":"requestUnreadable","line":"GET\#u{FFFD}"}"# + "\n")
        #expect(
            lines.line(
                ServerRecord(
                    time: .milliseconds(2), connection: ServerConnectionID(1), request: nil,
                    event: .closed(.timedOut(.nextRequest), received: 7, sent: 9)), showing: { $0 })
                == #"{"t":1000000,"conn":"s1","ev":"state","state":"closed","#
                + #""reason":"waited too long for the next request","received":7,"sent":9}"# + "\n")
    }
}
