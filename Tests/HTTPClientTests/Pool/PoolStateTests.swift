import HTTPTrace
import Testing

@testable import HTTPClient

private let key = ConnectionKey(origin: Origin(scheme: .http, host: "a.example"))
private let other = ConnectionKey(origin: Origin(scheme: .http, host: "b.example"))
private let first = RequestID(1)
private let second = RequestID(2)
private let third = RequestID(3)
private let c1 = ConnectionID(1)
private let c2 = ConnectionID(2)
private let c3 = ConnectionID(3)

@Suite("Connection pool")
struct PoolStateTests {
    @Test func `the first request dials and takes its own connection`() {
        var pool = PoolState()
        #expect(
            pool.request(first, for: key, at: .zero) == [
                .open(c1, key, for: first), .queue(first, .dialing, position: 0),
            ])
        #expect(pool.dialed(c1, at: .seconds(1)) == [.assign(first, to: c1, reuse: .fresh)])
        #expect(!pool.wasPooled(c1))
    }

    @Test func `an idle connection is reused and says how long it was idle`() {
        var pool = PoolState()
        pool.makeIdle(first, key, c1, at: .seconds(2))
        #expect(
            pool.request(second, for: key, at: .seconds(5)) == [.assign(second, to: c1, reuse: .idle(for: .seconds(3)))]
        )
        #expect(pool.wasPooled(c1))
    }

    @Test func `a released connection rests until its idle limit`() {
        var pool = PoolState()
        _ = pool.request(first, for: key, at: .zero)
        _ = pool.dialed(c1, at: .seconds(1))
        let deadline = Timestamp.seconds(92)
        #expect(pool.released(c1, at: .seconds(2)) == [.rest(c1, until: deadline), .wake(at: deadline)])
    }

    @Test func `the newest idle connection is taken first`() {
        var pool = PoolState()
        pool.makeIdle([first, second], key, [c1, c2], at: .seconds(1))
        #expect(
            pool.request(third, for: key, at: .seconds(2)) == [.assign(third, to: c2, reuse: .idle(for: .seconds(1)))])
    }

    @Test func `another host's idle connection is not taken`() {
        var pool = PoolState()
        pool.makeIdle(first, key, c1, at: .seconds(1))
        #expect(
            pool.request(second, for: other, at: .seconds(2)) == [
                .open(c2, other, for: second), .queue(second, .dialing, position: 0),
            ])
    }

    // TestTransportPoolConnConnectionBecomesAvailableDuringDial, TestTransportSocketLateBinding
    @Test func `a freed connection overtakes a pending dial, whose own connection then rests`() {
        var pool = PoolState()
        _ = pool.request(first, for: key, at: .zero)
        _ = pool.dialed(c1, at: .seconds(1))
        _ = pool.request(second, for: key, at: .seconds(2))
        #expect(pool.released(c1, at: .seconds(3)) == [.assign(second, to: c1, reuse: .handedOver)])
        let deadline = Timestamp.seconds(94)
        #expect(pool.dialed(c2, at: .seconds(4)) == [.rest(c2, until: deadline), .wake(at: deadline)])
        #expect(pool.wasPooled(c2), "Go calls it reused although nothing was ever sent on it")
    }

    // TestTransportPoolCancelRequestReusesConn
    @Test func `a cancelled request's dial serves the next request`() {
        var pool = PoolState()
        _ = pool.request(first, for: key, at: .zero)
        pool.cancelled(first)
        _ = pool.request(second, for: key, at: .seconds(1))
        #expect(pool.dialed(c1, at: .seconds(2)) == [.assign(second, to: c1, reuse: .handedOver)])
        #expect(pool.dialed(c2, at: .seconds(3)).first == .rest(c2, until: .seconds(93)))
    }

    // TestTransportPoolCancelRequestWithDisableKeepAlives
    @Test func `without keep-alive a cancelled request's connection is closed`() {
        var pool = PoolState { $0.keepsAlive = false }
        _ = pool.request(first, for: key, at: .zero)
        pool.cancelled(first)
        #expect(pool.dialed(c1, at: .seconds(2)) == [.close(c1, because: .keepAliveOff)])
    }

    // TestTransportPoolDisableKeepAlives
    @Test func `without keep-alive every connection serves once`() {
        var pool = PoolState { $0.keepsAlive = false }
        _ = pool.request(first, for: key, at: .zero)
        _ = pool.dialed(c1, at: .seconds(1))
        #expect(pool.released(c1, at: .seconds(2)) == [.close(c1, because: .keepAliveOff)])
    }

    // TestTransportPoolClosesConnsPastMaxIdleConnsPerHost
    @Test func `past the idle limit of a host the surplus is closed, and other hosts are unaffected`() {
        var pool = PoolState { $0.idlePerHost = 1 }
        pool.makeActive([first, second], key, [c1, c2])
        pool.makeActive([third], other, [c3])
        #expect(pool.released(c1, at: .seconds(2)).first == .rest(c1, until: .seconds(92)))
        #expect(pool.released(c2, at: .seconds(2)) == [.close(c2, because: .tooManyIdleForHost(limit: 1))])
        #expect(pool.released(c3, at: .seconds(2)).first == .rest(c3, until: .seconds(92)))
    }

    // TestTransportMaxIdleConns
    @Test func `past the total idle limit the least recently used one makes room`() {
        var pool = PoolState { $0.idleTotal = 4 }
        let hosts = (1...6).map { ConnectionKey(origin: Origin(scheme: .http, host: "\($0).example")) }
        func visit(_ number: Int, at now: Timestamp) -> [PoolAction] {
            pool.makeActive([RequestID(number)], hosts[number - 1], [ConnectionID(number)])
            return pool.released(ConnectionID(number), at: now)
        }
        func closed(_ actions: [PoolAction]) -> [PoolAction] {
            actions.filter { if case .close = $0 { true } else { false } }
        }
        for number in 1...4 { #expect(closed(visit(number, at: .seconds(Double(number)))) == []) }
        #expect(closed(visit(5, at: .seconds(5))) == [.close(c1, because: .tooManyIdle(limit: 4))])
        // The second is used again, which leaves the third as the one that rested longest.
        _ = pool.request(RequestID(7), for: hosts[1], at: .seconds(6))
        _ = pool.released(c2, at: .seconds(7))
        #expect(closed(visit(6, at: .seconds(8))) == [.close(c3, because: .tooManyIdle(limit: 4))])
    }

    // TestTransportMaxConnsPerHostIncludeDialInProgress
    @Test func `a dial in progress counts for the host's limit`() {
        var pool = PoolState { $0.openPerHost = 1 }
        _ = pool.request(first, for: key, at: .zero)
        #expect(pool.request(second, for: key, at: .zero) == [.queue(second, .hostLimit(1), position: 1)])
        _ = pool.dialed(c1, at: .seconds(1))
        #expect(pool.released(c1, at: .seconds(2)) == [.assign(second, to: c1, reuse: .handedOver)])
    }

    @Test func `when a connection at the limit is closed, the oldest waiter dials`() {
        var pool = PoolState { $0.openPerHost = 1 }
        pool.makeActive([first], key, [c1])
        _ = pool.request(second, for: key, at: .seconds(2))
        _ = pool.request(third, for: key, at: .seconds(2))
        #expect(pool.closed(c1, at: .seconds(3)) == [.open(c2, key, for: second)])
    }

    // TestTransportMaxConnsPerHostDialCancellation
    @Test func `a request cancelled in the queue gives its place away`() {
        var pool = PoolState { $0.openPerHost = 1 }
        pool.makeActive([first], key, [c1])
        _ = pool.request(second, for: key, at: .seconds(2))
        _ = pool.request(third, for: key, at: .seconds(2))
        pool.cancelled(second)
        #expect(pool.closed(c1, at: .seconds(3)) == [.open(c2, key, for: third)])
    }

    @Test func `at the total limit an idle connection of another host makes room`() {
        var pool = PoolState { $0.openTotal = 1 }
        pool.makeIdle(first, key, c1, at: .seconds(1))
        #expect(
            pool.request(second, for: other, at: .seconds(2)) == [
                .close(c1, because: .madeRoom(limit: 1)), .open(c2, other, for: second),
                .queue(second, .dialing, position: 0),
            ])
    }

    @Test func `at the total limit without an idle one the request waits`() {
        var pool = PoolState { $0.openTotal = 1 }
        pool.makeActive([first], key, [c1])
        #expect(pool.request(second, for: other, at: .zero) == [.queue(second, .totalLimit(1), position: 0)])
        #expect(
            pool.released(c1, at: .seconds(1)) == [
                .rest(c1, until: .seconds(91)), .wake(at: .seconds(91)), .close(c1, because: .madeRoom(limit: 1)),
                .open(c2, other, for: second),
            ])
    }

    @Test func `a failed dial fails its own request and no other`() {
        var pool = PoolState()
        _ = pool.request(first, for: key, at: .zero)
        _ = pool.request(second, for: key, at: .zero)
        #expect(pool.dialFailed(c1, at: .seconds(1)) == [.fail(first)])
        #expect(pool.dialed(c2, at: .seconds(1)) == [.assign(second, to: c2, reuse: .fresh)])
    }

    @Test func `a failed dial of a cancelled request fails nobody`() {
        var pool = PoolState()
        _ = pool.request(first, for: key, at: .zero)
        pool.cancelled(first)
        #expect(pool.dialFailed(c1, at: .seconds(1)) == [])
        #expect(pool.snapshot == PoolSnapshot())
    }

    // TestTransportIdleConnTimeout: idle and active mixed.
    @Test func `the idle limit closes idle connections and leaves active ones`() {
        var pool = PoolState()
        pool.makeActive([first, second], key, [c1, c2])
        _ = pool.released(c1, at: .seconds(1))
        #expect(pool.wake(at: .seconds(91)) == [.close(c1, because: .idleTimeout(after: .seconds(90)))])
        #expect(pool.released(c2, at: .seconds(92)).first == .rest(c2, until: .seconds(182)))
    }

    // TestTransportIdleConnTimeout, TestTransportRemovesConnsAfterIdle
    @Test func `every use starts the idle limit anew, and after it the place at the host's limit is free`() {
        var pool = PoolState { $0.openPerHost = 1 }
        pool.makeIdle(first, key, c1, at: .zero)
        for number in 1...3 {
            let (request, now) = (RequestID(number + 1), Timestamp.seconds(Double(number) * 60))
            #expect(pool.wake(at: now) == [.wake(at: now + .seconds(30))])
            #expect(
                pool.request(request, for: key, at: now) == [.assign(request, to: c1, reuse: .idle(for: .seconds(60)))])
            #expect(pool.released(c1, at: now).first == .rest(c1, until: now + .seconds(90)))
        }
        #expect(pool.wake(at: .seconds(270)) == [.close(c1, because: .idleTimeout(after: .seconds(90)))])
        #expect(pool.request(RequestID(5), for: key, at: .seconds(271)).first == .open(c2, key, for: RequestID(5)))
    }

    @Test func `a wake-up that comes early says when to come again`() {
        var pool = PoolState()
        pool.makeIdle(first, key, c1, at: .seconds(1))
        #expect(pool.wake(at: .seconds(50)) == [.wake(at: .seconds(91))])
    }

    @Test func `a connection idle past its limit is not handed out, even when its timer is late`() {
        var pool = PoolState()
        pool.makeIdle(first, key, c1, at: .seconds(1))
        #expect(
            pool.request(second, for: key, at: .seconds(200)) == [
                .close(c1, because: .idleTimeout(after: .seconds(90))), .open(c2, key, for: second),
                .queue(second, .dialing, position: 0),
            ])
    }

    // Go: by wall clock (go-semantics §6).
    @Test func `time asleep counts as time at rest`() {
        var pool = PoolState()
        pool.makeIdle([first], key, [c1], at: .seconds(10))
        pool.makeActive([second], other, [c2])
        #expect(pool.slept(for: .seconds(60), at: .seconds(20)) == [.wake(at: .seconds(40))])
        let close = PoolAction.close(c1, because: .idleTimeout(after: .seconds(90)))
        #expect(pool.slept(for: .seconds(3_600), at: .seconds(21)) == [close])
        #expect(pool.snapshot.total.active == 1)
        #expect(pool.released(c2, at: .seconds(22)).first == .rest(c2, until: .seconds(112)))
    }

    @Test func `a sleep is noticed once, and looked for once in a while`() {
        var watch = SleepWatch(asleep: .seconds(5))
        #expect(watch.notice(at: .seconds(1), asleep: .seconds(5)) == nil)
        #expect(watch.notice(at: .seconds(1.5), asleep: .seconds(65)) == nil)
        #expect(watch.notice(at: .seconds(2), asleep: .seconds(65)) == .seconds(60))
        #expect(watch.notice(at: .seconds(3), asleep: .seconds(65)) == nil)
        // Asked between the two clocks, it may look like a hair.
        #expect(watch.notice(at: .seconds(4), asleep: .seconds(64.9)) == nil)
        #expect(watch.notice(at: .seconds(5), asleep: .seconds(75)) == .seconds(10))
    }

    @Test func `a connection is closed after its last allowed use, and a waiting request dials`() {
        var pool = PoolState {
            $0.maximumUses = 2
            $0.openPerHost = 1
        }
        pool.makeIdle(first, key, c1, at: .seconds(1))
        _ = pool.request(second, for: key, at: .seconds(2))
        #expect(pool.request(third, for: key, at: .seconds(2)) == [.queue(third, .hostLimit(1), position: 0)])
        #expect(
            pool.released(c1, at: .seconds(3)) == [.close(c1, because: .usedUp(limit: 2)), .open(c2, key, for: third)])
    }

    @Test func `a connection that is too old is not kept, and not handed over`() {
        var pool = PoolState { $0.maximumAge = .seconds(10) }
        pool.makeActive([first], key, [c1])
        _ = pool.request(second, for: key, at: .seconds(9))
        #expect(pool.released(c1, at: .seconds(10)) == [.close(c1, because: .tooOld(limit: .seconds(10)))])
    }

    @Test func `a connection at rest ends with its age where that comes before the idle limit`() {
        var pool = PoolState { $0.maximumAge = .seconds(10) }
        pool.makeIdle(first, key, c1, at: .seconds(4))
        #expect(pool.wake(at: .seconds(9)) == [.wake(at: .seconds(10))])
        #expect(pool.wake(at: .seconds(10)) == [.close(c1, because: .tooOld(limit: .seconds(10)))])
    }

    // TestTransportRemovesDeadIdleConnections
    @Test func `a connection its peer closed while idle is gone without a request`() {
        var pool = PoolState()
        pool.makeIdle(first, key, c1, at: .seconds(1))
        #expect(pool.closed(c1, at: .seconds(2)) == [])
        #expect(pool.snapshot == PoolSnapshot())
    }

    // TestTransportCloseIdleConnsThenReturn
    @Test func `after close-idle a freed connection is not kept until somebody asks again`() {
        var pool = PoolState()
        pool.makeActive([first, second], key, [c1, c2])
        _ = pool.released(c1, at: .seconds(1))
        #expect(pool.closeIdle() == [.close(c1, because: .closeIdleWasCalled)])
        #expect(pool.released(c2, at: .seconds(2)) == [.close(c2, because: .closeIdleWasCalled)])
        _ = pool.request(third, for: key, at: .seconds(3))
        _ = pool.dialed(c3, at: .seconds(3))
        #expect(pool.released(c3, at: .seconds(4)).first == .rest(c3, until: .seconds(94)))
    }

    @Test func `the snapshot counts what is dialing, active, idle and waiting`() {
        var pool = PoolState()
        pool.makeActive([first, second], key, [c1, c2])
        _ = pool.released(c1, at: .seconds(1))
        _ = pool.request(third, for: other, at: .seconds(1))
        var expected = PoolSnapshot()
        expected.hosts[key] = .init(dialing: 0, active: 1, idle: 1, waiting: 0)
        expected.hosts[other] = .init(dialing: 1, active: 0, idle: 0, waiting: 1)
        #expect(pool.snapshot == expected)
    }

    /// Random lives: whatever happens in whatever order, the books balance and nobody is served twice.
    @Test(arguments: 0..<50) func `random traffic keeps the books`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pool = PoolState {
            $0.openPerHost = [nil, 1, 2, 3].randomElement(using: &random)!
            $0.openTotal = [nil, 2, 4].randomElement(using: &random)!
            $0.idlePerHost = Int.random(in: 0...2, using: &random)
            $0.idleTotal = Int.random(in: 1...3, using: &random)
        }
        var dialing: Set<ConnectionID> = []
        var active: [ConnectionID: RequestID] = [:]
        var idle: Set<ConnectionID> = []
        var waiting: Set<RequestID> = []

        func obey(_ actions: [PoolAction]) {
            for action in actions {
                switch action {
                case .open(let connection, _, _): #expect(dialing.insert(connection).inserted)
                case .assign(let request, let connection, let reuse):
                    #expect(waiting.remove(request) != nil)
                    #expect(active[connection] == nil)
                    if reuse == .fresh { #expect(dialing.remove(connection) != nil) }
                    if case .idle = reuse { #expect(idle.remove(connection) != nil) }
                    dialing.remove(connection)
                    active[connection] = request
                case .fail(let request): #expect(waiting.remove(request) != nil)
                case .rest(let connection, _):
                    dialing.remove(connection)
                    #expect(idle.insert(connection).inserted)
                case .close(let connection, _):
                    idle.remove(connection)
                    dialing.remove(connection)
                case .queue, .wake: break
                }
            }
        }

        var time = 0.0
        for number in 1...400 {
            time += Double.random(in: 0...20, using: &random)
            let now = Timestamp.seconds(time)
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2:
                waiting.insert(RequestID(number))
                obey(pool.request(RequestID(number), for: Bool.random(using: &random) ? key : other, at: now))
            case 3:
                guard let connection = dialing.randomElement(using: &random) else { continue }
                obey(pool.dialed(connection, at: now))
            case 4:
                guard let connection = dialing.randomElement(using: &random) else { continue }
                dialing.remove(connection)
                obey(pool.dialFailed(connection, at: now))
            case 5:
                guard let connection = active.keys.randomElement(using: &random) else { continue }
                active[connection] = nil
                obey(pool.released(connection, at: now))
            case 6:
                guard let request = waiting.randomElement(using: &random) else { continue }
                waiting.remove(request)
                pool.cancelled(request)
            default:
                obey(pool.wake(at: now))
            }
            let total = pool.snapshot.total
            #expect(total.dialing == dialing.count)
            #expect(total.active == active.count)
            #expect(total.idle == idle.count)
            #expect(total.waiting == waiting.count)
        }
    }
}

extension PoolState {
    fileprivate init(_ configure: (inout PoolSettings) -> Void = { _ in }) {
        var settings = PoolSettings()
        configure(&settings)
        self.init(settings: settings)
    }

    fileprivate mutating func makeActive(_ requests: [RequestID], _ key: ConnectionKey, _ connections: [ConnectionID]) {
        for request in requests { _ = self.request(request, for: key, at: .zero) }
        for connection in connections { _ = dialed(connection, at: .zero) }
    }

    fileprivate mutating func makeIdle(
        _ requests: [RequestID], _ key: ConnectionKey, _ connections: [ConnectionID], at now: Timestamp
    ) {
        makeActive(requests, key, connections)
        for connection in connections { _ = released(connection, at: now) }
    }

    fileprivate mutating func makeIdle(
        _ request: RequestID, _ key: ConnectionKey, _ connection: ConnectionID, at now: Timestamp
    ) {
        makeIdle([request], key, [connection], at: now)
    }
}

/// SplitMix64: the same seed, the same traffic.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
