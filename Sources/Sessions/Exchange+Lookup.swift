public import HTTPTrace

// What an exchange's own dial learned of the name and the way there. Found among its events when somebody looks: one row
// in thousands is looked at, and the others pay nothing for it.

extension Exchange {
    /// A name and what was said of it.
    public struct Lookup: Equatable, Sendable {
        public var host: String
        /// One family's part each, as they arrived; empty where we asked no server ourselves.
        public var records: [DNSRecords] = []
        /// Nil while it runs.
        public var answer: DNSAnswer?
    }

    /// Of its last dial; nil when that looked nothing up.
    public var lookup: Lookup? {
        var lookup: Lookup?
        for record in events {
            switch record.event {
            case .dnsStart(let host): lookup = Lookup(host: host)
            case .dnsAnswered(let records): lookup?.records.append(records)
            case .dnsDone(let answer): lookup?.answer = answer
            default: break
            }
        }
        return lookup
    }

    /// What was asked of the server behind; nil for what was not sent on.
    public var sentOn: RequestedHead? {
        guard isForwarded else { return nil }
        for record in events {
            if case .requestStarted(let head) = record.event { return head }
        }
        return nil
    }

    /// What the kernel said of the connection, from its dial, where this exchange made it, to the response's end.
    public var tcpFacts: [TCPFacts] {
        events.compactMap { if case .tcpMeasured(let facts) = $0.event { facts } else { nil } }
    }

    /// For how long, at most, the server could not send the body because its reader was behind; nil when that never was so.
    /// At least so long where events were dropped.
    public var heldUp: Duration? {
        var total: Duration?
        for record in events {
            // What had arrived by then was only read late.
            guard case .bodyHeldUp(let duration) = record.event, bodyEnd == nil || record.time < lastArrival else {
                continue
            }
            total = (total ?? .zero) + duration
        }
        return total
    }

    /// How long the body was held back for a 100 Continue: a part of `send`.
    public struct ContinueWait: Equatable, Sendable {
        public var time: Duration
        /// False where the limit ran out, which no event tells: writing the body is in it then.
        public var isExact: Bool

        public init(time: Duration, isExact: Bool) {
            self.time = time
            self.isExact = isExact
        }
    }

    /// Of the last attempt; nil where no 100 was asked for, and while it is waited for.
    public var continueWait: ContinueWait? {
        guard let start = events.lastIndex(where: { $0.event == .wait100Continue }) else { return nil }
        for record in events[start...] {
            let time = max(record.time - events[start].time, .zero)
            switch record.event {
            case .got100Continue, .responseHead: return ContinueWait(time: time, isExact: true)
            case .wroteRequest: return ContinueWait(time: time, isExact: false)
            case .attemptRetried: return nil
            default: continue
            }
        }
        return nil
    }

    /// When the body was over; the far future while it is not.
    private var lastArrival: Timestamp { phases[.receive]?.end ?? Timestamp(nanoseconds: .max) }

    /// Whether its dial took addresses that were given beforehand.
    public var isPinned: Bool {
        events.contains { if case .addressPinned = $0.event { true } else { false } }
    }

    /// Where its dial was led instead, as `host:port`; nil when it went where the URL says.
    public var detour: String? {
        for record in events { if case .dialRedirected(_, let goal) = record.event { return goal } }
        return nil
    }
}
