public import HTTPTrace

// One row of the list: a request, what became of it, and where its time went. Built only by `apply`, from trace records;
// the same records always make the same exchange.

/// One request and its response.
public struct Exchange: Equatable, Sendable, Identifiable {
    public let id: ExchangeID
    public var draft: RequestDraft
    /// What made it: typed, or derived from another.
    public var cause: Cause
    /// When it was asked for. Phases are measured from here.
    public var startedAt: Timestamp
    /// When the response ended, or all failed; nil while it runs.
    public var finishedAt: Timestamp?
    /// Of the last attempt.
    public var phases = PhaseSpans()
    /// Attempts that failed before the last one, oldest first.
    public var retries: [Retry] = []
    /// The connection that carried it, and as which use.
    public var connection: GotConnection?
    /// Addresses tried by its own dial, in the order of starting. Kept when another connection served the request.
    public var attempts: [ConnectAttempt] = []
    /// What its own dial was told by a proxy that made the way; nil without one.
    public var tunnel: TunnelFacts?
    /// What its own dial learned of the handshake; nil when it used an open connection.
    public var tls: TLSFacts?
    /// Why it waits or waited for a connection; nil when the pool answered at once.
    public var queueReason: QueueReason?
    public var sentHead: SentHead?
    /// Request bytes handed to the kernel, head and body.
    public var sentBytes = 0
    /// Early answers (1xx), oldest first.
    public var informational: [ResponseHead] = []
    public var response: ResponseHead?
    /// The first byte of anything, 1xx included (Go's `GotFirstResponseByte`).
    public var firstByteAt: Timestamp?
    /// Body bytes received so far, un-chunked, in their content coding.
    public var bodyBytes = 0
    public var bodyEnd: BodyEnd?
    /// The body's bytes as far as they are kept; nil until the body has ended, or when keeping is off.
    public var body: BodyCapture?
    public var failure: Failure?
    /// What the server at its other end saw, where that server is ours: a request that came in, or the demo's.
    public var served: ServedRequest? {
        get { if case .served(let request) = serverHalf { request } else { nil } }
        set { serverHalf = newValue.map { .served($0) } ?? .none }
    }

    /// Events in the order in which they happened, up to `eventLimit`; a few more that are no parts
    /// of a body.
    public var events: [TraceRecord] = []
    /// The same of the server's side, up to the same limit.
    public var serverEvents: [ServerRecord] = []
    /// Events past the limit: counted, not kept.
    public var droppedEvents = 0

    private var serverHalf = ServerHalf.none
    private var arrival = Arrival()

    /// Whether events came in the order of their times. No part of what the exchange is.
    private struct Arrival: Equatable {
        var isInOrder = true

        static func == (_: Self, _: Self) -> Bool { true }
    }

    /// Behind a pointer: most rows have none, and a session may hold a million.
    private indirect enum ServerHalf: Equatable, Sendable {
        case none
        case served(ServedRequest)
    }

    public enum Cause: Equatable, Sendable {
        case typed
        /// It came in from a client of ours: its phases are told from the server's side, see `ServedRequest`.
        case caught
        case replay(of: ExchangeID)
        case redirect(from: ExchangeID)
    }

    public struct ConnectAttempt: Equatable, Sendable {
        public var number: Int
        public var address: NetworkAddress
        public var span: PhaseSpans.Span
        public var failure: Failure?
    }

    /// A chunked stream of hours makes an event per read: the first thousands tell the story, the rest is counted.
    public static let eventLimit = 2_000

    /// Room beyond that for all others: how it ended is told after the parts of its body.
    static let tailLimit = 100

    public init(id: ExchangeID, draft: RequestDraft, cause: Cause = .typed, at time: Timestamp) {
        self.id = id
        self.draft = draft
        self.cause = cause
        self.startedAt = time
    }
}

