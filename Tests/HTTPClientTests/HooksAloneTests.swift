import HTTPClient
import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Transport

// Where nobody is told of times, nor of what Go has no hook for, such events aren't even made. None of Go's may go with them.

@NetworkActor
@Suite("Hooks alone")
struct HooksAloneTests {
    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    @Test func `hooks are told the same whether or not somebody listens to every event`() async throws {
        let alone = try await told(beside: nil)
        #expect(alone == (try await told(beside: ClientTrace { $0.event = { _ in } })))
        #expect(alone == (try await told(beside: ClientTrace { $0.buffer = TraceBuffer(limit: 1_000) })))
        let setUp = ["getConn", "connectStart", "connectDone", "tlsHandshakeStart", "tlsHandshakeDone", "gotConn"]
        let interim = [
            "wait100Continue", "gotFirstResponseByte", "got100Continue", "got1xxResponse 100", "wroteRequest",
        ]
        #expect(
            alone.filter { !$0.hasPrefix("field") } == setUp + ["wroteHeaders"] + interim + ["putIdleConn"] + [
                "getConn", "gotConn", "wroteHeaders", "wroteRequest", "gotFirstResponseByte", "putIdleConn",
            ] + ["getConn", "connectStart", "connectDone"])
        #expect(alone.contains("field Expect"))
    }

    /// What the hooks are told of a POST that waits for its 100, of a GET on the same connection, and of a dial that fails.
    private func told(beside other: ClientTrace?) async throws -> [String] {
        let tls = try TLSContext(server: TestCertificates.localhost)
        let server = try ScriptedServer(
            [
                .readHead, .send("HTTP/1.1 100 Continue\r\n\r\n"), .read(4), .send(ok), .readHead, .send(ok),
                .awaitClose,
            ], tls: tls)
        var configuration = try ClientConfiguration()
        configuration.tls = try TLSContext(client: TestCertificates.trusting)
        configuration.expectContinueTimeout = .seconds(600)
        let client = Client(configuration)
        let log = OrderLog()
        let post = ClientRequest(
            method: .post, url: server.url(), fields: [.expect: "100-continue"], body: Array("body".utf8))
        // Nobody listens on a port that needs privileges on an address of its own.
        let refused = RequestURL(origin: Origin(scheme: .http, host: "127.0.0.77", port: 1))
        try await withClientTrace(hooks(log).composed(over: other)) {
            for request in [post, ClientRequest(url: server.url())] {
                _ = try await client.send(request).body.collect(upTo: 100)
            }
            await #expect(throws: Failure.self) { try await client.send(ClientRequest(url: refused)) }
        }
        return log.all
    }

    private func hooks(_ log: OrderLog) -> ClientTrace {
        ClientTrace {
            $0.getConn = { _ in log.add("getConn") }
            $0.gotConn = { _ in log.add("gotConn") }
            $0.putIdleConn = { _ in log.add("putIdleConn") }
            $0.gotFirstResponseByte = { log.add("gotFirstResponseByte") }
            $0.got100Continue = { log.add("got100Continue") }
            $0.got1xxResponse = { status, _ in log.add("got1xxResponse \(status)") }
            $0.dnsStart = { _ in log.add("dnsStart") }
            $0.dnsDone = { _ in log.add("dnsDone") }
            $0.connectStart = { _ in log.add("connectStart") }
            $0.connectDone = { _, _ in log.add("connectDone") }
            $0.tlsHandshakeStart = { log.add("tlsHandshakeStart") }
            $0.tlsHandshakeDone = { _, _ in log.add("tlsHandshakeDone") }
            $0.wroteHeaderField = { name, _ in log.add("field \(name)") }
            $0.wroteHeaders = { log.add("wroteHeaders") }
            $0.wait100Continue = { log.add("wait100Continue") }
            $0.wroteRequest = { _ in log.add("wroteRequest") }
        }
    }
}
