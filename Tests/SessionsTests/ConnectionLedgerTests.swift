import HTTPTrace
import Sessions
import Testing

@Suite("Connection ledger")
struct ConnectionLedgerTests {
    private var ledger = ConnectionLedger()

    private mutating func apply(_ time: Double, _ connection: Int?, _ event: TraceEvent, exchange: Int? = nil) {
        ledger.apply(
            TraceRecord(
                time: .seconds(time), exchange: exchange.map(ExchangeID.init),
                connection: connection.map(ConnectionID.init), event: event))
    }

    private let connectionFacts = ConnectionFacts(local: ip4, remote: ip4)

    @Test mutating func `a connection's life is told by its states`() {
        apply(0, 1, .connectionDialing(key), exchange: 7)
        #expect(ledger[ConnectionID(1)]?.state == .dialing)
        #expect(ledger[ConnectionID(1)]?.dialedFor == ExchangeID(7))
        apply(1, 1, .connectionOpened(connectionFacts))
        apply(1, 1, .connectionActive(use: 1), exchange: 7)
        #expect(ledger[ConnectionID(1)]?.state == .busy(ExchangeID(7)))
        apply(2, 1, .connectionIdle(until: .seconds(92)))
        #expect(ledger[ConnectionID(1)]?.state == .idle(since: .seconds(2), until: .seconds(92)))
        apply(3, 1, .connectionActive(use: 2), exchange: 9)
        apply(4, 1, .connectionClosed(.peerSaidClose), exchange: 9)
        let connection = ledger[ConnectionID(1)]
        #expect(connection?.state == .closed(.peerSaidClose, at: .seconds(4)))
        #expect(connection?.uses == 2)
        #expect(connection?.exchanges == [ExchangeID(7), ExchangeID(9)])
        #expect(connection?.openedAt == .seconds(1))
        #expect(connection?.closedAt == .seconds(4))
        #expect(connection?.facts == connectionFacts)
    }

    @Test mutating func `an HTTP-2 connection carries many requests, and the last that began names it`() {
        apply(0, 1, .connectionDialing(key))
        apply(1, 1, .connectionOpened(ConnectionFacts(local: ip4, remote: ip4, applicationProtocol: "h2")))
        for number in 1...3 { apply(2, 1, .connectionActive(use: number), exchange: number) }
        #expect(ledger[ConnectionID(1)]?.underWay == [ExchangeID(1), ExchangeID(2), ExchangeID(3)])
        apply(3, 1, .connectionStreamEnded(open: 2), exchange: 3)
        #expect(ledger[ConnectionID(1)]?.state == .busy(ExchangeID(2)))
        apply(4, 1, .connectionStreamEnded(open: 1), exchange: 1)
        apply(5, 1, .connectionStreamEnded(open: 0), exchange: 2)
        apply(5, 1, .connectionIdle(until: nil))
        #expect(ledger[ConnectionID(1)]?.state == .idle(since: .seconds(5), until: nil))
        #expect(ledger[ConnectionID(1)]?.underWay == [])
    }

    @Test mutating func `a failed dial is kept with its failure`() {
        apply(0, 1, .connectionDialing(key))
        apply(1, 1, .connectionFailed(refused))
        #expect(ledger[ConnectionID(1)]?.state == .failed(refused, at: .seconds(1)))
        #expect(ledger[ConnectionID(1)]?.openedAt == nil)
    }

    @Test mutating func `what is closed stays closed`() {
        apply(0, 1, .connectionDialing(key))
        apply(1, 1, .connectionClosed(.clientClosed))
        apply(2, 1, .connectionIdle(until: nil))
        apply(2, 1, .connectionActive(use: 1), exchange: 3)
        apply(3, 1, .connectionClosed(.idleTimeout(after: .seconds(90))))
        #expect(ledger[ConnectionID(1)]?.state == .closed(.clientClosed, at: .seconds(1)))
        #expect(ledger[ConnectionID(1)]?.uses == 0)
    }

    @Test mutating func `connections are found among many, told in any order, and only once each`() {
        for number in [5, 2, 9, 1, 2] { apply(0, number, .connectionDialing(key)) }
        #expect(ledger.connections.map(\.id.number) == [1, 2, 5, 9])
        #expect(ledger[ConnectionID(9)]?.id == ConnectionID(9))
        #expect(ledger[ConnectionID(3)] == nil)
    }

    @Test mutating func `events of requests and of unknown connections change nothing`() {
        let before = ledger
        apply(0, nil, .connectionDialing(key))
        apply(0, 4, .connectionActive(use: 1), exchange: 1)
        #expect(ledger == before)
    }
}
