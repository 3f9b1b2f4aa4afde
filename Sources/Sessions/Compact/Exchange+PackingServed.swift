internal import HTTPTrace

// What a server saw of an exchange, as bytes:
//
//      0, or: client + 1 · request · connection · start · head · use · body · count of events · event · event · …
//      event: tag · nanoseconds since the one before · a number, or a place in the page's table
//
// Like the client's half it is what its events make of it: they are kept, and read in again by the same reducer.

private enum Tag {
    static let requestBody: UInt8 = 0
    static let requestEnded: UInt8 = 1
    static let responseLastByte: UInt8 = 2
    static let requestHead: UInt8 = 3
    /// A place in the table follows.
    static let table: UInt8 = 4
}

extension Exchange {
    /// Appends the server's half, if there is one. What can't be packed is lost: compare with what comes back.
    func packServed(into bytes: inout PackedWriter, _ table: inout PageTable) {
        guard let served, let head = served.head else { return bytes.pack(0) }
        bytes.pack(table.place(of: served.client) + 1)
        bytes.pack(served.id.number)
        bytes.pack(served.connection.number)
        bytes.pack(signed: served.startedAt.nanoseconds - startedAt.nanoseconds)
        bytes.pack(table.place(of: head))
        bytes.pack(served.use ?? 0)
        bytes.pack(served.body.map { table.place(of: $0) + 1 } ?? 0)
        bytes.pack(serverEvents.count)
        var last = served.startedAt
        for record in serverEvents {
            let (tag, number) = Self.packed(record.event, &table)
            bytes.append(tag)
            bytes.pack(signed: record.time.nanoseconds - last.nanoseconds)
            bytes.pack(number)
            last = record.time
        }
    }

    private static func packed(_ event: ServerEvent, _ table: inout PageTable) -> (tag: UInt8, number: Int) {
        switch event {
        case .requestBody(let count): (Tag.requestBody, count)
        case .requestEnded(let count): (Tag.requestEnded, count)
        case .responseLastByte(let count): (Tag.responseLastByte, count)
        // It is the one that made the half.
        case .requestHead: (Tag.requestHead, 0)
        default: (Tag.table, table.place(of: event))
        }
    }

    /// What `packServed` wrote. Before the client's events: those find it, as they did.
    mutating func unpackServed(from reader: inout PackedReader, _ table: PageTable) {
        let client = reader.int()
        guard client > 0 else { return }
        let id = ServerRequestID(reader.int())
        let connection = ServerConnectionID(reader.int())
        let start = Timestamp(nanoseconds: startedAt.nanoseconds + reader.signed())
        var served = ServedRequest(id: id, connection: connection, client: table.clients[client - 1], at: start)
        let head = table.incomingHeads[reader.int()]
        let use = reader.int()
        let body = reader.int()
        func record(_ event: ServerEvent, at time: Timestamp) -> ServerRecord {
            ServerRecord(time: time, connection: connection, request: id, event: event)
        }
        served.apply(record(.requestFirstByte, at: start))
        served.apply(record(.requestHead(head, use: use), at: start))
        let count = reader.int()
        serverEvents.reserveCapacity(count)
        var time = start
        for _ in 0..<count {
            let tag = reader.byte()
            time.nanoseconds += reader.signed()
            let number = reader.int()
            let event: ServerEvent =
                switch tag {
                case Tag.requestBody: .requestBody(number)
                case Tag.requestEnded: .requestEnded(bytes: number)
                case Tag.responseLastByte: .responseLastByte(bytes: number)
                case Tag.requestHead: .requestHead(head, use: use)
                default: table.serverEvents[number]
                }
            serverEvents.append(record(event, at: time))
            served.apply(serverEvents[serverEvents.count - 1])
        }
        if body > 0 { served.body = table.bodies[body - 1] }
        take(served)
    }
}
