import HTTPClient
import HTTPServer
import HTTPTrace
import HTTPTypes
import Sessions
import Transport

// Each request that comes in goes on to the server behind, and its answer comes back, piece by piece both ways: nothing
// is held whole. The client's events bear the request's number, so that both halves make one row.
//
//      client ── request ──▶ Upload ──▶ Client ──▶ the server behind
//             ◀── answer ── piece by piece ◀─────

/// A reverse proxy's handler.
@NetworkActor
final class Forwarder {
    private let target: RequestURL
    private let client: Client
    private let recorder: TraceRecorder

    nonisolated init(to target: RequestURL, _ client: Client, _ recorder: TraceRecorder) {
        self.target = target
        self.client = client
        self.recorder = recorder
    }

    func handle(_ request: ServerRequest, _ responder: ServerResponder) async throws {
        let head: ForwardedHead
        do throws(ForwardedHead.Refusal) { head = try forwarded(request) } catch {
            return try await responder.send(
                .plain(error.status, [.connection: "close"]), Array("\(error.words)\n".utf8))
        }
        let upload = Upload(request, recorder)
        let early = EarlyAnswers(responder)
        var outgoing = ClientRequest(method: head.method, url: head.url, fields: head.fields)
        outgoing.bodyStream = upload.stream
        // Its cookies are between the client and the server behind.
        outgoing.usesCookieJar = false

        var hooks = recorder.trace.hooks
        hooks.got1xxResponse = { status, fields in
            try NetworkActor.assumeIsolated { try early.pass(status, fields) }
        }
        let trace = ClientTrace(hooks)
        // Nobody else may read from the client once this returns.
        do { try await exchange(outgoing, trace, early, upload, request, responder) } catch {
            await upload.rests()
            throw error
        }
        await upload.rests()
        if recorder.isBehind { await recorder.ready() }
    }

    /// - Throws: What happened on the client's side, for our own server to tell.
    private func exchange(
        _ outgoing: ClientRequest, _ trace: ClientTrace, _ early: EarlyAnswers, _ upload: Upload,
        _ request: ServerRequest, _ responder: ServerResponder
    ) async throws {
        let id = ExchangeID.forwarded(request.id)
        let response: Response
        do throws(Failure) {
            response = try await send(outgoing, as: id, trace)
            await early.finish()
        } catch {
            await early.finish()
            if let problem = upload.clientsProblem {
                recorder.recordNoMore(of: id, isBroken: true)
                throw problem
            }
            return try await answer(early.problem ?? error, as: id, responder)
        }
        if let problem = early.problem {
            await giveUp(response, as: id, problem, responder)
        } else {
            try await passBack(response, as: id, upload, request, responder)
        }
    }

    private func forwarded(_ request: ServerRequest) throws(ForwardedHead.Refusal) -> ForwardedHead {
        let received = request.httpRequest
        return try ForwardedHead(
            method: received.method, path: received.path ?? "/", version: request.version,
            fields: received.headerFields, authority: received.authority, from: request.clientAddress,
            over: request.scheme, to: target)
    }

    private func send(
        _ request: ClientRequest, as id: ExchangeID, _ trace: ClientTrace
    ) async throws(Failure) -> Response {
        do {
            return try await withClientTrace(only: trace) { try await client.send(request, as: id) }
        } catch let failure as Failure {
            throw failure
        } catch {
            preconditionFailure("the client threw \(error)")
        }
    }

