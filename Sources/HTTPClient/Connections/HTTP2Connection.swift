internal import DequeModule
internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One connection that carries HTTP/2 exchanges, many at a time: moves bytes between the stream and the session, and
// tells each exchange what is its own.
//
//      stream ──▶ session.receive ──▶ events ──▶ exchanges, pool
//      stream ◀── session.withOutput ◀── session.fill ◀── exchanges
//
// It reads whenever something arrives, since any exchange may be waiting; a reader who is slow is bounded by his stream's
// window. What is written waits for the kernel here and nowhere else.

@NetworkActor
final class HTTP2Connection {
    let id: ConnectionID
    let facts: ConnectionFacts
    private(set) lazy var ends = ConnectionEnds(id, local: facts.local, remote: facts.remote)
    private let stream: any ByteStream
    /// At the bottom of `stream`.
    private let carrier: TCPStream?
    private let session: HTTP2Session
    private let observesFrames: Bool
    /// Requests it has carried.
    private(set) var uses = 0

    private var exchanges: [HTTP2StreamID: HTTP2Exchange] = [:]
    /// Frames in the output that an exchange waits to see gone, in their order.
    private var leaving: Deque<LeavingFrame> = []
    /// Whether some of what stands in the output has left all the same: TLS tells when all has that was encrypted together.
    private var isPartlyTaken = false
    private var messageEnds = HTTP2MessageEnds()
    private var writing = Writing.idle
    private var willFlush = false
    private var isDead = false
    /// What the peer did wrong before it had proved to speak HTTP/2: another connection would end the same way.
    private var misunderstanding: WireError?
    /// Whether the peer has sent its settings: until then it may be no HTTP/2 peer at all.
    private var isProven = false
    /// What the peer said with its last GOAWAY.
    private var farewell: (code: HTTP2ErrorCode, text: String)?
    private var vigil: HTTP2Vigil?
    private var nextMeasurement = Timestamp.zero
    /// It holds this as well, until it has closed it: at the latest when the client goes.
    private let pool: ConnectionPool

    private struct LeavingFrame {
        var frame: HTTP2Frame
        /// Where it ends in the output.
        var end: Int
        /// Whether it is the last of its request.
        var isLast: Bool
    }

    fileprivate enum Writing {
        case idle
        /// Frames are being made and written; more may be asked for meanwhile.
        case flushing(again: Bool)
        /// The kernel takes no more for now.
        case blocked
    }

    /// Reads in a row before others get their turn: 1 MiB.
    private static let readsPerTurn = 16

    init(
        id: ConnectionID, stream: any ByteStream, facts: ConnectionFacts, pool: ConnectionPool,
        _ configuration: ClientConfiguration
    ) {
        self.id = id
        self.stream = stream
        carrier = stream.carrier
        self.facts = facts
        self.pool = pool
        observesFrames =
            configuration.observesFrames
            && (configuration.connectionObserver != nil || configuration.connectionBuffer != nil)
        session = HTTP2Session(.client, limits: configuration.http2Limits)
        session.observesFrames = observesFrames
        if let interval = configuration.pingInterval {
            vigil = HTTP2Vigil(every: interval, patience: configuration.pingTimeout)
        }
    }

    /// How many requests may be under way at once, as far as is known.
    var streamLimit: Int { session.peerSettings.concurrentStreams.map { Int($0) } ?? .max }

    /// Begins to talk. Once, when the pool knows it.
    func start() {
        guard !isDead else { return }
        flush()
        // Until the stream is closed, as every connection's is.
        stream.onReadableWhileIdle = { self.noticeReadable() }
    }

    func beginUse() { uses += 1 }

    /// Closes the stream at once; every exchange on it fails. The pool knows.
    func abort() {
        guard !isDead else { return }
        if exchanges.isEmpty {
            // A peer that was told need not wonder.
            session.goAway()
            flush()
        }
        end(.stream(.closed))
    }

    // MARK: - For exchanges

    /// Opens an HTTP/2 stream with a request.
    ///
    /// - Throws: Why it can't; the request may be sent elsewhere.
    func open(_ head: HTTP2RequestHead, for exchange: HTTP2Exchange) throws(ExchangeProblem) -> HTTP2StreamID {
        if let misunderstanding { throw .wire(misunderstanding) }
        guard !isDead else { throw .refused("the HTTP/2 connection was lost before the request was sent") }
        do throws(WireError) {
            let stream = try session.submit(head, countsInterimHeads: !exchange.hearsInformational)
            exchanges[stream] = exchange
            if exchange.isRecording { carrier?.notesArrivals = true }
            vigil?.begin(self)
            return stream
        } catch {
            guard error.kind == .noMoreStreams else { throw .wire(error) }
            retire(because: .peerSaidGoAway(farewell?.code ?? .noError, text: farewell?.text ?? ""))
            throw .refused("\(error)")
        }
    }

    func write(_ bytes: [UInt8], ends: Bool, on stream: HTTP2StreamID) {
        session.write(bytes, ends: ends, on: stream)
        flush()
    }

