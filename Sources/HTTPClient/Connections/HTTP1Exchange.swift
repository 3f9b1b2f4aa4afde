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
// the connection's sake when the caller has all it wanted stands in HTTP1Exchange+Settling.swift; how a request is sent, in
// HTTP1Exchange+Sending.swift.

@NetworkActor
final class HTTP1Exchange {
    typealias Problem = ExchangeProblem
    typealias Piece = BodyPiece

    let connection: HTTP1Connection
    let tracer: Tracer

    private(set) var head: ResponseHead?
    var isEnded = false
    private(set) var gotFirstByte = false
    /// Whether what came last was a 1xx: the answer is still to come.
    private var gotInformational = false
    private var measuresTCP = false
    /// Request bytes the kernel has taken, as far as its writer knows.
    var sentBytes = 0
    /// What the connection had sent before it.
    var wireBytesBefore = 0
    private(set) var trailers: HTTPFields?
    /// Set with the end, when the connection speaks another protocol from there on.
    private(set) var upgraded: UpgradedStream?
    /// Why it is to end, when somebody outside decided so; wins over every error that follows from it.
    private(set) var abortion: Failure?
    /// While its body is held back.
    var heldBack: ClientRequest?
    @exclusivity(unchecked) var chunk: [UInt8] = []
    private var bodyBytes = 0
    /// What Content-Length says; nil where the end shows otherwise.
    private(set) var announcedBytes: Int64?
    var writing = Writing.head
    /// A 100 was asked for, and none has come yet.
    var awaitsContinue = false
    /// Part of a head whose body is held back hasn't been taken by the kernel yet; a body that is due meanwhile follows it.
    var isHeadLeaving = false
    var isBodyDue = false
    /// What is still done for the connection's sake; nil while the caller waits for something.
    var settling: Settling?
    var headerTimer: TimerID?
    var expectTimer: TimerID?
    /// Something came since somebody began to wait.
    private var hasNews = false
    /// What broke the response: no further byte of it can be understood.
    private(set) var problem: Problem?
    /// Whether somebody waits for bytes: at most one.
    private var isAwaited = false
    let responseHeaderTimeout: Duration?

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
        if !hasNews, problem == nil, !isAwaited {
            isAwaited = true
            connection.waiting = self
            if connection.mayRead || isWritingBroken { noticeReadable() }
        }
        guard hasNews || problem != nil else { return connection.mustPark() }
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
        if hasNews { return connection.wake() }
        isAwaited = true
        connection.waiting = self
    }

    private var isWritingBroken: Bool { if case .failed = writing { true } else { false } }

    /// False when there is nothing to read yet.
    func readOnce() throws(Problem) -> Bool {
        let outcome: ReadOutcome
        do throws(StreamError) {
            outcome = try connection.tryRead()
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
            tracer.recordFirstByte(on: connection.id)
            if tracer.isRecording, connection.mayMeasure(at: tracer.now) {
                measuresTCP = true
                recordTCPFacts(at: .firstByte)
            }
        }
        let input = connection.input.bytes
        var offset = 0
        while true {
            let step = try connection.nextStep(offset..<count, isEnd: count == 0)
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
                tracer.recordUnhooked(.bodyBytes(range.count), on: connection.id)
            case .trailers(let fields): if settling == nil { trailers = fields }
            case .end(let end): return finish(end, stray: input[offset..<count])
            }
        }
    }

    /// See `ClientExchange`.
    var phase: Phase {
        if head != nil || (gotFirstByte && !gotInformational) { return .receive }
        return if case .flushed = writing { .wait } else { .send }
    }

    private func noteInformational(_ received: ReceivedHead) throws(Problem) {
        gotInformational = true
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
        head = received.told
        tracer.recordUnhooked(.responseHead(head!), on: connection.id)
        cancelTimers()
        guard case .holdingBack = writing else { return }
        // Go sends the body to whoever keeps the connection. A server that refuses the expectation itself (RFC 9110 §15.5.18)
        // has said that it doesn't know what to do with it.
        if connection.reader.willBeReusable, received.status != 417 {
            if isHeadLeaving { isBodyDue = true } else { writeHeldBack() }
            return
        }
        writing = .withheld
        tracer.recordWroteRequest(on: connection.id)
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
        connection.discard(because: CloseReason(failure, isAbortion: abortion != nil))
    }

    func recordTCPFacts(at moment: TCPFacts.Moment) {
        guard measuresTCP else { return }
        if moment == .end { measuresTCP = false }
        guard let facts = connection.tcpFacts(at: moment) else { return }
        tracer.recordUnhooked(.tcpMeasured(facts), on: connection.id)
    }

    func recordBodyEnd(_ way: BodyEnd.Way) {
        tracer.recordUnhooked(
            .bodyEnded(BodyEnd(way: way, bytes: bodyBytes, trailers: trailers.map(asDictionary))), on: connection.id)
    }

    private func asDictionary(_ fields: HTTPFields) -> [String: String] {
        Dictionary(fields.map { ($0.name.rawName, $0.value) }) { "\($0), \($1)" }
    }
}

extension CloseReason {
    /// - Parameter isAbortion: Whether somebody outside decided to end the exchange. The kernel's patience with a peer that
    ///   acknowledges nothing has an end as well, and that is no limit of the request's.
    init(_ failure: Failure, isAbortion: Bool) {
        switch failure.kind {
        case .cancelled: self = .requestCancelled
        case .timeout where isAbortion: self = .requestTimedOut
        default: self = .failed(failure)
        }
    }

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
