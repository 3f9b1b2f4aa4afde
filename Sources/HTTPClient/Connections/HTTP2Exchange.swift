internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request and its response on one HTTP/2 stream.
//
//      send ──▶ head written ──▶ body written ──▶ flushed      (as the connection finds room for its frames)
//      1xx … ──▶ head ──▶ body … ──▶ ended                      (as the connection reads)
//
// The connection reads for all its streams, so news come unasked and are kept until somebody takes them: at most a
// stream's window of body. Room on the connection is free again when the stream is closed, for which both sides must have
// ended; a response that ends before its request has us reset the stream.

@NetworkActor
final class HTTP2Exchange {
    let connection: HTTP2Connection
    let isReused: Bool
    private let tracer: Tracer
    private var stream: HTTP2StreamID?

    private(set) var head: ResponseHead?
    private(set) var isEnded = false
    private(set) var gotFirstByte = false
    /// Whether what came last was a 1xx: the answer is still to come.
    private var gotInformational = false
    private var measuresTCP = false
    /// Whether the kernel has the whole request.
    private var isFlushed = false
    /// Payload of frames with head and body that the kernel has taken.
    private(set) var sentBytes = 0
    private(set) var trailers: HTTPFields?
    private(set) var abortion: Failure?
    private var body: [UInt8] = []
    /// Goes out instead of `body`.
    private var bodyStream: RequestBodyStream?
    private(set) var hasTakenFromStream = false
    /// Who feeds the stream, while what he gave has not gone.
    private let feeding = WaitingPlace()
    private var chunk: [UInt8] = []
    private var bodyBytes = 0
    private var sending = Sending.head
    private var problem: ExchangeProblem?
    private var hasNews = false
    private let waiting = WaitingPlace()
    private var headerTimer: TimerID?
    private var expectTimer: TimerID?
    private var responseHeaderTimeout: Duration?

    private enum Sending {
        case head
        /// Waiting for 100 Continue.
        case holdingBack
        case body
        case written
        /// The peer answered before it had the whole request.
        case stopped
    }

    init(on connection: HTTP2Connection, isReused: Bool, tracer: Tracer) {
        self.connection = connection
        self.isReused = isReused
        self.tracer = tracer
    }

    var id: ExchangeID { tracer.exchange }
    /// Whether the kernel has taken any of the request.
    var hasSent: Bool { sentBytes > 0 || stream.map { connection.mayHaveSent($0) } == true }
    /// Whether somebody takes note of each 1xx, and could end the request.
    var hearsInformational: Bool { tracer.hearsInformational }
    /// Whether somebody is told when things happened.
    var isRecording: Bool { tracer.isRecording }
    private var loop: EventLoop { .shared }

    /// The request does not want it any more, and has sent nothing.
    func giveBack() { connection.free(self) }

    // MARK: - Sending

    func send(_ request: ClientRequest, _ head: HTTP2RequestHead, _ configuration: ClientConfiguration) {
        body = request.body
        bodyStream = request.bodyStream
        responseHeaderTimeout = configuration.responseHeaderTimeout
        do throws(ExchangeProblem) {
            stream = try connection.open(head, for: self)
        } catch {
            noteProblem(error)
            return giveBack()
        }
        if request.asksToClose { connection.retire(because: .weSaidClose) }
        // Go's rule: with no time to wait, nobody is told of a wait. Over HTTP/1 they are.
        if request.expectsContinue, configuration.expectContinueTimeout > .zero {
            sending = .holdingBack
            connection.flush()
            tracer.record(.wait100Continue, on: connection.id)
            expectTimer = loop.schedule(at: loop.now + configuration.expectContinueTimeout) { [weak self] in
                self?.releaseBody()
            }
        } else {
            sendBody()
        }
    }

    private func releaseBody() {
        guard case .holdingBack = sending, !isEnded else { return }
        sendBody()
    }

    private func sendBody() {
        sending = .body
        guard let stream else { return }
        if let bodyStream {
            connection.flush()
            Task.onNetwork { await self.pass(bodyStream, on: stream) }
        } else if body.isEmpty {
            connection.flushSoon()
        } else {
            connection.write(body, ends: true, on: stream)
        }
    }

    /// Sends the body as it comes, and asks for more when what there was stands in frames.
    private func pass(_ body: RequestBodyStream, on stream: HTTP2StreamID) async {
        do {
            hasTakenFromStream = true
            var rest = AnnouncedRest(of: body)
            while isSendingBody, let piece = try await body.next() {
                guard isSendingBody else { return }
                try rest.take(piece)
                connection.write(piece, ends: false, on: stream)
                while isSendingBody, connection.unsentBytes(of: stream) > 0 { await feeding.wait() }
            }
            guard isSendingBody else { return }
            try rest.end()
            connection.write([], ends: true, on: stream)
        } catch {
            guard isSendingBody else { return }
            // Its source failed: the server must not take what it has for the whole.
            let failure = Failure(.cancelled, phase: .send, "the request's body broke off: \(error)")
            tracer.recordWroteRequest(failure, on: connection.id)
            abort(because: failure)
        }
    }