    /// Body bytes given and not yet in a frame.
    func unsentBytes(of stream: HTTP2StreamID) -> Int { session.unsentBytes(of: stream) }

    /// Whether a part of a request may be with the kernel that is not told as sent.
    func mayHaveSent(_ stream: HTTP2StreamID) -> Bool {
        isPartlyTaken && leaving.contains { $0.frame.stream == stream }
    }

    func reset(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard exchanges[stream] != nil else { return }
        // A request that still waits to be flushed goes first: the peer is to see what is taken back.
        flush()
        session.reset(stream, code)
        flush()
    }

    /// Whether the peer may send no more of a body until its reader takes some.
    func isWindowShut(of stream: HTTP2StreamID) -> Bool { !isDead && session.isWindowShut(of: stream) }

    /// Body bytes have been read by whoever wanted them.
    func consumed(_ count: Int, of stream: HTTP2StreamID) {
        guard !isDead, exchanges[stream] != nil else { return }
        session.consumed(count, of: stream)
        flush()
    }

    /// Room that was reserved for an exchange is free again.
    func free(_ exchange: HTTP2Exchange) {
        pool.streamEnded(on: self, of: exchange.id, open: exchanges.count)
    }

    /// What the peer found wrong when it said GOAWAY; nil while it finds nothing.
    var complaint: CloseReason? {
        guard let farewell, farewell.code != .noError else { return nil }
        return .peerSaidGoAway(farewell.code, text: farewell.text)
    }

    /// No request after those under way.
    func retire(because reason: CloseReason) { pool.retire(self, because: reason) }

    // MARK: - Reading

    /// When the bytes that were read last had arrived; nil where nobody wants to know it, or the kernel doesn't tell.
    var arrival: Timestamp? { carrier?.arrival }

    /// Whether an exchange may ask the kernel, at its first byte and at its end. See `HTTP1Connection`.
    func mayMeasure(at now: Timestamp) -> Bool {
        guard now >= nextMeasurement, carrier != nil else { return false }
        nextMeasurement = now + HTTP1Connection.measurementInterval
        return true
    }

    /// What the kernel knows now; nil once the connection is closed. Whose the bytes are it doesn't know.
    func tcpFacts(at moment: TCPFacts.Moment) -> TCPFacts? { carrier?.facts(at: moment) }

    private func noticeReadable() {
        for _ in 0..<Self.readsPerTurn {
            guard !isDead else { return }
            do throws(StreamError) {
                switch try stream.tryRead(into: SharedInput.shared.memory) {
                case .bytes(let count): understand(count)
                case .end: return noteEnd(nil)
                case .wouldBlock: return flush()
                }
            } catch {
                return noteEnd(error)
            }
        }
        flush()
        EventLoop.shared.execute { self.noticeReadable() }
    }

    private func understand(_ count: Int) {
        vigil?.noteLife()
        let input = SharedInput.shared.bytes
        let bytes = UnsafeBufferPointer(rebasing: input[..<count])
        if !isProven, bytes.starts(with: Array("HTTP/1.".utf8)) {
            return die(.wire(WireError(.notHTTP2)), because: nil)
        }
        handle(session.receive(bytes.span), bytes)
    }

    /// - Parameter bytes: Those that the ranges in the events are about.
    private func handle(_ events: [HTTP2Event], _ bytes: UnsafeBufferPointer<UInt8>) {
        for event in events {
            switch event {
            case .informational(let stream, let head): exchanges[stream]?.noteInformational(head)
            case .head(let stream, let head): exchanges[stream]?.noteHead(head)
            case .data(let stream, let range): exchanges[stream]?.noteData(bytes[range])
            case .trailers(let stream, let fields): exchanges[stream]?.noteTrailers(fields)
            case .streamEnded(let stream): exchanges[stream]?.noteEnd()
            case .streamClosed(let stream, let end):
                guard let exchange = exchanges.removeValue(forKey: stream) else { continue }
                exchange.noteClosed(end)
                free(exchange)
            case .settings:
                isProven = true
                pool.streamLimitChanged(on: self, to: streamLimit)
            case .pingAcknowledged: vigil?.noteLife()
            case .goAway(_, let code, let text):
                farewell = (code, text)
                retire(because: .peerSaidGoAway(code, text: text))
            case .failed(let error): lastWords(error)
            case .frameReceived(let frame): observe(.frameReceived(frame), frame.stream)
            case .frameSent(let frame, let end): noteMade(frame, end)
            case .settingsAcknowledged, .windowUpdate: break
            }
        }
    }

    private func observe(_ event: TraceEvent, _ stream: HTTP2StreamID) {
        pool.observeFrame(event, on: self, of: exchanges[stream]?.id)
    }

    // MARK: - Writing

    /// Hands over what there is, as far as the kernel takes it now.
    func flush() {
        willFlush = false
        guard !isDead else { return }
        switch writing {
        case .blocked: return
        case .flushing: writing = .flushing(again: true)
        case .idle:
            repeat {
                writing = .flushing(again: false)
                guard flushOnce() else { return }
            } while writing.isAskedAgain
            writing = .idle
        }
    }

