internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One request and its response on one connection.
//
//      send ──▶ head written ──▶ body written ──▶ flushed          (writing; a task of its own when the kernel is full)
//      read ──▶ 1xx … ──▶ head ──▶ body … ──▶ ended                (reading; whenever somebody waits)
//
// Bytes are read only when somebody waits for them, so a slow reader slows the peer and no memory fills. What one read
// brought is understood at once, head, body and end, so that every stamp is of the moment the bytes came, not of the
// moment the caller asked for them; and when the end is among them, the pool has the connection back before the caller
// sees the response (Go's tested guarantee: a sequential client always reuses the connection). What is left to do for
// the connection's sake when the caller has all it wanted stands in HTTP1Exchange+Settling.swift.

@NetworkActor
final class HTTP1Exchange {
    typealias Problem = ExchangeProblem
    typealias Piece = BodyPiece

    let connection: HTTP1Connection
    let tracer: Tracer

    private(set) var head: ResponseHead?
    var isEnded = false
    private(set) var gotFirstByte = false
    private var measuresTCP = false
    /// Request bytes the kernel has taken.
    private(set) var sentBytes = 0
    private(set) var trailers: HTTPFields?
    /// Set with the end, when the connection speaks another protocol from there on.
    private(set) var upgraded: UpgradedStream?
    /// Why it is to end, when somebody outside decided so; wins over every error that follows from it.
    private(set) var abortion: Failure?
    /// While its body is held back.
    private var heldBack: ClientRequest?
    @exclusivity(unchecked) var chunk: [UInt8] = []
    private var bodyBytes = 0
    /// What Content-Length says; nil where the end shows otherwise.
    private(set) var announcedBytes: Int64?
    private(set) var writing = Writing.head
    /// A 100 was asked for, and none has come yet.
    private var awaitsContinue = false
    /// Part of a head whose body is held back hasn't been taken by the kernel yet; a body that is due meanwhile follows it.
    private var isHeadLeaving = false
    private var isBodyDue = false
    /// What is still done for the connection's sake; nil while the caller waits for something.
    var settling: Settling?
    private var headerTimer: TimerID?
    private var expectTimer: TimerID?
    /// Something came since somebody began to wait.
    private var hasNews = false
    private var problem: Problem?
    /// Whether somebody waits for bytes: at most one.
    private var isAwaited = false
    private let responseHeaderTimeout: Duration?

    enum Writing {
        case head
        /// Waiting for 100 Continue.
        case holdingBack
        case body
        case flushed
        /// The peer answered instead of asking for the body.
        case withheld
        indirect case failed(StreamError)
    }

    /// Bodies up to this size go out in one system call with their head.
    private static let inlineBodyBytes = 32_768

    var loop: EventLoop { .shared }

    init(on connection: HTTP1Connection, responseHeaderTimeout: Duration?, tracer: Tracer) {
        self.connection = connection
        self.responseHeaderTimeout = responseHeaderTimeout
        self.tracer = tracer
    }

    /// Ends it wherever it is: `mustPark` throws, and the failure is to be taken from here.
    func abort(because failure: Failure) {
        guard !isEnded else { return }
        abortion = abortion ?? failure
        connection.abort()
    }

    // MARK: - Sending

    /// Sends the request, as far as the kernel takes it at once; a task of its own sends the rest.
    ///
    /// - Parameters:
    ///   - expectTimeout: How long a body that asked for a 100 is held back.
    func send(_ request: ClientRequest, _ head: MadeHead, expectTimeout: Duration) {
        // Until the first byte is handed over nothing passes but bookkeeping.
        tracer.hold()
        tracer.record(.wroteHeaders(head.told), on: connection.id)
        connection.noteArrivals(tracer.isRecording)
        connection.reader.begin(
            requestMethod: request.method, offersUpgrade: request.offersUpgrade, asksToClose: request.asksToClose)
        if request.expectsContinue {
            heldBack = request
            holdBodyBack(head: head.bytes, for: expectTimeout)
        } else {
            writeBody(of: request, after: head.bytes)
        }
    }

    /// Hands over the head alone. The body follows after a 100, or after `limit` (RFC 9110 §10.1.1); when another answer
    /// comes first, only for the sake of a connection that is to be kept: its server may read on for the body.
    private func holdBodyBack(head bytes: [UInt8], for limit: Duration) {
        writing = .holdingBack
        write(bytes, then: [])
        guard case .holdingBack = writing else { return }  // The head could not be written.
        awaitsContinue = true
        tracer.record(.wait100Continue, on: connection.id)
        expectTimer = loop.schedule(at: loop.now + limit) { [weak self] in self?.releaseBody() }
    }

