import Exports
import HTTPTrace
import Sessions

/// What a listening server has to tell without an interface: its own events, and those of what it sent on.
enum ListenEvent {
    case server(ServerRecord)
    case upstream(TraceRecord)

    var time: Timestamp {
        switch self {
        case .server(let record): record.time
        case .upstream(let record): record.time
        }
    }

    /// Both by time, each in its order.
    static func merged(_ served: [ServerRecord], _ upstream: [TraceRecord]) -> [ListenEvent] {
        let events = served.map { ListenEvent.server($0) }
        guard !upstream.isEmpty else { return events }
        return (events + upstream.map { ListenEvent.upstream($0) }).sorted { $0.time < $1.time }
    }
}

extension ServerEventLines {
    mutating func line(_ event: ListenEvent, redacting redaction: inout Redaction) -> String {
        switch event {
        case .server(let record): line(record, redacting: &redaction)
        case .upstream(let record): line(record, redacting: &redaction)
        }
    }
}