    /// The same in this turn of the loop, after what is waiting to run: requests that are made together leave in one write
    /// and one TLS record.
    func flushSoon() {
        guard !willFlush else { return }
        willFlush = true
        EventLoop.shared.execute { self.flush() }
    }

    /// False when that is all for now: the kernel is full, or the connection dead.
    private func flushOnce() -> Bool {
        repeat {
            handle(session.fill(), UnsafeBufferPointer(start: nil, count: 0))
            guard !isDead else { return false }
            guard session.hasOutput else { return true }
            var taken = 0
            let before = stream.wireBytesSent
            defer { isPartlyTaken = taken == 0 && (isPartlyTaken || stream.wireBytesSent > before) }
            let start = leaving.isEmpty ? nil : EventLoop.shared.now
            do throws(StreamError) {
                try session.withOutput { (bytes) throws(StreamError) in
                    taken = try stream.tryWrite(bytes)
                    return taken
                }
            } catch {
                noteWriteFailure(error)
                return false
            }
            noteTaken(since: start)
            if taken == 0 {
                writing = .blocked
                Task.onNetwork { await self.waitToWrite() }
                return false
            }
        } while true
    }

    private func waitToWrite() async {
        do throws(StreamError) {
            try await stream.writable()
            writing = .idle
            flush()
        } catch {
            noteWriteFailure(error)
        }
    }

    private func noteMade(_ frame: HTTP2Frame, _ end: Int) {
        if observesFrames { observe(.frameSent(frame), frame.stream) }
        guard let exchange = exchanges[frame.stream], [.headers, .data, .continuation].contains(frame.type) else {
            return
        }
        let isLast = messageEnds.isLast(frame)
        leaving.append(LeavingFrame(frame: frame, end: end, isLast: isLast))
        if isLast { exchange.noteWritten() }
    }

    /// - Parameter start: When the kernel began to take; nil when no exchange waits for that.
    private func noteTaken(since start: Timestamp?) {
        let taken = session.takenBytes
        while let first = leaving.first, first.end <= taken {
            leaving.removeFirst()
            exchanges[first.frame.stream]?.noteSent(first.frame.length, isEnd: first.isLast, since: start)
        }
    }

    // MARK: - Ending

    /// A peer that closed may have answered before: reading tells.
    private func noteWriteFailure(_ error: StreamError) {
        writing = .blocked
        // Later: what has been read may be in use just now.
        EventLoop.shared.execute {
            self.noticeReadable()
            self.noteEnd(error)
        }
    }

    /// The peer broke a rule. It is told, if that can be done at once.
    private func lastWords(_ error: WireError) {
        _ = session.fill()
        try? session.withOutput { (bytes) throws(StreamError) in try stream.tryWrite(bytes) }
        let problem = isProven || error.kind == .notHTTP ? error : WireError(.notHTTP2, evidence: error.evidence)
        die(.wire(problem), because: nil)
    }

    /// The stream has ended, or broke.
    private func noteEnd(_ error: StreamError?) {
        guard !isDead else { return }
        // Those that are left are among the streams it said it knew, so that something may have been done about them.
        if let farewell {
            return die(nil, because: .peerSaidGoAway(farewell.code, text: farewell.text))
        }
        if exchanges.isEmpty { return die(.stream(.closed), because: .peerClosedIdle) }
        die(error.map { .stream($0) }, because: nil)
    }

    /// - Parameters:
    ///   - problem: What every exchange is told; nil for an orderly end, which cuts each short in its own way.
    ///   - reason: Nil for a failure.
    private func die(_ problem: ExchangeProblem?, because reason: CloseReason?) {
        guard !isDead else { return }
        let cut = exchanges.values.first.map { ExchangeProblem.wire($0.cutShort) } ?? .stream(.closed)
        end(problem)
        pool.discard(id, because: reason ?? .failed((problem ?? cut).failure))
    }

    private func end(_ problem: ExchangeProblem?) {
        guard !isDead else { return }
        isDead = true
        if !isProven, case .wire(let error) = problem { misunderstanding = error }
        vigil?.end()
        stream.close()
        let lost = exchanges.sorted { $0.key < $1.key }.map(\.value)
        exchanges = [:]
        for exchange in lost { exchange.noteLost(problem ?? .wire(exchange.cutShort)) }
    }
}

extension HTTP2Connection.Writing {
    fileprivate var isAskedAgain: Bool { if case .flushing(again: true) = self { true } else { false } }
}

// MARK: - Signs of life

extension HTTP2Connection {
    var hasExchanges: Bool { !exchanges.isEmpty }

    func ask() {
        session.ping(UInt64(bitPattern: EventLoop.shared.now.nanoseconds))
        flush()
    }

    func giveUp(after patience: Duration) {
        let words = "the server did not answer a PING within \(patience.inWords)"
        for exchange in exchanges.values { exchange.abort(because: Failure(.timeout, phase: exchange.phase, words)) }
        die(.stream(.closed), because: .failed(Failure(.timeout, words)))
    }
}
