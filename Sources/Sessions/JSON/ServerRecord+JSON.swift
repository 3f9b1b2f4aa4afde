public import HTTPTrace
internal import HTTPTypes

// A server's event as one flat JSON object, for logs: `t`, `ev`, whose it is and what it carries. The switch is
// exhaustive, so a new event is thought of here too.

/// Writes server events, one JSON object a line.
public struct ServerEventLines: ~Copyable, Sendable {
    private var json = JSONWriter()
    private let start: Timestamp

    /// - Parameter start: Where `t` begins.
    public init(since start: Timestamp) { self.start = start }

    /// `{"t":1500,"conn":"s3","req":"r12","ev":"requestHead","method":"GET",…}` and a line break; `t` in nanoseconds.
    ///
    /// - Parameter url: What may be said of a URL or a request target.
    package mutating func line(_ record: ServerRecord, showing url: (String) -> String) -> String {
        json.openObject()
        json.field("t", (record.time - start).nanoseconds)
        if let connection = record.connection { json.field("conn", connection.description) }
        if let request = record.request { json.field("req", request.description) }
        json.write(record.event, showing: url)
        json.closeObject()
        return json.takeText() + "\n"
    }

    /// The same for what went on to the server behind: `conn` is the client's `c3`, `req` the request it went on for.
    package mutating func line(_ record: TraceRecord, showing url: (String) -> String) -> String {
        json.openObject()
        json.field("t", (record.time - start).nanoseconds)
        if let connection = record.connection { json.field("conn", connection.description) }
        if let request = record.exchange?.forwardedRequest { json.field("req", request.description) }
        json.writeForLog(record.event, showing: { url($0.description) })
        json.closeObject()
        return json.takeText() + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ event: ServerEvent, showing url: (String) -> String) {
        switch event {
        case .accepted(let client, let server, let scheme):
            named("accepted")
            field("client", client.description)
            field("server", server.description)
            field("scheme", scheme.rawValue)
        case .tlsHandshakeStart: named("tlsHandshakeStart")
        case .tlsHandshakeDone(let facts, let failure):
            named("tlsHandshakeDone", failure)
            field("version", facts.version)
            field("cipher", facts.cipher)
            field("alpn", ifPresent: facts.alpn)
            field("server_name", ifPresent: facts.serverName)
            field("resumed", facts.isResumed)
        case .protocolChosen(let name):
            named("protocol")
            field("protocol", name)
        case .state(let state):
            named("state")
            field("state", state.rawValue)
        case .closed(let reason, let received, let sent):
            named("state")
            field("state", ConnectionState.closed.rawValue)
            field("reason", reason.description)
            field("received", received)
            field("sent", sent)
        default: writeRequest(event, showing: url)
        }
    }

    private mutating func writeRequest(_ event: ServerEvent, showing url: (String) -> String) {
        switch event {
        case .requestFirstByte: named("requestFirstByte")
        case .requestHead(let head, let use):
            named("requestHead")
            field("method", head.method.rawValue)
            field("target", url(head.target))
            field("url", url(head.url.description))
            field("version", head.version)
            field("use", use)
            field("body_len", ifPresent: head.bodyBytes)
        case .requestUnreadable(let line):
            named("requestUnreadable")
            field("line", url(String(decoding: line, as: UTF8.self)))
        case .requestBody(let count):
            named("requestBody")
            field("bytes", count)
        case .sent100Continue: named("sent100Continue")
        case .requestEnded(let count):
            named("requestEnded")
            field("bytes", count)
        case .handlerStart: named("handlerStart")
        case .handlerDone(let failure): named("handlerDone", failure)
        case .informational(let head):
            named("informational")
            field("status", head.status)
        case .responseHead(let head):
            named("responseHead")
            field("status", head.status)
        case .responseFirstByte: named("responseFirstByte")
        case .responseLastByte(let count):
            named("responseLastByte")
            field("bytes", count)
        case .responseBroken(let count):
            named("responseBroken")
            field("bytes", count)
        case .requestFinished(let failure): named("requestFinished", failure)
        case .shutdownWaits(let waiting, let count):
            named("shutdownWaits")
            field("count", count)
            openArray("for")
            for connection in waiting { value(connection.description) }
            closeArray()
        case .shutdownDone(let isInTime):
            named("shutdownDone")
            field("in_time", isInTime)
        // Named one by one: a new event makes the compiler ask where it belongs.
        case .accepted, .tlsHandshakeStart, .tlsHandshakeDone, .protocolChosen, .state, .closed:
            preconditionFailure("\(event) is an event of the connection")
        }
    }

    private mutating func named(_ event: StaticString, _ failure: Failure? = nil) {
        name("ev")
        value(event.description)
        guard let failure else { return }
        field("error", failure.kind.rawValue)
        field("message", failure.message)
    }
}