    private func releaseBody() {
        guard case .holdingBack = writing, !isEnded else { return }
        guard !isHeadLeaving else {
            isBodyDue = true
            return
        }
        // Writing has moments of its own, though a 100 may have brought this about.
        tracer.letGo()
        writeHeldBack()
    }

    private func writeHeldBack() {
        guard let request = heldBack.take() else { return }
        writeBody(of: request, after: [])
    }

    private func writeBody(of request: ClientRequest, after bytes: [UInt8]) {
        writing = .body
        if let bodyStream = request.bodyStream {
            tracer.letGo()
            Task.onNetwork { await self.pass(bodyStream, after: bytes) }
            return
        }
        let body = request.body
        if body.count <= Self.inlineBodyBytes {
            // As Go has it: the request is "written" when it stands in the buffer; `flushed` is the kernel's word.
            tracer.record(.wroteRequest(nil), on: connection.id)
            write(body.isEmpty ? bytes : bytes + body, then: [])
        } else {
            write(bytes, then: body)
        }
    }

    /// Hands over what the kernel takes now; a task writes the rest while the answer is awaited, since a server that
    /// refuses a large upload answers early, and the answer is worth more than the write error that follows.
    private func write(_ bytes: [UInt8], then body: [UInt8]) {
        do throws(StreamError) {
            let start = tracer.moment
            tracer.letGo()
            let taken = try tryWrite(bytes, bytes.count)
            sentBytes += taken
            if taken == bytes.count, body.isEmpty { return noteFlushed(from: start) }
            let rest = Array(bytes[taken...])
            if case .holdingBack = writing { isHeadLeaving = true }
            Task.onNetwork { await self.finishWriting(rest, body) }
        } catch {
            // A peer that closed may have answered before: reading tells.
            noteBrokenWriting(error, before: body)
        }
    }

    private func finishWriting(_ rest: [UInt8], _ body: [UInt8]) async {
        do throws(StreamError) {
            try await connection.stream.writeAll(rest)
            sentBytes += rest.count
            if isHeadLeaving {
                isHeadLeaving = false
                if isBodyDue { releaseBody() }
                return
            }
            try await connection.stream.writeAll(body)
            sentBytes += body.count
            if !body.isEmpty { tracer.record(.wroteRequest(nil), on: connection.id) }
            noteFlushed()
        } catch {
            noteBrokenWriting(error, before: body)
        }
    }

    /// - Parameter body: What was to follow.
    private func noteBrokenWriting(_ error: StreamError, before body: [UInt8]) {
        // A small request counted as written once it stood in the buffer.
        let isTold =
            switch writing {
            case .holdingBack: false
            case .body: body.isEmpty
            default: true
            }
        writing = .failed(error)
        guard !isEnded || settling != nil else { return }
        if !isTold { tracer.record(.wroteRequest(Failure(error, during: .send)), on: connection.id) }
        noteWritingEnded()
    }

