package import HTTPTrace
internal import HTTPTypes

// An event as one flat JSON object, for the session file and for event logs: `t`, `ev` and what the event carries. In a file
// what the exchange's own row says is not said again: a sixth of all bytes. The switch is exhaustive, so a new event is
// thought of here too.

extension JSONWriter {
    /// For a log, where exchanges are mixed: `{"t":…,"req":1,"conn":3,"ev":"dnsStart","host":"example.com"}`.
    ///
    /// - Parameters:
    ///   - start: What `t` counts nanoseconds from.
    ///   - url: What may be said of a URL.
    package mutating func writeForLog(
        _ record: borrowing TraceRecord, since start: Timestamp, showing url: (RequestURL) -> String
    ) {
        open(record, since: start)
        if let exchange = record.exchange { field("req", exchange.number) }
        if let connection = record.connection { field("conn", connection.number) }
        writeForLog(record.event, showing: url)
        closeObject()
    }

    /// As members of the open object.
    mutating func writeForLog(_ event: TraceEvent, showing url: (RequestURL) -> String) {
        switch event {
        case .requestStarted(let head):
            named("requestStarted")
            field("method", head.method.rawValue)
            field("url", url(head.url))
        case .gotConn(let got):
            named("gotConn")
            field("id", got.connection.number)
            write(got)
            field("local", got.local)
            field("remote", got.remote)
        default: write(event)
        }
    }

    /// For the row of its exchange in a session file: `{"t":…,"ev":"dnsStart","host":"example.com"}`, with `conn` where that is
    /// another than the row's.
    ///
    /// - Parameters:
    ///   - start: The exchange's, which `t` counts nanoseconds from.
    ///   - connection: The one that carried the exchange.
    mutating func writeForRow(_ record: borrowing TraceRecord, since start: Timestamp, on connection: ConnectionID?) {
        open(record, since: start)
        if let other = record.connection, other != connection { field("conn", other.number) }
        write(record.event)
        closeObject()
    }

    @inline(__always)
    private mutating func open(_ record: borrowing TraceRecord, since start: Timestamp) {
        openObject()
        // Not by way of a `Duration`, which has 128 bits.
        field("t", Int(record.time.nanoseconds - start.nanoseconds))
    }

    private mutating func write(_ event: TraceEvent) {
        switch event {
        case .requestStarted: named("requestStarted")
        case .redirected(let redirection):
            named("redirected")
            field("from", redirection.from.number)
            field("status", redirection.status)
            field("hop", redirection.hop)
            openArray("withheld")
            for name in redirection.withheld { value(name) }
            closeArray()
        case .getConn(let hostPort):
            named("getConn")
            field("host_port", hostPort)
        case .queued(let reason, let position):
            named("queued")
            write(reason)
            field("position", position)
        case .dequeued(let reason):
            named("dequeued")
            field("reason", plain: words(for: reason))
        case .gotConn(let got):
            named("gotConn")
            write(got)
        case .wroteHeaders(let head):
            named("wroteHeaders")
            if let bytes = head.wireBytes { field("bytes", bytes) }
        case .wait100Continue: named("wait100Continue")
        case .wroteRequest(let failure): named("wroteRequest", failure)
        case .flushed(let bytes):
            named("flushed")
            field("bytes", bytes)
        case .gotFirstResponseByte: named("gotFirstResponseByte")
        case .got1xxResponse(let head):
            named("got1xxResponse")
            field("status", head.status)
        case .got100Continue: named("got100Continue")
        case .responseHead(let head):
            named("responseHead")
            field("status", head.status)
            field("version", head.version)
            if let bytes = head.wireBytes { field("bytes", bytes) }
        case .bodyBytes(let bytes):
            named("bodyBytes")
            field("bytes", bytes)
        case .bodyHeldUp(let duration):
            named("bodyHeldUp")
            field("duration_ns", duration.nanoseconds)
        case .bodyEnded(let end):
            named("bodyEnded")
            field("way", end.way.rawValue)
            field("bytes", end.bytes)
        case .putIdleConn(let problem):
            named("putIdleConn")
            field("problem", ifPresent: problem?.rawValue)
        case .attemptRetried(let failure, let number):
            named("attemptRetried", failure)
            field("number", number)
        case .requestFinished(let failure): named("requestFinished", failure)
        default: writeDial(event)
        }
    }

