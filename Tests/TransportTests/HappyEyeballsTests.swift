import HTTPTrace
import Testing

@testable import Transport

@Suite("Happy Eyeballs")
struct HappyEyeballsTests {
    // TestDialParallel, "these should just work on the first try"
    @Test func `a first address that answers within the delay is the only one tried`() {
        var eyeballs = HappyEyeballs()
        #expect(
            eyeballs.resolved([v6(1), v4(1)], isComplete: true, at: .zero)
                == [.attempt(1, v6(1)), .wake(at: .milliseconds(250))])
        #expect(eyeballs.connected(1) == [.connected(1)])
    }

    // TestDialParallel, "primary is slow; fallback should kick in"
    @Test func `a slow first address goes on beside the second, which may win`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1)], isComplete: true, at: .zero)
        #expect(eyeballs.woke(at: .milliseconds(250)) == [.attempt(2, v4(1))])
        #expect(eyeballs.connected(2) == [.connected(2), .abandon(1, because: .anotherWon)])
    }

    @Test func `a slow first address may still win after the second began`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1)], isComplete: true, at: .zero)
        _ = eyeballs.woke(at: .milliseconds(250))
        #expect(eyeballs.connected(1) == [.connected(1), .abandon(2, because: .anotherWon)])
    }

    // TestDialParallel, "primary refused, fallback without delay"
    @Test func `the next attempt starts at once when one fails`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1), v4(2)], isComplete: true, at: .zero)
        #expect(
            eyeballs.failed(1, at: .milliseconds(10)) == [.attempt(2, v4(1)), .wake(at: .milliseconds(260))])
        // The timer of the first start was replaced; one that fires all the same changes nothing.
        #expect(eyeballs.woke(at: .milliseconds(250)) == [.wake(at: .milliseconds(260))])
        #expect(eyeballs.woke(at: .milliseconds(260)) == [.attempt(3, v4(2))])
    }

    @Test func `an old attempt that fails lets the next one start before its delay`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1), v6(2)], isComplete: true, at: .zero)
        _ = eyeballs.woke(at: .milliseconds(250))
        #expect(eyeballs.failed(1, at: .milliseconds(260)) == [.attempt(3, v6(2))])
        #expect(
            eyeballs.connected(3) == [.connected(3), .abandon(2, because: .anotherWon)])
    }

    // TestDialParallel, "everything is refused"
    @Test func `the dial fails with its last attempt, not before`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1)], isComplete: true, at: .zero)
        _ = eyeballs.woke(at: .milliseconds(250))
        #expect(eyeballs.failed(2, at: .milliseconds(260)) == [])
        #expect(eyeballs.failed(1, at: .milliseconds(900)) == [.failed(.refused)])
    }

    // TestDialParallel, "nothing to do; fail instantly"
    @Test func `without addresses it fails at once`() {
        var eyeballs = HappyEyeballs()
        #expect(eyeballs.resolved([], isComplete: true, at: .zero) == [.failed(.refused)])
    }

    /// TestDialParallel. There, fallbacks are the addresses of the other family. We alternate where Go has two serial
    /// lists, and our delay counts from each attempt.
    @Test(arguments: [
        DialCase("one address answers", [.answers(v4(1))], winner: v4(1), after: 0),
        DialCase("one IPv6 address answers", [.answers(v6(1))], winner: v6(1), after: 0),
        DialCase(
            "the first answers, the others would not", [.answers(v4(1)), .refuses(v6(1)), .isSilent(v6(2))],
            winner: v4(1), after: 0),
        DialCase(
            "the first answers, whichever family", [.answers(v6(1)), .refuses(v4(1)), .isSilent(v4(2))],
            winner: v6(1), after: 0),
        DialCase("the first is silent", [.isSilent(v4(1)), .answers(v6(1))], winner: v6(1), after: 250),
        DialCase("IPv4 is torn down", [.refuses(v4(1)), .answers(v6(1))], winner: v6(1), after: 10),
        DialCase("IPv6 is torn down", [.refuses(v6(1)), .answers(v4(1))], winner: v4(1), after: 10),
        DialCase(
            "a refusal after a silent one", [.isSilent(v4(1)), .isSilent(v4(2)), .refuses(v6(1)), .answers(v6(2))],
            // v4(1), v6(1) at 250, v4(2) at 260 since that was refused, v6(2) at 510.
            winner: v6(2), after: 510),
        DialCase(
            "all of the first family is refused", [.refuses(v4(1)), .refuses(v4(2)), .answers(v6(1))],
            winner: v6(1), after: 10),
        DialCase(
            "only one family, and the first is silent", [.isSilent(v4(1)), .answers(v4(2))], winner: v4(2), after: 250),
        DialCase("everything is refused", [.refuses(v4(1)), .refuses(v6(1))], winner: nil, after: 20),
        DialCase("there is nothing to do", [], winner: nil, after: 0),
        DialCase("a thousand answer", (1...1000).map { .answers(v4($0)) }, winner: v4(1), after: 0),
        DialCase(
            "a thousand refuse before one answers", (1...1000).map { .refuses(v4($0)) } + [.answers(v4(1001))],
            winner: v4(1001), after: 10_000),
        DialCase(
            "forty are silent before one answers", (1...40).map { .isSilent(v4($0)) } + [.answers(v4(41))],
            winner: v4(41), after: 10_000),
        DialCase(
            "the deadline comes first", [.isSilent(v4(1)), .isSilent(v6(1))], deadline: 600, winner: nil, after: 600),
    ])
    fileprivate func `who wins, and when`(dial: DialCase) {
        var game = DialCase.Game(dial)
        while game.outcome == nil {
            // "and every case is cancelable": at each step, on a copy.
            #expect(game.abandonsAllWhenCancelled)
            game.step()
        }
        #expect(game.outcome == dial.outcome)
    }

    // TestDialerFallbackDelay
    @Test(arguments: [.nanoseconds(1), .milliseconds(200), HappyEyeballs.attemptDelay] as [Duration])
    func `the delay is the one that was asked for`(delay: Duration) {
        var eyeballs = HappyEyeballs(attemptDelay: delay)
        let start = Timestamp.seconds(5)
        #expect(
            eyeballs.resolved([v6(1), v4(1)], isComplete: true, at: start)
                == [.attempt(1, v6(1)), .wake(at: start + delay)])
        #expect(eyeballs.woke(at: start + delay) == [.attempt(2, v4(1))])
    }

    @Test func `families take turns, from the first address's, and the longer one fills the end`() {
        #expect(order(of: [v6(1), v6(2), v6(3), v4(1), v4(2)]) == [v6(1), v4(1), v6(2), v4(2), v6(3)])
        #expect(order(of: [v4(1), v4(2), v6(1), v4(3)]) == [v4(1), v6(1), v4(2), v4(3)])
        #expect(order(of: [v4(1), v4(2)]) == [v4(1), v4(2)])
    }

    @Test func `a wake that comes late starts one attempt, not those it missed`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v4(1), v4(2), v4(3), v4(4)], isComplete: true, at: .zero)
        #expect(eyeballs.woke(at: .seconds(3)) == [.attempt(2, v4(2)), .wake(at: .seconds(3.25))])
    }

    // MARK: Addresses in portions

    @Test func `IPv6 addresses are tried as soon as they are known`() {
        var eyeballs = HappyEyeballs()
        #expect(eyeballs.resolved([v6(1)], isComplete: false, at: .zero) == [.attempt(1, v6(1))])
        #expect(
            eyeballs.resolved([v4(1), v4(2)], isComplete: true, at: .milliseconds(30))
                == [.wake(at: .milliseconds(250))])
        #expect(
            eyeballs.woke(at: .milliseconds(250)) == [.attempt(2, v4(1)), .wake(at: .milliseconds(500))])
    }

    @Test func `IPv4 addresses wait a moment for IPv6 ones, which then go first`() {
        var eyeballs = HappyEyeballs()
        #expect(eyeballs.resolved([v4(1)], isComplete: false, at: .zero) == [.wake(at: .milliseconds(50))])
        #expect(
            eyeballs.resolved([v6(1)], isComplete: true, at: .milliseconds(20))
                == [.attempt(1, v6(1)), .wake(at: .milliseconds(270))])
    }

    @Test func `IPv4 addresses wait no longer than that`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v4(1)], isComplete: false, at: .zero)
        #expect(eyeballs.woke(at: .milliseconds(50)) == [.attempt(1, v4(1))])
        #expect(
            eyeballs.resolved([v6(1)], isComplete: true, at: .milliseconds(90)) == [.wake(at: .milliseconds(300))])
        #expect(eyeballs.woke(at: .milliseconds(300)) == [.attempt(2, v6(1))])
    }

    @Test func `IPv4 addresses start at once when the lookup ends without IPv6 ones`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v4(1)], isComplete: false, at: .zero)
        #expect(eyeballs.resolved([], isComplete: true, at: .milliseconds(5)) == [.attempt(1, v4(1))])
    }

    @Test func `failed attempts wait for addresses that are still being looked up`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1)], isComplete: false, at: .zero)
        #expect(eyeballs.failed(1, at: .milliseconds(1)) == [])
        #expect(eyeballs.resolved([v4(1)], isComplete: false, at: .milliseconds(9)) == [.attempt(2, v4(1))])
        #expect(eyeballs.failed(2, at: .milliseconds(10)) == [])
        #expect(eyeballs.resolved([], isComplete: true, at: .milliseconds(11)) == [.failed(.refused)])
    }

    // MARK: Ends

    // TestDialerPartialDeadline: Go splits the time that is left, since its attempts don't overlap.
    @Test func `the deadline ends all attempts that run`() {
        var eyeballs = HappyEyeballs(deadline: .milliseconds(400))
        #expect(
            eyeballs.resolved([v6(1), v4(1), v6(2)], isComplete: true, at: .zero)
                == [.attempt(1, v6(1)), .wake(at: .milliseconds(250))])
        #expect(eyeballs.woke(at: .milliseconds(250)) == [.attempt(2, v4(1)), .wake(at: .milliseconds(400))])
        #expect(
            eyeballs.woke(at: .milliseconds(400)) == [
                .abandon(1, because: .tookTooLong), .abandon(2, because: .tookTooLong), .failed(.timedOut),
            ])
    }

    @Test func `a lookup that used up all the time leaves none for attempts`() {
        var eyeballs = HappyEyeballs(deadline: .seconds(1))
        #expect(eyeballs.resolved([v4(1), v4(2)], isComplete: true, at: .seconds(1)) == [.failed(.timedOut)])
    }

    // TestDialCancel
    @Test func `a cancelled dial abandons all attempts that run`() {
        var eyeballs = HappyEyeballs()
        _ = eyeballs.resolved([v6(1), v4(1), v6(2)], isComplete: true, at: .zero)
        _ = eyeballs.woke(at: .milliseconds(250))
        #expect(
            eyeballs.cancelled() == [
                .abandon(1, because: .cancelled), .abandon(2, because: .cancelled), .failed(.cancelled),
            ])
    }

    @Test func `many silent addresses hold a limited number of sockets, and the oldest makes room`() {
        var eyeballs = HappyEyeballs()
        var now = Timestamp.zero
        _ = eyeballs.resolved((1...1000).map(v4), isComplete: true, at: now)
        for number in 2...HappyEyeballs.runningLimit {
            now = now + HappyEyeballs.attemptDelay
            #expect(eyeballs.woke(at: now).first == .attempt(number, v4(number)))
        }
        now = now + HappyEyeballs.attemptDelay
        let next = HappyEyeballs.runningLimit + 1
        #expect(
            eyeballs.woke(at: now) == [
                .abandon(1, because: .tookTooLong), .attempt(next, v4(next)),
                .wake(at: now + HappyEyeballs.attemptDelay),
            ])
        #expect(now == .seconds(8))
    }

    private func order(of addresses: [NetworkAddress]) -> [NetworkAddress] {
        var eyeballs = HappyEyeballs()
        var actions = eyeballs.resolved(addresses, isComplete: true, at: .zero)
        for number in 1...addresses.count { actions += eyeballs.failed(number, at: .zero) }
        return actions.compactMap { if case .attempt(_, let address) = $0 { address } else { nil } }
    }
}

