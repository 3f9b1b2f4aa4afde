internal import HTTPTrace
internal import HTTPTypes
internal import Transport

// The corners of the protocol: ranges, early answers, refused uploads, upgrades, and connections that end otherwise than
// they were told to.

extension PlaygroundRoute {
    static let corners: [PlaygroundRoute] = [
        PlaygroundRoute(
            "/range/{n}", "/range/1000", "n bytes as in /bytes, or the part that Range asks for", answer: range),
        PlaygroundRoute("/interim", "/interim", "102, 103 and 103 before the response") { _, responder in
            try await responder.inform(.init(code: 102, reasonPhrase: "Processing"))
            for name in ["/image", "/json"] {
                try await responder.inform(
                    .init(code: 103, reasonPhrase: "Early Hints"),
                    [HTTPField.Name("Link")!: "<\(name)>; rel=preload"])
            }
            try await responder.send(.text(), Array("three answers came first\n".utf8))
        },
        PlaygroundRoute(
            "/refuse-upload", "/refuse-upload", "403 without a look at the body: 100 Continue is never sent",
            .status(403)
        ) { _, responder in
            try await responder.send(.text(.forbidden), Array("not wanted\n".utf8))
        },
        PlaygroundRoute("/large-head/{n}", "/large-head/100", "n fields of 100 bytes each in the head") {
            request, responder in
            var fields = HTTPFields()
            for number in 0..<(try request.number("n", in: 0...PlaygroundLimits.headFields)) {
                fields[HTTPField.Name("X-Field-\(number)")!] = String(repeating: "x", count: 80)
            }
            try await responder.send(.text(.ok, fields), Array("\(fields.count) fields\n".utf8))
        },
        PlaygroundRoute("/auth", "/auth", "401 unless the user is open with the password sesame", .status(401)) {
            request, responder in
            guard request.request.firstValue("authorization") == "Basic b3BlbjpzZXNhbWU=" else {
                return try await responder.send(
                    .text(.unauthorized, [.wwwAuthenticate: "Basic realm=\"playground\""]), Array("who?\n".utf8))
            }
            try await responder.send(.text(), Array("come in\n".utf8))
        },
        PlaygroundRoute(
            "/cookies", "/cookies?taste=sweet", "sets the query's items as cookies, and says which came",
            answer: cookies),
        PlaygroundRoute(
            "/upgrade", "/upgrade", "101 for Upgrade: echo, then every byte comes back; else 426", .status(426),
            answer: upgrade),
        PlaygroundRoute(
            "/keep-alive", "/keep-alive", "Keep-Alive: timeout=1, max=2, which is not kept to"
        ) { _, responder in
            try await responder.send(
                .text(.ok, [HTTPField.Name("Keep-Alive")!: "timeout=1, max=2"]), Array("for a while\n".utf8))
        },
        PlaygroundRoute(
            "/close-unsaid", "/close-unsaid",
            "closes after the response without having said so: the next request runs into it"
        ) { request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(Array("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsurprise".utf8))
        },
        PlaygroundRoute("/stray-bytes", "/stray-bytes", "ten bytes behind the response that nobody asked for") {
            request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore bytes".utf8))
            try await Pause.wait(for: .milliseconds(100))
        },
        PlaygroundRoute(
            "/two-lengths", "/two-lengths", "Content-Length 5 and 6 at once: some clients take the first"
        ) { request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!".utf8))
        },
        PlaygroundRoute("/bad-chunk", "/bad-chunk", "a second chunk whose size is no number", .broken) {
            request, responder in
            try request.needHTTP1()
            try await responder.sendRaw(
                Array(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\nworld\r\n0\r\n\r\n".utf8)
            )
        },
        PlaygroundRoute("/no-last-chunk", "/no-last-chunk", "chunks, and the end without the last one", .broken) {
            _, responder in
            try await responder.start(.text())
            try await responder.write(Array("never finished\n".utf8))
            responder.abort()
        },
    ]

    @NetworkActor
    private static func range(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        let count = try request.number("n", in: 0...PlaygroundLimits.bodyBytes)
        let accepts: HTTPFields = [.acceptRanges: "bytes"]
        guard let wanted = request.request.firstValue("range"), let range = ByteRange(wanted, of: count) else {
            try await responder.start(.binary(accepts), .length(count))
            return try await writePattern(count, responder)
        }
        guard case .part(let first, let last) = range else {
            return try await responder.send(.text(.rangeNotSatisfiable, [.contentRange: "bytes */\(count)"]))
        }
        var fields = accepts
        fields[.contentRange] = "bytes \(first)-\(last)/\(count)"
        try await responder.start(
            .typed("application/octet-stream", .partialContent, fields), .length(last - first + 1))
        try await writePattern(last - first + 1, from: first, responder)
    }

    @NetworkActor
    private static func cookies(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        var fields = HTTPFields()
        for item in request.query {
            guard item.name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }),
                item.value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
            else { throw PlaygroundRequest.Problem(words: "a cookie's name and value are letters and digits here") }
            fields.append(HTTPField(name: .setCookie, value: "\(item.name)=\(item.value); Path=/"))
        }
        let came = request.request.firstValue("cookie") ?? ""
        let answer = JSONText.object([("came", .text(came)), ("set", .number(request.query.count))])
        try await responder.send(.json(fields), answer.bytes)
    }

    @NetworkActor
    private static func upgrade(_ request: PlaygroundRequest, _ responder: ServerResponder) async throws {
        try request.needHTTP1()
        guard request.request.firstValue("upgrade")?.lowercased() == "echo" else {
            return try await responder.send(
                .text(.upgradeRequired, [.upgrade: "echo", .connection: "upgrade"]), Array("Upgrade: echo\n".utf8))
        }
        let (stream, received) = try await responder.switchProtocols(
            HTTPResponse(status: .switchingProtocols, headerFields: [.upgrade: "echo", .connection: "upgrade"]))
        try await stream.writeAll(received)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer {
            buffer.deallocate()
            stream.close()
        }
        while case let count = try await stream.read(into: buffer), count > 0 {
            try await stream.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

/// What a Range field asks for (RFC 9110 §14.1.2): one range of bytes; lists of ranges are not understood, and then the
/// whole is sent, as the standard allows.
enum ByteRange: Equatable {
    case part(first: Int, last: Int)
    /// Beyond the end.
    case unsatisfiable

    /// - Returns: Nil for what is not understood.
    init?(_ field: String, of count: Int) {
        guard field.hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, let last):
            guard ends[1].isEmpty || last.map({ $0 >= first }) == true else { return nil }
            self = first < count ? .part(first: first, last: min(last ?? count - 1, count - 1)) : .unsatisfiable
        case (nil, let suffix?) where ends[0].isEmpty:
            self = suffix > 0 && count > 0 ? .part(first: max(0, count - suffix), last: count - 1) : .unsatisfiable
        default: return nil
        }
    }
}
