import HTTPTrace
import Sessions

// The server's side: requests that come in become rows, and whose connections are shown.

extension Model {
    /// Applies a batch of a server's records, then brings every row that was touched up to date, once.
    mutating func take(_ records: [ServerRecord]) {
        var touched: Set<ExchangeID> = []
        for record in records {
            if let id = session.apply(record) { touched.insert(id) }
            guard listening != nil, record.startsRow else { continue }
            let id = numbers.next()
            session.begin(caught: record, as: id)
            noteBegin(id)
        }
        for id in touched.sorted() { noteChange(id) }
    }

    /// What was captured of a request's body that came in.
    mutating func keep(_ body: BodyCapture, of request: ServerRequestID) {
        guard let id = session.keep(body, of: request) else { return }
        if id == selected { bodyText = nil }
    }

    /// How many connections the pane lists.
    var listedConnections: Int { side == .server ? session.server.connections.count : pool.count }

    /// Whether there are connections of both kinds to look at.
    var hasBothSides: Bool { !session.server.isEmpty && (listening == nil || pool.count > 0) }

    mutating func switchSide() {
        side = side == .server ? .client : .server
        connectionScroll = 0
        if layout.connections == nil { focus = .connections }
        say(
            side == .server
                ? "The connections as the server sees them; S goes back." : "The connections as the client sees them.")
    }

    /// The body that the Body page shows of an exchange.
    func shownBody(of exchange: Exchange) -> (side: BodySide, capture: BodyCapture?) {
        // What came in is what one wants to see of a caught request; of all others, what came back.
        let usual: BodySide = exchange.cause == .caught && !exchange.isForwarded ? .request : .response
        let side = bodySide ?? usual
        guard side == .request else { return (side, exchange.body) }
        if exchange.cause == .caught { return (side, exchange.served?.body) }
        let body = exchange.draft.body
        return (side, BodyCapture(bytes: body, totalBytes: body.count, sha256: ""))
    }

    mutating func switchBody() {
        guard let exchange = selectedExchange else { return }
        bodySide = shownBody(of: exchange).side == .request ? .response : .request
        bodyText = nil
        show(.body)
        say(bodySide == .request ? "The request's body." : "The answer's body.")
    }

    mutating func editAnswer() {
        guard let answer = listening?.answer else { return }
        mode = .prompt(Prompt(.answer, text: AnswerLine.line(for: answer)))
        if !answer.body.isEmpty, String(validating: answer.body, as: UTF8.self) == nil {
            say("The answer's body is not text and is left out; -d gives a new one.")
        }
    }
}
