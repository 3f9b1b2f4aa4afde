internal import HTTPTrace

// An exchange as bytes:
//
//      draft · cause · start · body · server's half · count of events · event · event · …
//      event: tag · connection, unless the last one's · nanoseconds since the one before · what it says
//
// A tag below `Tag.table` is an event that says nothing, or nothing but numbers, which are written out; from there on it is a place in the
// page's table, where everything else is. So a new event needs nothing here: it goes to the table.

private enum Tag {
    static let gotConn: UInt8 = 0
    static let connectionActive: UInt8 = 1
    static let flushed: UInt8 = 2
    static let bodyBytes: UInt8 = 3
    static let bodyEnded: UInt8 = 4
    // These say nothing but that it went well, as they nearly always do.
    static let wroteRequest: UInt8 = 5
    static let gotFirstResponseByte: UInt8 = 6
    static let putIdleConn: UInt8 = 7
    static let requestFinished: UInt8 = 8
    /// Why is in the table; how many wait before this one differs from one to the next.
    static let queued: UInt8 = 9
    /// A place in the table follows.
    static let farTable: UInt8 = 10
    /// Places 0 to 116.
    static let table: UInt8 = 11
    /// Set where the connection is another than the event's before.
    static let otherConnection: UInt8 = 0x80
}

extension Exchange {
    /// Appends the exchange where nothing can be lost.
    ///
    /// - Returns: Whether it did.
    mutating func tryPack(into bytes: inout PackedWriter, _ table: inout PageTable) -> Bool {
        guard !isRunning, isMadeOfItsEvents else { return false }
        pack(into: &bytes, &table)
        return true
    }

    /// Appends the exchange. What can't be packed is lost: compare with what comes back.
    func pack(into bytes: inout PackedWriter, _ table: inout PageTable) {
        bytes.pack(table.place(of: draft))
        switch cause {
        case .typed: bytes.pack(0)
        case .caught: bytes.pack(1)
        case .replay(let original): bytes.pack(original.number * 2 + 2)
        case .redirect(let origin): bytes.pack(origin.number * 2 + 3)
        }
        bytes.pack(signed: startedAt.nanoseconds)
        bytes.pack(body.map { table.place(of: $0) + 1 } ?? 0)
        packServed(into: &bytes, &table)
        bytes.pack(events.count)
        var last = (time: startedAt, connection: ConnectionID?.none)
        events.withUnsafeBufferPointer { records in
            for record in records.pointers {
                let (time, connection) = (record.pointee.time, record.pointee.connection)
                let moment = Moment(
                    sinceLast: time.nanoseconds - last.time.nanoseconds,
                    otherConnection: connection == last.connection ? nil : (connection?.number ?? -1) + 1)
                record.lend { pack($0.event, at: moment, into: &bytes, &table) }
                last = (time, connection)
            }
        }
    }

    /// When and where an event happened, as what it differs in from the event before.
    private struct Moment {
        var sinceLast: Int64
        /// Its number and 1, 0 for none; nil where it is the same.
        var otherConnection: Int?
    }

