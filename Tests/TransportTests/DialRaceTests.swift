import Glibc
import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("Racing addresses", .timeLimit(.minutes(5)))
struct DialRaceTests {
    // TestDialParallel, "primary refused, fallback without delay"
    @Test func `after a refusal the next address is tried at once`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let closed = closedAddress()
            let (dialer, log) = (dialer(closed, listener.address, delay: .seconds(3_600)), Log())
            let stream = try await dialer.dial(origin, timeout: .seconds(600), record: log.record)
            #expect(stream.remoteAddress == listener.address)
            #expect(
                log.events == [
                    .dnsStart(host: "many.test"),
                    .dnsDone(DNSAnswer(addresses: [closed, listener.address])),
                    .connectStart(attempt: 1, closed),
                    .connectDone(
                        attempt: 1, closed, Failure(.connect, phase: .connect, "\(closed) refused the connection")),
                    .connectStart(attempt: 2, listener.address),
                    .connectDone(attempt: 2, listener.address, nil),
                ])
        }.value
    }

    // TestDialParallel, "primary is slow; fallback should kick in"; TestDialerDualStackFDLeak
    @Test func `an address that never answers loses to the next, and is told so`() async throws {
        try await Task.onNetwork {
            let hole = try await BlackHole()
            let listener = try TCPListener(.loopback)
            let log = Log()
            let start = EventLoop.shared.now
            let stream = try await dialer(hole.address, listener.address)
                .dial(origin, timeout: .seconds(600), record: log.record)
            // The kernel may be late, never early.
            #expect(EventLoop.shared.now - start >= HappyEyeballs.attemptDelay)
            #expect(stream.remoteAddress == listener.address)
            let words = "given up, since \(listener.address) connected first"
            #expect(
                log.events.dropFirst(2) == [
                    .connectStart(attempt: 1, hole.address),
                    .connectStart(attempt: 2, listener.address),
                    .connectDone(attempt: 2, listener.address, nil),
                    .connectDone(attempt: 1, hole.address, Failure(.cancelled, phase: .connect, words)),
                ])
            while try socketsConnecting(to: hole.address) > 0 { try await pause() }
            #expect(log.events.count == 6)
        }.value
    }

    // TestDialerDualStack
    @Test func `a server that listens on IPv4 only is reached by a name with both families`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let ip6 = NetworkAddress(family: .ip6, ip: "::1", port: 1)
            let log = Log()
            let stream = try await dialer(ip6, listener.address, delay: .seconds(3_600))
                .dial(origin, timeout: nil, record: log.record)
            #expect(stream.remoteAddress == listener.address)
            #expect(log.unfinishedAttempts == [])
        }.value
    }

    // TestDialParallelSpuriousConnection
    @Test func `a loser that connected too is closed without a byte`() async throws {
        try await Task.onNetwork {
            let listeners = [try TCPListener(.loopback), try TCPListener(.loopback)]
            let attempts = RunningAttempts()
            attempts.start(1, listeners[0].address)
            attempts.start(2, listeners[1].address)
            while attempts.events.count < 2 { await Task.yield() }
            guard case .connected(let winner, let stream) = await attempts.next() else {
                Issue.record("no connection")
                return
            }
            _ = attempts.abandon(3 - winner)
            #expect(attempts.events.isEmpty)
            #expect(try await listeners[2 - winner].accept().readAll() == [])
            let server = try await listeners[winner - 1].accept()
            try await server.write("hello")
            #expect(try await stream.readSome() == Array("hello".utf8))
        }.value
    }

    @Test func `many addresses at once leave one connection and no attempt without an end`() async throws {
        try await Task.onNetwork {
            let listeners = try (0..<100).map { _ in try TCPListener(.loopback) }
            let dialer = dialer(listeners.map(\.address), delay: .zero)
            let log = Log()
            let stream = try await dialer.dial(origin, timeout: nil, record: log.record)
            #expect(log.unfinishedAttempts == [])
            let winners = log.events.filter { if case .connectDone(_, _, nil) = $0 { true } else { false } }
            #expect(winners.count == 1)
            #expect(listeners.contains { $0.address == stream.remoteAddress })
        }.value
    }

    // TestDialParallel, "everything is refused"
    @Test func `when every address refuses, each is named`() async {
        await Task.onNetwork {
            let closed = [closedAddress(1), closedAddress(2), closedAddress(3)]
            let log = Log()
            let error = await #expect(throws: DialError.self) {
                try await dialer(closed, delay: .zero).dial(origin, timeout: nil, record: log.record)
            }
            guard case .refused(let attempts) = error else {
                Issue.record("\(error!)")
                return
            }
            #expect(attempts.map(\.address) == closed)
            #expect(attempts.map(\.code) == [ECONNREFUSED, ECONNREFUSED, ECONNREFUSED])
            #expect(error?.description == "\(closed[0]) refused, \(closed[1]) refused, \(closed[2]) refused")
            #expect(log.unfinishedAttempts == [])
        }.value
    }

    // TestDialerPartialDeadline
    @Test func `when time runs out, each attempt is named with its own end`() async throws {
        try await Task.onNetwork {
            let (first, second) = (try await BlackHole(), try await BlackHole())
            let closed = closedAddress()
            let log = Log()
            let error = await #expect(throws: DialError.self) {
                try await dialer(first.address, closed, second.address, delay: .zero)
                    .dial(origin, timeout: .seconds(1), record: log.record)
            }
            guard case .timedOut(.seconds(1), "many.test", let attempts) = error else {
                Issue.record("\(error!)")
                return
            }
            // Normally three: refused, and two out of time. A network thread that stands still for the whole second starts
            // fewer, so the error is held against what was recorded.
            #expect(attempts.map(\.address) == log.startedAddresses)
            for attempt in attempts {
                let failure = Failure(.refused([attempt]), during: .connect)
                #expect(log.events.contains { $0.isConnectDone(attempt.address, failure) })
                #expect(attempt.code == ETIMEDOUT || attempt.address == closed)
            }
            #expect(log.unfinishedAttempts == [])
        }.value
    }

    // TestDialCancel
    @Test func `a cancelled race ends at once, with a done for every start and no socket left`() async throws {
        try await Task.onNetwork {
            let (first, second) = (try await BlackHole(), try await BlackHole())
            let log = Log()
            let dialer = dialer(first.address, second.address, delay: .zero)
            let dial = Task.onNetwork { try await dialer.dial(origin, timeout: nil, record: log.record) }
            while try socketsConnecting(to: second.address) == 0 { try await pause() }
            dial.cancel()
            await #expect(throws: DialError.cancelled) { try await dial.value }
            let failure = Failure(.cancelled, phase: .connect, "the dial was cancelled")
            #expect(
                log.events.dropFirst(4) == [
                    .connectDone(attempt: 1, first.address, failure),
                    .connectDone(attempt: 2, second.address, failure),
                ])
            while try socketsConnecting(to: first.address) + socketsConnecting(to: second.address) > 0 {
                try await pause()
            }
        }.value
    }

    // TestCancelAfterDial
    @Test func `cancelling after the dial leaves the connection alone`() async throws {
        try await Task.onNetwork {
            let listener = try TCPListener(.loopback)
            let dialer = dialer(closedAddress(), listener.address)
            let dial = Task.onNetwork { try await dialer.dial(origin, timeout: nil, record: { _ in }) }
            let stream = try await dial.value
            dial.cancel()
            try await listener.accept().write("hello")
            #expect(try await stream.readSome() == Array("hello".utf8))
        }.value
    }
}

