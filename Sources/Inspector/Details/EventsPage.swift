import HTTPTrace
import HTTPTypes
import Sessions
import TextScreen

/// The Events page: everything that was seen, a line each, with the time since the request was asked for.
enum EventsPage {
    static func page(of exchange: Exchange, _ model: Model) -> DetailPage {
        let theme = model.theme
        let entries = entries(of: exchange)
        guard !entries.isEmpty else { return DetailPage([StyledLine(" Nothing happened yet.", theme.quiet)]) }
        let hasMore = exchange.droppedEvents > 0
        return DetailPage(count: entries.count + (hasMore ? 1 : 0)) { index in
            guard index < entries.count else {
                return StyledLine(
                    " \(Figures.count(exchange.droppedEvents)) later events were counted, not kept.", theme.warning)
            }
            let (time, connection, words) = words(of: entries[index])
            var line = StyledLine()
            let offset = Figures.fixed((time - exchange.startedAt).milliseconds, decimals: 3)
            line.add("\(offset)", theme.quiet, endingAt: 12)
            if let connection { line.add("\(connection)", theme.quiet, at: 14) }
            line.add("\(words.name)", words.isFailure ? theme.failure : theme.strong, at: 20)
            if !words.detail.isEmpty { line.add("  \(words.detail)", words.isFailure ? theme.failure : .plain) }
            return line
        }
    }
}

extension EventsPage {
    private enum Entry {
        case client(TraceRecord)
        case server(ServerRecord)

        var time: Timestamp {
            switch self {
            case .client(let record): record.time
            case .server(let record): record.time
            }
        }
    }

    /// Both sides' events by time, where there are two sides.
    private static func entries(of exchange: Exchange) -> [Entry] {
        let client = exchange.events.map { Entry.client($0) }
        guard !exchange.serverEvents.isEmpty else { return client }
        // Both are in order: only where they interleave anything moves.
        return (exchange.serverEvents.map { Entry.server($0) } + client).sorted { $0.time < $1.time }
    }

    private static func words(of entry: Entry) -> (Timestamp, connection: String?, EventWords) {
        switch entry {
        case .client(let record): (record.time, record.connection?.description, EventWords(record.event))
        case .server(let record): (record.time, record.connection?.description, EventWords(record.event))
        }
    }
}

/// An event in words.
struct EventWords: Equatable {
    /// Go's name for it where Go has one.
    let name: String
    /// Untrusted text: it may quote what a peer sent.
    let detail: String
    var isFailure = false

    init(_ name: String, _ detail: String = "", failure: Failure? = nil) {
        self.name = name
        self.detail = failure.map { detail.isEmpty ? $0.message : "\(detail): \($0.message)" } ?? detail
        isFailure = failure != nil
    }

