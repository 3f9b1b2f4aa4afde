internal import HTTPTrace
internal import HTTPTypes
internal import Transport

// What well-behaved servers say every day.

extension PlaygroundRoute {
    static let index = PlaygroundRoute("/", "/", "this list") { _, responder in
        try await responder.send(.typed("text/html; charset=utf-8"), Array(indexPage.utf8))
    }

    private static let indexPage: String = {
        let rows = all.map { route in
            "<tr><td><a href=\"\(escaped(route.example))\">\(escaped(route.path))</a><td>\(escaped(route.words))"
        }
        return """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>roundtrip playground</title>
            <h1>roundtrip playground</h1>
            <table>
            \(rows.joined(separator: "\n"))
            </table>

            """
    }()

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }

    static let ordinary: [PlaygroundRoute] = [
        PlaygroundRoute(
            "/echo", "/echo", "what was received, as JSON; any method, with or without a body", answer: echo),
        PlaygroundRoute("/json", "/json", "a small JSON document") { _, responder in
            let planets = [("Mercury", 88), ("Venus", 225), ("Earth", 365), ("Mars", 687)]
            let list = planets.map { JSONText.object([("name", .text($0.0)), ("yearDays", .number($0.1))]) }
            try await responder.send(.json(), JSONText.object([("planets", .list(list)), ("moreToCome", .null)]).bytes)
        },
        PlaygroundRoute("/status/{code}", "/status/503", "this status, 200 to 599", .status(503)) {
            request, responder in
            let status = HTTPResponse.Status(code: try request.number("code", in: 200...599)).withPhrase
            try await responder.send(.text(status), Array("\(status.code) \(status.reasonPhrase)\n".utf8))
        },
        PlaygroundRoute(
            "/headers", "/headers?X-Name=value", "the query's items as fields of the response", answer: headers),
        PlaygroundRoute("/redirect/{n}", "/redirect/3", "n redirects in a row, then /echo", .status(302)) {
            request, responder in
            let count = try request.number("n", in: 1...PlaygroundLimits.redirects)
            try await responder.send(.text(.found, [.location: count > 1 ? "/redirect/\(count - 1)" : "/echo"]))
        },
        PlaygroundRoute(
            "/redirect-to", "/redirect-to?url=/json", "a redirect to url, status 301 to 308 as asked", .status(302)
        ) {
            request, responder in
            guard let url = request.query.first(where: { $0.name == "url" })?.value, !url.isEmpty else {
                throw PlaygroundRequest.Problem(words: "url is missing")
            }
            let status = try request.number("status", in: 301...308, else: 302)
            try await responder.send(.text(.init(code: status), [.location: url]))
        },
        PlaygroundRoute("/close", "/close", "Connection: close; over HTTP/2, GOAWAY") { _, responder in
            try await responder.send(
                .text(.ok, [.connection: "close"]), Array("the connection is closed after this\n".utf8))
        },
        PlaygroundRoute("/early-hints", "/early-hints?gap=100", "103 Early Hints, and the response gap ms later") {
            request, responder in
            let gap = try request.pause("gap", else: .milliseconds(100))
            try await responder.inform(
                .init(code: 103, reasonPhrase: "Early Hints"),
                [HTTPField.Name("Link")!: "</image>; rel=preload; as=image"])
            try await Pause.wait(for: gap)
            try await responder.send(.text(), Array("the hint came first\n".utf8))
        },
    ]

    @NetworkActor
    private static func echo(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        let received = request.request
        var body: [UInt8] = []
        var count = 0
        while let piece = try await received.readBody() {
            count += piece.count
            body += piece.prefix(PlaygroundLimits.echoedBytes - body.count)
        }
        let answer: [(String, JSONText)] = [
            ("method", .text(received.method.rawValue)),
            ("target", .text(received.target)),
            ("version", .text(received.version)),
            ("scheme", .text(received.scheme.rawValue)),
            ("headers", json(received.httpRequest.headerFields)),
            ("body", .text(String(decoding: body, as: UTF8.self))),
            ("bodyBytes", .number(count)),
            ("trailers", received.trailers.map(json) ?? .null),
            ("client", .text(received.clientAddress.description)),
            ("connection", .text(received.connection.description)),
            ("requestOnConnection", .number(received.number)),
        ]
        try await responder.send(.json(), JSONText.object(answer).bytes)
    }

    /// As pairs: names repeat, and order and case are worth seeing.
    private static func json(_ fields: HTTPFields) -> JSONText {
        .list(fields.map { .list([.text($0.name.rawName), .text($0.value)]) })
    }

    @NetworkActor
    private static func headers(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        var fields = HTTPFields()
        for item in request.query {
            guard let name = HTTPField.Name(item.name), ![.contentLength, .transferEncoding].contains(name) else {
                throw PlaygroundRequest.Problem(words: "\(item.name) can't be a field of this response")
            }
            fields.append(HTTPField(name: name, value: item.value))
        }
        try await responder.send(.text(.ok, fields), Array("\(fields.count) fields\n".utf8))
    }
}
