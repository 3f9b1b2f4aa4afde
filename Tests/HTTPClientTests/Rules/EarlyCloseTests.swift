import HTTPTrace
import HTTPTypes
import HTTPWire
import Testing
import Transport

@testable import HTTPClient

// A body that its reader leaves before the end: whether the connection survives is Go 1.27's rule, 256 KiB and 50 ms.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Bodies left early")
struct EarlyCloseTests {
    /// Asks and lets go of the response as soon as its head is there.
    private func leave(_ test: TestClient, _ url: RequestURL, method: HTTPRequest.Method = .get) async throws {
        _ = try await withClientTrace(test.events.trace) {
            try await test.client.send(ClientRequest(method: method, url: url)).status
        }
        await until { test.events.words.last?.hasPrefix("requestFinished") == true }
    }

    // TestTransportNotReadToEndConnectionReuse
    @Test(arguments: [0, 200 << 10, 256 << 10])
    func `a small rest is read, and the connection kept`(size: Int) async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let body = [UInt8](repeating: 7, count: size)
        let server = try ScriptedServer([.readHead, .send(answer), .sendBytes(body), .readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        try await leave(test, server.url())
        #expect(test.events.words.suffix(2) == ["putIdleConn", "requestFinished"])
        test.events.removeAll()
        #expect(try await test.fetch(server.url()).body == "hello")
        #expect(test.events.words[2] == "gotConn(c1 reused idle)")
    }

    @Test func `a large rest is not even tried`() async throws {
        let size = 500 << 10
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let server = try ScriptedServer([
            .readHead, .send(answer), .sendBytes([UInt8](repeating: 7, count: size)), .awaitClose,
        ])
        let test = try TestClient()
        try await leave(test, server.url())
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
        #expect(!test.events.words.contains("putIdleConn"))
    }

    @Test func `a rest of unknown length is read as far as 256 KiB`() async throws {
        let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            .send(String(repeating: chunk, count: 20)), .awaitClose,
        ])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        try await leave(test, server.url())
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
    }

    @Test func `a rest that doesn't come is not waited for`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .awaitClose,
        ])
        let test = try TestClient()
        try await leave(test, server.url())
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
        #expect(test.events.words.suffix(2) == ["bodyEnded(closedEarly 5)", "requestFinished"])
        await until { server.finished == 1 }
    }

    // TestTransportResponseBodyDrainReadAndClose: cut off while it is drained.
    @Test func `a rest that is cut off closes the connection without an error for anybody`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .wait(gate), .close,
        ])
        let test = try TestClient()
        gate.open()
        try await leave(test, server.url())
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
        #expect(test.events.words.last == "requestFinished")
    }

    // One read brings the head and the break: the reader leaves without having heard of it.
    @Test func `a rest that broke already is not read on`() async throws {
        let broken = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"
        let server = try ScriptedServer([.readHead, .send(broken), .close])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        let response = try await withClientTrace(test.events.trace) {
            try await test.client.send(ClientRequest(url: server.url()))
        }
        // Its close is there to be read.
        await until { server.finished == 1 }
        response.body.abandon()
        #expect(response.body.takePiece()?.bytes == nil)
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
        #expect(test.events.words.suffix(2) == ["bodyEnded(closedEarly 5)", "requestFinished"])
    }

    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `what ended a request is told, also where its reader left at once`(versions: HTTPVersions) async throws {
        let size = 10_000_000
        let url: RequestURL
        if versions == .http2Only {
            url = try HTTP2Peer { connection, event in
                guard case .streamEnded(let id) = event else { return }
                connection.respond(id, body: String(repeating: "x", count: size))
            }.url()
        } else {
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\nhello"
            url = try ScriptedServer([.readHead, .send(answer), .awaitClose]).url()
        }
        let test = try TestClient { $0.versions = versions }
        // It ends the request and lets go of the body.
        let result = await withClientTrace(test.events.trace) {
            await Result.of { () async throws(Failure) in
                try await test.client.send(ClientRequest(url: url)).body.collect(upTo: 3).count
            }
        }
        #expect(throws: Failure.self) { try result.get() }
        await until { test.events.words.last?.hasPrefix("requestFinished") == true }
        #expect(test.events.words.last == "requestFinished(too-large)")
        #expect(test.events.words.dropLast().last?.hasPrefix("bodyEnded(broken") == true)
    }

    @Test func `the answer to HEAD has no rest, whatever it declares`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), .readHead, .send(ok), .awaitClose,
        ])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        try await leave(test, server.url(), method: .head)
        #expect(test.events.words.suffix(2) == ["putIdleConn", "requestFinished"])
    }

    @Test func `a request that comes before the rest was read dials`() async throws {
        let gate = Gate()
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .wait(gate), .awaitClose],
            [.readHead, .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        _ = try await test.client.send(ClientRequest(url: server.url())).status
        try await test.fetch(server.url())
        #expect(test.events.words.contains("gotConn(c2)"))
        gate.open()
    }

    // TestTransportResponseBodyDrainDropsTrailers
    @Test func `trailers of a rest that nobody reads are dropped`() async throws {
        let gate = Gate()
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        let server = try ScriptedServer([
            .readHead, .send(head), .wait(gate), .send("0\r\nX-Sum: 1\r\n\r\n"), .awaitClose,
        ])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        let left = Task { @NetworkActor in try await leave(test, server.url()) }
        await until { test.events.words.contains { $0.hasPrefix("responseHead") } }
        gate.open()
        try await left.value
        let ends = test.events.all.compactMap { if case .bodyEnded(let end) = $0.event { end } else { nil } }
        #expect(ends.allSatisfy { $0.trailers == nil })
    }

    // TestTransportCloseResponseBody
    @Test func `leaving an endless body closes the connection`() async throws {
        let piece = "10\r\n0123456789abcdef\r\n"
        let server = try ScriptedServer(
            [.readHead, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
                + Array(repeating: .send(String(repeating: piece, count: 1_000)), count: 100) + [.awaitClose])
        let test = try TestClient { $0.pool.settlingTime = .seconds(600) }
        try await leave(test, server.url())
        #expect(test.connections.words.last == "connectionClosed(bodyNotRead)")
        await until { server.finished == 1 }
    }
}
