import HTTPTrace
import HTTPTypes
import Synchronization
import Testing

/// Writes down what hooks were called with, in order.
private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

private func record(_ event: TraceEvent) -> TraceRecord {
    TraceRecord(time: .zero, exchange: ExchangeID(1), connection: nil, event: event)
}

@Suite("Client traces")
struct ClientTraceTests {
    private static let address = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 80)

    // Go's TestWithClientTrace.
    @Test func `a newer trace is told first, the older one after it`() async throws {
        let log = Log()
        let old = ClientTrace { $0.connectStart = { _ in log.add("O") } }
        let new = ClientTrace { $0.connectStart = { _ in log.add("N") } }
        try await withClientTrace(old) {
            try await withClientTrace(new) {
                try ClientTrace.current?.deliver(record(.connectStart(attempt: 1, Self.address)))
            }
            log.add("|")
            try ClientTrace.current?.deliver(record(.connectStart(attempt: 1, Self.address)))
        }
        #expect(log.all == ["N", "O", "|", "O"])
        #expect(ClientTrace.current == nil)
    }

    // Go's TestCompose.
    @Test func `a hook set in one of two traces is called alone`() throws {
        let log = Log()
        let only = ClientTrace { $0.getConn = { _ in log.add("T") } }
        let none = ClientTrace()
        try only.composed(over: none).deliver(record(.getConn(hostPort: "a:80")))
        try none.composed(over: only).deliver(record(.getConn(hostPort: "a:80")))
        try only.composed(over: nil).deliver(record(.getConn(hostPort: "a:80")))
        #expect(log.all == ["T", "T", "T"])
        #expect(none.composed(over: none).hooks.getConn == nil)
    }

    @Test func `installing a trace twice calls it twice and changes neither`() throws {
        let log = Log()
        let trace = ClientTrace { $0.wroteHeaders = { log.add("w") } }
        try trace.composed(over: trace).deliver(record(.wroteHeaders(SentHead(bytes: []))))
        #expect(log.all == ["w", "w"])
        try trace.deliver(record(.wroteHeaders(SentHead(bytes: []))))
        #expect(log.all.count == 3)
    }

    @Test func `tasks started inside are traced too, detached ones are not`() async throws {
        let trace = ClientTrace()
        await withClientTrace(trace) {
            #expect(await Task { ClientTrace.current != nil }.value)
            #expect(await Task.detached { ClientTrace.current == nil }.value)
        }
    }

    // Go's TestTransportEventTrace_NoHooks.
    @Test func `a trace without hooks takes every event`() throws {
        for event in Self.oneOfEach { try ClientTrace().deliver(record(event)) }
    }

    @Test func `every hook is told its event, and the general one all of them`() throws {
        let log = Log()
        let all = Log()
        let trace = ClientTrace {
            $0.getConn = { log.add("getConn \($0)") }
            $0.gotConn = { log.add("gotConn \($0.connection)") }
            $0.putIdleConn = { log.add("putIdleConn \($0?.description ?? "ok")") }
            $0.gotFirstResponseByte = { log.add("gotFirstResponseByte") }
            $0.got100Continue = { log.add("got100Continue") }
            $0.got1xxResponse = { status, fields in log.add("got1xxResponse \(status) \(fields[.location] ?? "")") }
            $0.dnsStart = { log.add("dnsStart \($0)") }
            $0.dnsDone = { log.add("dnsDone \($0.addresses)") }
            $0.connectStart = { log.add("connectStart \($0)") }
            $0.connectDone = { address, failure in log.add("connectDone \(address) \(failure?.message ?? "ok")") }
            $0.tlsHandshakeStart = { log.add("tlsHandshakeStart") }
            $0.tlsHandshakeDone = { facts, failure in
                log.add("tlsHandshakeDone \(facts.version) \(failure?.message ?? "ok")")
            }
            $0.wroteHeaderField = { name, values in log.add("wroteHeaderField \(name) \(values)") }
            $0.wroteHeaders = { log.add("wroteHeaders") }
            $0.wait100Continue = { log.add("wait100Continue") }
            $0.wroteRequest = { log.add("wroteRequest \($0?.message ?? "ok")") }
            $0.event = { _ in all.add("") }
        }
        for event in Self.oneOfEach { try trace.deliver(record(event)) }
        #expect(
            log.all == [
                "getConn a:80", "gotConn c1", "putIdleConn ok", "putIdleConn connection is in bad state",
                "gotFirstResponseByte", "got100Continue", "got1xxResponse 103 </a.css>", "dnsStart a",
                "dnsDone [192.0.2.1:80]", "connectStart 192.0.2.1:80", "connectDone 192.0.2.1:80 refused",
                "tlsHandshakeStart", "tlsHandshakeDone TLSv1.3 ok", "wroteHeaderField Host [\"a\"]", "wroteHeaders",
                "wait100Continue", "wroteRequest ok",
            ])
        #expect(all.all.count == Self.oneOfEach.count)
    }

    @Test func `a header field is told once with all its values, in the order of first appearance`() throws {
        let log = Log()
        let trace = ClientTrace {
            $0.wroteHeaderField = { name, values in log.add("\(name)=\(values.joined(separator: ","))") }
            $0.wroteHeaders = { log.add("done") }
        }
        let head = "POST / HTTP/1.1\r\nHost: a\r\nX-Foo: 1\r\nAccept: */*\r\nx-foo:  2 \r\nEmpty:\r\n\r\n"
        try trace.deliver(record(.wroteHeaders(SentHead(bytes: Array(head.utf8)))))
        #expect(log.all == ["Host=a", "X-Foo=1,2", "Accept=*/*", "Empty=", "done"])
    }

    // go-semantics §1: over HTTP/2 Go calls once per value.
    @Test func `over HTTP-2 each value of a header field is told by itself`() throws {
        let log = Log()
        let trace = ClientTrace { $0.wroteHeaderField = { name, values in log.add("\(name)=\(values)") } }
        let head = "GET /a HTTP/2\r\n:authority: b\r\n:path: /a\r\nx-foo: 1\r\naccept: */*\r\nx-foo: 2\r\n\r\n"
        try trace.deliver(record(.wroteHeaders(SentHead(bytes: Array(head.utf8)))))
        #expect(
            log.all == [
                ":authority=[\"b\"]", ":path=[\"/a\"]", "x-foo=[\"1\"]", "accept=[\"*/*\"]", "x-foo=[\"2\"]",
            ])
    }

    @Test func `whoever asks at the same time for a head's fields is told all of them`() async {
        for _ in 0..<200 {
            let head = SentHead(bytes: Array("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n".utf8))
            let told = await withTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let log = Log()
                        let trace = ClientTrace { $0.wroteHeaderField = { name, _ in log.add(name) } }
                        try? trace.tell(.wroteHeaders(head))
                        return log.all
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(told == Array(repeating: ["Host", "Accept"], count: 4))
        }
    }

    @Test func `a throwing 1xx hook aborts, and the older one is not asked`() {
        struct Enough: Error {}
        let log = Log()
        let older = ClientTrace { $0.got1xxResponse = { _, _ in log.add("older") } }
        let newer = ClientTrace { $0.got1xxResponse = { _, _ in throw Enough() } }
        #expect(throws: Enough.self) { try newer.composed(over: older).deliver(record(Self.earlyHints)) }
        #expect(throws: Enough.self) { try older.composed(over: newer).deliver(record(Self.earlyHints)) }
        #expect(log.all == ["older"])
    }

    private static let earlyHints = TraceEvent.got1xxResponse(
        ResponseHead(status: 103, reason: "", version: "HTTP/1.1", fields: [.location: "</a.css>"]))

    private static let oneOfEach: [TraceEvent] = {
        let facts = TLSFacts(version: "TLSv1.3", cipher: "", alpn: nil, serverName: "a")
        let got = GotConnection(
            connection: ConnectionID(1), local: address, remote: address, isReused: false, idleTime: nil, use: 1)
        let refused = Failure(.connect, "refused")
        let key = ConnectionKey(origin: Origin(scheme: .http, host: "a"))
        return [
            .requestStarted(RequestedHead(method: .get, url: RequestURL(origin: key.origin))),
            .getConn(hostPort: "a:80"), .queued(.dialing, position: 0), .dequeued(.dialed), .gotConn(got),
            .putIdleConn(nil), .putIdleConn(.broken), .gotFirstResponseByte, .got100Continue, earlyHints,
            .dnsStart(host: "a"), .dnsDone(DNSAnswer(addresses: [address])), .connectStart(attempt: 1, address),
            .connectDone(attempt: 1, address, refused), .tlsHandshakeStart, .tlsHandshakeDone(facts, nil),
            .wroteHeaders(SentHead(bytes: Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))), .wait100Continue,
            .wroteRequest(nil), .flushed(bytes: 1),
            .responseHead(ResponseHead(status: 200, reason: "", version: "HTTP/1.1", fields: [:])), .bodyBytes(1),
            .bodyEnded(BodyEnd(way: .complete, bytes: 1)), .attemptRetried(refused, number: 1), .requestFinished(nil),
            .connectionDialing(key), .connectionOpened(ConnectionFacts(local: address, remote: address)),
            .connectionFailed(refused), .connectionActive(use: 1), .connectionIdle(until: nil),
            .connectionClosed(.peerClosedIdle),
        ]
    }()
}
