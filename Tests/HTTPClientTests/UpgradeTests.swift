import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

@NetworkActor
@Suite("Switching protocols")
struct UpgradeTests {
    private static let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    private static let asking: HTTPFields = [.connection: "Upgrade", .upgrade: "echo"]

    // TestTransportTreat101Terminal, TestTransportResponseBodyWritableOnProtocolSwitch
    @Test func `after 101 the connection is the caller's, both ways`() async throws {
        // What the server says at once comes in the same packet as its head.
        let server = try ScriptedServer([
            .readHead, .send(Self.agreed + "early "), .read(4), .send("pong"), .awaitClose,
        ])
        let test = try TestClient()
        let response = try await send(test, ClientRequest(url: server.url(), fields: Self.asking))
        #expect(response.status == 101)
        #expect(try await response.body.collect(upTo: 10) == [])
        let stream = try #require(response.upgraded)
        #expect(try await read(6, from: stream) == "early ")
        try await stream.write(Array("ping".utf8))
        #expect(try await read(4, from: stream) == "pong")
        #expect(test.client.poolSnapshot.total.active == 0)
        #expect(test.connections.words.last == "connectionClosed(switchedProtocols)")
        #expect(
            test.events.words.suffix(4) == [
                "gotFirstResponseByte", "responseHead(101)", "bodyEnded(complete 0)", "requestFinished",
            ])
        stream.closeWrite()
        #expect(try await stream.read() == nil)
        await until { server.finished == 1 }
    }

    // TestTransportCONNECTBidi
    @Test func `after a CONNECT that was granted it is too`() async throws {
        let echo = ["ping1", "ping2", "ping3"].flatMap { [Step.read($0.utf8.count), .send($0)] }
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\n\r\n")] + echo + [.awaitClose])
        let test = try TestClient()
        let response = try await send(test, ClientRequest(method: .connect, url: server.url()))
        #expect(response.status == 200)
        #expect(server.received[0].hasPrefix("CONNECT \(server.url().origin.authority) HTTP/1.1\r\n"))
        let stream = try #require(response.upgraded)
        for ping in ["ping1", "ping2", "ping3"] {
            try await stream.write(Array(ping.utf8))
            #expect(try await read(5, from: stream) == ping)
        }
        #expect(!test.events.words.contains("putIdleConn"))
        stream.closeWrite()
        await until { server.finished == 1 }
    }

    // TestTransportCONNECTRejected
    @Test func `a CONNECT that was refused is an answer like any other, and its connection is given up`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), .awaitClose,
        ])
        let test = try TestClient()
        let response = try await send(test, ClientRequest(method: .connect, url: server.url()))
        #expect(response.status == 403 && response.upgraded == nil)
        #expect(try await response.body.collect(upTo: 10) == Array("no".utf8))
        #expect(test.connections.words.last == "connectionClosed(tunnelRefused)")
        #expect(!test.events.words.contains("putIdleConn"))
    }

    @Test func `a cancelled reader ends the stream`() async throws {
        let server = try ScriptedServer([.readHead, .send(Self.agreed), .awaitClose])
        let test = try TestClient()
        let response = try await send(test, ClientRequest(url: server.url(), fields: Self.asking))
        let stream = try #require(response.upgraded)
        let reading = Task.onNetwork { try await stream.read() }
        reading.cancel()
        await #expect(throws: Failure.self) { try await reading.value }
        await until { server.finished == 1 }
    }

    @Test func `a stream nobody wants is closed`() async throws {
        let server = try ScriptedServer([.readHead, .send(Self.agreed), .awaitClose])
        let test = try TestClient()
        _ = try await send(test, ClientRequest(url: server.url(), fields: Self.asking))
        await until { server.finished == 1 }
    }

    private func send(_ test: TestClient, _ request: ClientRequest) async throws -> Response {
        let result = await withClientTrace(test.events.trace) {
            await Result.of { () async throws(Failure) in try await test.client.send(request) }
        }
        return try result.get()
    }

    private func read(_ count: Int, from stream: UpgradedStream) async throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < count, let piece = try await stream.read() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }
}
