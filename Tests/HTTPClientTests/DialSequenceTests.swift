import HTTPTrace
import HTTPTypes
import TestSupport
import Testing
import Transport

@testable import HTTPClient

// go-semantics 4.e, 4.h and 4.k as whole lists: what a request is told of its dial.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
private let asked = ["requestStarted", "getConn", "queued(dialing, 0)", "dnsStart(named.test)"]
private let answered = ["wroteHeaders", "wroteRequest", "flushed", "gotFirstResponseByte", "responseHead(200)"]
private let wholeBody = ["bodyBytes(5)", "bodyEnded(complete 5)", "putIdleConn", "requestFinished"]

@NetworkActor
@Suite("Dials, as their requests are told")
struct DialSequenceTests {
    private let named = RequestURL(origin: Origin(scheme: .http, host: "named.test"))

    // TestTransportEventTrace; go-semantics 4.a and 4.f
    @Test func `a request with all there is tells each step once, and the next tells of its own`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 100 Continue\r\n\r\n"), .read(4), .send(ok), .readHead, .send(ok), .awaitClose,
        ])
        let test = try TestClient {
            $0.resolver = AnswersInTurn([[server.address]])
            $0.expectContinueTimeout = .seconds(600)
        }
        let foo = HTTPField.Name("X-Foo")!
        let fields: HTTPFields = [.expect: "100-continue", foo: "bar", foo: "baz"]
        let told = OrderLog()
        let hook = ClientTrace { $0.wroteHeaderField = { told.add("\($0): \($1.joined(separator: ","))") } }
        _ = try await withClientTrace(hook) {
            try await test.fetch(ClientRequest(method: .post, url: named, fields: fields, body: Array("body".utf8)))
        }
        #expect(
            test.events.words == asked + [
                "dnsDone", "connectStart(1)", "connectDone(1)", "dequeued(dialed)", "gotConn(c1)", "wroteHeaders",
                "wait100Continue", "gotFirstResponseByte", "got100Continue", "got1xxResponse(100)", "wroteRequest",
                "flushed", "responseHead(200)",
            ] + wholeBody)
        #expect(
            told.all == [
                "Host: named.test", "User-Agent: roundtrip/1", "Content-Length: 4", "Expect: 100-continue",
                "X-Foo: bar,baz",
            ])
        for case .dnsDone(let answer) in test.events.all.map(\.event) { #expect(!answer.isCoalesced) }
        for case .gotConn(let got) in test.events.all.map(\.event) { #expect(got.idleTime == nil) }
        test.events.removeAll()
        try await test.fetch(named)
        #expect(test.events.words == ["requestStarted", "getConn", "gotConn(c1 reused idle)"] + answered + wholeBody)
    }

    // go-semantics 4.e: refused at once
    @Test func `after a refusal the next address is tried at once`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let refusing = NetworkAddress(family: .ip4, ip: "127.0.0.7", port: 1)
        let test = try TestClient {
            $0.resolver = AnswersInTurn([[refusing, server.address]])
            $0.dialing.attemptDelay = .seconds(3_600)
        }
        #expect(try await test.fetch(named) == (200, "hello"))
        #expect(
            test.events.words == asked + [
                "dnsDone", "connectStart(1)", "connectDone(1)(connect)", "connectStart(2)", "connectDone(2)",
                "dequeued(dialed)", "gotConn(c1)",
            ] + answered + wholeBody)
    }

    // go-semantics 4.e: black hole
    @Test func `a silent address is overtaken, and its attempt closed before the connection is had`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let silent = try await BlackHole()
        let test = try TestClient { $0.resolver = AnswersInTurn([[silent.address, server.address]]) }
        #expect(try await test.fetch(named) == (200, "hello"))
        #expect(
            test.events.words == asked + [
                "dnsDone", "connectStart(1)", "connectStart(2)", "connectDone(2)", "connectDone(1)(cancelled)",
                "dequeued(dialed)", "gotConn(c1)",
            ] + answered + wholeBody)
    }

    // go-semantics 4.e: all fail. Go returns the first address's error; here all are named.
    @Test func `when every address fails the failure names each`() async throws {
        let refusing = ["127.0.0.7", "127.0.0.8"].map { NetworkAddress(family: .ip4, ip: $0, port: 1) }
        let test = try TestClient {
            $0.resolver = AnswersInTurn([refusing])
            $0.dialing.attemptDelay = .seconds(3_600)
        }
        let failure = await test.failure(of: ClientRequest(url: named))
        #expect(failure?.message == "127.0.0.7:1 refused, 127.0.0.8:1 refused")
        #expect(
            test.events.words == asked + [
                "dnsDone", "connectStart(1)", "connectDone(1)(connect)", "connectStart(2)", "connectDone(2)(connect)",
                "dequeued(failed)", "requestFinished(connect)",
            ])
    }

    // TestTransportEventTraceRealDNS, go-semantics 4.h
    @Test func `a name without addresses ends before any attempt`() async throws {
        let test = try TestClient { $0.resolver = AnswersInTurn([nil]) }
        let failure = await test.failure(of: ClientRequest(url: named))
        #expect(failure?.kind == .dns)
        #expect(test.events.words == asked + ["dnsDone(dns)", "dequeued(failed)", "requestFinished(dns)"])
    }

    // TestTransportPoolConnConnectionBecomesAvailableDuringDial, go-semantics 4.k
    @Test func `a dial that loses to a freed connection goes on, and what it brings counts as reused`() async throws {
        let (answer, dial) = (Gate(), Gate())
        let server = try ScriptedServer(
            [.readHead, .wait(answer), .send(ok), .readHead, .send(ok), .awaitClose],
            [.readHead, .send(ok), .awaitClose])
        let test = try TestClient {
            $0.resolver = AnswersInTurn([[server.address], [server.address]], holdingBackTheSecond: dial)
        }
        let second = EventLog()
        async let first: Void = { _ = try await test.fetch(named) }()
        await until { test.events.words.contains("flushed") }
        async let other = withClientTrace(second.trace) {
            try await test.client.send(ClientRequest(url: named)).body.collect(upTo: 100)
        }
        await until { second.words.contains("dnsStart(named.test)") }
        answer.open()
        try await first
        _ = try await other
        #expect(
            second.words == asked + ["dequeued(handedOver)", "gotConn(c1 reused)"] + answered
                + wholeBody.dropLast() + ["dnsDone(cancelled)", "requestFinished"])

        // The dial goes on without a request, and nothing is told of a put-back.
        dial.open()
        await until { test.client.poolSnapshot.total.idle == 2 }
        test.events.removeAll()
        try await test.fetch(named)
        #expect(test.events.words[2] == "gotConn(c2 reused idle)")
        #expect(server.received.count == 2)
    }
}

/// Says what it was given, one answer a lookup; nil for a name that does not exist.
@NetworkActor
private final class AnswersInTurn: Resolver {
    private var answers: [[NetworkAddress]?]
    private let gate: Gate?
    private var count = 0

    nonisolated init(_ answers: [[NetworkAddress]?], holdingBackTheSecond gate: Gate? = nil) {
        self.answers = answers
        self.gate = gate
    }

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        count += 1
        if count == 2 { await gate?.pass() }
        guard let answer = answers.removeFirst() else { throw .failed(code: -2, words: "Name or service not known") }
        return Resolution(addresses: answer)
    }
}