    init(_ event: TraceEvent) {
        switch event {
        case .requestStarted(let head): self.init("request started", "\(head.method.rawValue) \(head.url)")
        case .redirected(let redirection):
            let names = redirection.withheld.joined(separator: ", ")
            self.init(
                "redirected",
                "by \(redirection.status) of \(redirection.from), hop \(redirection.hop)"
                    + (names.isEmpty ? "" : "; another origin, so without \(names)"))
        case .getConn(let hostPort): self.init("get conn", hostPort)
        case .queued(let reason, let position): self.init("queued", "\(Self.words(reason)), position \(position)")
        case .dequeued(let reason): self.init("dequeued", Self.words(reason))
        case .gotConn(let got):
            let busy = got.isShared ? "shared" : "handed over"
            let reuse = got.idleTime.map { "idle for \(Figures().time($0))" } ?? (got.isReused ? busy : "new")
            self.init("got conn", "\(got.connection) use \(got.use), \(reuse), \(got.local) to \(got.remote)")
        case .wroteHeaders(let head):
            self.init("wrote headers", head.wireBytes.map { Figures.size($0) } ?? "compressed")
        case .wait100Continue: self.init("wait 100-continue")
        case .wroteRequest(let failure): self.init("wrote request", failure: failure)
        case .flushed(let bytes): self.init("flushed", "\(Figures.size(bytes)) to the kernel")
        case .gotFirstResponseByte: self.init("first response byte")
        case .got1xxResponse(let head): self.init("got 1xx", "\(head.status) \(head.reason)")
        case .got100Continue: self.init("got 100-continue")
        case .responseHead(let head): self.init("response head", "\(head.version) \(head.status) \(head.reason)")
        case .bodyBytes(let bytes): self.init("body bytes", "+\(Figures.size(bytes))")
        case .bodyHeldUp(let duration):
            self.init("body held up", "\(Figures.fixed(duration.milliseconds, decimals: 1)) ms by its reader")
        case .bodyEnded(let end): self.init("body ended", "\(end.way.rawValue), \(Figures.size(end.bytes))")
        case .putIdleConn(let problem): self.init("put idle conn", problem?.description ?? "kept for the next request")
        case .attemptRetried(let failure, let number): self.init("attempt \(number) retried", failure: failure)
        case .requestFinished(let failure): self.init("request finished", failure: failure)
        case .dnsStart(let host): self.init("dns start", host)
        case .dnsDone(let answer):
            let shared = answer.isCoalesced ? ", shared lookup" : ""
            let source = answer.source.map { ", by \($0)" } ?? ""
            self.init(
                "dns done", answer.addresses.map(\.ip).joined(separator: " ") + source + shared,
                failure: answer.failure)
        case .dnsAnswered(let records): self.init("dns answered", LookupWords.sentence(on: records))
        case .tcpMeasured(let facts):
            self.init("tcp \(facts.moment.rawValue)", TCPWords.sentence(on: facts, dot: ", "))
        case .addressPinned(let host, let addresses):
            self.init("address pinned", "\(host) is \(addresses.map(\.ip).joined(separator: " ")), as --resolve says")
        case .dialRedirected(let origin, let goal):
            self.init("dial redirected", "\(origin) to \(goal), as --connect-to says")
        case .connectStart(let attempt, let address): self.init("connect start", "\(address), attempt \(attempt)")
        case .connectDone(_, let address, let failure): self.init("connect done", "\(address)", failure: failure)
        case .tunnelStart(let proxy, let target): self.init("tunnel start", "to \(target) by \(proxy)")
        case .tunnelDone(let facts, let failure): self.init("tunnel done", Self.words(facts), failure: failure)
        case .tlsHandshakeStart: self.init("tls start")
        case .tlsMessage(let message):
            self.init("tls \(message.direction.rawValue)", "\(message.name), \(Figures.size(Int(message.bytes)))")
            if case .alert(let alert) = message.kind, alert.isFatal { isFailure = true }
        case .tlsHandshakeDone(let facts, let failure):
            let resumed = facts.isResumed ? ", resumed" : ""
            self.init("tls done", "\(facts.version) \(facts.cipher)\(resumed)", failure: failure)
        case .connectionDialing(let key): self.init("dialing", "\(key)")
        case .connectionOpened(let facts): self.init("opened", "\(facts.remote), \(facts.applicationProtocol)")
        case .connectionFailed(let failure): self.init("connection failed", failure: failure)
        case .connectionActive(let use): self.init("active", "use \(use)")
        case .connectionStreamEnded(let open): self.init("stream ended", "\(open) under way")
        case .frameSent(let frame): self.init("frame sent", "\(frame)")
        case .frameReceived(let frame): self.init("frame received", "\(frame)")
        case .connectionIdle: self.init("idle")
        case .connectionClosed(let reason): self.init("closed", "\(reason)")
        }
    }

    private static func words(_ reason: QueueReason) -> String {
        switch reason {
        case .dialing: "its own dial is running"
        case .hostLimit(let limit): "\(limit) connections to this host, the limit"
        case .totalLimit(let limit): "\(limit) connections in all, the limit"
        case .sharedDial: "another request's dial is running, and HTTP/2 would carry both"
        case .streamLimit(let limit): "\(limit) requests on the HTTP/2 connection, the limit"
        }
    }

    private static func words(_ facts: TunnelFacts) -> String {
        facts.head.map { "\($0.version) \($0.status) \($0.reason)" } ?? facts.reply.map { "reply \($0)" } ?? ""
    }

    private static func words(_ reason: DequeueReason) -> String {
        switch reason {
        case .dialed: "its own dial was ready"
        case .handedOver: "another request's connection was handed over"
        case .shared: "an HTTP/2 connection had room"
        case .cancelled: "cancelled"
        case .failed: "its dial failed"
        }
    }
}