private func v4(_ number: Int) -> NetworkAddress {
    NetworkAddress(family: .ip4, ip: "192.0.\(number / 256).\(number % 256)", port: 443)
}

private func v6(_ number: Int) -> NetworkAddress {
    NetworkAddress(family: .ip6, ip: "2001:db8::\(number)", port: 443)
}

/// Addresses with what they do when they are tried, and how the dial ends; times in milliseconds.
private struct DialCase: CustomTestStringConvertible {
    enum Peer {
        case answers(NetworkAddress)
        /// After 10 ms.
        case refuses(NetworkAddress)
        case isSilent(NetworkAddress)

        var address: NetworkAddress {
            switch self {
            case .answers(let address), .refuses(let address), .isSilent(let address): address
            }
        }
    }

    struct Outcome: Equatable {
        var winner: NetworkAddress?
        var after: Timestamp
    }

    var testDescription: String
    var peers: [Peer]
    var deadline: Timestamp?
    var outcome: Outcome

    init(_ words: String, _ peers: [Peer], deadline: Double? = nil, winner: NetworkAddress?, after: Double) {
        testDescription = words
        self.peers = peers
        self.deadline = deadline.map { .milliseconds($0) }
        outcome = Outcome(winner: winner, after: .milliseconds(after))
    }

