import HTTPTrace
import HTTPTypes

extension EventWords {
    /// A server's event in words.
    init(_ event: ServerEvent) {
        switch event {
        case .accepted(let client, let server, let scheme): self.init("accepted", "\(client) at \(server), \(scheme)")
        case .tlsHandshakeStart: self.init("tls start")
        case .tlsHandshakeDone(let facts, let failure):
            self.init("tls done", "\(facts.version) \(facts.cipher)", failure: failure)
        case .protocolChosen(let name): self.init("protocol", name)
        case .state(let state): self.init("state \(state.rawValue)")
        case .closed(let reason, let received, let sent):
            self.init("closed", "\(reason), \(Figures.size(received)) in, \(Figures.size(sent)) out")
        case .requestFirstByte: self.init("first byte")
        case .requestHead(let head, let use): self.init("head", "\(head.method.rawValue) \(head.target), use \(use)")
        case .requestUnreadable(let line): self.init("unreadable", String(decoding: line, as: UTF8.self))
        case .requestBody(let count): self.init("body bytes", "+\(Figures.size(count))")
        case .sent100Continue: self.init("sent 100-continue")
        case .requestEnded(let bytes): self.init("request ended", Figures.size(bytes))
        case .handlerStart: self.init("handler start")
        case .handlerDone(let failure): self.init("handler done", failure: failure)
        case .informational(let head): self.init("sent 1xx", "\(head.status) \(head.reason)")
        case .responseHead(let head): self.init("answer head", "\(head.version) \(head.status) \(head.reason)")
        case .responseFirstByte: self.init("first byte out")
        case .responseLastByte(let bytes): self.init("last byte out", Figures.size(bytes))
        case .responseBroken(let bytes): self.init("answer broke off", "after \(Figures.size(bytes))")
        case .requestFinished(let failure): self.init("served", failure: failure)
        case .shutdownWaits(_, let count): self.init("shutdown waits", "\(count)")
        case .shutdownDone(let isInTime): self.init("shutdown done", isInTime ? "" : "gave up on some")
        }
    }
}
