import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing
import Transport

@testable import HTTPClient

// What servers do wrong, each as a failure with a phase, a kind and a sentence. Promises 2, 5 and 6.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Hostile and broken servers")
struct HostileServerTests {
    @Test(arguments: [
        ("a body shorter than its length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", Failure.Kind.truncated),
        (
            "a chunked body without its last chunk",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .truncated
        ),
        ("a head without its blank line", "HTTP/1.1 200 OK\r\nContent-Le", .truncated),
        ("no answer at all", "", .reset),
        ("another protocol", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", .protocol),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", .protocol),
        ("a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", .protocol),
        ("a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", .protocol),
        ("a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .protocol),
        ("101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", .protocol),
    ])
    func `each is a failure, and the connection is not kept`(_ what: String, _ answer: String, _ kind: Failure.Kind)
        async throws
    {
        let server = try ScriptedServer([.readHead, .send(answer), .close])
        let test = try TestClient()
        let failure = await test.failure(of: ClientRequest(url: server.url()))
        #expect(failure?.kind == kind, "\(what)")
        #expect(failure?.phase != nil)
        #expect(test.events.words.last == "requestFinished(\(kind.rawValue))")
        #expect(test.connections.words.last?.hasPrefix("connectionClosed(failed") == true)
        #expect(test.client.poolSnapshot.hosts.isEmpty)
    }

    @Test func `a head without end stops at the limit`() async throws {
        let flood = String(repeating: "X-Flood: " + String(repeating: "a", count: 1_000) + "\r\n", count: 100)
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\n" + flood), .awaitClose])
        let test = try TestClient { $0.limits.headBytes = 50_000 }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .tooLarge)
    }