private let origin = Origin(scheme: .http, host: "many.test")

@NetworkActor
private func dialer(_ addresses: NetworkAddress..., delay: Duration = HappyEyeballs.attemptDelay) -> Dialer {
    dialer(addresses, delay: delay)
}

@NetworkActor
private func dialer(_ addresses: [NetworkAddress], delay: Duration) -> Dialer {
    var options = DialOptions()
    options.attemptDelay = delay
    return Dialer(resolver: NamesOnly([origin.host: addresses]), options: options)
}

/// How many of this machine's IPv4 sockets wait for an answer from `address`.
private func socketsConnecting(to address: NetworkAddress) throws -> Int {
    try #require(TCPTable.sockets(to: address, in: .connecting))
}

/// Lets the network thread do other things between two looks: the table may be long.
private func pause() async throws { try await Task.sleep(for: .milliseconds(1)) }

extension TraceEvent {
    fileprivate func isConnectDone(_ address: NetworkAddress, _ failure: Failure) -> Bool {
        if case .connectDone(_, address, failure) = self { true } else { false }
    }
}

extension Log {
    fileprivate var startedAddresses: [NetworkAddress] {
        events.compactMap { if case .connectStart(_, let address) = $0 { address } else { nil } }
    }

    /// Attempts that were started but not ended, or ended otherwise than once.
    fileprivate var unfinishedAttempts: Set<Int> {
        var balance: [Int: Int] = [:]
        for event in events {
            switch event {
            case .connectStart(let attempt, _): balance[attempt, default: 0] += 1
            case .connectDone(let attempt, _, _): balance[attempt, default: 0] -= 1
            default: break
            }
        }
        return Set(balance.filter { $0.value != 0 }.keys)
    }
}
