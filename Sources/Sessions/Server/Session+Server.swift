public import HTTPTrace
internal import HTTPTypes

// The server's side of a session. Its requests become rows of their own (a listening server's), or find the row of the
// client that sent them (the demo's, where both ends are here).

extension Session {
    /// Adds a row for a request that came in, at its number's place. Nobody else may have the number.
    ///
    /// - Parameter record: What `startsRow`, already applied to the ledger.
    public mutating func begin(caught record: ServerRecord, as id: ExchangeID) {
        guard let request = record.request, let connection = record.connection.flatMap({ server[$0] }),
            let served = server[request, on: connection.id], let draft = RequestDraft(record.event, on: connection)
        else { preconditionFailure("a row for \(record), which is no request's head") }
        begin(draft, as: id, cause: .caught, at: served.startedAt)
        rows[request] = id
        update(id) { exchange in
            exchange.keep(record)
            exchange.take(served)
        }
    }

    /// Takes in what a server recorded, oldest first.
    ///
    /// - Returns: The rows that changed.
    @discardableResult
    public mutating func apply(_ record: ServerRecord) -> ExchangeID? {
        server.apply(record)
        guard let request = record.request, let connection = record.connection else { return nil }
        if case .requestHead(_, let use) = record.event, rows[request] == nil {
            pair(request, use: use, on: connection)
        }
        guard let id = rows[request] else { return nil }
        if let served = server[request, on: connection] {
            update(id) { exchange in
                exchange.keep(record)
                exchange.take(served)
            }
        }
        return id
    }

    /// Keeps what was captured of a request's body.
    ///
    /// - Returns: Its row, when it has one.
    @discardableResult
    public mutating func keep(_ body: BodyCapture, of request: ServerRequestID) -> ExchangeID? {
        guard let id = rows[request], let served = self[id]?.served else { return nil }
        server.keep(body, of: request, on: served.connection)
        update(id) { exchange in
            exchange.served?.body = body
            exchange.draft.body = body.bytes
        }
        return id
    }

    /// The row of a request that came in, or of our own client's that a server of ours received; nil without one.
    public func row(of request: ServerRequestID) -> ExchangeID? { rows[request] }

    /// The row that records of this exchange belong to: its own, or the one of the request that was sent on.
    public func row(of id: ExchangeID) -> ExchangeID {
        guard let request = id.forwardedRequest else { return id }
        return rows[request] ?? id
    }

    /// Finds the row of the client at the other end, when that client is ours.
    private mutating func pair(_ request: ServerRequestID, use: Int, on id: ServerConnectionID) {
        guard let connection = server[id] else { return }
        var peer = connection.peer
        if peer == nil {
            peer = connections.connections.last { $0.facts?.local == connection.client }?.id
            if let peer { server.pair(id, with: peer) }
        }
        guard let peer, let exchanges = connections[peer]?.exchanges, exchanges.indices.contains(use - 1) else {
            return
        }
        rows[request] = exchanges[use - 1]
    }
}

extension Exchange {
    /// What came in place of a method and a target that can be told.
    public var unreadableLine: [UInt8]? {
        draft.method == RequestDraft.unknownMethod ? served?.unreadableLine : nil
    }

    /// Takes over what its server's side is now.
    mutating func take(_ served: ServedRequest) {
        var served = served
        if let before = self.served {
            // What the ledger is not told.
            served.body = served.body ?? before.body
            served.upstreamFailure = before.upstreamFailure
        }
        self.served = served
        guard cause == .caught else { return }
        if served.isRunning {
            failure = nil
        } else {
            finishedAt = served.finishedAt
            failure = served.reason ?? bodyProblem
        }
        guard !isForwarded else { return }
        phases = served.phases
        response = served.response
        informational = served.informational
        bodyBytes = served.responseBytes
        firstByteAt = served.phases[.receive]?.start
        sentBytes = (served.head?.bytes.count ?? 0) + served.requestBytes
        if sentHead == nil, let head = served.head { sentHead = SentHead(bytes: head.bytes) }
        if sentHead == nil, let line = served.unreadableLine { sentHead = SentHead(bytes: line + Array("\r\n".utf8)) }
    }

    fileprivate mutating func keep(_ record: ServerRecord) {
        if serverEvents.count < Exchange.eventLimit { serverEvents.append(record) } else { droppedEvents += 1 }
    }
}

extension ServerRecord {
    /// Whether a request is known from here on, so that it can be a row.
    public var startsRow: Bool {
        switch event {
        case .requestHead, .requestUnreadable: request != nil
        default: false
        }
    }
}

extension RequestDraft {
    /// - Returns: Nil for events that start no row.
    fileprivate init?(_ event: ServerEvent, on connection: ServerLedger.Connection) {
        switch event {
        case .requestHead(let head, _): self.init(head)
        case .requestUnreadable(let line):
            let address = connection.server
            let origin = Origin(scheme: connection.scheme, host: address.ip, port: address.port)
            self.init(unreadable: line, at: origin)
        default: return nil
        }
    }

    /// What can be told of a request that can't be read: method and target where its first line has them.
    init(unreadable line: [UInt8], at origin: Origin) {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/"),
            words[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let method = HTTPRequest.Method(String(words[0]))
        else {
            self.init(method: Self.unknownMethod, url: RequestURL(origin: origin, target: "/"))
            return
        }
        self.init(method: method, url: RequestURL(origin: origin, target: String(words[1])))
    }

    /// Stands for the method of a request that named none.
    static let unknownMethod = HTTPRequest.Method("-")!

    /// What came in, so that it can be sent again: without what belongs to the connection it came on.
    ///
    /// Its body follows when it has been read.
    public init(_ head: IncomingHead) {
        var fields = head.fields
        for name in Self.connectionFields { fields[name] = nil }
        // What a connection's own options name belongs to it as well (RFC 9110 §7.6.1).
        for option in head.fields[values: .connection].flatMap({ $0.split(separator: ",") }) {
            if let name = HTTPField.Name(String(option.filter { $0 != " " && $0 != "\t" })) { fields[name] = nil }
        }
        if fields[.init("Host")!] == head.url.origin.authority { fields[.init("Host")!] = nil }
        self.init(method: head.method, url: head.url, fields: fields)
    }

    private static let connectionFields: [HTTPField.Name] = [
        .connection, .contentLength, .transferEncoding, .upgrade, .te, .expect, .init("Keep-Alive")!,
        .init("Proxy-Connection")!, .trailer,
    ]
}

extension ExchangeID {
    /// How the client names what it sends on for a request that came in: rows get their numbers elsewhere, and later.
    /// Told from those by its sign.
    public static func forwarded(_ request: ServerRequestID) -> ExchangeID { ExchangeID(-request.number) }

    var forwardedRequest: ServerRequestID? { number < 0 ? ServerRequestID(-number) : nil }
}