    /// An array can be passed as the pointer: typed throws don't pass through `withUnsafeBytes`, and its closure would be
    /// asked on which executor it runs.
    private func tryWrite(_ bytes: UnsafeRawPointer, _ count: Int) throws(StreamError) -> Int {
        try connection.stream.tryWrite(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Sends the head and then the body as it comes.
    private func pass(_ body: RequestBodyStream, after head: [UInt8]) async {
        do {
            try await send(head)
            var left = body.length
            while !isEnded, let piece = try await body.next() {
                guard !isEnded else { break }
                try await send(body.length == nil ? Self.chunk(piece) : piece)
                left = left.map { $0 - piece.count }
            }
            // Answered before all was asked for: whoever looks at the connection sees that it can't be used again.
            guard !isEnded || (left == 0 && settling != nil) else { return noteWritingEnded() }
            if body.length == nil { try await send(Self.lastChunk) }
            tracer.record(.wroteRequest(nil), on: connection.id)
            noteFlushed()
        } catch let error as StreamError {
            writing = .failed(error)
            guard !isEnded || settling != nil else { return }
            tracer.record(.wroteRequest(Failure(error, during: .send)), on: connection.id)
            noteWritingEnded()
        } catch {
            guard !isEnded else { return noteWritingEnded() }
            // Its source failed: the server must not take what it has for the whole.
            abort(because: Failure(.cancelled, phase: .send, "the request's body broke off: \(error)"))
        }
    }

    private func send(_ bytes: [UInt8]) async throws(StreamError) {
        try await connection.stream.writeAll(bytes)
        sentBytes += bytes.count
    }

    private static func chunk(_ piece: [UInt8]) -> [UInt8] {
        var framed: [UInt8] = []
        ChunkFraming.append(piece.span, to: &framed)
        return framed
    }

    private static let lastChunk = Array("0\r\n\r\n".utf8)

    private func noteFlushed(from start: Timestamp? = nil) {
        guard case .body = writing else { return }  // While the body is held back, only the head has gone.
        writing = .flushed
        tracer.recordFlushed(sentBytes, from: start, on: connection.id)
        noteWritingEnded()
        guard let limit = responseHeaderTimeout, head == nil else { return }
        headerTimer = loop.schedule(at: loop.now + limit) { [weak self] in
            guard let self else { return }
            let words = "no response head came within \(limit.inWords) of sending\(tracer.timesInWords)"
            abort(because: Failure(.timeout, phase: .wait, words))
        }
    }

    // MARK: - Reading

    /// What of the body is here already; nil when it must be waited for.
    func takePiece() -> Piece? {
        guard !chunk.isEmpty else { return isEnded ? .end : nil }
        defer { chunk = [] }
        return .bytes(chunk)
    }

    var hasPiece: Bool { !chunk.isEmpty || isEnded }

    /// See `ClientExchange`. Each read that has been understood is news.
    func mustPark() throws(Problem) -> Bool {
        if !hasNews, !isAwaited {
            isAwaited = true
            connection.waiting = self
            noticeReadable()
        }
        guard hasNews else { return connection.place.mustPark() }
        hasNews = false
        if let problem { throw problem }
        return false
    }

    /// Something may have come. It is read here, in the socket's own turn, and not by the task that waits: its turn comes
    /// after those of all others that have work now, and the stamps would grow as old.
    @inline(never)  // Else a request that waits would keep the variables of reading.
    func noticeReadable() {
        if case .draining = settling { return drain() }
        // Put away first: what the bytes lead to may close the connection, and that comes back here.
        guard isAwaited else { return }
        isAwaited = false
        connection.waiting = nil
        do throws(Problem) {
            hasNews = try readOnce()
        } catch {
            hasNews = true
            problem = error
        }
        if hasNews { return connection.place.wake() }
        isAwaited = true
        connection.waiting = self
    }

    /// False when there is nothing to read yet.
    func readOnce() throws(Problem) -> Bool {
        let outcome: ReadOutcome
        do throws(StreamError) {
            outcome = try connection.stream.tryRead(into: HTTP1Connection.input)
            // Nothing was answered before writing broke.
            if case .wouldBlock = outcome, case .failed(let error) = writing { throw error }
        } catch {
            throw .stream(error)
        }
        switch outcome {
        case .bytes(let count): try understand(count)
        case .end: try understand(0)
        case .wouldBlock: return false
        }
        return true
    }

    /// Takes in the first `count` bytes of the input; 0 is the peer's close.
    private func understand(_ count: Int) throws(Problem) {
        tracer.hold(count > 0 ? connection.arrival : nil)
        defer { tracer.letGo() }
        if count > 0, !gotFirstByte {
            gotFirstByte = true
            tracer.record(.gotFirstResponseByte, on: connection.id)
            if tracer.isRecording, connection.mayMeasure(at: tracer.now) {
                measuresTCP = true
                recordTCPFacts(at: .firstByte)
            }
        }
        let input = UnsafeBufferPointer(HTTP1Connection.input.assumingMemoryBound(to: UInt8.self))
        var offset = 0
        while true {
            let step: HTTP1ResponseReader.Step
            do throws(WireError) {
                step = try connection.reader.next(
                    input.span.extracting(offset..<count), isEnd: count == 0, knowing: &HTTP1Connection.knownHeads)
            } catch {
                throw .wire(error)
            }
            let start = offset
            offset += step.consumed
            switch step.event {
            case nil: return
            case .informational(let received): try noteInformational(received)
            case .head(let received, let framing): noteHead(received, framing)
            case .body(let range) where settling != nil: guard mayDropMore(range.count) else { return }
            case .body(let range):
                let bytes = input[start + range.lowerBound..<start + range.upperBound]
                if chunk.isEmpty { chunk = Array(bytes) } else { chunk += bytes }
                bodyBytes += range.count
                tracer.record(.bodyBytes(range.count), on: connection.id)
            case .trailers(let fields): if settling == nil { trailers = fields }
            case .end(let end): return finish(end, stray: input[offset..<count])
            }
        }
    }

    private func noteInformational(_ received: ReceivedHead) throws(Problem) {
        // Go's order over HTTP/1, and as there also for a 100 that comes after its limit.
        if received.status == 100, awaitsContinue {
            awaitsContinue = false
            tracer.record(.got100Continue, on: connection.id)
        }
        do { try tracer.recordInformational(received.told, on: connection.id) } catch { throw .hook(error) }
        // Go's rule: the limit guards those who don't know what comes; a hook sees each one and can end it.
        if tracer.hearsInformational { connection.reader.forgiveHeadBytes() }
        guard received.status == 100, case .holdingBack = writing else { return }
        tracer.letGo()  // What follows is our doing, now.
        releaseBody()
    }

    private func noteHead(_ received: ReceivedHead, _ framing: BodyFraming) {
        if case .length(let count) = framing { announcedBytes = count }
        let head = received.told
        self.head = head
        tracer.record(.responseHead(head), on: connection.id)
        cancelTimers()
        guard case .holdingBack = writing else { return }
        if connection.reader.willBeReusable {
            if isHeadLeaving { isBodyDue = true } else { writeHeldBack() }
            return
        }
        writing = .withheld
        tracer.record(.wroteRequest(nil), on: connection.id)
    }

    private func cancelTimers() {
        if let headerTimer { loop.cancel(headerTimer) }
        if let expectTimer { loop.cancel(expectTimer) }
    }

    // MARK: - Ending

    /// - Parameter stray: What came after the end.
    private func finish(_ end: HTTP1End, stray: Slice<UnsafeBufferPointer<UInt8>>) {
        if !isEnded { recordBodyEnd(.complete) }
        isEnded = true
        recordTCPFacts(at: .end)
        stopSettling()
        if case .notReusable(.upgraded) = end, case .flushed = writing {
            upgraded = connection.handOver(Array(stray))
            return tracer.finish(nil, on: connection.id)
        }
        // What the peer would read next is not said yet.
        if case .body = writing, end.isReusable { return awaitWriting(strayBytes: stray.count) }
        settle(end, strayBytes: stray.count)
    }

    /// Gives the connection back or up, and ends the exchange.
    func settle(_ end: HTTP1End, strayBytes: Int) {
        stopSettling()
        if let reason = reasonToDiscard(end, strayBytes: strayBytes) {
            connection.discard(because: reason)
        } else {
            connection.release(tracer)
        }
        tracer.finish(nil, on: connection.id)
    }

    private func reasonToDiscard(_ end: HTTP1End, strayBytes: Int) -> CloseReason? {
        if case .notReusable(let why) = end { return CloseReason(why) }
        guard case .flushed = writing else { return .earlyResponse }
        return strayBytes > 0 ? .unsolicitedBytes : connection.reasonNotToRest()
    }

    /// Ends it as failed. The exchange's last event is left to the round trip, which may try again.
    func fail(_ failure: Failure) {
        guard !isEnded else { return }
        isEnded = true
        cancelTimers()
        if head != nil { recordBodyEnd(.broken) }
        recordTCPFacts(at: .end)
        switch failure.kind {
        case .cancelled: connection.discard(because: .requestCancelled)
        case .timeout: connection.discard(because: .requestTimedOut)
        default: connection.discard(because: .failed(failure))
        }
    }

    func recordTCPFacts(at moment: TCPFacts.Moment) {
        guard measuresTCP, let facts = connection.tcpFacts(at: moment) else { return }
        tracer.record(.tcpMeasured(facts), on: connection.id)
    }

    func recordBodyEnd(_ way: BodyEnd.Way) {
        tracer.record(
            .bodyEnded(BodyEnd(way: way, bytes: bodyBytes, trailers: trailers.map(asDictionary))), on: connection.id)
    }

    private func asDictionary(_ fields: HTTPFields) -> [String: String] {
        Dictionary(fields.map { ($0.name.rawName, $0.value) }) { "\($0), \($1)" }
    }
}

extension CloseReason {
    fileprivate init(_ why: NotReusable) {
        switch why {
        case .connectionClose(by: .server): self = .peerSaidClose
        case .connectionClose(by: .client): self = .weSaidClose
        case .http10: self = .http10
        case .bodyUntilClose: self = .bodyUntilClose
        case .ambiguousFraming:
            self = .failed(Failure(.protocol, phase: .receive, "Content-Length stood beside Transfer-Encoding"))
        case .upgraded: self = .switchedProtocols
        case .tunnelRefused: self = .tunnelRefused
        }
    }
}
