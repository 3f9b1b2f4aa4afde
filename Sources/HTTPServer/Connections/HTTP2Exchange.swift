internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request and its response on one HTTP/2 stream. The picture is that of `HTTP1Exchange`, without its ways out of HTTP:
// a stream has no bytes of its own.

/// The state of one stream.
@NetworkActor
final class HTTP2Exchange: ServerExchange {
    private enum Progress: Equatable {
        case unanswered
        /// `remaining`: bytes of body still owed; nil when the length is not known beforehand.
        case started(sendsBody: Bool, remaining: Int?)
        case ended
    }

    let connection: ServerConnection
    let id: ServerRequestID
    let number: Int
    private let conversation: HTTP2Conversation
    private let head: HTTP2Head
    private let stream: HTTP2StreamID
    /// Whether its head is all of the request.
    private let isHeadAll: Bool

    private var progress = Progress.unanswered
    private var pieces: [[UInt8]] = []
    private(set) var trailers: HTTPFields?
    private var requestBytes = 0
    private var responseBytes = 0
    /// Bytes of the response's body that stand in frames.
    private var framedBytes = 0
    private var hasResponse = false
    private var hasEnded = false
    /// How the stream ended; nil while it is open.
    private var end: HTTP2StreamEnd?
    private var isClosed = false
    private var awaitsInvitation: Bool
    private var hasToldFirst = false
    private var isFinished = false
    /// How that broke which the handler passed on.
    private var brokenSource: String?
    /// Whether the response's last frame stands in the output.
    private var isWritten = false
    /// Whether the kernel has it.
    private(set) var isTaken = false
    private var hasHandlerReturned = false
    private let reading = WaitingPlace()

    init(
        _ head: HTTP2Head, isAll: Bool, _ stream: HTTP2StreamID, id: ServerRequestID, number: Int,
        in conversation: HTTP2Conversation
    ) {
        self.head = head
        isHeadAll = isAll
        self.stream = stream
        self.id = id
        self.number = number
        self.conversation = conversation
        connection = conversation.connection
        awaitsInvitation = head.firstValue("expect")?.lowercased() == "100-continue"
    }

    private var session: HTTP2Session { conversation.session }

    // MARK: The request

    var request: HTTPRequest { head.request }
    var method: HTTPRequest.Method { head.method.flatMap { HTTPRequest.Method($0) } ?? .get }
    var target: String { head.path ?? head.authority ?? "" }
    var version: String { "HTTP/2" }
    var headBytes: [UInt8] {
        Array("\(method.rawValue) \(target) \(version)\r\n".utf8) + head.lines + Array("\r\n".utf8)
    }
    func firstValue(_ name: StaticString) -> String? { head.firstValue(name) }

    var bodyLength: Int? {
        if isHeadAll || (hasEnded && requestBytes == 0) { return 0 }
        return head.firstValue("content-length").flatMap { Int($0) }
    }

    /// Whether the handler waits for more of the body.
    private(set) var awaitsBody = false

    var incoming: IncomingHead {
        let request = head.request
        let url = RequestURL(
            scheme: connection.scheme, authority: request.authority, path: request.path,
            receivedAt: connection.tcp.localAddress)
        return IncomingHead(
            method: method, url: url, target: target, version: version, bytes: headBytes, bodyBytes: bodyLength,
            fields: request.headerFields)
    }

    func readBody() async throws -> [UInt8]? {
        if awaitsInvitation, !hasEnded, pieces.isEmpty {
            guard progress == .unanswered else { throw ServerError.bodyNotInvited }
            awaitsInvitation = false
            try await inform(HTTPResponse(status: .continue))
            connection.record(.sent100Continue, of: id)
        }
        while true {
            if !pieces.isEmpty {
                let piece = pieces.removeFirst()
                // Only now the client may send as much again.
                session.consumed(piece.count, of: stream)
                conversation.flush()
                return piece
            }
            if hasEnded { return nil }
            guard isOpen else { throw ServerError.bodyBroken(end.map { "the stream ended: \($0)" } ?? "it was closed") }
            awaitsBody = true
            conversation.watch()
            await reading.wait()
            awaitsBody = false
        }
    }

