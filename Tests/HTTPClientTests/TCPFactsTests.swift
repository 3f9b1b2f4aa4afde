import HTTPTrace
import HTTPTypes
import TestSupport
import Testing
import Transport

@testable import HTTPClient

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Connection facts", .timeLimit(.minutes(5)))
struct TCPFactsTests {
    @Test func `the kernel is asked at the dial, the first byte and the end, and bytes add up`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        let facts = test.events.tcpFacts
        #expect(facts.map(\.moment) == [.dial, .firstByte, .end])
        let end = try #require(facts.last)
        #expect(end.exchange == WireBytes(sent: server.received[0].utf8.count, received: ok.utf8.count))
        #expect(end.bytesSent == end.exchange?.sent && end.bytesReceived == ok.utf8.count)
        #expect(facts.allSatisfy { $0.roundTrip > .zero && $0.retransmits == 0 })
    }

    @Test func `what the kernel was handed and did not send is not counted as sent`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"), .awaitClose])
        let test = try TestClient()
        // More than the sockets' buffers on both sides take.
        let body = [UInt8](repeating: 0, count: 32 << 20)
        try await test.fetch(ClientRequest(method: .post, url: server.url(), body: body))
        for facts in test.events.tcpFacts {
            guard let exchange = facts.exchange else { continue }
            #expect(exchange.sent == facts.bytesSent - facts.bytesResent)
        }
        #expect(test.events.tcpFacts.contains { $0.exchange != nil })
    }

    @Test func `over TLS the handshake and the records count, for the exchange that dialed`() async throws {
        let tls = try TLSContext(server: TestCertificates.localhost)
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], tls: tls)
        let test = try TestClient { $0.tls = try! TLSContext(client: TestCertificates.trusting) }
        try await test.fetch(server.url())
        let end = try #require(test.events.tcpFacts.last)
        // A certificate alone is longer than the answer.
        #expect(end.exchange!.received > ok.utf8.count + 300)
        #expect(end.exchange!.received == end.bytesReceived)
    }

    @Test func `over HTTP-2 the kernel is asked as well, and does not say whose bytes they were`() async throws {
        let peer = try HTTP2Peer()
        let test = try TestClient { $0.versions = .http2Only }
        try await test.fetch(peer.url())
        let facts = test.events.tcpFacts
        #expect(facts.map(\.moment) == [.dial, .firstByte, .end])
        #expect(facts.allSatisfy { $0.exchange == nil })
        #expect(facts.allSatisfy { $0.roundTrip > .zero })
    }

    @Test func `an exchange on an open connection counts its own bytes`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        // Measured exchanges keep their distance, so that many small ones don't pay for it.
        try await Task.sleep(for: HTTP1Connection.measurementInterval)
        test.events.removeAll()
        try await test.fetch(server.url())
        let facts = test.events.tcpFacts
        #expect(facts.map(\.moment) == [.firstByte, .end])
        #expect(facts[1].exchange?.received == ok.utf8.count)
        #expect(facts[1].bytesReceived == 2 * ok.utf8.count)
    }

    @Test func `many small exchanges are measured seldom`() async throws {
        let count = 200
        let steps = (0..<count).flatMap { _ in [Step.readHead, .send(ok)] }
        let server = try ScriptedServer(steps + [.awaitClose])
        let test = try TestClient()
        let start = EventLoop.shared.now
        for _ in 0..<count { try await test.fetch(server.url()) }
        let allowed = Int((EventLoop.shared.now - start) / HTTP1Connection.measurementInterval) + 1
        #expect(test.events.tcpFacts.filter { $0.moment == .end }.count <= allowed)
    }

    @Test func `the start of one dial is not done by another's, and is closed on its own connection`() {
        let log = EventLog()
        let tracer = Tracer(exchange: ExchangeID(1), trace: log.trace, keepsTimes: false)
        for connection in [2, 3] { tracer.recordDial(.tlsHandshakeStart, on: ConnectionID(connection)) }
        let facts = TLSFacts(version: "TLSv1.3", cipher: "", alpn: nil, serverName: nil)
        tracer.recordDial(.tlsHandshakeDone(facts, nil), on: ConnectionID(3))
        tracer.finish(nil, on: ConnectionID(3))
        let told = log.all.map { "\($0.connection?.number ?? 0) \($0.event.word)" }
        #expect(
            told == [
                "2 tlsHandshakeStart", "3 tlsHandshakeStart", "3 tlsHandshakeDone", "2 tlsHandshakeDone(cancelled)",
                "3 requestFinished",
            ])
    }

    @Test func `who listens to Go's hooks alone pays for no measurement`() {
        let hooks = ClientTrace { $0.gotConn = { _ in } }
        #expect(!Tracer(exchange: ExchangeID(1), trace: hooks, keepsTimes: false).isRecording)
        #expect(Tracer(exchange: ExchangeID(1), trace: EventLog().trace, keepsTimes: false).isRecording)
    }
}
