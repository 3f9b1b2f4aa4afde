import HTTPTrace
import HTTPTypes
import TestSupport
import Testing
import Transport

@testable import HTTPClient

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@Suite("Retry rule")
struct RetryRuleTests {
    // TestTransportShouldRetryRequest, as far as its rows are HTTP/1's. A body is bytes here, so that there is no row for
    // one that can't be read again.
    @Test(arguments: [
        (RetryRule(isReused: false, gotFirstByte: false, hasSent: false, isReplayable: true, wasCutOff: true), false),
        (RetryRule(isReused: true, gotFirstByte: false, hasSent: false, isReplayable: false, wasCutOff: true), true),
        (RetryRule(isReused: true, gotFirstByte: false, hasSent: true, isReplayable: false, wasCutOff: true), false),
        (RetryRule(isReused: true, gotFirstByte: false, hasSent: true, isReplayable: true, wasCutOff: true), true),
        (RetryRule(isReused: true, gotFirstByte: false, hasSent: true, isReplayable: true, wasCutOff: false), false),
        (RetryRule(isReused: true, gotFirstByte: true, hasSent: true, isReplayable: true, wasCutOff: true), false),
        (RetryRule(isReused: false, gotFirstByte: false, hasSent: true, isReplayable: true, wasCutOff: true), false),
    ])
    func `a retry needs a stale connection and harm to nobody`(rule: RetryRule, isAllowed: Bool) {
        #expect(rule.allows == isAllowed)
    }

    // TestTransportRetryHasLimit
    @Test func `a refused request is sent again at once, and then after longer and longer pauses`() {
        let pauses = (1...4).map { RefusalRule.pause(after: $0) }
        #expect(pauses == [.zero, .milliseconds(250), .milliseconds(500), nil])
    }

    // TestTransportRequestReplayable
    @Test(
        arguments: [
            ("GET", nil, true), ("HEAD", nil, true), ("OPTIONS", nil, true), ("TRACE", nil, true), ("POST", nil, false),
            ("PUT", nil, false), ("DELETE", nil, false), ("POST", "Idempotency-Key", true),
            ("POST", "X-Idempotency-Key", true),
        ] as [(String, String?, Bool)])
    func `some methods may be repeated, and those with a key`(_ method: String, _ field: String?, _ isReplayable: Bool)
    {
        let url = RequestURL(origin: Origin(scheme: .http, host: "a.example"))
        var request = ClientRequest(method: HTTPRequest.Method(method)!, url: url)
        if let field { request.fields[HTTPField.Name(field)!] = "" }
        #expect(request.isReplayable == isReplayable)
    }
}

@NetworkActor
@Suite("Retries")
struct RetryTests {
    private static let stale: [Step] = [.readHead, .send(ok), .readHead, .close]

    // TestRetryRequestsOnError: the idempotent cases, with and without a body.
    @Test(arguments: [[UInt8](), Array("body".utf8)])
    func `what may be repeated is, with its body`(body: [UInt8]) async throws {
        let server = try ScriptedServer(Self.stale, [.readHead, .read(body.count), .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        test.events.removeAll()
        let method = body.isEmpty ? HTTPRequest.Method.get : .post
        let fields: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "1"]
        let answer = try await test.fetch(ClientRequest(method: method, url: server.url(), fields: fields, body: body))
        #expect(answer == (200, "hello"))
        #expect(test.events.words.filter { $0.hasPrefix("attemptRetried") } == ["attemptRetried(reset, 2)"])
        #expect(server.received[1].hasSuffix(String(decoding: body, as: UTF8.self)))
    }

    // TestRetryRequestsOnError: the cases where nothing was written, so that even what is not replayable is sent again.
    @Test(arguments: Unwritten.cases)
    func `what was not written at all is sent again, whatever it is`(unwritten: Unwritten) async throws {
        let server = try ScriptedServer(
            [.readHead, .send(ok), .awaitClose],
            [.readHead, .read(unwritten.bodyBytes), .send(ok), .awaitClose])
        let test = try TestClient { $0.expectContinueTimeout = .zero }
        try await test.fetch(server.url())
        test.events.removeAll()
        let request = ClientRequest(
            method: unwritten.method, url: server.url(), fields: unwritten.fields,
            body: [UInt8](repeating: 7, count: unwritten.bodyBytes))
        // Just before it is written: the client is to learn of it by writing. On a busy machine a reset takes its time.
        let hook = ClientTrace {
            $0.gotConn = { got in
                guard got.isReused else { return }
                NetworkActor.assumeIsolated {
                    server.reset(0)
                    while let open = TCPTable.sockets(to: server.address, in: .established), open > 0 {}
                }
            }
        }
        let answer = try await withClientTrace(hook) { try await test.fetch(request) }
        #expect(answer == (200, "hello"))
        let words = Array(test.events.words.prefix { $0 != "queued(dialing, 0)" })
        #expect(
            words == ["requestStarted", "getConn", "gotConn(c1 reused idle)", "wroteHeaders"] + unwritten.told
                + ["attemptRetried(reset, 2)", "getConn"])
        #expect(server.received.count == 2)
    }