    /// Up to which frames that wait for their reader become one piece: a frame's usual size.
    private static let pieceBytes = 16 << 10

    private var isOpen: Bool { end == nil && !isClosed }

    func received(_ bytes: [UInt8]) {
        requestBytes += bytes.count
        connection.record(.requestBody(bytes.count), of: id)
        // A byte a frame would fill fifty times the memory that the window allows.
        if let last = pieces.indices.last, pieces[last].count + bytes.count <= Self.pieceBytes {
            pieces[last] += bytes
        } else {
            pieces.append(bytes)
        }
        wakeReader()
    }

    func receivedTrailers(_ fields: HTTPFields) { trailers = fields }

    func receivedEnd() {
        hasEnded = true
        connection.record(.requestEnded(bytes: requestBytes), of: id)
        wakeReader()
    }

    private func wakeReader() {
        awaitsBody = false
        reading.wake()
    }

    // MARK: The response

    func inform(_ response: HTTPResponse) async throws {
        precondition(progress == .unanswered && response.status.kind == .informational, "inform() while \(progress)")
        try checkOpen()
        session.submitInformational(try head(of: response), on: stream)
        conversation.flush()
        guard response.status != .continue else { return }
        connection.record(.informational(ResponseHead(response)), of: id)
    }

    func send(_ response: HTTPResponse, _ body: [UInt8]) async throws {
        try submit(response, .length(body.count))
        guard case .started(let sendsBody, _) = progress else { preconditionFailure("send() while \(progress)") }
        progress = .ended
        if sendsBody {
            responseBytes = body.count
            session.write(body, ends: true, on: stream)
        }
        // Head and body in one write, with what other streams have.
        conversation.flushSoon()
        await conversation.waitForRoom(of: stream)
    }

    func start(_ response: HTTPResponse, _ body: ResponseBody) async throws {
        try submit(response, body)
        conversation.flush()
    }

    private func submit(_ response: HTTPResponse, _ body: ResponseBody) throws {
        precondition(progress == .unanswered, "a response while \(progress)")
        try checkOpen()
        var response = response
        for (name, value) in connection.server.standingFields where response.headerFields[name] == nil {
            response.headerFields[name] = value
        }
        let plan = ResponsePlan(
            status: response.status.code, body: body, to: method, isHTTP10: false, mayBeKept: true)
        var remaining: Int?
        if case .length(let count) = body {
            remaining = count
            if plan.framing != .none { response.headerFields[.contentLength] = String(count) }
        }
        let hasBody = plan.sendsBody && remaining != 0
        let message = try head(of: response)
        progress = .started(sendsBody: hasBody, remaining: remaining)
        hasResponse = true
        connection.record(.responseHead(ResponseHead(response)), of: id)
        session.submit(message, hasBody: hasBody, on: stream)
        // A handler that says close means the connection; HTTP/2 has GOAWAY for that, as in Go.
        if response.headerFields.asksToClose { conversation.goAway(because: .weSaidClose) }
    }

