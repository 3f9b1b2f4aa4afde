import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Transport

@testable import HTTPClient

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Early answers")
struct InformationalTests {
    private let large = "HTTP/1.1 103 Early Hints\r\nX: " + String(repeating: "a", count: 10_000) + "\r\n\r\n"

    // TestTransportIgnore1xxResponses
    @Test func `unknown early answers are passed over, and told`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 123 OneTwoThree\r\nFoo: bar\r\n\r\n" + ok), .awaitClose,
        ])
        let test = try TestClient()
        let told = OrderLog()
        let hook = ClientTrace { $0.got1xxResponse = { status, fields in told.add("\(status) \(fields)") } }
        let answer = try await withClientTrace(hook) { try await test.fetch(server.url()) }
        #expect(answer == (200, "hello"))
        #expect(told.all.count == 1)
        #expect(told.all[0].hasPrefix("123 ") && told.all[0].contains("bar"))
    }

    // TestTransportLimits1xxResponses
    @Test func `without a hook the heads of all early answers count together`() async throws {
        let server = try ScriptedServer([.readHead, .send(String(repeating: large, count: 10) + ok), .awaitClose])
        let test = try TestClient { $0.limits.headBytes = 50_000 }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .tooLarge)
    }

    // TestTransportDoesNotLimitDelivered1xxResponses
    @Test func `with a hook each has the limit for itself, since the hook can end the request`() async throws {
        let server = try ScriptedServer([.readHead, .send(String(repeating: large, count: 10) + ok), .awaitClose])
        let test = try TestClient { $0.limits.headBytes = 50_000 }
        let answer = try await withClientTrace(ClientTrace { $0.got1xxResponse = { _, _ in } }) {
            try await test.fetch(server.url())
        }
        #expect(answer == (200, "hello"))
        let flood = try ScriptedServer([
            .readHead, .send("HTTP/1.1 103 Early Hints\r\nX: " + String(repeating: "a", count: 60_000)), .awaitClose,
        ])
        let failure = await withClientTrace(ClientTrace { $0.got1xxResponse = { _, _ in } }) {
            await test.failure(of: ClientRequest(url: flood.url()))
        }
        #expect(failure?.kind == .tooLarge)
    }

    // TestTransportReading100Continue
    @Test func `many requests with 100 before their answers stay in step on one connection`() async throws {
        let exchange: [Step] = [.readHead, .read(2), .send("HTTP/1.1 100 Continue\r\n\r\n" + ok)]
        let server = try ScriptedServer(scripts: [Array(repeating: exchange, count: 20).flatMap { $0 } + [.awaitClose]])
        let test = try TestClient()
        for _ in 0..<20 {
            let request = ClientRequest(method: .post, url: server.url(), body: Array("hi".utf8))
            #expect(try await test.fetch(request) == (200, "hello"))
        }
        #expect(server.received.count == 1)
        #expect(!test.events.words.contains("got100Continue"), "nobody asked for it")
    }

    @Test func `a body that is due follows its head, however long the kernel takes for that`() async throws {
        let listener = try TCPListener(NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 0))
        let test = try TestClient { $0.expectContinueTimeout = .zero }
        let origin = Origin(scheme: .http, host: "127.0.0.1", port: listener.address.port)
        var request = ClientRequest(method: .post, url: RequestURL(origin: origin), body: Array("BODY".utf8))
        request.fields[.expect] = "100-continue"
        // More than the sockets' buffers on both sides take.
        let long = String(repeating: "x", count: 24 << 20)
        request.fields[.userAgent] = long
        let answer = Task.onNetwork { [request] in try await test.fetch(request) }

        let server = try await listener.accept()
        await until { test.events.words.contains("wait100Continue") }
        // The time for the 100 is over with the next turn.
        for _ in 0..<3 { await Pause(.zero).end() }
        var (count, tail) = (0, [UInt8]())
        while !tail.ends(with: "\r\n\r\nBODY".utf8), let bytes = try await server.readSome() {
            count += bytes.count
            tail = Array((tail + bytes).suffix(64))
        }
        #expect(tail.ends(with: "\r\n\r\nBODY".utf8) && count > long.utf8.count)
        try await server.writeAll(Array(ok.utf8))
        #expect(try await answer.value == (200, "hello"))
        listener.close()
        server.close()
    }
}

extension [UInt8] {
    fileprivate func ends(with end: some Collection<UInt8>) -> Bool { suffix(end.count).elementsEqual(end) }
}
