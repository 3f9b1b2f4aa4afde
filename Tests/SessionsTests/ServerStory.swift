import HTTPTrace
import HTTPTypes
import Sessions

/// A server's records told step by step: `at` moves the clock, the rest adds what happened.
struct ServerStory {
    private(set) var records: [ServerRecord] = []
    private var time = Timestamp.zero

    static let client = NetworkAddress(family: .ip4, ip: "192.0.2.9", port: 50_000)
    static let server = NetworkAddress(family: .ip4, ip: "192.0.2.1", port: 8080)

    /// Adds events at a time in milliseconds.
    mutating func at(_ milliseconds: Double, _ connection: Int, request: Int? = nil, _ events: ServerEvent...) {
        time = .milliseconds(milliseconds)
        for event in events {
            records.append(
                ServerRecord(
                    time: time, connection: ServerConnectionID(connection),
                    request: request.map { ServerRequestID($0) },
                    event: event))
        }
    }

    static let accepted = ServerEvent.accepted(client: client, server: server, .http)

    static func head(_ target: String = "/hook", _ fields: HTTPFields = [:], use: Int = 1) -> ServerEvent {
        let origin = Origin(scheme: .http, host: "192.0.2.1", port: 8080)
        return .requestHead(
            IncomingHead(
                method: .post, url: RequestURL(origin: origin, target: target), target: target, version: "HTTP/1.1",
                bytes: Array("POST \(target) HTTP/1.1\r\n\r\n".utf8), bodyBytes: 5, fields: fields), use: use)
    }

    static func answer(_ status: Int) -> ServerEvent {
        .responseHead(ResponseHead(status: status, reason: "", version: "HTTP/1.1", fields: [:]))
    }

    /// One request that is caught and answered: first byte at 10 ms, read by 14, answered from 34 to 36.
    static var caught: ServerStory {
        var story = ServerStory()
        story.at(1, 1, accepted, .state(.new), .protocolChosen("http/1.1"))
        story.at(10, 1, request: 1, .requestFirstByte)
        story.at(11, 1, request: 1, head("/hook", [.contentType: "application/json", .connection: "keep-alive"]))
        story.at(11, 1, .state(.active))
        story.at(11, 1, request: 1, .handlerStart)
        story.at(13, 1, request: 1, .requestBody(5))
        story.at(14, 1, request: 1, .requestEnded(bytes: 5))
        story.at(34, 1, request: 1, answer(201), .responseFirstByte)
        story.at(36, 1, request: 1, .responseLastByte(bytes: 3), .handlerDone(nil), .requestFinished(nil))
        story.at(36, 1, .state(.idle))
        return story
    }
}