    private func passBack(
        _ response: Response, as id: ExchangeID, _ upload: Upload, _ request: ServerRequest,
        _ responder: ServerResponder
    ) async throws {
        let origin = "\(request.scheme.rawValue)://\(request.httpRequest.authority ?? "\(request.serverAddress)")"
        var hasBegun = false
        do {
            if let upgraded = response.upgraded {
                try await tunnel(upgraded, response.head, responder)
                return recorder.recordNoMore(of: id)
            }
            guard response.status != 101 else {
                let words = "it changed the protocol before it had the whole request"
                return await giveUp(response, as: id, Failure(.protocol, words), responder)
            }
            try await responder.start(
                ForwardedHead.answer(response.head, from: target, to: origin), ForwardedHead.body(of: response.head))
            hasBegun = true
            while let piece = try await response.body.next() {
                recorder.record(.init(owner: .response(id), bytes: piece, isLast: false, head: response.head))
                if recorder.isBehind { await recorder.ready() }
                try await responder.write(piece)
            }
            try await responder.finish(trailers: ForwardedHead.trailers(response.body.trailers ?? [:]))
            recorder.recordNoMore(of: id)
        } catch ServerError.unsendable(let words) where !hasBegun {
            // Our client takes control characters in fields, our server sends none.
            let failure = Failure(.protocol, "the answer's head can't be passed on: \(words)")
            await giveUp(response, as: id, failure, responder)
        } catch let failure as Failure {
            // What has gone out can't be taken back, and must not look whole.
            recorder.recordNoMore(of: id, isBroken: true)
            if let problem = upload.clientsProblem { throw problem }
            responder.abort(because: failure.message)
        } catch {
            // The client went away: nobody is left to be told.
            recorder.recordNoMore(of: id, isBroken: true)
        }
    }

    /// Answers in place of a response that can't be passed on, of which nothing has gone out. An empty 200 would be a lie.
    private func giveUp(
        _ response: Response, as id: ExchangeID, _ failure: Failure, _ responder: ServerResponder
    ) async {
        response.body.abandon()
        try? await answer(failure, as: id, isProblem: true, responder)
    }

    /// After a 101: bytes both ways, until both have ended their side or one has gone.
    private func tunnel(_ behind: UpgradedStream, _ head: ResponseHead, _ responder: ServerResponder) async throws {
        let switched: (stream: any ByteStream, received: [UInt8])
        do { switched = try await responder.switchProtocols(ForwardedHead.upgradeAnswer(head)) } catch {
            behind.close()
            throw error
        }
        let (client, received) = switched
        let back = Task.onNetwork {
            do {
                while let bytes = try await behind.read() { try await client.writeAll(bytes) }
                client.closeWrite()
            } catch {
                client.close()
            }
        }
        do {
            if !received.isEmpty { try await behind.write(received) }
            while let bytes = try await client.readSome() { try await behind.write(bytes) }
            behind.closeWrite()
        } catch {
            behind.close()
        }
        await back.value
        client.close()
        behind.close()
    }

    /// Says to the client why there is no answer from behind.
    ///
    /// - Parameter isProblem: Whether nothing else tells of it.
    private func answer(
        _ failure: Failure, as id: ExchangeID, isProblem: Bool = false, _ responder: ServerResponder
    ) async throws {
        let status: HTTPResponse.Status = failure.kind == .timeout ? .gatewayTimeout : .badGateway
        let words = Array("no answer from \(target.origin): \(failure.message)\n".utf8)
        // The row shows what its client was given.
        recorder.record(
            .init(owner: .response(id), bytes: words, isLast: true, problem: isProblem ? failure : nil))
        try await responder.send(.plain(status), words)
    }
}

/// A request's body on its way on: read from the client when the server behind has taken what came before.
@NetworkActor
private final class Upload {
    private let request: ServerRequest
    private let recorder: TraceRecorder
    private var isReading = false
    private var isOver = false
    /// That the client's body broke off, or can't be read.
    private var readingProblem: (any Error)?
    private let resting = WaitingPlace()

    init(_ request: ServerRequest, _ recorder: TraceRecorder) {
        self.request = request
        self.recorder = recorder
    }

    /// Nil when the request has no body.
    var stream: RequestBodyStream? {
        guard request.bodyLength != 0 else {
            end()
            return nil
        }
        return RequestBodyStream(length: request.bodyLength) { [self] in try await next() }
    }

    /// Why the way to the server behind ended, where that was the client's doing: it went away, or its body can't be read.
    /// Nil where it was not.
    var clientsProblem: (any Error)? { readingProblem ?? (Task.isCancelled ? CancellationError() : nil) }

