import HTTPTrace
import Synchronization

/// What a trace was told, as short words that can be compared as a whole list.
final class EventLog: Sendable {
    private let records = Mutex<[TraceRecord]>([])
    private let measurements = Mutex<[TCPFacts]>([])

    init() {}

    var trace: ClientTrace { ClientTrace { $0.event = { record in self.add(record) } } }
    var observer: @Sendable (TraceRecord) -> Void { { record in self.add(record) } }

    private func add(_ record: TraceRecord) {
        // Whether an exchange is measured depends on the time since the last one: apart, so that sequences stay exact.
        if case .tcpMeasured(let facts) = record.event { return measurements.withLock { $0.append(facts) } }
        records.withLock { $0.append(record) }
    }

    /// What the kernel said, in order.
    var tcpFacts: [TCPFacts] { measurements.withLock { $0 } }

    var all: [TraceRecord] { records.withLock { $0 } }

    /// One word an event: `gotConn(c1 reused)`, `bodyBytes(5)`.
    var words: [String] { all.map(\.event.word) }

    func removeAll() {
        records.withLock { $0.removeAll() }
        measurements.withLock { $0.removeAll() }
    }
}

extension TraceEvent {
    var word: String {
        switch self {
        case .requestStarted: "requestStarted"
        case .redirected(let redirection): "redirected(\(redirection.status) hop \(redirection.hop))"
        case .getConn: "getConn"
        case .queued(let reason, let position): "queued(\(reason), \(position))"
        case .dequeued(let reason): "dequeued(\(reason))"
        case .gotConn(let got):
            "gotConn(\(got.connection)\(got.isReused ? " reused" : "")\(got.wasIdle ? " idle" : "")\(got.isShared ? " shared" : ""))"
        case .wroteHeaders: "wroteHeaders"
        case .wait100Continue: "wait100Continue"
        case .wroteRequest(let failure): "wroteRequest\(failure.word)"
        case .flushed: "flushed"
        case .gotFirstResponseByte: "gotFirstResponseByte"
        case .got1xxResponse(let head): "got1xxResponse(\(head.status))"
        case .got100Continue: "got100Continue"
        case .responseHead(let head): "responseHead(\(head.status))"
        case .bodyBytes(let count): "bodyBytes(\(count))"
        case .bodyHeldUp: "bodyHeldUp"
        case .bodyEnded(let end): "bodyEnded(\(end.way.rawValue) \(end.bytes))"
        case .putIdleConn(let problem): "putIdleConn\(problem.map { "(\($0.rawValue))" } ?? "")"
        case .attemptRetried(let failure, let number): "attemptRetried(\(failure.kind.rawValue), \(number))"
        case .requestFinished(let failure): "requestFinished\(failure.word)"
        case .dnsStart(let host): "dnsStart(\(host))"
        case .dnsDone(let answer): "dnsDone\(answer.failure.word)"
        case .dnsAnswered(let records): "dnsAnswered(\(records.family.recordType))"
        case .addressPinned: "addressPinned"
        case .tcpMeasured(let facts): "tcpMeasured(\(facts.moment.rawValue))"
        case .dialRedirected(_, let goal): "dialRedirected(\(goal))"
        case .connectStart(let attempt, _): "connectStart(\(attempt))"
        case .connectDone(let attempt, _, let failure): "connectDone(\(attempt))\(failure.word)"
        case .tunnelStart(let proxy, let target): "tunnelStart(\(target) by \(proxy.kind.rawValue))"
        case .tunnelDone(let facts, let failure):
            "tunnelDone(\(facts.head?.status ?? facts.reply.map { Int($0) } ?? -1))\(failure.word)"
        case .tlsHandshakeStart: "tlsHandshakeStart"
        case .tlsMessage(let message): "tlsMessage(\(message.direction) \(message.name))"
        case .tlsHandshakeDone(_, let failure): "tlsHandshakeDone\(failure.word)"
        case .connectionDialing: "connectionDialing"
        case .connectionOpened: "connectionOpened"
        case .connectionFailed(let failure): "connectionFailed(\(failure.kind.rawValue))"
        case .connectionActive(let use): "connectionActive(\(use))"
        case .connectionStreamEnded(let open): "connectionStreamEnded(\(open))"
        case .frameSent(let frame): "frameSent(\(frame.type))"
        case .frameReceived(let frame): "frameReceived(\(frame.type))"
        case .connectionIdle: "connectionIdle"
        case .connectionClosed(let reason): "connectionClosed(\(reason.word))"
        }
    }
}

extension Failure? {
    fileprivate var word: String { map { "(\($0.kind.rawValue))" } ?? "" }
}

extension CloseReason {
    /// The case's name, without what it carries.
    var word: String {
        switch self {
        case .peerClosedIdle: "peerClosedIdle"
        case .unsolicitedBytes: "unsolicitedBytes"
        case .peerSaidClose: "peerSaidClose"
        case .peerSaidGoAway: "peerSaidGoAway"
        case .surplus: "surplus"
        case .weSaidClose: "weSaidClose"
        case .http10: "http10"
        case .bodyUntilClose: "bodyUntilClose"
        case .earlyResponse: "earlyResponse"
        case .bodyNotRead: "bodyNotRead"
        case .keepAliveOff: "keepAliveOff"
        case .closeIdleWasCalled: "closeIdleWasCalled"
        case .switchedProtocols: "switchedProtocols"
        case .tunnelRefused: "tunnelRefused"
        case .requestCancelled: "requestCancelled"
        case .requestTimedOut: "requestTimedOut"
        case .clientClosed: "clientClosed"
        case .idleTimeout: "idleTimeout"
        case .usedUp: "usedUp"
        case .tooOld: "tooOld"
        case .tooManyIdleForHost: "tooManyIdleForHost"
        case .tooManyIdle: "tooManyIdle"
        case .madeRoom: "madeRoom"
        case .failed(let failure): "failed \(failure.kind.rawValue)"
        }
    }
}

/// Words in the order in which they were said.
final class OrderLog: Sendable {
    private let words = Mutex<[String]>([])

    func add(_ word: String) { words.withLock { $0.append(word) } }

    var all: [String] { words.withLock { $0 } }
}
