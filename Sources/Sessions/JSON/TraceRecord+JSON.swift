package import HTTPTrace
internal import HTTPTypes

// An event as one flat JSON object, for the session file and for event logs: `t`, `ev` and what the event carries. The
// switch is exhaustive, so a new event is thought of here too.

extension JSONWriter {
    /// `{"t":…,"ev":"dnsStart","conn":3,"host":"example.com"}`; `t` counts nanoseconds from `start`.
    package mutating func write(_ record: TraceRecord, since start: Timestamp) {
        openObject()
        field("t", (record.time - start).nanoseconds)
        if let connection = record.connection { field("conn", connection.number) }
        write(record.event)
        closeObject()
    }

    mutating func write(_ event: TraceEvent) {
        switch event {
        case .requestStarted(let head):
            named("requestStarted")
            field("method", head.method.rawValue)
            field("url", head.url.description)
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
            field("reason", words(for: reason))
        case .gotConn(let got):
            named("gotConn")
            field("id", got.connection.number)
            field("reused", got.isReused)
            field("use", got.use)
            if let idle = got.idleTime { field("idle_ns", idle.nanoseconds) }
            field("local", got.local.description)
            field("remote", got.remote.description)
        case .wroteHeaders(let head):
            named("wroteHeaders")
            field("bytes", head.bytes.count)
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
            field("bytes", head.bytes.count)
        case .bodyBytes(let bytes):
            named("bodyBytes")
            field("bytes", bytes)
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
        case .connectStart(let attempt, let address):
            named("connectStart")
            field("attempt", attempt)
            field("address", address.description)
        case .connectDone(let attempt, let address, let failure):
            named("connectDone", failure)
            field("attempt", attempt)
            field("address", address.description)
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
        case .connectionIdle: named("connectionIdle")
        case .connectionClosed(let reason):
            named("connectionClosed")
            field("reason", reason.description)
        // Named one by one: a new event makes the compiler ask where it belongs.
        case .requestStarted, .redirected, .getConn, .queued, .dequeued, .gotConn, .wroteHeaders, .wait100Continue,
            .wroteRequest,
            .flushed, .gotFirstResponseByte, .got1xxResponse, .got100Continue, .responseHead, .bodyBytes, .bodyEnded,
            .putIdleConn, .attemptRetried, .requestFinished:
            preconditionFailure("\(event) is an event of the exchange, not of a dial")
        }
    }

    private mutating func named(_ event: StaticString, _ failure: Failure? = nil) {
        name("ev")
        value(event.description)
        guard let failure else { return }
        field("error", failure.kind.rawValue)
        field("message", failure.message)
    }

    private mutating func write(_ reason: QueueReason) {
        switch reason {
        case .dialing: field("reason", "dialing")
        case .hostLimit(let limit):
            field("reason", "hostLimit")
            field("limit", limit)
        case .totalLimit(let limit):
            field("reason", "totalLimit")
            field("limit", limit)
        }
    }

    private func words(for reason: DequeueReason) -> String {
        switch reason {
        case .dialed: "dialed"
        case .handedOver: "handedOver"
        case .cancelled: "cancelled"
        case .failed: "failed"
        }
    }
}
