internal import HTTPTrace
internal import HTTPTypes
internal import Transport

// Servers that take their time, each in another phase of the response.

extension PlaygroundRoute {
    static let timing: [PlaygroundRoute] = [
        PlaygroundRoute("/delay/{ms}", "/delay/250", "answers after ms milliseconds") { request, responder in
            let limit = Int(PlaygroundLimits.pause.components.seconds) * 1000
            let delay = try request.number("ms", in: 0...limit)
            try await Pause.wait(for: .milliseconds(delay))
            try await responder.send(.text(), Array("waited \(delay) ms\n".utf8))
        },
        PlaygroundRoute("/drip", "/drip?bytes=100&chunks=5&gap=100", "bytes in so many chunks, gap ms apart") {
            request, responder in
            let bytes = try request.number("bytes", in: 0...PlaygroundLimits.bodyBytes, else: 100)
            let chunks = try request.number("chunks", in: 1...PlaygroundLimits.pieces, else: 5)
            let gap = try request.pause("gap", else: .milliseconds(100))
            try await responder.start(.binary())
            for chunk in 0..<chunks {
                if chunk > 0 { try await Pause.wait(for: gap) }
                try await writePattern(bytes * (chunk + 1) / chunks - bytes * chunk / chunks, responder)
            }
        },
        PlaygroundRoute(
            "/slow-head", "/slow-head?ms=500", "the head in four pieces over ms milliseconds", answer: slowHead),
        PlaygroundRoute(
            "/server-timing", "/server-timing", "Server-Timing with what really took the time", answer: serverTiming),
        PlaygroundRoute("/sse", "/sse?n=5&gap=200", "n server-sent events, gap ms apart") { request, responder in
            let count = try request.number("n", in: 0...PlaygroundLimits.pieces, else: 5)
            let gap = try request.pause("gap", else: .milliseconds(200))
            try await responder.start(.typed("text/event-stream", .ok, [.cacheControl: "no-store"]))
            for event in 0..<count {
                if event > 0 { try await Pause.wait(for: gap) }
                try await responder.write(Array("id: \(event + 1)\nevent: tick\ndata: {\"n\":\(event + 1)}\n\n".utf8))
            }
        },
        PlaygroundRoute("/hang", "/hang", "takes the request and says nothing", .silence) { _, responder in
            try await Pause.wait(for: PlaygroundLimits.hang)
            responder.abort()
        },
    ]

    @NetworkActor
    private static func slowHead(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        try request.needHTTP1()
        let time = try request.pause("ms", else: .milliseconds(500))
        let pieces = [
            "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\nContent-Le", "ngth: 9\r\nConnection: close\r\n",
            "\r\nat last.\n",
        ]
        for piece in pieces {
            if piece != pieces[0] { try await Pause.wait(for: time / (pieces.count - 1)) }
            try await responder.sendRaw(Array(piece.utf8))
        }
    }

    @NetworkActor
    private static func serverTiming(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        var metrics: [String] = []
        for (name, words, time) in [("db", "query", 30), ("render", "page", 10)] {
            let start = EventLoop.shared.now
            try await Pause.wait(for: .milliseconds(time))
            let microseconds = (EventLoop.shared.now - start).nanoseconds / 1000
            metrics.append("\(name);desc=\"\(words)\";dur=\(Double(microseconds) / 1000)")
        }
        let fields: HTTPFields = [HTTPField.Name("Server-Timing")!: metrics.joined(separator: ", ")]
        try await responder.send(.text(.ok, fields), Array("see Server-Timing\n".utf8))
    }
}
