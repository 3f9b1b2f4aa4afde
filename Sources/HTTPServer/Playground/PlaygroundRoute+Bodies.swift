internal import HTTPTrace
internal import HTTPTypes
internal import Transport

// Bodies of every size and framing, both ways.

extension PlaygroundRoute {
    static let bodies: [PlaygroundRoute] = [
        PlaygroundRoute("/bytes/{n}", "/bytes/1000000", "n bytes, byte i being i mod 251") { request, responder in
            let count = try request.number("n", in: 0...PlaygroundLimits.bodyBytes)
            try await responder.start(.binary(), .length(count))
            try await writePattern(count, responder)
        },
        PlaygroundRoute("/chunked/{n}", "/chunked/5", "n lines, each a chunk of its own") { request, responder in
            let count = try request.number("n", in: 0...PlaygroundLimits.pieces)
            try await responder.start(.text())
            for line in 0..<count { try await responder.write(Array("chunk \(line + 1) of \(count)\n".utf8)) }
        },
        PlaygroundRoute("/until-close/{n}", "/until-close/1000", "n bytes, ended by closing the connection") {
            request, responder in
            let count = try request.number("n", in: 0...PlaygroundLimits.bodyBytes)
            try await responder.start(.binary(), .untilClose)
            try await writePattern(count, responder)
        },
        PlaygroundRoute("/trailers", "/trailers", "a chunked body with its length and sum as trailers") {
            _, responder in
            let body = Array("fields can come last\n".utf8)
            let sum = body.reduce(0) { $0 + Int($1) }
            try await responder.start(.text(.ok, [.trailer: "X-Length, X-Sum"]))
            try await responder.write(body)
            try await responder.finish(trailers: [lengthName: String(body.count), sumName: String(sum)])
        },
        PlaygroundRoute("/image", "/image", "a PNG of one pixel") { _, responder in
            try await responder.send(.typed("image/png"), image)
        },
        PlaygroundRoute("/upload", "/upload", "takes a body of any size and says how it came", answer: upload),
    ]

    // 251 is prime: a piece that is lost, doubled or shifted by any buffer's size shows. Whole periods, so that blocks
    // follow on each other.
    private static let pattern = (0..<251 * 256).map { UInt8($0 % 251) }
    private static let lengthName = HTTPField.Name("X-Length")!
    private static let sumName = HTTPField.Name("X-Sum")!

    /// Writes `count` bytes of the pattern, as fast as the client takes them.
    ///
    /// - Parameter first: Which byte of the pattern comes first.
    @NetworkActor
    static func writePattern(_ count: Int, from first: Int = 0, _ responder: ServerResponder) async throws {
        var rest = count
        let skipped = first % 251
        if skipped > 0, rest > 0 {
            let head = pattern[skipped..<min(pattern.count, skipped + rest)]
            try await responder.write(Array(head))
            rest -= head.count
        }
        while rest > 0 {
            try await responder.write(rest < pattern.count ? Array(pattern[..<rest]) : pattern)
            rest -= min(rest, pattern.count)
        }
    }

    @NetworkActor
    private static func upload(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        let start = EventLoop.shared.now
        var (bytes, pieces) = (0, 0)
        while let piece = try await request.request.readBody() {
            bytes += piece.count
            pieces += 1
            guard bytes <= PlaygroundLimits.bodyBytes else { return try await responder.send(.text(.contentTooLarge)) }
        }
        let answer: [(String, JSONText)] = [
            ("bytes", .number(bytes)),
            ("announcedBytes", request.request.bodyLength.map { .number($0) } ?? .null),
            ("pieces", .number(pieces)),
            ("microseconds", .number(Int((EventLoop.shared.now - start).nanoseconds / 1000))),
        ]
        try await responder.send(.json(), JSONText.object(answer).bytes)
    }

    private static let image: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53,
        0xDE, 0x00, 0x00, 0x00, 0x0C, 0x49, 0x44, 0x41, 0x54, 0x78, 0xDA, 0x63, 0xD0, 0x9A, 0xDB, 0x0F,
        0x00, 0x02, 0x4B, 0x01, 0x57, 0x77, 0xDD, 0x4D, 0x9F, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E,
        0x44, 0xAE, 0x42, 0x60, 0x82,
    ]
}