    struct Unwritten: Sendable {
        var method = HTTPRequest.Method.post
        var fields: HTTPFields = [:]
        var bodyBytes = 0
        /// Of the request's writing; what is small was told as written before (go-semantics 3).
        var told: [String]

        static let cases = [
            Unwritten(method: .delete, told: ["wroteRequest"]), Unwritten(bodyBytes: 4, told: ["wroteRequest"]),
            Unwritten(bodyBytes: 100_000, told: ["wroteRequest(reset)"]),
            Unwritten(fields: [.expect: "100-continue"], bodyBytes: 4, told: ["wroteRequest(reset)"]),
        ]
    }

    @Test func `a body that can be read only once isn't begun twice, though nothing of it was written`() async throws {
        let listener = try TCPListener(.loopback)
        let test = try TestClient {
            $0.versions = .http2Only
            $0.observesFrames = true
        }
        let url = RequestURL(origin: Origin(scheme: .http, host: "127.0.0.1", port: listener.address.port))
        // More than the sockets' buffers on both sides take.
        let upload = ClientRequest(method: .put, url: url, body: [UInt8](repeating: 7, count: 32 << 20))
        let first = Task.onNetwork { await test.failure(of: upload) }
        let server = try await listener.accept()
        // The largest windows there are: SETTINGS_INITIAL_WINDOW_SIZE for streams, WINDOW_UPDATE for the connection.
        let settings: [UInt8] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7F, 0xFF, 0xFF, 0xFF]
        let windowUpdate: [UInt8] = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0, 0]
        try await server.writeAll(settings + windowUpdate)
        await until { test.connections.words.contains("frameReceived(WINDOW_UPDATE)") }

        let hasBegun = Gate()
        var request = ClientRequest(method: .put, url: url)
        request.bodyStream = RequestBodyStream(length: nil) {
            hasBegun.open()
            return [1, 2, 3]
        }
        let second = Task.onNetwork { [request] in await test.failure(of: request) }
        await hasBegun.pass()
        listener.close()
        server.reset()
        #expect(await first.value?.kind == .reset)
        #expect(await second.value?.kind == .reset)
        #expect(test.connections.words.filter { $0 == "connectionDialing" }.count == 1)
    }

    // TestTransportServerClosingUnexpectedly, TestStressSurpriseServerCloses
    @Test func `many requests over servers that close without a word all succeed`() async throws {
        let scripts = Array(repeating: [Step.readHead, .send(ok), .close], count: 60)
        let server = try ScriptedServer(scripts: scripts)
        let test = try TestClient()
        let tasks = (0..<10).map { _ in
            Task { @NetworkActor in
                for _ in 0..<5 {
                    do throws(Failure) { try await test.fetch(server.url()) } catch { Issue.record("\(error)") }
                }
            }
        }
        for task in tasks { await task.value }
        #expect(test.events.words.filter { $0 == "requestFinished" }.count == 50)
    }

    // go-semantics 4.h: "conn closed; not retried"
    @Test func `a response that is too late is not asked for again`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .awaitClose], [.readHead, .send(ok)])
        let test = try TestClient { $0.responseHeaderTimeout = .seconds(20) }
        try await test.fetch(server.url())
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == .timeout)
        #expect(server.received.count == 1)
    }

    @Test func `a failure is of the phase that was under way, early answers and unfinished uploads included`()
        async throws
    {
        let hints = "HTTP/1.1 103 Early Hints\r\n\r\n"
        let server = try ScriptedServer([.readHead, .send(hints), .reset], [.readHead, .reset])
        let test = try TestClient()
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.phase == .wait)
        let upload = ClientRequest(method: .post, url: server.url(), body: [UInt8](repeating: 0, count: 32 << 20))
        #expect(await test.failure(of: upload)?.phase == .send)
    }

    // TestTransportReturnsPeekError
    @Test func `what broke the first byte is told as it is`() async throws {
        let server = try ScriptedServer([.readHead, .reset])
        let test = try TestClient()
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure == Failure(.reset, phase: .wait, "the peer reset the connection"))
    }

    @Test func `what has left in part counts as sent`() throws {
        let configuration = try ClientConfiguration()
        let pool = ConnectionPool(configuration)
        let url = RequestURL(origin: Origin(scheme: .http, host: "a.example"))
        let request = ClientRequest(method: .post, url: url, body: Array("body".utf8))
        let heads = RequestHeads(configuration)
        let tracer = Tracer(exchange: ExchangeID(1), trace: nil, keepsTimes: false)
        let (one, two) = (DeafStream(), DeafStream())
        let http1 = HTTP1Exchange(
            on: HTTP1Connection(
                id: ConnectionID(1), stream: one, facts: one.facts, pool: pool, configuration: configuration),
            responseHeaderTimeout: nil, tracer: tracer)
        http1.send(request, try heads.head(of: request), expectTimeout: .zero)
        #expect(http1.sentBytes == 0 && http1.hasSent)
        let http2 = HTTP2Exchange(
            on: HTTP2Connection(id: ConnectionID(2), stream: two, facts: two.facts, pool: pool, configuration),
            isReused: true, tracer: tracer)
        http2.send(request, try heads.http2Head(of: request).head, configuration)
        #expect(http2.sentBytes == 0 && http2.hasSent)
    }
}
