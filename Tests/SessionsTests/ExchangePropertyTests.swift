import HTTPTrace
import Sessions
import Testing

/// A small generator with a seed, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

@Suite("Phases under any order of events")
struct ExchangePropertyTests {
    private static func event(_ random: inout SeededGenerator) -> TraceEvent {
        let attempt = Int.random(in: 1...3, using: &random)
        let failure = Bool.random(using: &random) ? refused : nil
        return switch Int.random(in: 0..<20, using: &random) {
        case 0: started
        case 1: .getConn(hostPort: "a:80")
        case 2: .queued(.hostLimit(2), position: 1)
        case 3: .dequeued(.dialed)
        case 4: .dnsStart(host: "a")
        case 5: .dnsDone(DNSAnswer(addresses: [ip4]))
        case 6, 7: .connectStart(attempt: attempt, ip4)
        case 8, 9: .connectDone(attempt: attempt, ip4, failure)
        case 10: .tlsHandshakeStart
        case 11: .tlsHandshakeDone(facts, failure)
        case 12: got(attempt, reused: Bool.random(using: &random))
        case 13: .flushed(bytes: attempt)
        case 14: .gotFirstResponseByte
        case 15: .got1xxResponse(head(103))
        case 16: .responseHead(head(200))
        case 17: .bodyEnded(BodyEnd(way: .complete, bytes: attempt))
        case 18: .attemptRetried(refused, number: attempt)
        default: .requestFinished(failure)
        }
    }

    @Test(arguments: 0..<40)
    func `phases never overlap, never run backwards, and add up to the total`(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<100 {
            var clock: Int64 = 1_000_000
            var exchange = Exchange(id: ExchangeID(1), draft: Story.draft(), at: Timestamp(nanoseconds: clock))
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                // Mostly forward, at times a little back, as stamps of two clocks do.
                clock += Int64.random(in: -50...1_000, using: &random)
                let record = TraceRecord(
                    time: Timestamp(nanoseconds: clock), exchange: ExchangeID(1), connection: nil,
                    event: Self.event(&random))
                exchange.apply(record)
                check(exchange, at: Timestamp(nanoseconds: clock + 5_000))
            }
        }
    }

    private func check(_ exchange: Exchange, at now: Timestamp) {
        var spans = exchange.phases.present.map(\.span)
        #expect(spans.filter { $0.end == nil }.count <= (exchange.isRunning ? 1 : 0))
        // By start; of two at one moment the empty one first.
        spans.sort { ($0.start, $0.end ?? now) < ($1.start, $1.end ?? now) }
        var last = exchange.startedAt
        var sum = Duration.zero
        for span in spans {
            #expect(span.start >= last)
            #expect((span.end ?? now) >= span.start)
            last = span.end ?? now
            sum += span.duration(at: now)
        }
        #expect(last <= exchange.finishedAt ?? now)
        #expect(sum + exchange.unclaimed(at: now) == exchange.total(at: now))
        #expect((exchange.timeToFirstByte ?? .zero) >= .zero)
        for attempt in exchange.attempts { #expect(attempt.span.duration(at: now) >= .zero) }
    }
}