    /// Plays the peers and the clock.
    struct Game {
        private var eyeballs: HappyEyeballs
        private var running: [Int: Peer] = [:]
        private(set) var outcome: Outcome?
        private var peers: [NetworkAddress: Peer]
        private var due: [Int: Timestamp] = [:]
        private var wake: Timestamp?
        private var now = Timestamp.zero

        init(_ dial: DialCase) {
            eyeballs = HappyEyeballs(deadline: dial.deadline)
            peers = Dictionary(uniqueKeysWithValues: dial.peers.map { ($0.address, $0) })
            perform(eyeballs.resolved(dial.peers.map(\.address), isComplete: true, at: .zero))
        }

        /// What comes next comes now: a peer's answer, or the timer.
        mutating func step() {
            let next = due.min { ($0.value, $0.key) < ($1.value, $1.key) }
            guard let (number, moment) = next, wake.map({ moment <= $0 }) ?? true else {
                now = wake!
                wake = nil
                return perform(eyeballs.woke(at: now))
            }
            now = moment
            due[number] = nil
            if case .answers(let address) = running.removeValue(forKey: number) {
                perform(eyeballs.connected(number))
                outcome = Outcome(winner: address, after: now)
            } else {
                perform(eyeballs.failed(number, at: now))
            }
        }

        var abandonsAllWhenCancelled: Bool {
            var copy = eyeballs
            return copy.cancelled() == running.keys.sorted().map { .abandon($0, because: .cancelled) } + [
                .failed(.cancelled)
            ]
        }

        private mutating func perform(_ actions: [HappyEyeballs.Action]) {
            for action in actions {
                switch action {
                case .attempt(let number, let address):
                    let peer = peers[address]!
                    running[number] = peer
                    switch peer {
                    case .answers: due[number] = now
                    case .refuses: due[number] = now + .milliseconds(10)
                    case .isSilent: break
                    }
                case .wake(let moment): wake = moment
                case .connected: break
                case .abandon(let number, _):
                    running[number] = nil
                    due[number] = nil
                case .failed: outcome = Outcome(winner: nil, after: now)
                }
            }
        }
    }
}
