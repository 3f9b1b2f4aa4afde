import HTTPTrace
import HTTPTypes
import Transport

@testable import HTTPServer

/// Keeps what a server's observer is told, and lets a test wait for it.
@NetworkActor
final class ServerEventLog {
    private let list = ObservedList<ServerRecord>()

    nonisolated init() {}

    var records: [ServerRecord] { list.elements }

    nonisolated var observer: ServerObserver { { [list] in list.append($0) } }

    func until(_ isMet: @escaping ([ServerRecord]) -> Bool) async { await list.until(isMet) }

    /// Waits until a connection, counted from 1, is closed.
    func closing(of number: Int = 1) async {
        await until { records in
            records.contains { record in
                guard case .closed = record.event else { return false }
                return record.connection?.number == number
            }
        }
    }

    /// The events of a connection in short words, a request's with its id.
    func words(of number: Int = 1) -> [String] {
        records.filter { $0.connection?.number == number }.map { record in
            record.request.map { "\($0) \(record.event.word)" } ?? record.event.word
        }
    }
}

extension ServerEvent {
    /// Enough to tell events apart in a list.
    var word: String {
        switch self {
        case .accepted(_, _, let scheme): "accepted \(scheme.rawValue)"
        case .tlsHandshakeStart: "tls"
        case .tlsHandshakeDone(_, let failure): failure == nil ? "tls done" : "tls failed"
        case .protocolChosen(let name): name
        case .state(let state): state.rawValue
        case .closed(let reason, _, _): "closed: \(reason)"
        case .requestFirstByte: "byte"
        case .requestHead(let head, let use): "head \(head.method.rawValue) \(head.target) #\(use)"
        case .requestUnreadable(let line): "unreadable \(String(decoding: line, as: UTF8.self))"
        case .requestBody(let count): "body \(count)"
        case .sent100Continue: "100"
        case .requestEnded(let bytes): "end \(bytes)"
        case .handlerStart: "handler"
        case .handlerDone(let failure): failure == nil ? "handled" : "handler failed"
        case .informational(let head): "\(head.status)"
        case .responseHead(let head): "response \(head.status)"
        case .responseFirstByte: "first"
        case .responseLastByte(let bytes): "last \(bytes)"
        case .responseBroken(let bytes): "broken \(bytes)"
        case .requestFinished(let failure): failure.map { "finished: \($0)" } ?? "finished"
        case .shutdownWaits(_, let count): "waits for \(count)"
        case .shutdownDone(let isInTime): isInTime ? "down" : "gave up"
        }
    }
}
