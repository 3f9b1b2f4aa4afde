import HTTPClient
import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Transport

// The sequences of Go's httptrace, as whole lists, with ours between them. Comments name Go's own tests.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
private let answered = ["wroteHeaders", "wroteRequest", "flushed", "gotFirstResponseByte", "responseHead(200)"]
private let wholeBody = ["bodyBytes(5)", "bodyEnded(complete 5)", "putIdleConn", "requestFinished"]
private let dialed = [
    "requestStarted", "getConn", "queued(dialing, 0)", "connectStart(1)", "connectDone(1)", "dequeued(dialed)",
    "gotConn(c1)",
]

@NetworkActor
@Suite("Trace sequences")
struct TraceSequenceTests {
    // go-semantics 4.a
    @Test func `a new plain connection`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        #expect(test.events.words == dialed + answered + wholeBody)
        #expect(
            test.connections.words == [
                "connectionDialing", "connectionOpened", "connectionActive(1)", "connectionIdle",
            ])
    }

    // TestTLSHandshakeTrace; go-semantics 4.b
    @Test func `a new TLS connection`() async throws {
        let tls = try TLSContext(server: TestCertificates.localhost)
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], tls: tls)
        let test = try TestClient { $0.tls = try! TLSContext(client: TestCertificates.trusting) }
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        let messages = test.events.words.filter { $0.hasPrefix("tlsMessage") }
        #expect(messages.prefix(2) == ["tlsMessage(sent ClientHello)", "tlsMessage(received ServerHello)"])
        // Once the client is done the server's tickets come, before the answer's first byte.
        #expect(messages.suffix(2) == Array(repeating: "tlsMessage(received NewSessionTicket)", count: 2))
        let handshake = ["tlsHandshakeStart", "tlsHandshakeDone"]
        #expect(
            test.events.words.filter { !messages.contains($0) }
                == dialed.prefix(5) + handshake + dialed.suffix(2) + answered + wholeBody)
        let inside = test.events.words.drop { $0 != "tlsHandshakeStart" }.prefix { $0 != "tlsHandshakeDone" }
        #expect(Array(inside.dropFirst()) == messages.dropLast(2))
    }

    // TestTransportEventTraceTLSVerify
    @Test func `a certificate that is not trusted ends the handshake, and no connection is got`() async throws {
        let tls = try TLSContext(server: TestCertificates.localhost)
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], tls: tls)
        let test = try TestClient()
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == .tls)
        #expect(failure?.isCertificate == true)
        let messages = test.events.words.filter { $0.hasPrefix("tlsMessage") }
        #expect(messages.last == "tlsMessage(sent alert: unknown CA)")
        #expect(
            test.events.words.filter { !messages.contains($0) } == dialed.prefix(5) + [
                "tlsHandshakeStart", "tlsHandshakeDone(tls)", "dequeued(failed)", "requestFinished(tls)",
            ])
    }

    @Test func `an empty User-Agent stands for none, unless there is no default to decline`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(ClientRequest(url: server.url(), fields: [.userAgent: ""]))
        try await test.fetch(server.url())
        let heads = server.received[0].split(separator: "\r\n\r\n")
        #expect(!heads[0].contains("User-Agent"))
        #expect(heads[1].contains("User-Agent: roundtrip/1"))

        let other = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let passing = try TestClient { $0.userAgent = nil }
        try await passing.fetch(ClientRequest(url: other.url(), fields: [.userAgent: ""]))
        #expect(other.received[0].contains("User-Agent: \r\n"))
    }

    @Test func `a name is looked up before the first attempt`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        var url = server.url()
        url.origin.host = "localhost"
        try await test.fetch(url)
        let words = test.events.words
        let lookup = try #require(words.firstIndex(of: "dnsStart(localhost)"))
        #expect(words[lookup + 1] == "dnsDone")
        #expect(words[lookup + 2] == "connectStart(1)")
    }

    // go-semantics 4.c
    @Test func `a reused idle connection dials nothing`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        test.events.removeAll()
        try await test.fetch(server.url())
        #expect(test.events.words == ["requestStarted", "getConn", "gotConn(c1 reused idle)"] + answered + wholeBody)
    }

    // TestTransportReuseConnEmptyResponseBody: put back before the response is returned.
    @Test func `a response without a body gives its connection back before it is returned`() async throws {
        let answer = "HTTP/1.1 204 No Content\r\n\r\n"
        let exchanges = Array(repeating: [Step.readHead, .send(answer)], count: 100).flatMap { $0 }
        let server = try ScriptedServer(exchanges + [.awaitClose])
        let test = try TestClient()
        for _ in 0..<100 {
            let response = try await withClientTrace(test.events.trace) {
                try await test.client.send(ClientRequest(url: server.url()))
            }
            #expect(test.events.words.suffix(3) == ["bodyEnded(complete 0)", "putIdleConn", "requestFinished"])
            #expect(response.status == 204)
        }
        #expect(server.received.count == 1)
    }

    // TestEarlyHintsRequest
    @Test func `early hints come before the head, and the first byte only once`() async throws {
        let hints = ["</a.css>", "</b.js>"].map { "HTTP/1.1 103 Early Hints\r\nLink: \($0)\r\n\r\n" }
        let server = try ScriptedServer([.readHead, .send(hints.joined() + ok), .awaitClose])
        let test = try TestClient()
        let told = OrderLog()
        let hook = ClientTrace { $0.got1xxResponse = { told.add("\($0) \($1[HTTPField.Name("Link")!] ?? "")") } }
        _ = try await withClientTrace(hook) { try await test.fetch(server.url()) }
        #expect(told.all == ["103 </a.css>", "103 </b.js>"])
        #expect(
            test.events.words == dialed + [
                "wroteHeaders", "wroteRequest", "flushed", "gotFirstResponseByte", "got1xxResponse(103)",
                "got1xxResponse(103)",
                "responseHead(200)",
            ] + wholeBody)
    }

    @Test func `a 1xx hook that throws ends the request`() async throws {
        struct Enough: Error {}
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 103 Early Hints\r\n\r\n"), .awaitClose])
        let test = try TestClient()
        let failure = await withClientTrace(ClientTrace { $0.got1xxResponse = { _, _ in throw Enough() } }) {
            await test.failure(of: ClientRequest(url: server.url()))
        }
        #expect(failure?.kind == .cancelled)
        #expect(test.connections.words.last == "connectionClosed(requestCancelled)")
    }

    @Test func `a failure that a 1xx hook throws is the request's`() async throws {
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 103 Early Hints\r\n\r\n"), .awaitClose])
        let test = try TestClient()
        let hook = ClientTrace { $0.got1xxResponse = { _, _ in throw Failure(.tooLarge, "they don't end") } }
        let failure = await withClientTrace(hook) { await test.failure(of: ClientRequest(url: server.url())) }
        #expect(failure == Failure(.tooLarge, phase: .wait, "they don't end"))
        #expect(test.events.words.last == "requestFinished(too-large)")
    }

    // TestTransportExpect100ContinueSent
    @Test func `with Expect the body waits for 100`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 100 Continue\r\n\r\n"), .read(4), .send(ok), .awaitClose])
        // Patience beyond what a busy machine can take away.
        let test = try TestClient { $0.expectContinueTimeout = .seconds(600) }
        try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(
            test.events.words == dialed + [
                "wroteHeaders", "wait100Continue", "gotFirstResponseByte", "got100Continue", "got1xxResponse(100)",
                "wroteRequest", "flushed", "responseHead(200)",
            ] + wholeBody)
    }

    // go-semantics 4.f: "A 100 that arrives after the timer still fires Got100Continue"
    @Test(arguments: [.zero, .milliseconds(20)] as [Duration])
    func `a 100 that comes after the limit is told all the same`(limit: Duration) async throws {
        let server = try ScriptedServer(
            [.readHead, .read(4), .send("HTTP/1.1 100 Continue\r\n\r\n" + ok), .awaitClose])
        let test = try TestClient { $0.expectContinueTimeout = limit }
        try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(
            test.events.words == dialed + [
                "wroteHeaders", "wait100Continue", "wroteRequest", "flushed", "gotFirstResponseByte", "got100Continue",
                "got1xxResponse(100)", "responseHead(200)",
            ] + wholeBody)
    }

    // TestTransportExpect100Continue500ResponseTimeout
    @Test func `with Expect and a silent server the body goes out after the limit`() async throws {
        let server = try ScriptedServer([.readHead, .read(4), .send(ok), .awaitClose])
        let test = try TestClient { $0.expectContinueTimeout = .milliseconds(20) }
        try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(test.events.words == dialed + ["wroteHeaders", "wait100Continue"] + answered.dropFirst() + wholeBody)
    }

    // TestTransportExpect100Continue200ResponseWithConnClose, TestNoSniffExpectRequestBody
    @Test func `with Expect and an answer that closes the body is never sent`() async throws {
        let refusal = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([.readHead, .send(refusal), .awaitClose])
        // Patience beyond what a busy machine can take away.
        let test = try TestClient { $0.expectContinueTimeout = .seconds(600) }
        let answer = try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(answer.status == 413)
        #expect(!server.received[0].contains("body"))
        #expect(test.connections.words.last == "connectionClosed(peerSaidClose)")
        #expect(
            test.events.words == dialed + [
                "wroteHeaders", "wait100Continue", "gotFirstResponseByte", "responseHead(413)", "wroteRequest",
                "bodyEnded(complete 0)", "requestFinished",
            ])
    }

    // Go sends it.
    @Test func `with Expect and a server that refuses the expectation the body is never sent`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let test = try TestClient { $0.expectContinueTimeout = .seconds(600) }
        let answer = try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(answer.status == 417)
        #expect(!server.received[0].contains("body"))
        #expect(test.connections.words.last == "connectionClosed(earlyResponse)")
    }

    // TestTransportExpect100Continue200ResponseNoConnClose, TestTransportExpect100Continue500ResponseNoConnClose;
    // go-semantics 11.7
    @Test(arguments: ["200 OK", "500 Internal Server Error"])
    func `with Expect and an answer that keeps the connection the body is sent for the connection's sake`(
        status: String
    ) async throws {
        let answer = "HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([.readHead, .send(answer), .read(4), .readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.expectContinueTimeout = .seconds(600) }
        try await test.fetch(
            ClientRequest(method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        )
        #expect(
            test.events.words == dialed + [
                "wroteHeaders", "wait100Continue", "gotFirstResponseByte", "responseHead(\(status.prefix(3)))",
                "wroteRequest", "flushed", "bodyEnded(complete 0)", "putIdleConn", "requestFinished",
            ])
        test.events.removeAll()
        try await test.fetch(server.url())
        #expect(test.events.words[2] == "gotConn(c1 reused idle)")
    }

    // The retry of go-semantics 4.g, with the event Go lacks.
    @Test func `a request on a stale connection is retried on a new one, and says so`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send(ok), .readHead, .close], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        test.events.removeAll()
        #expect(try await test.fetch(server.url()).body == "hello")
        #expect(
            test.events.words == [
                "requestStarted", "getConn", "gotConn(c1 reused idle)", "wroteHeaders", "wroteRequest", "flushed",
                "attemptRetried(reset, 2)", "getConn", "queued(dialing, 0)", "connectStart(1)", "connectDone(1)",
                "dequeued(dialed)", "gotConn(c2)",
            ] + answered + wholeBody)
    }

    // go-semantics 11.17
    @Test func `a POST on a stale connection is not retried`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .close], [.readHead, .send(ok)])
        let test = try TestClient()
        try await test.fetch(server.url())
        let failure = await test.failure(of: ClientRequest(method: .post, url: server.url(), body: Array("x".utf8)))
        #expect(failure?.kind == .reset)
        #expect(server.received.count == 1)
    }

    @Test func `a new connection that closes without an answer is not retried`() async throws {
        let server = try ScriptedServer([.readHead, .close], [.readHead, .send(ok)])
        let test = try TestClient()
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .reset)
        #expect(test.events.words.suffix(2) == ["flushed", "requestFinished(reset)"])
    }

    // go-semantics 4.h: "bad scheme/host/header/method: no hook"
    @Test func `what can't be sent asks for no connection`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok)])
        let requests = [
            ClientRequest(url: server.url("/a b")),
            ClientRequest(method: .post, url: server.url(), fields: [.contentLength: "9"], body: Array("body".utf8)),
        ]
        for request in requests {
            let test = try TestClient()
            let failure = await test.failure(of: request)
            #expect(failure?.kind == .protocol && failure?.detail == .request)
            #expect(test.events.words == ["requestStarted", "requestFinished(protocol)"])
        }
    }

    // go-semantics 4.h
    @Test(
        arguments: [
            ("nonsense", ["requestFinished(protocol)"]),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 60_000), ["requestFinished(too-large)"]),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                ["responseHead(200)", "bodyBytes(5)", "bodyEnded(broken 5)", "requestFinished(truncated)"]
            ),
        ] as [(String, [String])])
    func `what the peer gets wrong ends the request, and nothing is put back`(_ answer: String, _ end: [String])
        async throws
    {
        let server = try ScriptedServer([.readHead, .send(answer), .close])
        let test = try TestClient { $0.limits.headBytes = 50_000 }
        _ = await test.failure(of: ClientRequest(url: server.url()))
        #expect(test.events.words == dialed + answered.dropLast() + end)
    }

    // go-semantics 4.h
    @Test func `a refused connection ends with the attempt's failure`() async throws {
        // Not the port of a server just stopped: another test's server may be given that one meanwhile.
        let origin = Origin(scheme: .http, host: "127.0.0.1", port: try PeerServer.freePort())
        let url = RequestURL(origin: origin, target: "/")
        let test = try TestClient()
        let failure = await test.failure(of: ClientRequest(url: url))
        #expect(failure?.kind == .connect)
        #expect(failure?.phase == .connect)
        #expect(
            test.events.words == [
                "requestStarted", "getConn", "queued(dialing, 0)", "connectStart(1)", "connectDone(1)(connect)",
                "dequeued(failed)", "requestFinished(connect)",
            ])
        #expect(test.connections.words == ["connectionDialing", "connectionFailed(connect)"])
    }

    // TestTransportCancelRequestBeforeDo, TestTransportCheckContextDoneEarly
    @Test func `a request cancelled before it starts fires no hook`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok)])
        let test = try TestClient()
        let task = Task { @NetworkActor in
            withUnsafeCurrentTask { $0?.cancel() }
            return await test.failure(of: ClientRequest(url: server.url()))
        }
        #expect(await task.value?.kind == .cancelled)
        #expect(test.events.words == [])
    }

    // TestTransportCancelRequest, TestTransportCancelRequestInDo, TestTransportCancelRequestBeforeResponseHeaders
    @Test func `cancelling while waiting for the head ends it at once and closes the connection`() async throws {
        let server = try ScriptedServer([.readHead, .awaitClose])
        let test = try TestClient()
        let task = Task { @NetworkActor in await test.failure(of: ClientRequest(url: server.url())) }
        await until { test.events.words.contains("flushed") }
        task.cancel()
        let failure = await task.value
        #expect(failure?.kind == .cancelled)
        #expect(failure?.phase == .wait)
        #expect(
            test.events.words == dialed + ["wroteHeaders", "wroteRequest", "flushed", "requestFinished(cancelled)"])
        #expect(test.connections.words.last == "connectionClosed(requestCancelled)")
        await until { server.finished == 1 }
    }

    // TestTransportCancelRequestWithBody, TestTransportCloseResponseBody
    @Test func `cancelling inside the body ends it at once`() async throws {
        let server = try ScriptedServer([
            .readHead, .read(4), .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .awaitClose,
        ])
        let test = try TestClient()
        let request = ClientRequest(method: .post, url: server.url(), body: Array("body".utf8))
        let task = Task { @NetworkActor in await test.failure(of: request) }
        await until { test.events.words.contains("bodyBytes(5)") }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(
            test.events.words == dialed + answered + [
                "bodyBytes(5)", "bodyEnded(broken 5)", "requestFinished(cancelled)",
            ])
        #expect(test.connections.words.last == "connectionClosed(requestCancelled)")
        await until { server.finished == 1 }
    }

    // TestTransportCancelRequestInDial, TestTransportPoolCancelRequestReusesConn, go-semantics 11.4
    @Test func `a dial outlives its cancelled request, and its starts are closed for the request`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.resolver = GatedResolver(gate: gate) }
        var url = server.url()
        url.origin.host = "gated.test"
        let task = Task { @NetworkActor in await test.failure(of: ClientRequest(url: url)) }
        await until { test.events.words.contains("dnsStart(gated.test)") }
        task.cancel()
        #expect(await task.value == Failure(.cancelled, phase: .dns, "the request was cancelled"))
        #expect(
            test.events.words == [
                "requestStarted", "getConn", "queued(dialing, 0)", "dnsStart(gated.test)", "dequeued(cancelled)",
                "dnsDone(cancelled)", "requestFinished(cancelled)",
            ])
        gate.open()
        await until { test.connections.words.contains("connectionIdle") }
        #expect(test.connections.words.contains("connectionIdle"))
        test.events.removeAll()
        try await test.fetch(url)
        #expect(
            test.events.words.contains("gotConn(c1 reused idle)"), "Go calls it reused although nothing was sent on it")
    }

    // TestTransportMaxConnsPerHost, go-semantics 4.j
    @Test func `at the host's limit a request waits and is handed the freed connection`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([.readHead, .wait(gate), .send(ok), .readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        let second = EventLog()
        async let first: Void = { _ = try await test.fetch(server.url()) }()
        await until { test.events.words.contains("flushed") }
        async let other = withClientTrace(second.trace) {
            try await test.client.send(ClientRequest(url: server.url())).body.collect(upTo: 100)
        }
        await until { second.words.contains("queued(hostLimit(1), 0)") }
        gate.open()
        try await first
        _ = try await other
        #expect(
            second.words == [
                "requestStarted", "getConn", "queued(hostLimit(1), 0)", "dequeued(handedOver)", "gotConn(c1 reused)",
            ] + answered + wholeBody)
        #expect(test.events.words == dialed + answered + wholeBody, "it was told of a put-back")
        #expect(test.connections.words.filter { $0 == "connectionIdle" }.count == 1, "it never rested between the two")
    }

    // go-semantics 4.j: "or, when one is closed"
    @Test func `at the host's limit a request dials when the connection it waits for is closed`() async throws {
        let gate = Gate()
        let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer(
            [.readHead, .wait(gate), .send(last), .close], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        let second = EventLog()
        async let first: Void = { _ = try await test.fetch(server.url()) }()
        await until { test.events.words.contains("flushed") }
        async let other = withClientTrace(second.trace) {
            try await test.client.send(ClientRequest(url: server.url())).body.collect(upTo: 100)
        }
        await until { second.words.contains("queued(hostLimit(1), 0)") }
        gate.open()
        try await first
        _ = try await other
        #expect(
            second.words == [
                "requestStarted", "getConn", "queued(hostLimit(1), 0)", "connectStart(1)", "connectDone(1)",
                "dequeued(dialed)", "gotConn(c2)",
            ] + answered + wholeBody)
    }

    // TestTransportResponseHeaderTimeout
    @Test func `the response header limit names itself and closes the connection`() async throws {
        let server = try ScriptedServer([.readHead, .awaitClose])
        let test = try TestClient { $0.responseHeaderTimeout = .milliseconds(30) }
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == .timeout)
        #expect(failure?.phase == .wait)
        // What each phase took stands behind it.
        #expect(failure?.message.hasPrefix("no response head came within 30 ms of sending (queued ") == true)
        #expect(failure?.message.contains(", wait ") == true)
        #expect(test.events.words == dialed + answered.prefix(3) + ["requestFinished(timeout)"])
        #expect(test.connections.words.last == "connectionClosed(requestTimedOut)")
    }

    // TestTransportResponseHeaderTimeout: "counted only after the request is written". The whole request's limit must be
    // the first to pass, though it is longer.
    @Test func `the response header limit does not count while the request is written`() async throws {
        let never = Gate()
        let server = try ScriptedServer([.readHead, .wait(never), .awaitClose])
        let test = try TestClient {
            $0.responseHeaderTimeout = .milliseconds(1)
            $0.requestTimeout = .milliseconds(300)
        }
        // More than the kernel takes on its own.
        let body = [UInt8](repeating: 0, count: 32 << 20)
        let failure = await test.failure(of: ClientRequest(method: .post, url: server.url(), body: body))
        #expect(failure?.message.hasPrefix("the whole request took longer than 300 ms") == true, "\(failure!)")
        never.open()
    }

    @Test func `the limit for the whole request holds inside the body too`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .awaitClose,
        ])
        let test = try TestClient { $0.requestTimeout = .milliseconds(60) }
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == .timeout)
        #expect(failure?.message.hasPrefix("the whole request took longer than 60 ms (queued ") == true)
        #expect(test.events.words.last == "requestFinished(timeout)")
    }

    @Test func `a slow hook is not taken for the server's time`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        let hookEnd = OrderLog()
        let slow = ClientTrace { $0.wroteRequest = { _ in hookEnd.add("\(SystemTime().now.nanoseconds)") } }
        _ = try await withClientTrace(slow) { try await test.fetch(server.url()) }
        let end = try #require(hookEnd.all.first.flatMap { Int64($0) })
        let flushed = try #require(
            test.events.all.first { record in
                if case .flushed = record.event { true } else { false }
            })
        #expect(flushed.time.nanoseconds > end)
    }

    // TestCompose, TestWithClientTrace
    @Test func `two traces are both told, the newer one first`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        let order = EventLog()
        let told = OrderLog()
        _ = try await withClientTrace(ClientTrace { $0.getConn = { _ in told.add("old") } }) {
            try await withClientTrace(ClientTrace { $0.getConn = { _ in told.add("new") } }) {
                try await withClientTrace(order.trace) { try await test.client.send(ClientRequest(url: server.url())) }
            }
        }
        #expect(told.all == ["new", "old"])
        #expect(ClientTrace.current == nil)
    }

    @Test func `every field sent is told once with all its values, in wire order`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        let told = OrderLog()
        var fields = HTTPFields()
        fields.append(HTTPField(name: HTTPField.Name("X-Foo")!, value: "bar"))
        fields.append(HTTPField(name: HTTPField.Name("X-Foo")!, value: "baz"))
        try await withClientTrace(
            ClientTrace { $0.wroteHeaderField = { told.add("\($0): \($1.joined(separator: ","))") } }
        ) {
            _ = try await test.fetch(ClientRequest(url: server.url(), fields: fields))
        }
        #expect(told.all == ["Host: \(server.url().origin.authority)", "User-Agent: roundtrip/1", "X-Foo: bar,baz"])
    }
}

/// Answers 127.0.0.1 once its gate is open.
@NetworkActor
private final class GatedResolver: Resolver {
    private let gate: Gate

    nonisolated init(gate: Gate) { self.gate = gate }

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        await gate.pass()
        return Resolution(addresses: [NetworkAddress(family: .ip4, ip: "127.0.0.1", port: query.port)])
    }
}
