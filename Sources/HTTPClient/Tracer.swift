import HTTPTrace
import Transport

/// Stamps events and tells those who listen to one exchange. Costs a nil check when nobody does.
@NetworkActor
struct Tracer {
    let exchange: ExchangeID
    private let trace: ClientTrace?
    private let loop: EventLoop

    init(exchange: ExchangeID, trace: ClientTrace?, loop: EventLoop) {
        self.exchange = exchange
        self.trace = trace
        self.loop = loop
    }

    var isListening: Bool { trace != nil }

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

    private func recordOrThrow(_ event: @autoclosure () -> TraceEvent, on connection: ConnectionID?) throws {
        guard let trace else { return }
        try trace.deliver(TraceRecord(time: loop.now, exchange: exchange, connection: connection, event: event()))
    }
}