extension Exchange {
    /// Whether its events, applied one after the other, make just this exchange, but for its body. Not where they did not come
    /// in the order in which they are kept, some were left out, or others than they had a say.
    @inline(__always)
    var isMadeOfItsEvents: Bool {
        guard arrival.isInOrder, droppedEvents == 0, serverEvents.isEmpty, body?.problem == nil else { return false }
        return if case .none = serverHalf { true } else { false }
    }

    /// An event has come after one that happened later.
    mutating func noteLateEvent() { arrival.isInOrder = false }

    public var isRunning: Bool { finishedAt == nil }

    /// Whether it came in and was sent on: then its phases are those of the way to the server behind us.
    public var isForwarded: Bool { cause == .caught && !events.isEmpty }

    /// The final head of the answer: the server's, or our own where that of the server behind could not be passed on, or did
    /// not come.
    public var answer: ResponseHead? { isAnsweredInPlace ? served?.response : response }

    /// Whether it was sent on and is answered with something else than what came from behind.
    public var isAnsweredInPlace: Bool {
        guard isForwarded, let given = served?.response else { return false }
        return given.status != response?.status
    }

    /// Bytes of the answer's body, in its content coding.
    public var answerBytes: Int { isAnsweredInPlace ? served?.responseBytes ?? 0 : bodyBytes }

    /// Why it is a failure for its body's sake though it ended well. A client took what was sent on to it as it is: that it
    /// can't be decoded here fails nothing, and is said where the body is shown.
    var bodyProblem: Failure? {
        guard let body, cause != .caught || body.codings.isEmpty else { return nil }
        return body.problem
    }

    /// Whether it came in with a body of which the rest is missing, or has not come yet.
    public var isMissingBody: Bool { cause == .caught && served.map { !$0.hasWholeBody } ?? false }

    /// `ok` or `error:…`; nil while it runs.
    public var outcome: String? { isRunning ? nil : failure?.outcome ?? "ok" }

    /// From asking to the end; while it runs, until `now`.
    public func total(at now: Timestamp) -> Duration { max((finishedAt ?? now) - startedAt, .zero) }

    /// Asking to first response byte; nil before it.
    public var timeToFirstByte: Duration? { firstByteAt.map { $0 - startedAt } }

    /// Why `phase` has no span. Ask only for absent phases.
    public func absence(of phase: Phase) -> PhaseAbsence {
        if cause == .caught, !isForwarded { return .clientsBusiness }
        // What nobody had to do comes first: no earlier request paid for it either.
        if phase == .dns, hasLiteralHost { return .literalAddress }
        if phase == .dns, isPinned { return .pinned }
        if phase == .tls, draft.url.origin.scheme == .http { return .noTLS }
        if phase == .tunnel { return .noTunnel }
        let isSetUp = phase == .dns || phase == .connect || phase == .tls
        if isSetUp, let connection, phases[.connect] == nil {
            let id = connection.connection
            return usesItsEarlierDial ? .dialedByEarlierAttempt(id) : .reused(id)
        }
        if phase == .dns, phases[.connect] != nil { return .noLookup }
        if phase == .wait, firstByteAt != nil { return .answeredEarly }
        return .notReached
    }

    /// The phases that a table has a line for, absent ones included: all but `tunnel`, which most requests know nothing of.
    public var listedPhases: [Phase] { Phase.allCases.filter { $0 != .tunnel || phases[.tunnel] != nil } }

    private var hasLiteralHost: Bool {
        let host = draft.url.origin.host
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host.contains(":") || (parts.count == 4 && parts.allSatisfy { UInt8($0) != nil })
    }

    /// The time between the phases: scheduling, hand-overs, and where it was sent again, the attempts before and the pauses.
    /// total = sum of the phases + this.
    public func unclaimed(at now: Timestamp) -> Duration {
        // Phases never overlap: each begins at the end of the one before it, or later.
        let claimed = phases.present.reduce(Duration.zero) { $0 + $1.span.duration(at: now) }
        return max(total(at: now) - claimed, .zero)
    }
}
