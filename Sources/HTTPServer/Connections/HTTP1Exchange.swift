internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request and its response on one connection: what a handler's `ServerRequest` and `ServerResponder` stand for.
//
//                inform       start            write
//              ┌───────┐  ┌──────────▶ started ─────┐      finish
//    unanswered ◀──────┘──┤               ▲ ◀───────┘ ────────────▶ ended
//              │          └─────────── send ───────────────────────▶ ended
//              ├── sendRaw ──▶ raw
//              └── hijack ───▶ hijacked

/// The state of one exchange.
@NetworkActor
final class HTTP1Exchange: ServerExchange {
    enum Progress: Equatable {
        case unanswered
        /// `remaining`: bytes of body still owed; nil when the length is not known beforehand.
        case started(ResponsePlan, remaining: Int?)
        case ended(ResponsePlan)
        /// The handler writes as it likes.
        case raw
        case hijacked
    }

    let connection: ServerConnection
    let head: ReceivedHead
    let framing: BodyFraming
    let id: ServerRequestID
    /// Which request on the connection this is, from 1.
    let number: Int

    private(set) var progress = Progress.unanswered
    /// What the request says about reuse; nil until its last byte was read.
    private(set) var requestEnd: HTTP1End?
    private(set) var trailers: HTTPFields?
    /// Whether the client holds its body back until it sees 100 Continue.
    private(set) var awaitsInvitation: Bool
    /// What the client did wrong in its body. Nothing more can be read then.
    private(set) var bodyError: WireError?

    /// Bytes of the response's body, as the client sees it, that were handed over to be written.
    private(set) var responseBytes = 0
    private var requestBytes = 0
    private var hasToldEnd = false
    /// What had been sent on the connection before the final response; nil before its head and once its first byte went.
    private var sentBefore: Int?

    init(
        _ head: ReceivedHead, _ framing: BodyFraming, id: ServerRequestID, number: Int,
        on connection: ServerConnection
    ) {
        self.connection = connection
        self.id = id
        self.head = head
        self.framing = framing
        self.number = number
        awaitsInvitation = head.expectsContinue && !framing.isEmpty
    }

    // MARK: The request

    var method: HTTPRequest.Method { head.method }
    var target: String { head.target }
    var version: String { head.version.rawValue }
    var request: HTTPRequest { head.request(scheme: connection.scheme.rawValue) }
    var headBytes: [UInt8] { head.bytes }
    func firstValue(_ name: StaticString) -> String? { head.firstValue(name) }

    var bodyLength: Int? {
        switch framing {
        case .none, .untilClose: 0
        case .length(let count): Int(count)
        case .chunked: nil
        }
    }

    /// The head as observers are told of it.
    var incoming: IncomingHead {
        let (head, request) = (head, request)
        let url = RequestURL(
            scheme: connection.scheme, authority: request.authority, path: request.path,
            receivedAt: connection.tcp.localAddress)
        return IncomingHead(
            method: head.method, url: url, target: head.target, version: version, bytes: head.bytes,
            bodyBytes: bodyLength, fields: head.fields)
    }

    // MARK: The request's body

    func readBody() async throws -> [UInt8]? {
        guard requestEnd == nil else { return nil }
        try await invite()
        do {
            return try await readPart()
        } catch let error as WireError {
            throw ServerError.bodyBroken(error.description)
        } catch let error as StreamError {
            connection.end(because: error)
            throw ServerError.bodyBroken(error.description)
        }
    }

    /// Reads what ends a request without body, so that its verdict on reuse is known when the response is planned.
    func readEmptyBody() throws {
        guard framing.isEmpty else { return }
        while requestEnd == nil {
            guard case .end(let end)? = try connection.partAtHand() else {
                preconditionFailure("a body in a request without one")
            }
            noteEnd(end)
        }
    }

    /// - Returns: A piece of the body; nil at its end.
    /// - Throws: `WireError`, the same one at each call; `StreamError`.
    func readPart() async throws -> [UInt8]? {
        if let bodyError { throw bodyError }
        do {
            while true {
                switch try await connection.nextBodyPart() {
                case .body(let bytes):
                    requestBytes += bytes.count
                    connection.record(.requestBody(bytes.count), of: id)
                    return bytes
                case .trailers(let fields): trailers = fields
                case .end(let end):
                    noteEnd(end)
                    return nil
                case .head: preconditionFailure("a head inside a request")
                }
            }
        } catch let error as WireError {
            bodyError = error
            throw error
        }
    }

    private func noteEnd(_ end: HTTP1End) {
        requestEnd = end
        connection.record(.requestEnded(bytes: requestBytes), of: id)
    }