    private var isSendingBody: Bool {
        guard case .body = sending else { return false }
        return !isEnded && problem == nil
    }

    /// The last frame of the request stands in the output.
    func noteWritten() {
        guard case .body = sending else { return }
        sending = .written
        tracer.recordWroteRequest(on: connection.id)
    }

    /// A frame of the request is with the kernel.
    func noteSent(_ bytes: Int, isEnd: Bool, since start: Timestamp?) {
        sentBytes += bytes
        if let stream, connection.unsentBytes(of: stream) == 0 { feeding.wake() }
        guard isEnd, !isEnded else { return }
        isFlushed = true
        tracer.recordFlushed(sentBytes, from: start, on: connection.id)
        guard let limit = responseHeaderTimeout, head == nil else { return }
        headerTimer = loop.schedule(at: loop.now + limit) { [weak self] in
            guard let self else { return }
            let words = "no response head came within \(limit.inWords) of sending\(tracer.timesInWords)"
            abort(because: Failure(.timeout, phase: .wait, words))
        }
    }

    /// The rest of the request is not sent any more. Go's hook gets an error there too.
    private func stopSending() {
        switch sending {
        case .head, .written, .stopped: return
        case .holdingBack, .body: sending = .stopped
        }
        let failure = Failure(.cancelled, phase: .send, "the server answered before it had the whole request")
        tracer.recordWroteRequest(failure, on: connection.id)
    }

    // MARK: - What the connection reads

    // Stamped as the bytes arrived: before a frame's turn comes, those of all other streams may have had theirs.

    func noteInformational(_ received: HTTP2Head) {
        guard problem == nil, head == nil else { return }
        tracer.hold(connection.arrival)
        defer { tracer.letGo() }
        noteFirstByte()
        gotInformational = true
        do {
            try tracer.recordInformational(ResponseHead(received), on: connection.id)
        } catch {
            return noteProblem(.hook(error))
        }
        guard received.status == 100 else { return }
        tracer.record(.got100Continue, on: connection.id)
        tracer.letGo()  // What follows is our doing, now.
        releaseBody()
    }

    func noteHead(_ received: HTTP2Head) {
        guard problem == nil, head == nil else { return }
        tracer.hold(connection.arrival)
        defer { tracer.letGo() }
        noteFirstByte()
        let head = ResponseHead(received)
        self.head = head
        tracer.recordUnhooked(.responseHead(head), on: connection.id)
        cancelTimers()
        if case .holdingBack = sending { stopSending() }
        noteNews()
    }

    func noteData(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        guard problem == nil, !isEnded else { return }
        if chunk.isEmpty { chunk = Array(bytes) } else { chunk += bytes }
        bodyBytes += bytes.count
        tracer.hold(connection.arrival)
        tracer.recordUnhooked(.bodyBytes(bytes.count), on: connection.id)
        tracer.letGo()
        noteNews()
    }

    func noteTrailers(_ fields: HTTPFields) { trailers = fields }

    /// The response is complete.
    func noteEnd() {
        guard problem == nil, !isEnded else { return }
        isEnded = true
        cancelTimers()
        tracer.hold(connection.arrival)
        defer { tracer.letGo() }
        recordBodyEnd(.complete)
        recordTCPFacts(at: .end)
        if case .body = sending { stopSending() }
        if case .stopped = sending, let stream { connection.reset(stream, .noError) }
        tracer.finish(nil, on: connection.id)
        noteNews()
    }

    /// The stream is closed; nothing follows.
    func noteClosed(_ end: HTTP2StreamEnd) {
        guard !isEnded else { return }
        switch end {
        case .complete: noteProblem(.wire(cutShort))
        case .malformed(let error): noteProblem(.wire(error))
        case .unprocessed:
            // Go's rule: whatever the server finds wrong with a connection that has carried nothing else is this request.
            if let complaint = connection.complaint, stream?.number == 1 {
                return noteProblem(.turnedAway("the server did not take the request: \(complaint)"))
            }
            noteProblem(.refused("the server went away before it did anything about the request"))
        case .reset(.refusedStream, by: .peer): noteProblem(.refused("the server refused the request (REFUSED_STREAM)"))
        case .reset(let code, by: .peer): noteProblem(.reset(code))
        case .reset(let code, by: .us): noteProblem(.reset(code))
        }
    }

