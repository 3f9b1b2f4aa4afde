public import HTTPTrace

// What Go's users count by hand in their ConnState callbacks (golang/go#36538): how many connections are in which state,
// and how long they stay in it. It decides nothing and asks no clock.

/// How many connections of a server are in which state now, how often each was entered, and for how long in all.
public struct ServerGauge: Equatable, Sendable {
    /// One state's figures.
    public struct Figures: Equatable, Sendable {
        /// Connections that are in it now; for `hijacked` and `closed`, which are final, the same as `entered`.
        public var now = 0
        /// How often it was entered.
        public var entered = 0
        /// What the connections that have left it spent in it, together.
        public var spent = Duration.zero

        /// What one connection spent in it on average; nil before the first has left it.
        public var mean: Duration? { entered > now ? spent / (entered - now) : nil }
    }

    private var figures = [Figures](repeating: Figures(), count: ConnectionState.allCases.count)

    public init() {}

    public subscript(state: ConnectionState) -> Figures {
        get { figures[state.order] }
        set { figures[state.order] = newValue }
    }

    /// Connections that are open and not taken over.
    public var open: Int { self[.new].now + self[.active].now + self[.idle].now }

    /// A connection entered `state`, and left `before`, in which it was for `duration`; nil for one just accepted.
    mutating func enter(_ state: ConnectionState, from before: (state: ConnectionState, duration: Duration)?) {
        if let before {
            self[before.state].now -= 1
            self[before.state].spent += before.duration
        }
        self[state].now += 1
        self[state].entered += 1
    }
}

extension ConnectionState {
    fileprivate var order: Int {
        switch self {
        case .new: 0
        case .active: 1
        case .idle: 2
        case .hijacked: 3
        case .closed: 4
        }
    }
}