    private func pack(_ event: TraceEvent, at moment: Moment, into bytes: inout PackedWriter, _ table: inout PageTable)
    {
        @inline(__always)
        func begin(_ tag: UInt8) {
            bytes.append(tag | (moment.otherConnection == nil ? 0 : Tag.otherConnection))
            if let number = moment.otherConnection { bytes.pack(number) }
            bytes.pack(signed: moment.sinceLast)
        }
        switch event {
        case .gotConn(let got) where (got.idleTime ?? .zero) >= .zero:
            begin(Tag.gotConn)
            bytes.pack(table.place(of: got.with(idleTime: nil, use: 0)))
            bytes.pack(signed: got.idleTime?.nanoseconds ?? -1)
            bytes.pack(got.use)
        case .connectionActive(let use):
            begin(Tag.connectionActive)
            bytes.pack(use)
        case .flushed(let count):
            begin(Tag.flushed)
            bytes.pack(count)
        case .bodyBytes(let count):
            begin(Tag.bodyBytes)
            bytes.pack(count)
        case .bodyEnded(let end) where end == BodyEnd(way: .complete, bytes: end.bytes):
            begin(Tag.bodyEnded)
            bytes.pack(end.bytes)
        case .wroteRequest(nil): begin(Tag.wroteRequest)
        case .gotFirstResponseByte: begin(Tag.gotFirstResponseByte)
        case .putIdleConn(nil): begin(Tag.putIdleConn)
        case .requestFinished(nil): begin(Tag.requestFinished)
        case .queued(let reason, let position):
            begin(Tag.queued)
            bytes.pack(table.place(of: .queued(reason, position: 0)))
            bytes.pack(position)
        default:
            let place = table.place(of: event)
            guard place < Int(Tag.otherConnection - Tag.table) else {
                begin(Tag.farTable)
                bytes.pack(place)
                return
            }
            begin(Tag.table + UInt8(place))
        }
    }

    /// What `pack` wrote.
    init(id: ExchangeID, from reader: inout PackedReader, _ table: PageTable) {
        let draft = table.drafts[reader.int()]
        let cause = Self.cause(reader.int())
        let start = Timestamp(nanoseconds: reader.signed())
        self.init(id: id, draft: draft, cause: cause, at: start)
        let body = reader.int()
        unpackServed(from: &reader, table)
        var last = (time: start, connection: ConnectionID?.none)
        for _ in 0..<reader.int() {
            let tag = reader.byte()
            if tag & Tag.otherConnection != 0 {
                let number = reader.int()
                last.connection = number == 0 ? nil : ConnectionID(number - 1)
            }
            last.time.nanoseconds += reader.signed()
            let event = Self.event(tag & ~Tag.otherConnection, &reader, table)
            apply(TraceRecord(time: last.time, exchange: id, connection: last.connection, event: event))
        }
        if body > 0 { self.body = table.bodies[body - 1] }
    }

    private static func cause(_ number: Int) -> Cause {
        switch number {
        case 0: .typed
        case 1: .caught
        case let number where number.isMultiple(of: 2): .replay(of: ExchangeID(number / 2 - 1))
        case let number: .redirect(from: ExchangeID(number / 2 - 1))
        }
    }

    private static func event(_ tag: UInt8, _ reader: inout PackedReader, _ table: PageTable) -> TraceEvent {
        switch tag {
        case Tag.gotConn:
            let got = table.connections[reader.int()]
            let idle = reader.signed()
            return .gotConn(got.with(idleTime: idle < 0 ? nil : .nanoseconds(idle), use: reader.int()))
        case Tag.connectionActive: return .connectionActive(use: reader.int())
        case Tag.flushed: return .flushed(bytes: reader.int())
        case Tag.bodyBytes: return .bodyBytes(reader.int())
        case Tag.bodyEnded: return .bodyEnded(BodyEnd(way: .complete, bytes: reader.int()))
        case Tag.wroteRequest: return .wroteRequest(nil)
        case Tag.gotFirstResponseByte: return .gotFirstResponseByte
        case Tag.putIdleConn: return .putIdleConn(nil)
        case Tag.requestFinished: return .requestFinished(nil)
        case Tag.queued:
            guard case .queued(let reason, _) = table.events[reader.int()] else {
                preconditionFailure("a place in a page's table holds another event than was put there")
            }
            return .queued(reason, position: reader.int())
        case Tag.farTable: return table.events[reader.int()]
        default: return table.events[Int(tag - Tag.table)]
        }
    }
}

extension GotConnection {
    fileprivate func with(idleTime: Duration?, use: Int) -> GotConnection {
        GotConnection(ends, isReused: isReused, idleTime: idleTime, use: use, isShared: isShared)
    }
}
