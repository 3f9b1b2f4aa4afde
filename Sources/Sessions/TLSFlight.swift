public import HTTPTrace

// A handshake as it travels: what one side says before it waits for the other is one flight, and a handshake costs as many
// round trips as it has pairs of them.
//
//      ClientHello ──▶
//                  ◀── ServerHello … Finished
//         Finished ──▶

/// Messages that went the same way, one right after the other.
public struct TLSFlight: Equatable, Sendable {
    public var direction: TLSMessage.Direction
    public var messages: [TLSMessage]
    /// Until the next flight, or the end of the handshake: for one we sent, the way there and back and the peer's
    /// arithmetic; for one we received, our own. Nil while it is the last and the handshake runs.
    public var end: Timestamp?

    public var start: Timestamp { messages[0].time }
    public var bytes: Int { messages.reduce(0) { $0 + Int($1.bytes) } }
}

extension Exchange {
    /// The flights of the handshake in its `tls` phase; empty without one, or when its messages were not recorded.
    public var tlsFlights: [TLSFlight] {
        guard let span = phases[.tls] else { return [] }
        var flights: [TLSFlight] = []
        for case .tlsMessage(let message) in events.lazy.map(\.event) {
            guard message.time >= span.start, message.time <= span.end ?? message.time else { continue }
            if flights.last?.direction == message.direction {
                flights[flights.count - 1].messages.append(message)
            } else {
                if !flights.isEmpty { flights[flights.count - 1].end = message.time }
                flights.append(TLSFlight(direction: message.direction, messages: [message], end: nil))
            }
        }
        if !flights.isEmpty { flights[flights.count - 1].end = span.end }
        return flights
    }

    /// Alerts of the handshake and of what came before the first bytes, in words: *"received: unknown CA"*.
    public var tlsAlerts: [TLSMessage] {
        events.compactMap { record in
            guard case .tlsMessage(let message) = record.event, case .alert = message.kind else { return nil }
            return message
        }
    }
}
