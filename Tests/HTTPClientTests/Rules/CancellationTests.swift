import Glibc
import HTTPTrace
import Testing
import Transport

@testable import HTTPClient

// Cancellation and limits, where TraceSequenceTests does not have them already.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

@NetworkActor
@Suite("Cancellation")
struct CancellationTests {
    // TestCancelRequestWhenSharingConnection
    @Test func `a request is not ended by the cancellation of the one that got its connection`() async throws {
        let (gate, never) = (Gate(), Gate())
        let server = try ScriptedServer([.readHead, .wait(gate), .send(ok), .readHead, .wait(never), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        let second = EventLog()
        // The first holds on to its response.
        let first = Task { @NetworkActor () throws -> Response in
            try await withClientTrace(test.events.trace) {
                try await test.client.send(ClientRequest(url: server.url()))
            }
        }
        await until { test.events.words.contains("flushed") }
        let other = Task { @NetworkActor in
            await withClientTrace(second.trace) {
                await Result.of { () async throws(Failure) in
                    try await test.client.send(ClientRequest(url: server.url())).status
                }
            }
        }
        await until { second.words.contains("queued(hostLimit(1), 0)") }
        gate.open()
        await until { second.words.contains("flushed") }
        other.cancel()
        let cancelled = await other.value
        #expect(throws: Failure.self) { try cancelled.get() }
        let response = try await first.value
        #expect(try await response.body.collect(upTo: 10) == Array("hello".utf8))
        #expect(test.events.words.filter { $0 == "putIdleConn" }.count == 1)
        never.open()
    }

    // TestClientTimeoutKillsConn_BeforeHeaders
    @Test func `the limit for the whole request closes the connection before a head has come`() async throws {
        let server = try ScriptedServer([.readHead, .awaitClose])
        let test = try TestClient { $0.requestTimeout = .seconds(20) }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .timeout)
        #expect(test.connections.words.last == "connectionClosed(requestTimedOut)")
        await until { server.finished == 1 }
    }

    // TestClientTimeoutKillsConn_AfterHeaders
    @Test func `and inside the body`() async throws {
        let server = try ScriptedServer([
            .readHead, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .awaitClose,
        ])
        let test = try TestClient { $0.requestTimeout = .seconds(20) }
        #expect(await test.failure(of: ClientRequest(url: server.url()))?.kind == .timeout)
        #expect(test.connections.words.last == "connectionClosed(requestTimedOut)")
        await until { server.finished == 1 }
    }

    @Test func `a limit of the request is not to blame where the kernel's patience ended`() {
        let failure = Failure(StreamError.failed(call: "recv", code: ETIMEDOUT), during: .wait)
        #expect(failure.kind == .timeout)
        #expect(CloseReason(failure, isAbortion: false) == .failed(failure))
        #expect(CloseReason(failure, isAbortion: true) == .requestTimedOut)
    }

    // TestTransportMaxConnsPerHostDialCancellation, go-semantics 4.j
    @Test func `cancelling while waiting for the host's limit ends in silence`() async throws {
        let gate = Gate()
        let server = try ScriptedServer([.readHead, .wait(gate), .send(ok), .awaitClose])
        let test = try TestClient { $0.pool.openPerHost = 1 }
        let second = EventLog()
        async let first: Void = { _ = try await test.fetch(server.url()) }()
        await until { test.events.words.contains("flushed") }
        let other = Task { @NetworkActor in
            await withClientTrace(second.trace) {
                await Result.of { () async throws(Failure) in
                    try await test.client.send(ClientRequest(url: server.url())).status
                }
            }
        }
        await until { second.words.contains("queued(hostLimit(1), 0)") }
        other.cancel()
        _ = await other.value
        #expect(
            second.words == [
                "requestStarted", "getConn", "queued(hostLimit(1), 0)", "dequeued(cancelled)",
                "requestFinished(cancelled)",
            ])
        gate.open()
        try await first
        #expect(server.received.count == 1)
    }
}
