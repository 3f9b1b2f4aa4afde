import HTTPServer
import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

// Go's pool tests over real sockets; those of the decisions alone are in Pool/PoolStateTests.swift.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
private let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

@NetworkActor
@Suite("Connections used again")
struct ConnectionReuseTests {
    // TestTransportKeepAlives, TestTransportPoolConnReusePriorConnection, TestTransportReadToEndReusesConn
    @Test(arguments: [ok, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"])
    func `one request after the other shares a connection once the body was read`(answer: String) async throws {
        let server = try ScriptedServer(scripts: [
            Array(repeating: [Step.readHead, .send(answer)], count: 5).flatMap { $0 } + [.awaitClose]
        ])
        let test = try TestClient()
        for _ in 0..<5 { #expect(try await test.fetch(server.url()) == (200, "hello")) }
        #expect(server.received.count == 1)
    }

    // TestTransportKeepAlives, TestTransportPoolDisableKeepAlives, TestTransportConnectionCloseOnRequestDisableKeepAlive
    @Test func `without keep-alive each request says so, and has a connection of its own`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.keepsAlive = false }
        for _ in 0..<2 { #expect(try await test.fetch(server.url()) == (200, "hello")) }
        #expect(server.received.count == 2)
        #expect(server.received.allSatisfy { $0.contains("\r\nConnection: close\r\n") })
        #expect(!test.events.words.contains("putIdleConn"))
    }

    // TestServerKeepAlivesEnabled
    @Test func `of a server without keep-alive no connection is used again`() async throws {
        let server = try await Server.start { _, responder in
            try await responder.send(HTTPResponse(status: .ok), Array("hello".utf8))
        }
        server.keepsConnections = false
        let test = try TestClient()
        for _ in 0..<2 { #expect(try await test.fetch(RequestURL(origin: server.origin)) == (200, "hello")) }
        #expect(test.events.words.filter { $0.hasPrefix("gotConn") } == ["gotConn(c1)", "gotConn(c2)"])
        server.close()
    }

    // TestTransportPoolConnCannotReuseConnectionInUse
    @Test func `requests at the same time don't`() async throws {
        let gate = Gate()
        let server = try ScriptedServer(
            [.readHead, .wait(gate), .send(ok), .awaitClose], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        async let first: Void = { _ = try await test.fetch(server.url()) }()
        await until { test.events.words.contains("flushed") }
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        gate.open()
        try await first
        #expect(server.received.count == 2)
    }

    // TestTransportIdleCacheKeys, TestCloseIdleConnections
    @Test func `what rests is listed by key, and gone after close-idle`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient()
        #expect(test.client.poolSnapshot.hosts.isEmpty)
        try await test.fetch(server.url())
        #expect(test.client.poolSnapshot.hosts.keys.map(\.description) == ["\(server.url().origin)"])
        test.client.closeIdleConnections()
        #expect(test.client.poolSnapshot.hosts.isEmpty)
        await until { server.finished == 1 }
    }

    // TestTransportIdleConnCrash, TestTransportCloseIdleConnsThenReturn
    @Test func `close-idle during a request ends its connection afterwards, and says so`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([.readHead, .wait(gate), .send(ok), .awaitClose])
        let test = try TestClient()
        async let answer: Void = { _ = try await test.fetch(server.url()) }()
        await until { test.events.words.contains("flushed") }
        test.client.closeIdleConnections()
        gate.open()
        try await answer
        #expect(
            test.events.words.suffix(2) == [
                "putIdleConn(close-idle was called while this request was in flight)", "requestFinished",
            ])
        #expect(test.connections.words.last == "connectionClosed(closeIdleWasCalled)")
    }

    @Test func `close-idle says what stays busy, and can wait for it`() async throws {
        let gate = Gate()
        let server = try ScriptedServer(
            [.readHead, .send(ok), .awaitClose], [.readHead, .wait(gate), .send(ok), .awaitClose])
        let test = try TestClient()
        try await test.fetch(server.url())
        // Another host to the pool.
        var url = server.url()
        url.origin.host = "localhost"
        let busy = Task { @NetworkActor in _ = try? await test.fetch(url) }
        await until { test.events.words.filter { $0 == "flushed" }.count == 2 || server.received.count == 2 }
        #expect(test.client.closeIdleConnections().closed == [ConnectionID(1)])
        let report = await test.client.closeIdleConnections(waitingUpTo: .milliseconds(1))
        #expect(report == CloseIdleReport(closed: [], busy: [ConnectionID(2)]))
        gate.open()
        #expect(await test.client.closeIdleConnections(waitingUpTo: .seconds(600)).busy == [])
        await busy.value
    }

    // TestTransportMaxPerHostIdleConns
    @Test func `of three connections that come back two rest where two may`() async throws {
        let gate = Gate()
        let script: [Step] = [.readHead, .wait(gate), .send(ok), .awaitClose]
        let server = try ScriptedServer(scripts: Array(repeating: script, count: 3))
        let test = try TestClient { $0.pool.idlePerHost = 2 }
        let tasks = (0..<3).map { _ in Task { @NetworkActor in _ = try? await test.fetch(server.url()) } }
        await until { test.events.words.filter { $0 == "flushed" }.count == 3 }
        gate.open()
        for task in tasks { await task.value }
        #expect(test.client.poolSnapshot.total.idle == 2)
        #expect(test.events.words.filter { $0 == "putIdleConn(too many idle connections for host)" }.count == 1)
        #expect(test.connections.words.filter { $0 == "connectionClosed(tooManyIdleForHost)" }.count == 1)
    }

    // TestTransportRemovesConnsAfterBroken, TestTransportPoolConnectionBroken
    @Test(arguments: [("", Failure.Kind.reset), (String(ok.dropLast()), .truncated)])
    func `a broken connection gives its place at the host's limit free`(_ answer: String, _ kind: Failure.Kind)
        async throws
    {
        let server = try ScriptedServer([.readHead, .send(answer), .close], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == kind)
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        #expect(server.received.count == 2)
    }

    // TestTransportIdleConnRacesRequest
    @Test func `requests that meet the idle limit never fail for it`() async throws {
        let script = Array(repeating: [Step.readHead, .send(empty)], count: 50).flatMap { $0 } + [.awaitClose]
        let server = try ScriptedServer(scripts: Array(repeating: script, count: 50))
        let test = try TestClient {
            $0.pool.idleTimeout = .milliseconds(1)
            $0.pool.openPerHost = 1
        }
        for _ in 0..<40 { #expect(try await test.fetch(server.url()).status == 200) }
    }

    // TestTransportIssue10457, TestTransportPersistConnLeak
    @Test func `servers that hang up after promising to stay leave nothing behind`() async throws {
        let server = try ScriptedServer(scripts: Array(repeating: [Step.readHead, .send(ok), .close], count: 20))
        let test = try TestClient()
        for _ in 0..<20 {
            try await test.fetch(server.url())
            await until { test.client.poolSnapshot.hosts.isEmpty }
        }
        #expect(test.connections.words.filter { $0.hasPrefix("connectionClosed") }.count == 20)
    }

    // TestTransportPersistConnLeakNeverIdle
    @Test func `connections that are never idle leave nothing behind either`() async throws {
        let server = try ScriptedServer(scripts: Array(repeating: [Step.readHead, .close], count: 20))
        let test = try TestClient { $0.pool.keepsAlive = false }
        for _ in 0..<20 {
            #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .reset)
            #expect(test.client.poolSnapshot.hosts.isEmpty)
        }
        #expect(test.connections.words.filter { $0.hasPrefix("connectionClosed") }.count == 20)
    }

    // TestTransportConcurrency, TestTransportMaxConnsPerHost
    @Test func `many requests over few connections all get their own answers`() async throws {
        let answers: [Step] = (0..<100).flatMap { _ in [Step.readHead, .send(ok)] }
        let server = try ScriptedServer(scripts: Array(repeating: answers + [.awaitClose], count: 3))
        let test = try TestClient { $0.pool.openPerHost = 3 }
        let tasks = (0..<20).map { _ in
            Task { @NetworkActor in
                for _ in 0..<5 { #expect((try? await test.fetch(server.url()))?.body == "hello") }
            }
        }
        for task in tasks { await task.value }
        #expect(server.received.count == 3)
    }

    // TestTransportRespectRequestWantsClose
    @Test(arguments: [true, false], [true, false])
    func `Connection: close is sent once, whoever wants it`(isAskedFor: Bool, keepsAlive: Bool) async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.keepsAlive = keepsAlive }
        let told = OrderLog()
        let hook = ClientTrace {
            $0.wroteHeaderField = { name, values in values.forEach { told.add("\(name): \($0)") } }
        }
        let fields: HTTPFields = isAskedFor ? [.connection: "close"] : [:]
        try await withClientTrace(hook) { _ = try await test.fetch(ClientRequest(url: server.url(), fields: fields)) }
        let count = isAskedFor || !keepsAlive ? 1 : 0
        #expect(told.all.filter { $0 == "Connection: close" }.count == count)
        #expect(server.received[0].split(separator: "\r\n").filter { $0 == "Connection: close" }.count == count)
    }

    @Test func `a connection is closed after as many requests as it may carry`() async throws {
        let script: [Step] = [.readHead, .send(ok), .readHead, .send(ok), .awaitClose]
        let server = try ScriptedServer(script, script)
        let test = try TestClient { $0.pool.maximumUses = 2 }
        for _ in 0..<3 { try await test.fetch(server.url()) }
        #expect(test.connections.words.filter { $0 == "connectionClosed(usedUp)" }.count == 1)
        #expect(server.received.count == 2)
    }

    // Handed over, and not used since its request was cancelled: nobody watched it meanwhile.
    @Test(arguments: [ReadOutcome.end, .bytes(3)])
    func `a connection that its request doesn't want any more is looked at before it rests`(reading: ReadOutcome) throws
    {
        let configuration = try ClientConfiguration()
        let (stream, log) = (DeafStream(), EventLog())
        stream.reading = reading
        let connection = HTTP1Connection(
            id: ConnectionID(1), stream: stream, facts: stream.facts, pool: ConnectionPool(configuration),
            configuration: configuration)
        // The pool, which knows of none, would not have it back.
        LeasedConnection.http1(connection).release(
            Tracer(exchange: ExchangeID(1), trace: log.trace, keepsTimes: false))
        #expect(log.words == [])
    }
}
