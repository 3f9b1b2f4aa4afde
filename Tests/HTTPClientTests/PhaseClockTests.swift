import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPClient

@Suite("Times in the words of limits")
struct PhaseClockTests {
    private let address = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 443)

    private func got(reused: Bool) -> TraceEvent {
        .gotConn(
            GotConnection(
                connection: ConnectionID(1), local: address, remote: address, isReused: reused, idleTime: nil, use: 1))
    }

    @Test func `each phase lasts until the next begins`() {
        var clock = PhaseClock()
        for (milliseconds, event) in [
            (0, .getConn(hostPort: "a:443")), (1, .dnsStart(host: "a")), (3, .connectStart(attempt: 1, address)),
            (10, .connectStart(attempt: 2, address)), (20, .tlsHandshakeStart), (50, got(reused: false)),
            (51, .flushed(bytes: 90)),
        ] as [(Int, TraceEvent)] {
            clock.note(event, at: .zero + .milliseconds(milliseconds))
        }
        #expect(
            clock.words(at: .seconds(2))
                == "queued 1.0 ms, dns 2.0 ms, connect 17 ms, tls 30 ms, send 1.0 ms, wait 1.95 s")
    }

    @Test func `after an early answer the wait goes on`() {
        var clock = PhaseClock()
        let hints = ResponseHead(status: 103, reason: "", version: "HTTP/1.1", fields: [:])
        for (milliseconds, event) in [
            (0, .getConn(hostPort: "a:80")), (5, got(reused: true)), (6, .flushed(bytes: 90)),
            (8, .gotFirstResponseByte),
            (8, .got1xxResponse(hints)),
        ] as [(Int, TraceEvent)] {
            clock.note(event, at: .zero + .milliseconds(milliseconds))
        }
        #expect(clock.words(at: .zero + .milliseconds(20)) == "queued 5.0 ms, send 1.0 ms, wait 14 ms")
        clock.note(.responseHead(hints), at: .zero + .milliseconds(30))
        #expect(clock.words(at: .zero + .milliseconds(40)) == "queued 5.0 ms, send 1.0 ms, wait 24 ms, receive 10 ms")
    }

    @Test func `a dial that lost, and an attempt that failed, are left out`() {
        var clock = PhaseClock()
        for (milliseconds, event) in [
            (0, .getConn(hostPort: "a:443")), (1, .connectStart(attempt: 1, address)), (5, got(reused: true)),
            (6, .flushed(bytes: 90)), (9, .tlsHandshakeStart),
        ] as [(Int, TraceEvent)] {
            clock.note(event, at: .zero + .milliseconds(milliseconds))
        }
        #expect(clock.words(at: .zero + .milliseconds(20)) == "queued 5.0 ms, send 1.0 ms, wait 14 ms")
        clock.note(.attemptRetried(Failure(.reset, ""), number: 2), at: .zero)
        #expect(clock.words(at: .seconds(1)) == "")
    }
}