    /// The connection is gone.
    func noteLost(_ problem: ExchangeProblem) {
        guard !isEnded else { return }
        noteProblem(problem)
    }

    /// What an orderly end of the connection means here.
    var cutShort: WireError { WireError(head == nil ? .closedBeforeResponse : .truncated(.body)) }

    private func noteFirstByte() {
        guard !gotFirstByte else { return }
        gotFirstByte = true
        tracer.recordFirstByte(on: connection.id)
        guard tracer.isRecording, connection.mayMeasure(at: tracer.now) else { return }
        measuresTCP = true
        recordTCPFacts(at: .firstByte)
    }

    /// See `ClientExchange`.
    var phase: Phase {
        if head != nil || (gotFirstByte && !gotInformational) { return .receive }
        return isFlushed ? .wait : .send
    }

    // MARK: - For the reader

    /// What of the body is here already; nil when it must be waited for.
    func takePiece() -> BodyPiece? {
        guard !chunk.isEmpty else { return isEnded ? .end : nil }
        defer { chunk = [] }
        if !isEnded, let stream { connection.consumed(chunk.count, of: stream) }
        return .bytes(chunk)
    }

    var hasPiece: Bool { !chunk.isEmpty || isEnded }

    /// See `ClientExchange`.
    var isFull: Bool { !isEnded && stream.map { connection.isWindowShut(of: $0) } ?? false }

    /// See `ClientExchange`.
    func mustPark() throws(ExchangeProblem) -> Bool {
        if let problem { throw problem }
        guard !hasNews else {
            hasNews = false
            return false
        }
        return waiting.mustPark()
    }

    private func noteNews() {
        hasNews = true
        if !isSendingBody { feeding.wake() }
        waiting.wake()
    }

    private func noteProblem(_ problem: ExchangeProblem) {
        guard self.problem == nil, !isEnded else { return }
        self.problem = problem
        cancelTimers()
        noteNews()
    }

    private func cancelTimers() {
        if let headerTimer { loop.cancel(headerTimer) }
        if let expectTimer { loop.cancel(expectTimer) }
    }

    // MARK: - Ending

    /// Ends it wherever it is.
    func abort(because failure: Failure) {
        guard !isEnded else { return }
        abortion = abortion ?? failure
        noteProblem(.reset(.cancel))
        // At once: who reads the body may never ask again.
        resetStream()
    }

    /// The reader of the body went away before its end.
    func abandon() {
        chunk = []
        guard !isEnded else { return }
        // It was ended before its reader left, who had not asked for more since.
        if let abortion {
            fail(abortion)
            return tracer.finish(abortion, on: connection.id)
        }
        isEnded = true
        feeding.wake()
        recordBodyEnd(.closedEarly)
        recordTCPFacts(at: .end)
        resetStream()
        tracer.finish(nil, on: connection.id)
    }

    /// Ends it as failed.
    func fail(_ failure: Failure) {
        guard !isEnded else { return }
        isEnded = true
        feeding.wake()
        cancelTimers()
        if head != nil { recordBodyEnd(.broken) }
        recordTCPFacts(at: .end)
        resetStream()
    }

    private func resetStream() { if let stream { connection.reset(stream, .cancel) } }

    private func recordTCPFacts(at moment: TCPFacts.Moment) {
        guard measuresTCP else { return }
        if moment == .end { measuresTCP = false }
        guard let facts = connection.tcpFacts(at: moment) else { return }
        tracer.recordUnhooked(.tcpMeasured(facts), on: connection.id)
    }

    private func recordBodyEnd(_ way: BodyEnd.Way) {
        let trailers = trailers.map { fields in
            Dictionary(fields.map { ($0.name.rawName, $0.value) }) { "\($0), \($1)" }
        }
        tracer.recordUnhooked(.bodyEnded(BodyEnd(way: way, bytes: bodyBytes, trailers: trailers)), on: connection.id)
    }
}

extension ResponseHead {
    fileprivate convenience init(_ received: HTTP2Head) {
        // Only a session's client makes heads, and those have a status.
        self.init(
            status: received.status ?? 0, reason: "", version: "HTTP/2", fields: received.fields)
    }
}

extension ExchangeProblem {
    /// As the reason why a connection was closed.
    var failure: Failure {
        switch self {
        case .stream(let error): Failure(error, during: .receive)
        case .wire(let error): Failure(error, in: nil)
        case .hook, .reset: Failure(.cancelled, "the request was ended")
        case .refused(let why), .turnedAway(let why): Failure(.reset, why)
        }
    }
}
