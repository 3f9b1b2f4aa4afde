internal import HTTPTrace

// What a limit's error says beside its value: where the time went. Kept only for requests that have such a limit, since
// it looks at every event.

/// When each phase of an attempt began, as the events tell.
struct PhaseClock {
    private var marks: [(phase: Phase, start: Timestamp)] = []
    private var isMakingTunnel = false

    mutating func note(_ event: TraceEvent, at now: Timestamp) {
        switch event {
        case .getConn: begin(.queued, at: now)
        case .dnsStart: if !isMakingTunnel { begin(.dns, at: now) }
        case .connectStart: begin(.connect, at: now)
        case .tunnelStart:
            begin(.tunnel, at: now)
            isMakingTunnel = true
        case .tunnelDone: isMakingTunnel = false
        case .tlsHandshakeStart: if !isMakingTunnel { begin(.tls, at: now) }
        case .gotConn(let got):
            // The dial's phases are not this request's then.
            if got.isReused { marks.removeAll { $0.phase != .queued } }
            begin(.send, at: now)
        case .flushed: begin(.wait, at: now)
        case .gotFirstResponseByte, .responseHead: begin(.receive, at: now)
        // The answer proper is still to come.
        case .got1xxResponse: marks.removeAll { $0.phase == .receive }
        case .attemptRetried: marks = []
        default: break
        }
    }

    private mutating func begin(_ phase: Phase, at now: Timestamp) {
        // Attempts overlap, a late dial goes on, and an answer may come before all is written.
        if let last = marks.last, last.phase >= phase { return }
        marks.append((phase, now))
    }

    /// `queued 0.1 ms, connect 12 ms, wait 1.99 s`; empty when nothing had begun.
    func words(at now: Timestamp) -> String {
        marks.indices.map { index in
            let end = index + 1 < marks.count ? marks[index + 1].start : now
            return "\(marks[index].phase.rawValue) \(figure(end - marks[index].start))"
        }.joined(separator: ", ")
    }

    private func figure(_ duration: Duration) -> String {
        guard duration < .milliseconds(10) else { return duration.inWords }
        return "\((duration.milliseconds * 10).rounded() / 10) ms"
    }
}
