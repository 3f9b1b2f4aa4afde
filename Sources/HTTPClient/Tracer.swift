internal import HTTPTrace
internal import Transport

// Stamps the events of one exchange and tells those who listen. Costs a nil check when nobody does.
//
// Two promises are kept here, for all who record: every start has one done, and nothing follows `requestFinished`.
// A dial may outlive its request; its starts are then closed for the request, and the rest goes to nobody.

@NetworkActor
final class Tracer {
    let exchange: ExchangeID
    private let trace: ClientTrace?
    private var isOver = false
    private var open: [TraceEvent] = []
    private var lastTime = Timestamp.zero
    /// When the bytes arrived that are being understood: the moment of the events they make. Nil for all others.
    var arrival: Timestamp?

    init(exchange: ExchangeID, trace: ClientTrace?) {
        self.exchange = exchange
        self.trace = trace
    }

    /// The event is made only when somebody listens, and stamped here: times handed down from elsewhere grow old on the
    /// way and put effects before causes.
    func record(_ event: @autoclosure () -> TraceEvent, on connection: ConnectionID? = nil) {
        // Only a hook for 1xx can throw, and `recordInformational` asks it.
        try? recordOrThrow(event(), on: connection)
    }

    /// - Throws: What a `got1xxResponse` hook threw: the request is to be aborted.
    func recordInformational(_ head: @autoclosure () -> ResponseHead, on connection: ConnectionID) throws {
        try recordOrThrow(.got1xxResponse(head()), on: connection)
    }

    /// Whether anybody is told.
    var isListening: Bool { trace != nil && !isOver }

    /// Whether somebody is told of events that Go has no hook for, and that cost something to find out.
    var isRecording: Bool { !isOver && trace?.event != nil }

    /// For the steps of a dial: their starts are remembered until their dones.
    func recordDial(_ event: TraceEvent, on connection: ConnectionID) {
        guard trace != nil, !isOver else { return }
        if event.isStart { open.append(event) } else { open.removeAll { event.isDone(of: $0) } }
        if case .tlsMessage(let message) = event {
            try? recordOrThrow(event, on: connection, at: message.time)
        } else {
            record(event, on: connection)
        }
    }

    /// The last event. Later ones are dropped.
    func finish(_ failure: Failure?, on connection: ConnectionID?) {
        guard !isOver else { return }
        for start in open {
            record(start.done(Failure(.cancelled, "the request ended first; the dial went on")), on: connection)
        }
        record(.requestFinished(failure), on: connection)
        isOver = true
    }

    private func recordOrThrow(
        _ event: @autoclosure () -> TraceEvent, on connection: ConnectionID?, at time: Timestamp? = nil
    ) throws {
        guard let trace, !isOver else { return }
        // Bytes may have arrived before we came to note that ours had left: time stands still then, and never goes back.
        let time = max(time ?? arrival ?? EventLoop.shared.now, lastTime)
        lastTime = time
        try trace.deliver(TraceRecord(time: time, exchange: exchange, connection: connection, event: event()))
    }
}

extension TraceEvent {
    fileprivate var isStart: Bool {
        switch self {
        case .dnsStart, .connectStart, .tlsHandshakeStart: true
        default: false
        }
    }

    fileprivate func isDone(of start: TraceEvent) -> Bool {
        switch (self, start) {
        case (.dnsDone, .dnsStart), (.tlsHandshakeDone, .tlsHandshakeStart): true
        case (.connectDone(let attempt, _, _), .connectStart(let started, _)): attempt == started
        default: false
        }
    }

    fileprivate func done(_ failure: Failure) -> TraceEvent {
        switch self {
        case .dnsStart: .dnsDone(DNSAnswer(addresses: [], failure: failure))
        case .connectStart(let attempt, let address): .connectDone(attempt: attempt, address, failure)
        case .tlsHandshakeStart:
            .tlsHandshakeDone(TLSFacts(version: "", cipher: "", alpn: nil, serverName: nil), failure)
        default: preconditionFailure("\(self) is no start")
        }
    }
}