    @Test func `bytes that nobody asked for never reach the next request`() async throws {
        let two = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        let server = try ScriptedServer(
            [.readHead, .send(two), .awaitClose],
            [.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"), .awaitClose])
        let test = try TestClient()
        #expect(try await test.fetch(server.url()).body == "hello")
        await until { test.connections.words.last == "connectionClosed(unsolicitedBytes)" }
        #expect(try await test.fetch(server.url()).body == "good")
    }

    // TestIs408
    @Test(arguments: [
        ("HTTP/1.0 408", true), ("HTTP/1.1 408", true), ("HTTP/1.8 408 more", true), ("HTTP/2.0 408", false),
        ("HTTP/1.1 200", false), ("HTTP/1.1 40", false), ("", false),
    ])
    func `a 408 is known by its first bytes`(text: String, is408: Bool) {
        #expect(HTTP1Connection.isRequestTimeout(Array(text.utf8)) == is408)
    }

    // TestTransportIgnores408
    @Test func `a late 408 on an idle connection is an ordinary close`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .wait(gate),
            .send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"), .awaitClose,
        ])
        let test = try TestClient()
        try await test.fetch(server.url())
        gate.open()
        await until { test.connections.words.last == "connectionClosed(peerClosedIdle)" }
    }

    // TestTransportRemovesDeadIdleConnections
    @Test func `a connection closed while idle leaves the pool without a request`() async throws {
        let gate = Gate()
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .wait(gate), .close])
        let test = try TestClient()
        try await test.fetch(server.url())
        #expect(test.client.poolSnapshot.total.idle == 1)
        gate.open()
        await until { test.client.poolSnapshot.hosts.isEmpty }
        #expect(test.connections.words.last == "connectionClosed(peerClosedIdle)")
    }

    // TestTransportConnectionCloseOnResponse
    @Test(arguments: [
        (
            "Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            "peerSaidClose"
        ),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "http10"),
        ("a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nhello", "bodyUntilClose"),
    ])
    func `a connection that can't be kept says why, and no put-back is told`(
        _ what: String, _ answer: String, _ reason: String
    ) async throws {
        let server = try ScriptedServer([.readHead, .send(answer), .close])
        let test = try TestClient()
        #expect(try await test.fetch(server.url()).body == "hello", "\(what)")
        #expect(test.connections.words.last == "connectionClosed(\(reason))")
        #expect(!test.events.words.contains("putIdleConn"))
    }

    // TestTransportConnectionCloseOnRequest
    @Test func `our own Connection: close is kept`() async throws {
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let test = try TestClient()
        try await test.fetch(ClientRequest(url: server.url(), fields: [.connection: "close"]))
        #expect(test.connections.words.last == "connectionClosed(weSaidClose)")
        #expect(server.received[0].contains("Connection: close\r\n"))
    }

    // TestTransportNoReuseAfterEarlyResponse
    @Test func `an answer before the upload is over counts, and the connection is not reused`() async throws {
        // It reads nothing more: a fast machine would else have it all in the moment that writing still gets.
        let gate = Gate()
        defer { gate.open() }
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"), .wait(gate)])
        let test = try TestClient()
        let body = [UInt8](repeating: 0, count: 32 << 20)
        let answer = try await test.fetch(ClientRequest(method: .post, url: server.url(), body: body))
        #expect(answer == (413, "no"))
        // The writing gets a moment more before the connection is given up.
        await until { test.connections.words.last == "connectionClosed(earlyResponse)" }
        #expect(test.events.words.last == "requestFinished")
    }

    @Test func `who waits until an exchange is settled has its last event`() async throws {
        let gate = Gate()
        defer { gate.open() }
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"), .wait(gate)])
        let test = try TestClient()
        let request = ClientRequest(method: .post, url: server.url(), body: [UInt8](repeating: 0, count: 32 << 20))
        try await withClientTrace(test.events.trace) {
            let body = try await test.client.send(request).body
            #expect(try await body.collect(upTo: 10) == Array("no".utf8))
            #expect(!body.isSettled)
            await body.settled()
            #expect(body.isSettled)
            #expect(test.events.words.last == "requestFinished")
            await body.settled()
        }
    }

    @Test func `what came before a break is there, though one read brought both`() async throws {
        let broken = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"
        let server = try ScriptedServer([.readHead, .send(broken), .awaitClose])
        let test = try TestClient()
        try await withClientTrace(test.events.trace) {
            let response = try await test.client.send(ClientRequest(url: server.url()))
            #expect(response.status == 200)
            #expect(try await response.body.next() == Array("hello".utf8))
            await #expect(throws: Failure.self) { try await response.body.next() }
        }
        #expect(test.events.words.suffix(2) == ["bodyEnded(broken 5)", "requestFinished(protocol)"])
    }

    // TestTransportPrefersResponseOverWriteError
    @Test func `an answer counts for more than the write error that comes with it`() async throws {
        let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
        let server = try ScriptedServer(scripts: Array(repeating: [.readHead, .send(refusal), .reset], count: 20))
        let test = try TestClient()
        let body = [UInt8](repeating: 0, count: 8 << 20)
        for _ in 0..<20 {
            let answer = try await test.fetch(ClientRequest(method: .post, url: server.url(), body: body))
            #expect(answer == (413, "no"))
        }
        #expect(server.received.count == 20)
    }

    @Test func `a large upload arrives whole`() async throws {
        let size = 8 << 20
        let server = try ScriptedServer(
            [.readHead, .read(size), .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let test = try TestClient()
        try await test.fetch(ClientRequest(method: .post, url: server.url(), body: [UInt8](repeating: 7, count: size)))
        #expect(test.events.words.contains("wroteRequest"))
        #expect(test.events.words.contains("putIdleConn"))
    }

    // TestTransportIdleConnTimeout
    @Test func `an idle connection is closed after its limit, and says so`() async throws {
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let test = try TestClient { $0.pool.idleTimeout = .milliseconds(20) }
        try await test.fetch(server.url())
        await until { test.connections.words.last == "connectionClosed(idleTimeout)" }
        await until { server.finished == 1 }
    }

    @Test func `a body that is dropped closes its connection`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .awaitClose,
        ])
        let test = try TestClient()
        _ = try await withClientTrace(test.events.trace) {
            try await test.client.send(ClientRequest(url: server.url())).status
        }
        await until { test.connections.words.last == "connectionClosed(bodyNotRead)" }
        #expect(test.events.words.suffix(2) == ["bodyEnded(closedEarly 5)", "requestFinished"])
    }

    @Test func `trailers are there after the body`() async throws {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
        let server = try ScriptedServer([.readHead, .send(answer), .awaitClose])
        let test = try TestClient()
        let response = try await test.client.send(ClientRequest(url: server.url()))
        #expect(try await response.body.collect(upTo: 10) == Array("hello".utf8))
        #expect(response.body.trailers?[HTTPField.Name("X-Sum")!] == "1")
    }

    @Test func `a client that nobody has any more closes its connections, and says so`() async throws {
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let log = EventLog()
        weak var left: Client?
        do {
            var configuration = try ClientConfiguration()
            configuration.connectionObserver = log.observer
            let client = Client(configuration)
            left = client
            _ = try await client.send(ClientRequest(url: server.url())).body.collect(upTo: 1)
            #expect(log.words.last == "connectionIdle")
        }
        await until { server.finished == 1 }
        #expect(left == nil)
        #expect(log.words.last == "connectionClosed(clientClosed)")
    }

    @Test func `a client that is shut down ends what runs and refuses what comes`() async throws {
        let server = try ScriptedServer([.readHead, .awaitClose])
        let test = try TestClient()
        let task = Task { @NetworkActor in await test.failure(of: ClientRequest(url: server.url())) }
        await until { test.events.words.contains("flushed") }
        test.client.shutDown()
        #expect(await task.value != nil)
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .cancelled)
    }

    // An event handler lives on the network thread, where nothing keeps it from that.
    @Test(arguments: ["dequeued", "gotConn", "putIdleConn", "requestFinished"])
    func `a hook may shut the client down, whatever is being done`(moment: String) async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        let client = test.client
        let hook = ClientTrace {
            $0.event = { record in
                guard record.event.word.hasPrefix(moment) else { return }
                NetworkActor.assumeIsolated { client.shutDown() }
            }
        }
        let tasks = (0..<2).map { _ in
            Task { @NetworkActor in
                await withClientTrace(hook) { await test.failure(of: ClientRequest(url: server.url())) }
            }
        }
        for task in tasks { _ = await task.value }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .cancelled)
        await until { client.poolSnapshot.total == PoolSnapshot.Counts() }
    }

    @Test(arguments: [
        "connectionDialing", "connectionOpened", "connectionActive", "connectionIdle", "connectionClosed",
    ])
    func `a connections' observer may shut the client down, too`(moment: String) async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let holder = ClientHolder()
        var configuration = try ClientConfiguration()
        configuration.connectionObserver = { record in
            guard record.event.word.hasPrefix(moment) else { return }
            NetworkActor.assumeIsolated { holder.client?.shutDown() }
        }
        let client = Client(configuration)
        holder.client = client
        let response = await Result.of { () async throws(Failure) in
            try await client.send(ClientRequest(url: server.url())).body.collect(upTo: 100).count
        }
        if case .success(let count) = response { #expect(count == 5) }
        client.shutDown()
        await until { client.poolSnapshot.total == PoolSnapshot.Counts() }
    }

    /// The same answer in every split: heads, bodies and ends must not depend on how TCP cut them.
    @Test func `an answer byte by byte is the same answer`() async throws {
        let answer = Array(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                .utf8)
        let server = try ScriptedServer([.readHead] + answer.map { .sendBytes([$0]) } + [.awaitClose])
        let test = try TestClient()
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        #expect(test.events.words.filter { $0 == "gotFirstResponseByte" }.count == 1)
        #expect(test.events.words.suffix(2) == ["putIdleConn", "requestFinished"])
    }
}

@NetworkActor
private final class ClientHolder {
    weak var client: Client?
}
