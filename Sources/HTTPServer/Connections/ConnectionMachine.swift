internal import HTTPTrace

// Which state a connection is in, exactly as Go's `http.Server` reports it. It decides; `ServerConnection` does. No I/O
// and no clock here.
//
//     accepted       head read           response ended, kept
//    ──────────▶ new ─────────▶ active ───────────────────────▶ idle
//                 │              │ ▲                           │  │
//                 │              │ └──────── head read ────────┘  │
//                 │              ├──────▶ hijacked                │
//                 └──────────────┴──────▶ closed ◀────────────────┘
//
// Active means that a whole head was read, not that a byte came, as Go's documentation has it. A head that can't be
// read makes the connection active too, for the moment before it closes, if some of it was read from the wire after the
// wait for it was over: on a new connection any byte, on an idle one what comes after the first four. So an idle
// connection that gets a malformed request in one piece goes straight to closed, although it is answered.
//
// Over HTTP/2 the preface makes a connection active and idle at once; from then on it is active while streams are open.

/// The state of one server connection. Every call returns the state to report now, or nil when there is nothing to
/// report.
struct ConnectionMachine {
    /// Between requests a connection counts as resting until this much has come. Go's number: the least by which it
    /// tells a request from stray line ends.
    static let wakingBytes = 4

    /// What was reported last.
    private(set) var state = ConnectionState.new
    private var headBytes = 0
    private var readsBeyondWaking = false

    /// Whether the wait for the next request is still on: the idle limit counts, not yet the header limit.
    var isResting: Bool { state == .idle && headBytes < Self.wakingBytes }

    /// Whether the next thing to come is a request's head.
    var awaitsHead: Bool { state == .new || state == .idle }

    /// Bytes of the awaited head have come.
    ///
    /// - Parameter areNew: Whether they were read from the wire just now; false for those that came along with the
    ///   request before.
    mutating func received(_ count: Int, areNew: Bool) {
        guard count > 0, awaitsHead else { return }
        if areNew, !isResting { readsBeyondWaking = true }
        headBytes += count
    }

    /// The head of a request is complete.
    mutating func headRead() -> ConnectionState? {
        guard awaitsHead else {
            preconditionFailure("headRead() on a connection that is \(state)")
        }
        return enter(.active)
    }

    /// The head of a request was malformed, or broke off, or took too long; `closed` follows.
    mutating func headFailed() -> ConnectionState? {
        guard awaitsHead else {
            preconditionFailure("headFailed() on a connection that is \(state)")
        }
        return readsBeyondWaking ? enter(.active) : nil
    }

    /// The response is finished and whatever was left of the request is read.
    ///
    /// - Parameter isKept: Whether another request may come; if not, `closed` follows.
    mutating func responseEnded(isKept: Bool) -> ConnectionState? {
        guard state == .active else { preconditionFailure("responseEnded() on a connection that is \(state)") }
        return isKept ? enter(.idle) : nil
    }

    /// HTTP/2's preface is complete.
    mutating func prefaceRead() -> [ConnectionState] {
        guard state == .new else { return [] }
        return [enter(.active), enter(.idle)]
    }

    /// So many HTTP/2 streams are open now.
    mutating func streamsChanged(to count: Int) -> ConnectionState? {
        switch state {
        case .idle where count > 0: enter(.active)
        case .active where count == 0: enter(.idle)
        default: nil
        }
    }

    /// A handler took the connection over.
    mutating func hijacked() -> ConnectionState? {
        guard state == .active else { preconditionFailure("hijacked() on a connection that is \(state)") }
        return enter(.hijacked)
    }

    /// The connection is gone, by whichever side. Nothing is reported for one that was hijacked: it is not ours any
    /// more.
    mutating func closed() -> ConnectionState? {
        guard state != .hijacked, state != .closed else { return nil }
        return enter(.closed)
    }

    private mutating func enter(_ next: ConnectionState) -> ConnectionState {
        state = next
        headBytes = 0
        readsBeyondWaking = false
        return next
    }
}
