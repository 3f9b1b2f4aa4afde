import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPClient

private let key = ConnectionKey(origin: Origin(scheme: .https, host: "a.example"))
private let c1 = ConnectionID(1)
private let c2 = ConnectionID(2)
private let c3 = ConnectionID(3)
private let requests = (0...400).map { RequestID($0) }

extension PoolState {
    /// A pool that hopes for HTTP/2.
    fileprivate init(sharing configure: (inout PoolSettings) -> Void = { _ in }) {
        var settings = PoolSettings()
        configure(&settings)
        self.init(settings: settings, versions: .http2Preferred)
    }

    /// Has `c1` stand with request 1 on it.
    fileprivate mutating func openShared(streams: Int = 100) {
        _ = request(requests[1], for: key, at: .zero)
        _ = dialed(c1, streams: streams, at: .seconds(1))
    }

    fileprivate var counts: PoolSnapshot.Counts { snapshot.hosts[key] ?? PoolSnapshot.Counts() }
}

@Suite("Shared connections in the pool")
struct PoolSharingTests {
    // TestTransportPoolConnHTTP2Startup: Go dials twice and throws one away.
    @Test func `two first requests share one dial and then one connection`() {
        var pool = PoolState(sharing: { _ in })
        #expect(
            pool.request(requests[1], for: key, at: .zero) == [
                .open(c1, key, for: requests[1]), .queue(requests[1], .dialing, position: 0),
            ])
        #expect(pool.request(requests[2], for: key, at: .zero) == [.queue(requests[2], .sharedDial, position: 1)])
        #expect(
            pool.dialed(c1, streams: 100, at: .seconds(1)) == [
                .assign(requests[1], to: c1, reuse: .fresh), .assign(requests[2], to: c1, reuse: .shared),
            ])
        #expect(pool.counts.streams == 2 && pool.counts.active == 1 && pool.counts.waiting == 0)
    }

    @Test func `where HTTP-1 is negotiated, those who hoped dial at once, and nobody hopes again`() {
        var pool = PoolState(sharing: { _ in })
        _ = pool.request(requests[1], for: key, at: .zero)
        _ = pool.request(requests[2], for: key, at: .zero)
        _ = pool.request(requests[3], for: key, at: .zero)
        #expect(
            pool.dialed(c1, at: .seconds(1)) == [
                .assign(requests[1], to: c1, reuse: .fresh), .open(c2, key, for: requests[2]),
                .open(c3, key, for: requests[3]),
            ])
        #expect(
            pool.request(requests[4], for: key, at: .seconds(2)) == [
                .open(ConnectionID(4), key, for: requests[4]), .queue(requests[4], .dialing, position: 2),
            ])
    }

    @Test func `a dial that fails fails those who hoped for it too`() {
        var pool = PoolState(sharing: { _ in })
        _ = pool.request(requests[1], for: key, at: .zero)
        _ = pool.request(requests[2], for: key, at: .zero)
        #expect(pool.dialFailed(c1, at: .seconds(1)) == [.fail(requests[1]), .fail(requests[2])])
        #expect(pool.snapshot.hosts.isEmpty)
    }

    @Test func `those who hoped for a dial that failed don't wait for a full connection alone`() {
        var pool = PoolState(sharing: { $0.streamsPerConnection = 2 })
        pool.openShared(streams: 2)
        for number in 2...4 { _ = pool.request(requests[number], for: key, at: .seconds(2)) }
        #expect(
            pool.dialFailed(c2, at: .seconds(3)) == [.fail(requests[3]), .open(c3, key, for: requests[4])])
        #expect(pool.dialFailed(c3, at: .seconds(4)) == [.fail(requests[4])])
        #expect(pool.counts.waiting == 0)
    }

    // TestDialRaceResumesDial
    @Test func `a cancelled first request does not take the dial from the second`() {
        var pool = PoolState(sharing: { _ in })
        _ = pool.request(requests[1], for: key, at: .zero)
        _ = pool.request(requests[2], for: key, at: .zero)
        pool.cancelled(requests[1])
        #expect(pool.dialed(c1, streams: 100, at: .seconds(1)) == [.assign(requests[2], to: c1, reuse: .handedOver)])
    }

    @Test func `a request finds the connection others are on, and later the idle one`() {
        var pool = PoolState(sharing: { _ in })
        pool.openShared()
        #expect(pool.request(requests[2], for: key, at: .seconds(2)) == [.assign(requests[2], to: c1, reuse: .shared)])
        #expect(pool.streamEnded(c1, at: .seconds(3)) == [])
        let deadline = Timestamp.seconds(94)
        #expect(pool.streamEnded(c1, at: .seconds(4)) == [.rest(c1, until: deadline), .wake(at: deadline)])
        #expect(
            pool.request(requests[3], for: key, at: .seconds(6)) == [
                .assign(requests[3], to: c1, reuse: .idle(for: .seconds(2)))
            ])
    }

    // testTransportPoolConnHTTP2NoStrictMaxConcurrentRequests
    @Test func `a full connection has the next request dial another, and the oldest is preferred afterwards`() {
        var pool = PoolState(sharing: { _ in })
        pool.openShared(streams: 1)
        #expect(
            pool.request(requests[2], for: key, at: .seconds(2)) == [
                .open(c2, key, for: requests[2]), .queue(requests[2], .streamLimit(1), position: 0),
            ])
        #expect(pool.dialed(c2, streams: 1, at: .seconds(3)) == [.assign(requests[2], to: c2, reuse: .fresh)])
        _ = pool.streamEnded(c2, at: .seconds(4))
        _ = pool.streamEnded(c1, at: .seconds(5))
        #expect(
            pool.request(requests[3], for: key, at: .seconds(6)) == [
                .assign(requests[3], to: c1, reuse: .idle(for: .seconds(1)))
            ])
    }

    // TestTransportPoolConnHTTP2StrictMaxConcurrentRequests, TestTransportRequestsStallAtServerLimit
    @Test func `told to wait for streams, a request takes the first that ends`() {
        var pool = PoolState { $0.waitsForStreams = true }
        pool.openShared(streams: 1)
        #expect(
            pool.request(requests[2], for: key, at: .seconds(2)) == [
                .queue(requests[2], .streamLimit(1), position: 0)
            ])
        #expect(pool.streamEnded(c1, at: .seconds(3)) == [.assign(requests[2], to: c1, reuse: .handedOver)])
    }

    @Test func `more requests than one connection carries have as many dials as they need`() {
        var pool = PoolState(sharing: { $0.streamsPerConnection = 2 })
        pool.openShared(streams: 2)
        _ = pool.request(requests[2], for: key, at: .seconds(2))
        let opened = (3...7).flatMap { pool.request(requests[$0], for: key, at: .seconds(2)) }
        #expect(opened.filter { if case .open = $0 { true } else { false } }.count == 3)
        #expect(pool.counts.dialing == 3)
    }

    @Test func `the peer's limit lets those who wait in, or holds them back`() {
        var pool = PoolState { $0.waitsForStreams = true }
        pool.openShared(streams: 1)
        _ = pool.request(requests[2], for: key, at: .seconds(2))
        #expect(
            pool.streamLimitChanged(c1, to: 5, at: .seconds(3)) == [.assign(requests[2], to: c1, reuse: .shared)])
        #expect(pool.streamLimitChanged(c1, to: 1, at: .seconds(4)) == [])
        #expect(
            pool.request(requests[3], for: key, at: .seconds(5)) == [
                .queue(requests[3], .streamLimit(1), position: 0)
            ])
    }

    // TestTransportClosesConnAfterGoAwayNoStreams, TestTransportClosesConnAfterGoAwayLastStream
    @Test func `a connection that goes away takes no more requests and is closed after its last`() {
        var pool = PoolState(sharing: { _ in })
        pool.openShared()
        let reason = CloseReason.peerSaidGoAway(.noError, text: "")
        #expect(pool.retire(c1, because: reason) == [])
        #expect(
            pool.request(requests[2], for: key, at: .seconds(2)) == [
                .open(c2, key, for: requests[2]), .queue(requests[2], .dialing, position: 0),
            ])
        #expect(pool.streamEnded(c1, at: .seconds(3)) == [.close(c1, because: reason)])
        _ = pool.dialed(c2, streams: 100, at: .seconds(4))
        _ = pool.streamEnded(c2, at: .seconds(5))
        #expect(pool.retire(c2, because: reason) == [.close(c2, because: reason)])
        #expect(pool.snapshot.hosts.isEmpty)
    }

    @Test func `those who wait for a stream dial when the connection goes away or breaks`() {
        for breaks in [true, false] {
            var pool = PoolState { $0.waitsForStreams = true }
            pool.openShared(streams: 1)
            _ = pool.request(requests[2], for: key, at: .seconds(2))
            let actions =
                breaks
                ? pool.closed(c1, at: .seconds(3)) : pool.retire(c1, because: .peerSaidGoAway(.noError, text: ""))
            #expect(actions == [.open(c2, key, for: requests[2])])
        }
    }

    // TestTransportDiscardsUnneededConns
    @Test func `a second connection nobody needs is closed when it stands`() {
        var pool = PoolState(sharing: { _ in })
        pool.openShared(streams: 1)
        _ = pool.request(requests[2], for: key, at: .seconds(2))
        #expect(pool.streamEnded(c1, at: .seconds(3)) == [.assign(requests[2], to: c1, reuse: .handedOver)])
        #expect(pool.dialed(c2, streams: 1, at: .seconds(4)) == [.close(c2, because: .surplus)])
    }

    // TestTransportDecrementConnWhenIdleConnRemoved
    @Test func `three hundred requests and a limit of one connection: all are served by it`() {
        var pool = PoolState(sharing: { $0.openPerHost = 1 })
        var under: [RequestID] = []
        func note(_ actions: [PoolAction]) {
            for case .assign(let request, _, _) in actions { under.append(request) }
        }
        for number in 1...300 { note(pool.request(requests[number], for: key, at: .zero)) }
        note(pool.dialed(c1, streams: 100, at: .seconds(1)))
        #expect(under.count == 100 && pool.counts.waiting == 200)
        for _ in 0..<300 { note(pool.streamEnded(c1, at: .seconds(2))) }
        #expect(under == Array(requests[1...300]))
        #expect(pool.counts.idle == 1 && pool.counts.streams == 0)
    }

    // TestIdleConnTimeout (H2), TestTransportIdleConnRacesRequest
    @Test func `idle time counts from the end of the last stream`() {
        var pool = PoolState(sharing: { $0.idleTimeout = .seconds(10) })
        pool.openShared()
        _ = pool.streamEnded(c1, at: .seconds(5))
        #expect(pool.wake(at: .seconds(14)) == [.wake(at: .seconds(15))])
        _ = pool.request(requests[2], for: key, at: .seconds(14))
        #expect(pool.wake(at: .seconds(15)) == [])
        _ = pool.streamEnded(c1, at: .seconds(20))
        #expect(pool.wake(at: .seconds(30)) == [.close(c1, because: .idleTimeout(after: .seconds(10)))])
    }

    // TestTransportDisableKeepAlives (H2)
    @Test func `without keep-alive every request has a connection of its own`() {
        var pool = PoolState(sharing: { $0.keepsAlive = false })
        pool.openShared()
        #expect(
            pool.request(requests[2], for: key, at: .seconds(2)) == [
                .open(c2, key, for: requests[2]), .queue(requests[2], .dialing, position: 0),
            ])
        #expect(pool.streamEnded(c1, at: .seconds(3)) == [.close(c1, because: .keepAliveOff)])
        pool.cancelled(requests[2])
        #expect(pool.dialed(c2, streams: 100, at: .seconds(4)) == [.close(c2, because: .keepAliveOff)])
    }

    // TestCloseIdleConnections
    @Test func `close-idle takes idle connections, and busy ones when their last stream ends`() {
        var pool = PoolState(sharing: { _ in })
        pool.openShared()
        #expect(pool.closeIdle() == [])
        #expect(pool.streamEnded(c1, at: .seconds(2)) == [.close(c1, because: .closeIdleWasCalled)])
        _ = pool.request(requests[2], for: key, at: .seconds(3))
        _ = pool.dialed(c2, streams: 9, at: .seconds(4))
        _ = pool.streamEnded(c2, at: .seconds(5))
        #expect(pool.closeIdle() == [.close(c2, because: .closeIdleWasCalled)])
    }

    @Test func `a connection that has carried its number of requests is closed after the last of them`() {
        var pool = PoolState(sharing: { $0.maximumUses = 2 })
        pool.openShared()
        _ = pool.request(requests[2], for: key, at: .seconds(2))
        #expect(
            pool.request(requests[3], for: key, at: .seconds(3)) == [
                .open(c2, key, for: requests[3]), .queue(requests[3], .dialing, position: 0),
            ])
        #expect(pool.streamEnded(c1, at: .seconds(4)) == [])
        #expect(pool.streamEnded(c1, at: .seconds(5)) == [.close(c1, because: .usedUp(limit: 2))])
    }

    @Test func `an idle shared connection makes room when too many are idle`() {
        var pool = PoolState(sharing: { $0.idleTotal = 1 })
        pool.openShared()
        _ = pool.streamEnded(c1, at: .seconds(2))
        let other = ConnectionKey(origin: Origin(scheme: .https, host: "b.example"))
        _ = pool.request(requests[2], for: other, at: .seconds(3))
        _ = pool.dialed(c2, streams: 100, at: .seconds(4))
        #expect(pool.streamEnded(c2, at: .seconds(5)).contains(.close(c1, because: .tooManyIdle(limit: 1))))
        #expect(pool.snapshot.total.idle == 1)
    }

    @Test func `plain http is shared only where HTTP-2 is known to be spoken`() {
        let plain = ConnectionKey(origin: Origin(scheme: .http, host: "a.example"))
        var hoping = PoolState(sharing: { _ in })
        _ = hoping.request(requests[1], for: plain, at: .zero)
        #expect(hoping.request(requests[2], for: plain, at: .zero).count == 2)
        var knowing = PoolState(settings: PoolSettings(), versions: .http2Only)
        _ = knowing.request(requests[1], for: plain, at: .zero)
        #expect(knowing.request(requests[2], for: plain, at: .zero) == [.queue(requests[2], .sharedDial, position: 1)])
    }

    @Test func `whatever happens in whatever order, nobody waits for nothing`() {
        var random = SameNumbers()
        for _ in 0..<200 {
            var settings = PoolSettings()
            settings.streamsPerConnection = Int.random(in: 1...3, using: &random)
            settings.waitsForStreams = Bool.random(using: &random)
            settings.openPerHost = Bool.random(using: &random) ? 2 : nil
            var pool = PoolState(settings: settings, versions: .http2Preferred)
            var dialing: [ConnectionID] = [], open: [ConnectionID: Int] = [:], http1: Set<ConnectionID> = []
            var waiting: Set<RequestID> = []
            func obey(_ actions: [PoolAction]) {
                for action in actions {
                    switch action {
                    case .open(let id, _, _): dialing.append(id)
                    case .assign(let request, let id, _):
                        waiting.remove(request)
                        open[id, default: 0] += 1
                    case .fail(let request): waiting.remove(request)
                    case .close(let id, _):
                        open[id] = nil
                        http1.remove(id)
                    case .queue(let request, _, _): waiting.insert(request)
                    case .rest, .wake: break
                    }
                }
            }
            for number in 0..<60 {
                let now = Timestamp.seconds(Double(number))
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    obey(pool.request(requests[number], for: key, at: now))
                case 2:
                    guard let id = dialing.popLast() else { continue }
                    let speaksHTTP2 = Int.random(in: 0..<4, using: &random) > 0
                    open[id] = 0
                    if !speaksHTTP2 { http1.insert(id) }
                    obey(pool.dialed(id, streams: speaksHTTP2 ? Int.random(in: 1...3, using: &random) : nil, at: now))
                case 3:
                    guard let id = dialing.popLast() else { continue }
                    obey(pool.dialFailed(id, at: now))
                case 4:
                    guard let id = open.first(where: { $0.value > 0 })?.key else { continue }
                    open[id]! -= 1
                    obey(http1.contains(id) ? pool.released(id, at: now) : pool.streamEnded(id, at: now))
                default:
                    guard let id = open.keys.randomElement(using: &random) else { continue }
                    if Bool.random(using: &random) {
                        open[id] = nil
                        http1.remove(id)
                        obey(pool.closed(id, at: now))
                    } else {
                        obey(pool.retire(id, because: .peerSaidGoAway(.noError, text: "")))
                    }
                }
                let busy = open.values.contains { $0 > 0 }
                #expect(waiting.isEmpty || !dialing.isEmpty || busy, "\(waiting) wait for nothing")
            }
        }
    }
}

/// The same on every run.
private struct SameNumbers: RandomNumberGenerator {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