    /// Sends 100 Continue if the client waits for it.
    private func invite() async throws {
        guard awaitsInvitation else { return }
        guard progress == .unanswered else { throw ServerError.bodyNotInvited }
        awaitsInvitation = false
        // One that has begun to send did not wait (RFC 9110 §10.1.1).
        guard connection.input.restCount == 0 else { return }
        connection.output.append { $0.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8) }
        try await connection.flush()
        connection.record(.sent100Continue, of: id)
    }

    // MARK: The response

    func inform(_ response: HTTPResponse) async throws {
        precondition(progress == .unanswered && response.status.kind == .informational, "inform() while \(progress)")
        guard head.version == .http11 else { return }
        let head = HTTP1ResponseHead(response, body: .none, to: head.method)
        try appendToOutput { buffer throws(WireError) in try head.append(to: &buffer) }
        try await connection.flush()
        connection.record(.informational(ResponseHead(response, as: self.head.version)), of: id)
    }

    func send(_ response: HTTPResponse, _ body: [UInt8]) async throws {
        let plan = try appendHead(response, .length(body.count), isWhole: true)
        progress = .ended(plan)
        if plan.sendsBody {
            responseBytes = body.count
            connection.output.append { $0.append(contentsOf: body) }
        }
        try await connection.flush()
        noteEnded()
    }

    func start(_ response: HTTPResponse, _ body: ResponseBody) async throws {
        let plan = try appendHead(response, body, isWhole: false)
        let remaining: Int? = if case .length(let count) = body { count } else { nil }
        progress = .started(plan, remaining: remaining)
        try await connection.flush()
    }

    func write(_ bytes: [UInt8]) async throws {
        guard case .started(let plan, let remaining) = progress else {
            preconditionFailure("write() while \(progress)")
        }
        if let remaining {
            precondition(
                bytes.count <= remaining, "\(bytes.count) bytes where \(remaining) are left of the announced body")
            progress = .started(plan, remaining: remaining - bytes.count)
        }
        guard plan.sendsBody, !bytes.isEmpty else { return }
        responseBytes += bytes.count
        connection.output.append { buffer in
            if plan.framing == .chunked {
                ChunkFraming.append(bytes.span, to: &buffer)
            } else {
                buffer.append(contentsOf: bytes)
            }
        }
        try await connection.flush()
    }

    func finish(trailers: HTTPFields) async throws {
        guard case .started(let plan, let remaining) = progress else {
            preconditionFailure("finish() while \(progress)")
        }
        if plan.sendsBody, plan.framing == .chunked {
            // First: without its last chunk the body has not ended, and what follows it on the connection would be read as
            // a part of it.
            try appendToOutput { buffer throws(WireError) in
                try ChunkFraming.appendEnd(trailers: trailers, to: &buffer)
            }
        }
        progress = .ended(plan)
        guard plan.sendsBody else { return noteEnded() }
        if let remaining, remaining > 0 { return connection.abort(.responseCutShort) }
        try await connection.flush()
        noteEnded()
    }

    /// The kernel has taken the last byte of the response.
    func noteEnded() {
        hasToldEnd = true
        connection.record(.responseLastByte(bytes: responseBytes), of: id)
    }

    /// For the end of the exchange: a response that began, and whose last byte did not go, broke off.
    func noteBroken() {
        switch progress {
        case .started, .ended, .raw:
            guard !hasToldEnd else { return }
            // What the client did not take still waits.
            let bytes = max(0, responseBytes - connection.output.waiting.count)
            connection.record(.responseBroken(bytes: bytes), of: id)
        case .unanswered, .hijacked: break
        }
    }

    /// The kernel has taken what was sent on the connection up to `count`.
    func noteWritten(upTo count: Int) {
        guard let before = sentBefore, count > before else { return }
        sentBefore = nil
        connection.record(.responseFirstByte, of: id)
    }

    /// What a handler left undone: no answer at all becomes 200, a body without an end gets one.
    func finishIfNeeded() async throws {
        switch progress {
        case .unanswered: try await send(HTTPResponse(status: .ok), [])
        case .started: try await finish(trailers: [:])
        case .ended, .raw, .hijacked: break
        }
    }

    func sendRaw(_ bytes: [UInt8]) async throws {
        precondition(progress != .hijacked, "sendRaw() after hijack()")
        if progress == .unanswered { sentBefore = connection.stream.bytesSent }
        progress = .raw
        responseBytes += bytes.count
        connection.output.append { $0.append(contentsOf: bytes) }
        try await connection.flush()
    }

    func abort(because words: String?) {
        connection.abort(words.map { ServerCloseReason.sourceBroke($0) } ?? .handlerClosed)
    }

    func reset() { connection.reset() }

    func hijack() -> (stream: any ByteStream, received: [UInt8]) {
        precondition(progress == .unanswered || progress == .raw, "hijack() while \(progress)")
        progress = .hijacked
        return connection.handOver()
    }

    /// Answers 101 (or 2xx to CONNECT) and gives the stream away.
    func switchProtocols(_ response: HTTPResponse) async throws -> (stream: any ByteStream, received: [UInt8]) {
        precondition(progress == .unanswered, "switchProtocols() while \(progress)")
        let message = HTTP1ResponseHead(response, body: .none, to: head.method)
        try appendToOutput { buffer throws(WireError) in try message.append(to: &buffer) }
        progress = .raw
        sentBefore = connection.stream.bytesSent
        connection.record(.responseHead(ResponseHead(response, as: head.version)), of: id)
        try await connection.flush()
        return hijack()
    }

    // MARK: Decisions

    /// Why the connection is not kept, as far as this exchange is the reason.
    var closeReason: ServerCloseReason? {
        if case .ended(let plan) = progress, plan.framing == .untilClose {
            return head.version == .http10 ? .http10 : .bodyUntilClose
        }
        switch requestEnd {
        case nil: return bodyError.map { .broken($0.description) } ?? .bodyNotRead
        case .notReusable(.http10): return .http10
        case .notReusable(.connectionClose): return .clientSaidClose
        case .notReusable(let other): return .broken(other.description)
        case .reusable: return nil
        }
    }

    /// - Parameter isWhole: The body follows at once, so that the handler will hardly read more of the request.
    private func appendHead(_ response: HTTPResponse, _ body: ResponseBody, isWhole: Bool) throws -> ResponsePlan {
        precondition(progress == .unanswered, "a response while \(progress)")
        var response = response
        response.status = response.status.withPhrase
        let fields = response.headerFields
        let saysClose = fields[.connection]?.lowercased().contains("close") == true
        let plan = ResponsePlan(
            status: response.status.code, body: body, to: head.method, isHTTP10: head.version == .http10,
            mayBeKept: !saysClose && connection.server.mayKeep && requestMayBeReused(isWhole: isWhole))
        let message = HTTP1ResponseHead(response, body: plan.framing, to: head.method)
        sentBefore = connection.stream.bytesSent
        let start = connection.output.waiting.count
        let standing = connection.server.standingLines(besides: fields)
        try appendToOutput { buffer throws(WireError) in
            try message.append(to: &buffer)
            // Before the blank line: made once a second, they cost less so than as fields of each response.
            buffer.removeLast(2)
            buffer.append(contentsOf: standing)
            if plan.saysKeepAlive {
                buffer.append(contentsOf: "Connection: keep-alive\r\n".utf8)
            } else if !plan.isKept, !saysClose, plan.framing != .untilClose {
                buffer.append(contentsOf: "Connection: close\r\n".utf8)
            }
            buffer.append(contentsOf: "\r\n".utf8)
        }
        if connection.server.isObserved {
            let written = connection.output.waiting[start...]
            connection.record(
                .responseHead(ResponseHead(response, as: head.version, bytes: Array(written))), of: id)
        }
        return plan
    }

    /// - Throws: `ServerError.unsendable`; the output is unchanged then.
    private func appendToOutput(_ write: (inout [UInt8]) throws(WireError) -> Void) throws {
        do throws(WireError) { try connection.output.append(write) } catch {
            throw ServerError.unsendable(error.description)
        }
    }

    /// Whether the request lets the connection be used again, as far as is known now.
    private func requestMayBeReused(isWhole: Bool) -> Bool {
        if let requestEnd { return requestEnd.isReusable }
        // A client that was not invited may send its body or not (RFC 9110 §10.1.1): nobody knows where the next
        // request would begin.
        if awaitsInvitation || bodyError != nil { return false }
        if isWhole, case .length(let count) = framing, count > connection.limits.discardedBodyBytes { return false }
        return head.version == .http11 && !head.values("connection").contains { $0.lowercased().contains("close") }
    }
}

extension ResponseHead {
    /// A head that this server wrote.
    ///
    /// - Parameter bytes: As written; the fields that the server adds to every response stand only there.
    convenience init(_ response: HTTPResponse, as version: HTTP1Version, bytes: [UInt8] = []) {
        self.init(
            status: response.status.code, reason: response.status.reasonPhrase, version: version.rawValue,
            bytes: bytes, fields: response.headerFields)
    }
}
