import HTTPTrace
import Sessions
import Testing

@Suite("Phases of an exchange")
struct ExchangePhasesTests {
    @Test func `a new plain connection pays dns and connect`() {
        let exchange = Story.cold(1).exchange()
        #expect(
            exchange.spans == [
                "queued": [0, 1], "dns": [1, 10], "connect": [10, 30], "send": [50, 51], "wait": [51, 90],
                "receive": [90, 100],
            ])
        #expect(exchange.outcome == "ok")
        #expect(exchange.total(at: .seconds(9)) == .milliseconds(100))
        #expect(exchange.timeToFirstByte == .milliseconds(90))
        #expect(exchange.unclaimed(at: .seconds(9)) == .milliseconds(20))
        #expect(exchange.absence(of: .tls) == .noTLS)
        #expect(exchange.sentBytes == 38)
        #expect(exchange.bodyBytes == 5)
    }

    @Test func `a new TLS connection pays the handshake too`() {
        let exchange = Story.cold(1, tls: true).exchange("https://example.com/")
        #expect(exchange.spans["connect"] == [10, 30])
        #expect(exchange.spans["tls"] == [30, 50])
        #expect(exchange.tls == facts)
        #expect(exchange.unclaimed(at: .zero) == .zero)
    }

    @Test func `a reused connection pays nothing and says whose it was`() {
        let exchange = Story.warm(2).exchange("https://example.com/")
        #expect(exchange.spans == ["queued": [0, 0], "send": [0, 1], "wait": [1, 40], "receive": [40, 50]])
        for phase in [Phase.dns, .connect, .tls] {
            #expect(exchange.absence(of: phase) == .reused(ConnectionID(1)))
        }
    }

    @Test func `a host that is an address never had a lookup, reused or not`() {
        #expect(Story.warm(2).exchange("http://192.0.2.1/").absence(of: .dns) == .literalAddress)
        #expect(Story.warm(2).exchange("http://[::1]/").absence(of: .dns) == .literalAddress)
        #expect(Story.warm(2).exchange("http://1.2/").absence(of: .dns) == .reused(ConnectionID(1)))
        #expect(Story.warm(2).exchange("http://example.com/").absence(of: .tls) == .noTLS)
    }

    @Test func `a request handed another connection dialed nothing, however far its own dial was`() {
        for reached in 1...5 {
            var story = Story()
            story.at(0, started, .getConn(hostPort: "example.com:443"), .queued(.dialing, position: 0))
            if reached > 1 { story.at(1, .dnsStart(host: "example.com")) }
            if reached > 2 { story.at(5, .dnsDone(DNSAnswer(addresses: [ip4])), .connectStart(attempt: 1, ip4)) }
            if reached > 3 { story.at(9, .connectDone(attempt: 1, ip4, nil), .tlsHandshakeStart) }
            if reached > 4 { story.at(10, .tlsHandshakeDone(facts, nil)) }
            story.at(12, .dequeued(.handedOver), got(1, reused: true, use: 4))
            story.at(13, .flushed(bytes: 1))
            // The dial goes on for whoever comes next.
            story.at(14, .dnsStart(host: "example.com"), .dnsDone(DNSAnswer(addresses: [ip4])))
            story.at(15, .connectStart(attempt: 2, ip4))
            story.at(16, .connectDone(attempt: 2, ip4, nil), .tlsHandshakeStart)
            story.at(18, .tlsHandshakeDone(facts, nil))
            story.at(20, .gotFirstResponseByte, .responseHead(head(200)))
            story.at(21, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
            let exchange = story.exchange("https://example.com/")
            #expect(
                exchange.spans == ["queued": [0, 12], "send": [12, 13], "wait": [13, 20], "receive": [20, 21]],
                "own dial had reached step \(reached)")
            #expect(exchange.tls == nil)
            #expect(exchange.attempts.last?.span.end == .milliseconds(16))
        }
    }

    @Test func `connect lasts from the first attempt to the one that won`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "example.com:443"))
        story.at(1, .connectStart(attempt: 1, ip6))
        story.at(251, .connectStart(attempt: 2, ip4))
        story.at(270, .connectDone(attempt: 2, ip4, nil), .tlsHandshakeStart)
        // The loser is given up while the handshake already runs.
        story.at(275, .connectDone(attempt: 1, ip6, cancelled))
        story.at(300, .tlsHandshakeDone(facts, nil), got())
        let exchange = story.exchange("https://example.com/")
        #expect(exchange.spans["connect"] == [1, 270])
        #expect(exchange.spans["tls"] == [270, 300])
        #expect(exchange.attempts.map(\.failure) == [cancelled, nil])
    }

    @Test func `connect goes on while another attempt runs or starts`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "example.com:80"))
        story.at(1, .connectStart(attempt: 1, ip6))
        story.at(2, .connectDone(attempt: 1, ip6, refused))
        #expect(story.exchange().spans["connect"] == [1, 2])
        story.at(3, .connectStart(attempt: 2, ip4))
        #expect(story.exchange().phases.running == .connect)
        story.at(9, .connectDone(attempt: 2, ip4, nil), got())
        #expect(story.exchange().spans["connect"] == [1, 9])
    }

    @Test func `a connection attempt during the lookup ends the lookup's share`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "example.com:80"), .dnsStart(host: "example.com"))
        story.at(5, .connectStart(attempt: 1, ip6))
        story.at(8, .dnsDone(DNSAnswer(addresses: [ip6, ip4])))
        story.at(9, .connectDone(attempt: 1, ip6, nil), got())
        #expect(story.exchange().spans["dns"] == [0, 5])
        #expect(story.exchange().spans["connect"] == [5, 9])
    }

    @Test func `a dial without a lookup needed none, and one that never began was not reached`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "example.com:80"))
        #expect(story.exchange().absence(of: .dns) == .notReached)
        story.at(1, .connectStart(attempt: 1, ip4))
        #expect(story.exchange().absence(of: .dns) == .noLookup)
    }

    @Test func `a failure ends the phase it happened in, and later ones are absent`() {
        let failure = Failure(.reset, "gone")
        let steps: [(TraceEvent, Phase)] = [
            (.getConn(hostPort: "example.com:443"), .queued), (.dnsStart(host: "example.com"), .dns),
            (.connectStart(attempt: 1, ip4), .connect), (.tlsHandshakeStart, .tls), (got(), .send),
            (.flushed(bytes: 1), .wait), (.gotFirstResponseByte, .receive),
        ]
        for reached in steps.indices {
            var story = Story()
            story.at(0, started)
            for step in 0...reached { story.at(Double(step + 1), steps[step].0) }
            story.at(20, .requestFinished(failure))
            let exchange = story.exchange("https://example.com/")
            #expect(exchange.outcome == "error:reset")
            #expect(exchange.spans[steps[reached].1.rawValue] == [Double(reached + 1), 20])
            #expect(exchange.phases.present.map(\.phase) == steps[...reached].map(\.1))
            #expect(exchange.total(at: .zero) == .milliseconds(20))
            for phase in Phase.allCases where exchange.phases[phase] == nil {
                #expect(exchange.absence(of: phase) == (phase == .tunnel ? .noTunnel : .notReached))
            }
        }
    }

    @Test func `a cancelled request keeps its figures while its dial goes on`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "example.com:443"), .dnsStart(host: "example.com"))
        story.at(4, .dequeued(.cancelled), .requestFinished(cancelled))
        let before = story.exchange()
        story.at(5, .dnsDone(DNSAnswer(addresses: [ip4])), .connectStart(attempt: 1, ip4))
        story.at(9, .connectDone(attempt: 1, ip4, nil), .tlsHandshakeStart)
        let after = story.exchange()
        #expect(after.phases == before.phases)
        #expect(after.spans == ["queued": [0, 0], "dns": [0, 4]])
        #expect(after.standing == .cancelled)
        #expect(after.attempts.count == 1)
    }

    @Test func `early answers prolong the wait, and receive begins with the final head`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true))
        story.at(1, .flushed(bytes: 10))
        story.at(10, .gotFirstResponseByte, .got1xxResponse(head(103)))
        story.at(20, .got1xxResponse(head(103)))
        story.at(40, .responseHead(head(200)))
        story.at(50, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.spans["wait"] == [1, 40])
        #expect(exchange.spans["receive"] == [40, 50])
        #expect(exchange.informational.count == 2)
        #expect(exchange.timeToFirstByte == .milliseconds(10))
    }

    @Test func `a 100 before the body was sent leaves send running`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent, .wait100Continue)
        story.at(10, .gotFirstResponseByte, .got100Continue, .got1xxResponse(head(100)))
        #expect(story.exchange().phases.running == .send)
        #expect(story.exchange().continueWait == Exchange.ContinueWait(time: .milliseconds(10), isExact: true))
        story.at(15, .wroteRequest(nil), .flushed(bytes: 500))
        story.at(30, .responseHead(head(200)))
        story.at(31, .requestFinished(nil))
        #expect(
            story.exchange().spans == ["queued": [0, 0], "send": [0, 15], "wait": [15, 30], "receive": [30, 31]])
    }

    @Test func `how long the body was held back is known at most where the limit ran out`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent)
        #expect(story.exchange().continueWait == nil)
        story.at(1, .wait100Continue)
        #expect(story.exchange().continueWait == nil)
        story.at(1_001, .wroteRequest(nil))
        #expect(story.exchange().continueWait == Exchange.ContinueWait(time: .milliseconds(1_000), isExact: false))
    }

    @Test func `an answer before the request was written leaves no wait`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent)
        story.at(5, .gotFirstResponseByte, .responseHead(head(413)))
        story.at(6, .flushed(bytes: 100))
        story.at(7, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.spans == ["queued": [0, 0], "send": [0, 5], "receive": [5, 7]])
        #expect(exchange.absence(of: .wait) == .answeredEarly)
    }

    @Test(arguments: [BodyEnd.Way.complete, .closedEarly])
    func `what is done for the connection's sake after the answer is no part of the request's time`(_ way: BodyEnd.Way)
    {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent)
        if way == .closedEarly { story.at(1, .flushed(bytes: 100)) }
        story.at(4, .gotFirstResponseByte, .responseHead(head(413)))
        story.at(5, .bodyEnded(BodyEnd(way: way, bytes: 0)))
        #expect(story.exchange().isRunning)
        story.at(55, .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.total(at: .zero) == .milliseconds(5))
        #expect(exchange.unclaimed(at: .zero) == .zero)
    }

    @Test func `a retry starts anew and keeps why`() {
        var story = Story()
        let stale = Failure(.reset, "closed while idle")
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent)
        story.at(1, .flushed(bytes: 10))
        story.at(3, .attemptRetried(stale, number: 1))
        #expect(story.exchange().phases.isEmpty)
        #expect(story.exchange().isRunning)
        story.at(4, .getConn(hostPort: "a:80"))
        story.at(5, .connectStart(attempt: 1, ip4))
        story.at(8, .connectDone(attempt: 1, ip4, nil), got(2), sent)
        story.at(9, .flushed(bytes: 10))
        story.at(12, .gotFirstResponseByte, .responseHead(head(200)))
        story.at(13, .bodyEnded(BodyEnd(way: .complete, bytes: 0)), .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.retries.map(\.failure) == [stale])
        #expect(
            exchange.spans == [
                "queued": [4, 5], "connect": [5, 8], "send": [8, 9], "wait": [9, 12], "receive": [12, 13],
            ])
        #expect(exchange.unclaimed(at: .zero) == .milliseconds(4))
        #expect(exchange.connection?.connection == ConnectionID(2))
        #expect(exchange.earlierAttempts == .milliseconds(3))
        #expect(exchange.pauses(at: .zero) == .milliseconds(1))
        #expect(exchange.betweenPhases(at: .zero) == .zero)
    }

    @Test func `each attempt keeps its phases, and the pause after it ends with the next, or with the request`() {
        var story = Story()
        story.connection = ConnectionID(1)
        story.at(0, started, .getConn(hostPort: "a:80"), .connectStart(attempt: 1, ip4))
        story.at(2, .connectDone(attempt: 1, ip4, nil), got(1), sent, .flushed(bytes: 10))
        story.at(5, .attemptRetried(refused, number: 2))
        story.at(1_005, .getConn(hostPort: "a:80"), got(1, reused: true, use: 2), sent, .flushed(bytes: 10))
        #expect(story.exchange().absence(of: .connect) == .dialedByEarlierAttempt(ConnectionID(1)))
        story.at(1_006, .attemptRetried(refused, number: 3))
        story.at(2_000, .requestFinished(cancelled))
        let exchange = story.exchange()
        #expect(exchange.retries.map(\.connection) == [ConnectionID(1), ConnectionID(1)])
        #expect(exchange.retries.map(\.duration) == [.milliseconds(5), .milliseconds(1)])
        #expect(exchange.retries[0].phases.present.map(\.phase) == [.queued, .connect, .send, .wait])
        #expect(exchange.retries[0].phases[.wait]?.end == .milliseconds(5))
        #expect(
            exchange.retries.map { exchange.pause(after: $0, at: .zero) } == [.milliseconds(1_000), .milliseconds(994)])
        #expect(exchange.betweenPhases(at: .zero) == .zero)
    }

    @Test func `a dial from before a retry that goes on is no part of the new attempt`() {
        let stale = Failure(.reset, "closed while idle")
        var story = Story()
        story.connection = ConnectionID(2)
        story.at(0, started, .getConn(hostPort: "a:80"), .connectStart(attempt: 1, ip4))
        story.connection = ConnectionID(1)
        story.at(1, got(1, reused: true), sent, .got1xxResponse(head(103)))
        story.at(2, .attemptRetried(stale, number: 2), .getConn(hostPort: "a:80"))
        story.connection = ConnectionID(3)
        story.at(3, .connectStart(attempt: 1, ip6))
        story.connection = ConnectionID(2)
        story.at(4, .connectDone(attempt: 1, ip4, nil), .tlsHandshakeStart)
        story.connection = ConnectionID(3)
        story.at(6, .connectDone(attempt: 1, ip6, nil), .tlsHandshakeStart)
        story.connection = ConnectionID(2)
        story.at(7, .tlsHandshakeDone(facts, refused))
        story.connection = ConnectionID(3)
        story.at(20, .tlsHandshakeDone(facts, nil), got(3), sent)
        let exchange = story.exchange("https://example.com/")
        #expect(exchange.spans == ["queued": [2, 3], "connect": [3, 6], "tls": [6, 20], "send": [20]])
        #expect(exchange.informational.isEmpty)
    }

    @Test func `a problem of a body that was known before the end stays`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), sent)
        story.at(1, .gotFirstResponseByte, .responseHead(head(302)))
        var exchange = story.exchange()
        exchange.body = BodyCapture(bytes: [], totalBytes: 0, sha256: "", problem: Failure(.redirect, "leads nowhere"))
        exchange.apply(
            TraceRecord(time: .milliseconds(5), exchange: exchange.id, connection: nil, event: .requestFinished(nil)))
        #expect(exchange.outcome == "error:redirect")
    }

    @Test func `a kernel stamp a little before ours makes no negative phase`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true))
        story.at(10, .flushed(bytes: 10))
        story.at(9.9, .gotFirstResponseByte, .responseHead(head(200)))
        story.at(9.8, .requestFinished(nil))
        let exchange = story.exchange()
        #expect(exchange.spans == ["queued": [0, 0], "send": [0, 10], "wait": [10, 10], "receive": [10, 10]])
        #expect(exchange.total(at: .zero) == .milliseconds(10))
    }

    @Test func `a running phase grows with the clock`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true))
        story.at(1, .flushed(bytes: 10))
        let exchange = story.exchange()
        #expect(exchange.phases.running == .wait)
        #expect(exchange.phases[.wait]?.duration(at: .milliseconds(31)) == .milliseconds(30))
        #expect(exchange.phases[.wait]?.duration(at: .zero) == .zero)
        #expect(exchange.total(at: .milliseconds(31)) == .milliseconds(31))
        #expect(exchange.outcome == nil)
    }

    @Test func `events past the limit are counted, and the figures stay true`() {
        var story = Story()
        story.at(0, started, .getConn(hostPort: "a:80"), got(1, reused: true), .gotFirstResponseByte)
        for step in 0..<Exchange.eventLimit { story.at(Double(step), .bodyBytes(10)) }
        story.at(5_000, .bodyEnded(BodyEnd(way: .complete, bytes: Exchange.eventLimit * 10)), .requestFinished(nil))
        let exchange = story.exchange()
        // How it ended is told all the same.
        #expect(exchange.events.count == Exchange.eventLimit + 2)
        #expect(exchange.events.last?.event == .requestFinished(nil))
        #expect(exchange.droppedEvents == 4)
        #expect(exchange.bodyBytes == Exchange.eventLimit * 10)
        #expect(exchange.total(at: .zero) == .seconds(5))
    }

    @Test func `a tunnel is a phase between connect and TLS, with the proxy's own handshake in it`() {
        var story = Story()
        let proxy = ProxyServer(.https, host: "proxy.example", port: 443)
        let tunnel = TunnelFacts(proxy: proxy, target: "example.com:443", head: head(200))
        story.at(0, started, .getConn(hostPort: "proxy.example:443"), .connectStart(attempt: 1, ip4))
        story.at(10, .connectDone(attempt: 1, ip4, nil), .tunnelStart(proxy, target: "example.com:443"))
        story.at(11, .tlsHandshakeStart)
        story.at(20, .tlsHandshakeDone(facts, nil))
        story.at(30, .tunnelDone(tunnel, nil), .tlsHandshakeStart)
        story.at(50, .tlsHandshakeDone(facts, nil), got(), sent, .flushed(bytes: 38))
        story.at(60, .gotFirstResponseByte, .responseHead(head(200)), .requestFinished(nil))
        let exchange = story.exchange("https://example.com/")
        #expect(exchange.spans["tunnel"] == [10, 30])
        #expect(exchange.spans["tls"] == [30, 50])
        #expect(exchange.tunnel == tunnel)
        #expect(exchange.listedPhases.contains(.tunnel))
    }

    @Test func `without a tunnel there is no line for one`() {
        let exchange = Story.cold(1).exchange()
        #expect(!exchange.listedPhases.contains(.tunnel))
        #expect(exchange.absence(of: .tunnel) == .noTunnel)
    }

    @Test func `a refused tunnel ends in that phase, with the proxy's answer`() {
        var story = Story()
        let proxy = ProxyServer(.http, host: "proxy.example", port: 80)
        let refusal = Failure(.proxy, phase: .tunnel, "the proxy refused the tunnel: 403 Forbidden")
        story.at(0, started, .getConn(hostPort: "proxy.example:80"), .connectStart(attempt: 1, ip4))
        story.at(10, .connectDone(attempt: 1, ip4, nil), .tunnelStart(proxy, target: "example.com:443"))
        story.at(
            30, .tunnelDone(TunnelFacts(proxy: proxy, target: "example.com:443", head: head(403)), refusal),
            .requestFinished(refusal))
        let exchange = story.exchange("https://example.com/")
        #expect(exchange.phases.present.last?.phase == .tunnel)
        #expect(exchange.tunnel?.head?.status == 403)
        #expect(exchange.failure?.phase == .tunnel)
    }
}