    /// - Throws: `ServerError.unsendable`.
    private func head(of response: HTTPResponse) throws -> HTTP2ResponseHead {
        do throws(WireError) {
            return try HTTP2ResponseHead(status: response.status.code, fields: response.headerFields)
        } catch {
            throw ServerError.unsendable(error.description)
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        guard case .started(let sendsBody, let remaining) = progress else {
            preconditionFailure("write() while \(progress)")
        }
        if let remaining {
            precondition(
                bytes.count <= remaining, "\(bytes.count) bytes where \(remaining) are left of the announced body")
            progress = .started(sendsBody: sendsBody, remaining: remaining - bytes.count)
        }
        guard sendsBody, !bytes.isEmpty else { return }
        try checkOpen()
        responseBytes += bytes.count
        session.write(bytes, ends: false, on: stream)
        conversation.flush()
        await conversation.waitForRoom(of: stream)
        try checkOpen()
    }

    func finish(trailers: HTTPFields) async throws {
        guard case .started(let sendsBody, let remaining) = progress else {
            preconditionFailure("finish() while \(progress)")
        }
        if sendsBody {
            do throws(WireError) { try ChunkFraming.check(trailers: trailers) } catch {
                throw ServerError.unsendable(error.description)
            }
        }
        progress = .ended
        guard sendsBody else { return }
        if let remaining, remaining > 0 { return abort(because: nil) }
        session.write([], ends: true, trailers: trailers.isEmpty ? nil : trailers, on: stream)
        conversation.flush()
    }

    func finishIfNeeded() async throws {
        switch progress {
        case .unanswered: try await send(HTTPResponse(status: .ok), [])
        case .started: try await finish(trailers: [:])
        case .ended: break
        }
    }

    func sendRaw(_ bytes: [UInt8]) async throws { throw ServerError.notOverHTTP2 }

    func hijack() -> (stream: any ByteStream, received: [UInt8]) {
        preconditionFailure("hijack() over HTTP/2: a stream has no bytes of its own")
    }

    func switchProtocols(_ response: HTTPResponse) async throws -> (stream: any ByteStream, received: [UInt8]) {
        throw ServerError.notOverHTTP2
    }

    func abort(because words: String?) {
        brokenSource = words
        reset(.internalError)
    }

    func reset() { reset(.cancel) }

    private func reset(_ code: HTTP2ErrorCode) {
        progress = .ended
        session.reset(stream, code)
        conversation.flush()
    }

    func handlerFailed(_ error: any Error) async {
        guard isOpen else { return }
        guard progress == .unanswered else { return abort(because: nil) }
        try? await send(.text(.internalServerError), Array("the handler failed\n".utf8))
    }

    /// The handler has returned.
    func endHandler() {
        hasHandlerReturned = true
        giveUpRest()
        conversation.flushSoon()
    }

    /// So many bytes of the response's body stand in the output.
    func framed(_ count: Int) { framedBytes += count }

    /// The response's last frame stands in the output.
    func written() {
        isWritten = true
        giveUpRest()
    }

    /// What the handler left unread of the request is not wanted any more (RFC 9113 §8.1). Not before the response's last
    /// frame: a reset overtakes what still waits for the client's window.
    private func giveUpRest() {
        guard hasHandlerReturned, isWritten, isOpen, !hasEnded else { return }
        session.reset(stream, .noError)
    }

    private func checkOpen() throws {
        guard isOpen else { throw ServerError.clientGone }
    }

    // MARK: Ending

    /// The kernel has taken the head, or the end, of the response.
    func taken(isEnd: Bool) {
        guard progress != .unanswered else { return }
        if !hasToldFirst {
            hasToldFirst = true
            connection.record(.responseFirstByte, of: id)
        }
        guard isEnd else { return }
        isTaken = true
        connection.record(.responseLastByte(bytes: responseBytes), of: id)
        if hasEnded { finishRequest(nil) }
    }

    /// The stream is closed.
    func closed(_ end: HTTP2StreamEnd) {
        self.end = end
        wakeReader()
        switch end {
        case .complete: finishRequest(nil)
        case .reset(.noError, by: .us): finishRequest(nil)
        case .reset(let code, by: .us):
            let broken = brokenSource.map { ServerCloseReason.sourceBroke($0).failure }
            finishRequest(broken ?? Failure(.truncated, "handler ended the stream: \(code)"))
        case .reset(let code, by: .peer): finishRequest(Failure(.reset, "client ended the stream: \(code)"))
        case .malformed(let error): finishRequest(Failure(.protocol, error.description))
        case .unprocessed: finishRequest(Failure(.cancelled, "server stopped"))
        }
    }

    /// The connection is closed.
    func close() {
        isClosed = true
        wakeReader()
        finishRequest(connection.closeReason?.failure)
    }

    private func finishRequest(_ failure: Failure?) {
        guard !isFinished else { return }
        isFinished = true
        if hasResponse, !isTaken { connection.record(.responseBroken(bytes: framedBytes), of: id) }
        connection.record(.requestFinished(failure), of: id)
    }
}

extension ResponseHead {
    /// A head that this server wrote over HTTP/2.
    fileprivate convenience init(_ response: HTTPResponse) {
        self.init(
            status: response.status.code, reason: "", version: "HTTP/2", fields: response.headerFields)
    }
}
