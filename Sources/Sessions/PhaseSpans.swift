public import HTTPTrace

/// From when to when each phase ran. A phase that did not happen has no span, never a span of zero.
public struct PhaseSpans: Equatable, Sendable {
    public struct Span: Equatable, Sendable {
        public var start: Timestamp
        /// Nil while the phase runs.
        public var end: Timestamp?

        public init(start: Timestamp, end: Timestamp? = nil) {
            self.start = start
            self.end = end
        }

        /// Its length; while it runs, its length until `now`. Never negative.
        public func duration(at now: Timestamp) -> Duration { max((end ?? now) - start, .zero) }
    }

    // Eight optionals side by side instead of a dictionary: a session holds a million of these.
    private var queued, dns, connect, tunnel, tls, send, wait, receive: Span?

    public init() {}

    public subscript(phase: Phase) -> Span? {
        get {
            switch phase {
            case .queued: queued
            case .dns: dns
            case .connect: connect
            case .tunnel: tunnel
            case .tls: tls
            case .send: send
            case .wait: wait
            case .receive: receive
            }
        }
        set {
            switch phase {
            case .queued: queued = newValue
            case .dns: dns = newValue
            case .connect: connect = newValue
            case .tunnel: tunnel = newValue
            case .tls: tls = newValue
            case .send: send = newValue
            case .wait: wait = newValue
            case .receive: receive = newValue
            }
        }
    }

    /// The phase that is running; nil when none is.
    public var running: Phase? { Phase.allCases.last { self[$0].map { $0.end == nil } ?? false } }

    /// Whether nothing has begun.
    public var isEmpty: Bool { self == PhaseSpans() }

    /// The phases that happened or are happening, in order.
    public var present: [(phase: Phase, span: Span)] {
        Phase.allCases.compactMap { phase in self[phase].map { (phase, $0) } }
    }

    /// When the last of the ended phases ended; nil while none has.
    public var lastEnd: Timestamp? {
        var last: Timestamp?
        // One by one: four times a request, a walk over all phases takes longer than all else that is done here.
        Self.note(queued, in: &last)
        Self.note(dns, in: &last)
        Self.note(connect, in: &last)
        Self.note(tunnel, in: &last)
        Self.note(tls, in: &last)
        Self.note(send, in: &last)
        Self.note(wait, in: &last)
        Self.note(receive, in: &last)
        return last
    }

    @inline(__always)
    private static func note(_ span: Span?, in last: inout Timestamp?) {
        guard let end = span?.end else { return }
        last = last.map { max($0, end) } ?? end
    }

    /// Begins a phase, and ends the one that runs: phases follow each other, so that their sum never passes the total.
    ///
    /// A time before the end of an earlier phase is taken as that end. Stamps of the kernel and our own differ by
    /// microseconds, and a connection attempt may start while half of the names are still being looked up.
    mutating func begin(_ phase: Phase, at time: Timestamp) {
        endAll(at: time)
        self[phase] = nil
        self[phase] = Span(start: max(time, lastEnd ?? time))
    }

    /// Lets the phase that ended last run on, as if it had not ended; nothing changes when another came after it.
    mutating func resume(_ phase: Phase) {
        guard running == nil, let end = self[phase]?.end, end == lastEnd else { return }
        self[phase]?.end = nil
    }

    /// Ends the phase when it runs; otherwise nothing changes, so that a late event can't stretch a finished phase.
    mutating func end(_ phase: Phase, at time: Timestamp) {
        guard let span = self[phase], span.end == nil else { return }
        self[phase]?.end = max(time, span.start)
    }

    mutating func endAll(at time: Timestamp) {
        Self.end(&queued, at: time)
        Self.end(&dns, at: time)
        Self.end(&connect, at: time)
        Self.end(&tunnel, at: time)
        Self.end(&tls, at: time)
        Self.end(&send, at: time)
        Self.end(&wait, at: time)
        Self.end(&receive, at: time)
    }

    @inline(__always)
    private static func end(_ span: inout Span?, at time: Timestamp) {
        guard let start = span?.start, span?.end == nil else { return }
        span?.end = max(time, start)
    }
}

/// Why a phase has no span.
public enum PhaseAbsence: Equatable, Sendable {
    /// An open connection was used: its set-up was paid by an earlier request.
    case reused(ConnectionID)
    /// The connection was set up by an earlier attempt of this very request.
    case dialedByEarlierAttempt(ConnectionID)
    /// The host is an address already.
    case literalAddress
    /// The host's addresses were given beforehand (`--resolve`).
    case pinned
    /// What was dialed is an address already, though the host is none: a proxy's, or the one that stands for it.
    case noLookup
    /// The scheme is http.
    case noTLS
    /// No proxy stands between, or none that makes a way.
    case noTunnel
    /// The response came before the request was written.
    case answeredEarly
    /// It came in from a client: what it took that client to get here, it alone knows.
    case clientsBusiness
    /// It ended before that; or has not come so far yet.
    case notReached
}