    private func next() async throws -> [UInt8]? {
        guard !isOver else { throw CancellationError() }
        isReading = true
        defer {
            isReading = false
            resting.wake()
        }
        do {
            guard let piece = try await request.readBody() else {
                end()
                return nil
            }
            recorder.record(.init(owner: .request(request.id), bytes: piece, isLast: false))
            if recorder.isBehind { await recorder.ready() }
            return piece
        } catch {
            if case ServerError.bodyBroken = error { readingProblem = error }
            end()
            throw error
        }
    }

    /// Waits until nobody reads from the client, and nobody will.
    func rests() async {
        let wasOver = isOver
        isOver = true
        while isReading { await resting.wait() }
        if !wasOver { recorder.recordNoMore(of: request.id) }
    }

    private func end() {
        guard !isOver else { return }
        isOver = true
        recorder.recordNoMore(of: request.id)
    }
}

/// Early answers (1xx) from behind, passed on in their order and before the final one.
@NetworkActor
private final class EarlyAnswers {
    // Their heads together, each with 32 bytes more. As much as a response's heads may have where no hook hears of 1xx: the
    // client leaves it to the hook to end a server that sends them for ever.
    private static let byteLimit = 1 << 20

    /// Why the final answer must not be passed on either; nil while all is well.
    private(set) var problem: Failure?
    private let responder: ServerResponder
    private var bytes = 0
    private var waiting: [HTTPResponse] = []
    private var passing: Task<Void, Never>?

    init(_ responder: ServerResponder) { self.responder = responder }

    /// - Throws: `problem`, which ends the request.
    func pass(_ status: Int, _ fields: HTTPFields) throws {
        bytes += fields.reduce(32) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
        if bytes > Self.byteLimit {
            problem = problem ?? Failure(.tooLarge, "its early answers (1xx) don't end")
        }
        if let problem { throw problem }
        // The client's own 100 is sent when its body is read.
        guard status != 100 else { return }
        var fields = ForwardedHead.endToEnd(fields)
        fields[.contentLength] = nil  // None has a body (RFC 9110 §8.6).
        waiting.append(HTTPResponse(status: .init(code: status), headerFields: fields))
        guard passing == nil else { return }
        passing = Task.onNetwork { [self] in
            while !waiting.isEmpty {
                let next = waiting
                waiting = []
                for answer in next { await send(answer) }
            }
            passing = nil
        }
    }

    private func send(_ answer: HTTPResponse) async {
        do {
            try await responder.inform(answer.status, answer.headerFields)
        } catch ServerError.unsendable(let reason) {
            // As with a final answer: what can't be passed on is not left out in silence.
            let words = "the head of its early answer \(answer.status.code) can't be passed on: \(reason)"
            problem = problem ?? Failure(.protocol, words)
        } catch {
            // A client that has gone is noticed with the final answer.
        }
    }

    /// Waits until all have been passed on.
    func finish() async { await passing?.value }
}

extension TraceRecorder {
    /// The end of a body, whether or not all of it came.
    func recordNoMore(of exchange: ExchangeID, isBroken: Bool = false) {
        record(.init(owner: .response(exchange), bytes: [], isLast: true, isBroken: isBroken))
    }

    func recordNoMore(of request: ServerRequestID) { record(.init(owner: .request(request), bytes: [], isLast: true)) }
}

extension ByteStream {
    /// Waits until the peer sends something, then takes it; nil when it has ended its side.
    fileprivate func readSome() async throws(StreamError) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        let count = try await read(into: buffer)
        return count > 0 ? Array(buffer[..<count]) : nil
    }
}

extension HTTPResponse {
    /// A head for a sentence.
    fileprivate static func plain(_ status: Status, _ more: HTTPFields = [:]) -> HTTPResponse {
        var fields = more
        fields[.contentType] = "text/plain; charset=utf-8"
        return HTTPResponse(status: status, headerFields: fields)
    }
}