    private mutating func writeDial(_ event: TraceEvent) {
        switch event {
        case .dnsStart(let host):
            named("dnsStart")
            field("host", host)
        case .dnsDone(let answer):
            named("dnsDone", answer.failure)
            openArray("addresses")
            for address in answer.addresses { value(address.ip) }
            closeArray()
            field("source", ifPresent: answer.source?.description)
            if answer.isCoalesced { field("shared", true) }
        case .dnsAnswered(let records):
            named("dnsAnswered")
            write(records)
        case .addressPinned(let host, let addresses):
            named("addressPinned")
            field("host", host)
            openArray("addresses")
            for address in addresses { value(address.ip) }
            closeArray()
        case .tcpMeasured(let facts):
            named("tcpMeasured")
            write(facts)
        case .dialRedirected(let origin, let goal):
            named("dialRedirected")
            field("from", origin)
            field("to", goal)
        case .connectStart(let attempt, let address):
            named("connectStart")
            field("attempt", attempt)
            field("address", address)
        case .connectDone(let attempt, let address, let failure):
            named("connectDone", failure)
            field("attempt", attempt)
            field("address", address)
        case .tunnelStart(let proxy, let target):
            named("tunnelStart")
            field("proxy", proxy.description)
            field("target", target)
        case .tunnelDone(let facts, let failure):
            named("tunnelDone", failure)
            field("status", ifPresent: facts.head?.status)
            field("reply", ifPresent: facts.reply.map { Int($0) })
        case .tlsHandshakeStart: named("tlsHandshakeStart")
        case .tlsMessage(let message):
            named("tlsMessage")
            field("direction", message.direction.rawValue)
            field("name", message.name)
            field("bytes", Int(message.bytes))
        case .tlsHandshakeDone(let facts, let failure):
            named("tlsHandshakeDone", failure)
            field("version", facts.version)
            field("cipher", facts.cipher)
            field("alpn", ifPresent: facts.alpn)
            field("group", ifPresent: facts.group)
            field("resumed", facts.isResumed)
            field("verification_problem", ifPresent: facts.verificationProblem)
        case .connectionDialing(let key):
            named("connectionDialing")
            field("key", key.description)
        case .connectionOpened(let facts):
            named("connectionOpened")
            field("protocol", facts.applicationProtocol)
        case .connectionFailed(let failure): named("connectionFailed", failure)
        case .connectionActive(let use):
            named("connectionActive")
            field("use", use)
        case .connectionStreamEnded(let open):
            named("connectionStreamEnded")
            field("open", open)
        case .frameSent(let frame):
            named("frameSent")
            write(frame)
        case .frameReceived(let frame):
            named("frameReceived")
            write(frame)
        case .connectionIdle: named("connectionIdle")
        case .connectionClosed(let reason):
            named("connectionClosed")
            field("reason", reason.description)
        // Named one by one: a new event makes the compiler ask where it belongs.
        case .requestStarted, .redirected, .getConn, .queued, .dequeued, .gotConn, .wroteHeaders, .wait100Continue,
            .wroteRequest, .flushed, .gotFirstResponseByte, .got1xxResponse, .got100Continue, .responseHead,
            .bodyBytes, .bodyHeldUp, .bodyEnded, .putIdleConn, .attemptRetried, .requestFinished:
            preconditionFailure("\(event) is an event of the exchange, not of a dial")
        }
    }

    @inline(__always)
    private mutating func named(_ event: StaticString) { field("ev", plain: event) }

    @inline(__always)
    private mutating func named(_ event: StaticString, _ failure: Failure?) {
        field("ev", plain: event)
        if let failure { write(failure) }
    }

    private mutating func write(_ got: GotConnection) {
        field("reused", got.isReused)
        field("use", got.use)
        if let idle = got.idleTime { field("idle_ns", idle.nanoseconds) }
    }

    private mutating func write(_ failure: Failure) {
        field("error", failure.kind.rawValue)
        field("message", failure.message)
    }

    /// What DNS said of one family, as members of the open object.
    package mutating func write(_ records: DNSRecords) {
        field("type", records.family.recordType)
        openArray("addresses")
        for address in records.addresses { value(address.ip) }
        closeArray()
        if let life = records.timeToLive { field("ttl_s", life.components.seconds) }
        if !records.aliases.isEmpty {
            openArray("aliases")
            for alias in records.aliases {
                openObject()
                field("name", alias.name)
                field("target", alias.target)
                field("ttl_s", alias.timeToLive.components.seconds)
                closeObject()
            }
            closeArray()
        }
        field("server", ifPresent: records.server?.description)
        if records.isOverTCP { field("tcp", true) }
        field("tries", records.tries)
        field("duration_ns", records.duration.nanoseconds)
        field("problem", ifPresent: records.problem)
    }

    /// What the kernel knew of a connection, as members of the open object.
    package mutating func write(_ facts: TCPFacts) {
        field("moment", facts.moment.rawValue)
        field("rtt_ms", facts.roundTrip.nanoseconds, decimals: 6)
        field("rtt_var_ms", facts.roundTripVariation.nanoseconds, decimals: 6)
        if let least = facts.leastRoundTrip { field("rtt_min_ms", least.nanoseconds, decimals: 6) }
        field("cwnd", facts.congestionWindow)
        field("mss", facts.segmentBytes)
        field("retransmits", facts.retransmits)
        field("bytes_sent", facts.bytesSent)
        field("bytes_resent", facts.bytesResent)
        field("bytes_acked", facts.bytesAcked)
        field("bytes_received", facts.bytesReceived)
        field("delivery_rate", ifPresent: facts.deliveryRate)
        guard let exchange = facts.exchange else { return }
        field("exchange_bytes_sent", exchange.sent)
        field("exchange_bytes_received", exchange.received)
    }

    private mutating func write(_ reason: QueueReason) {
        switch reason {
        case .dialing: field("reason", plain: "dialing")
        case .hostLimit(let limit):
            field("reason", plain: "hostLimit")
            field("limit", limit)
        case .totalLimit(let limit):
            field("reason", plain: "totalLimit")
            field("limit", limit)
        case .sharedDial: field("reason", plain: "sharedDial")
        case .streamLimit(let limit):
            field("reason", plain: "streamLimit")
            field("limit", limit)
        }
    }

    private mutating func write(_ frame: HTTP2Frame) {
        field("type", frame.type.description)
        field("stream", Int(frame.stream.number))
        field("length", frame.length)
        field("flags", Int(frame.flags))
        if let code = frame.errorCode { field("error_code", Int(code.rawValue)) }
    }

    private func words(for reason: DequeueReason) -> StaticString {
        switch reason {
        case .dialed: "dialed"
        case .handedOver: "handedOver"
        case .shared: "shared"
        case .cancelled: "cancelled"
        case .failed: "failed"
        }
    }
}
