internal import HTTPTrace
internal import HTTPTypes
internal import HTTPWire
internal import Transport

// One HTTP/2 connection once its preface is expected: many requests at a time, each in a task of its own, on one
// `HTTP2Session`, which knows the frames.
//
//      bytes ──▶ HTTP2Session ──▶ events ──▶ HTTP2Exchange ──▶ handler
//      socket ◀── flush ◀──────────── frames ◀──────────┘
//
// One task reads; writing is done on the spot, as far as the kernel takes it, and a task of its own writes the rest.
// States by Go's rule: active while streams are open, idle while none is.

/// Serves HTTP/2 on one connection.
@NetworkActor
final class HTTP2Conversation {
    let connection: ServerConnection
    let session: HTTP2Session
    /// Those whose stream is open.
    private(set) var exchanges: [HTTP2StreamID: HTTP2Exchange] = [:]
    /// Those whose stream is closed while their last bytes wait in the output.
    private var leaving: [HTTP2StreamID: HTTP2Exchange] = [:]
    private var requestCount = 0
    /// Where in the output things stand that are told when the kernel has taken them.
    private var marks: [(end: Int, stream: HTTP2StreamID, isEnd: Bool)] = []
    private var messageEnds = HTTP2MessageEnds()
    /// Whether a task waits for the client to take more.
    private var isWriting = false
    /// What is filled in may end a stream, and its end wants to flush in turn.
    private var isFlushing = false
    private var willFlush = false
    private var hasClosedWrite = false
    /// Whether nothing is read since the observer can't follow.
    private var isHeld = false
    /// Why no further streams are wanted; nil while they are.
    private var goingAway: ServerCloseReason?
    /// Set when nothing more is to be done but to write what is left and to wait for the client's close.
    private var finishing: ServerCloseReason?
    /// Streams whose handlers wait for room in the output.
    private var writers: [WaitingPlace] = []
    private var handlers: [HTTP2StreamID: Task<Void, Never>] = [:]

    // 16 KiB frames, a few at a time; shared, since what is read is understood at once.
    private static let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    /// A writer waits while more than this of its body has not gone.
    private static let unsentLimit = 64 << 10

    init(on connection: ServerConnection) {
        self.connection = connection
        session = HTTP2Session(.server, limits: connection.limits.http2)
    }

    private var timeouts: ServerTimeouts { connection.timeouts }

    /// Serves until the connection ends.
    ///
    /// - Parameter opening: Bytes of the preface that were read already.
    func run(opening: [UInt8]) async {
        connection.stream.onReadableWhileIdle = nil
        flush()
        connection.watchdog.watch(.head, for: timeouts.head)
        // Nobody told it: it spoke no HTTP/2 yet.
        if connection.server.isStopping { goAway(because: .serverStopped) }
        opening.withUnsafeBytes { take($0) }
        do throws(StreamError) { try await read() } catch { end(because: error) }
        await stopHandlers()
    }

    /// The stream broke: after our goodbye that is how the client took it, which may have been gone before it came.
    private func end(because error: StreamError) {
        if let finishing { connection.end(finishing) } else { connection.end(because: error) }
    }

    private func read() async throws(StreamError) {
        while connection.closeReason == nil {
            if finishing == nil, let pace = connection.server.configuration.observerPace, pace.isBehind() {
                await hold(for: pace)
                continue
            }
            switch try connection.stream.tryRead(into: Self.input) {
            case .wouldBlock: try await connection.stream.readable()
            case .end: connection.end(finishing ?? (exchanges.isEmpty ? .clientClosed : .clientGone))
            case .bytes(let count): take(UnsafeRawBufferPointer(rebasing: Self.input[..<count]))
            }
        }
    }

    /// Waits until the observer can follow. That is our delay and not the client's, so no limit counts it.
    private func hold(for pace: ObserverPace) async {
        isHeld = true
        if !isWriting { connection.watchdog.relax() }
        await pace.ready()
        isHeld = false
        watch()
    }

    private func stopHandlers() async {
        for exchange in Array(exchanges.values) + Array(leaving.values) { exchange.close() }
        wakeWriters()
        for handler in handlers.values { handler.cancel() }
        while let handler = handlers.values.first { await handler.value }
        (exchanges, leaving) = ([:], [:])
    }

    // MARK: What the client sent

    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let events = session.receive(bytes.bindMemory(to: UInt8.self).span)
        for (place, event) in events.enumerated() {
            take(event, bytes, before: place + 1 < events.count ? events[place + 1] : nil)
        }
        flush()
        watch()
    }

    /// - Parameters:
    ///   - bytes: Those that led to it.
    ///   - next: What follows it; the end of a request without a body follows its head.
    private func take(_ event: HTTP2Event, _ bytes: UnsafeRawBufferPointer, before next: HTTP2Event? = nil) {
        switch event {
        case .settings: connection.prefaceRead()
        case .head(let stream, let head): begin(stream, head, isAll: next == .streamEnded(stream))
        case .data(let stream, let range):
            exchanges[stream]?.received(Array(bytes[range]))
        case .trailers(let stream, let fields): exchanges[stream]?.receivedTrailers(fields)
        case .streamEnded(let stream): exchanges[stream]?.receivedEnd()
        case .streamClosed(let stream, let end): close(stream, end)
        case .pingAcknowledged where goingAway != nil:
            // Whatever the client had sent before it knew has arrived by now.
            if exchanges.isEmpty { finishGoingAway() } else { session.goAway() }
        case .failed(let error):
            finish(because: .broken(error.description))
        case .frameSent(let frame, let end): noteSent(frame, end: end)
        case .informational, .settingsAcknowledged, .pingAcknowledged, .goAway, .windowUpdate, .frameReceived: break
        }
    }

    private func begin(_ stream: HTTP2StreamID, _ head: HTTP2Head, isAll: Bool) {
        requestCount += 1
        let id = connection.server.numbers.nextRequest()
        let exchange = HTTP2Exchange(head, isAll: isAll, stream, id: id, number: requestCount, in: self)
        connection.record(.requestFirstByte, of: id)
        connection.record(.requestHead(exchange.incoming, use: requestCount), of: id)
        exchanges[stream] = exchange
        connection.streamsChanged(to: exchanges.count)
        handlers[stream] = Task.onNetwork { [self] in
            await serve(exchange)
            handlers[stream] = nil
        }
    }

    private func serve(_ exchange: HTTP2Exchange) async {
        do {
            if let (status, words) = connection.objection(to: exchange) {
                try await exchange.send(.text(status), Array("\(words)\n".utf8))
                return exchange.endHandler()
            }
            try await connection.letHandlerAnswer(exchange)
            try await exchange.finishIfNeeded()
        } catch {
            await exchange.handlerFailed(error)
        }
        exchange.endHandler()
    }

    private func close(_ stream: HTTP2StreamID, _ end: HTTP2StreamEnd) {
        guard let exchange = exchanges.removeValue(forKey: stream) else { return }
        // Its last bytes may still have to be taken by the kernel: that is its end then, also where the rest of the request
        // is not wanted any more.
        if end == .complete || end == .reset(.noError, by: .us), !exchange.isTaken {
            leaving[stream] = exchange
        } else {
            exchange.closed(end)
        }
        handlers[stream]?.cancel()
        wakeWriters()
        connection.streamsChanged(to: exchanges.count)
        if exchanges.isEmpty { finishGoingAway() }
        // What closed it may have been our own last frame: nothing need come from the client any more.
        watch()
    }

    // MARK: What the client gets

    /// Hands over what the client takes now; a task hands over the rest.
    func flush() {
        willFlush = false
        guard !isWriting, !isFlushing, connection.closeReason == nil else { return }
        isFlushing = true
        defer { isFlushing = false }
        do {
            guard try writeSome() else {
                isWriting = true
                Task.onNetwork { await self.writeRest() }
                return
            }
            // What the client's windows keep back is waited for as well, and no more once it has gone.
            if connection.watchdog.wait == nil || connection.watchdog.wait == .write { watch() }
        } catch {
            end(because: error)
        }
    }

    /// The same in this turn of the loop, after what is waiting to run: answers that are ready together leave in one write
    /// and one TLS record.
    func flushSoon() {
        guard !willFlush else { return }
        willFlush = true
        EventLoop.shared.execute { self.flush() }
    }

    private func writeRest() async {
        do throws(StreamError) {
            repeat {
                connection.watchdog.watch(.write, for: timeouts.write)
                try await connection.stream.writable()
            } while try !writeSome()
        } catch {
            end(because: error)
        }
        isWriting = false
        watch()
    }

    /// - Returns: Whether all was taken.
    private func writeSome() throws(StreamError) -> Bool {
        while true {
            let events = session.fill()
            for event in events { take(event, UnsafeRawBufferPointer(start: nil, count: 0)) }
            // What is answered to frames that come after our end can't be sent, and is no failure.
            guard session.hasOutput, !hasClosedWrite else {
                // What they led to may have frames of its own.
                if events.isEmpty || hasClosedWrite { break }
                continue
            }
            let before = session.takenBytes
            try write()
            tellTaken()
            if session.takenBytes == before { return false }
        }
        wakeWriters()
        if finishing != nil, !hasClosedWrite {
            hasClosedWrite = true
            connection.stream.closeWrite()
            connection.watchdog.watch(.body, for: timeouts.linger)
        }
        return true
    }

    private func write() throws(StreamError) {
        // A typed throw out of the closure may crash the 6.3 compiler.
        var problem: StreamError?
        let stream = connection.stream
        session.withOutput { bytes in
            do throws(StreamError) { return try stream.tryWrite(bytes) } catch {
                problem = error
                return 0
            }
        }
        if let problem { throw problem }
    }

    private func noteSent(_ frame: HTTP2Frame, end: Int) {
        let isEnd = messageEnds.isLast(frame)
        guard let exchange = exchanges[frame.stream] ?? leaving[frame.stream] else { return }
        if frame.type == .data { exchange.framed(frame.length) }
        guard frame.type == .headers || isEnd else { return }
        marks.append((end, frame.stream, isEnd))
        if isEnd { exchange.written() }
    }

    private func tellTaken() {
        while let mark = marks.first, mark.end <= session.takenBytes {
            marks.removeFirst()
            let exchange = exchanges[mark.stream] ?? leaving[mark.stream]
            exchange?.taken(isEnd: mark.isEnd)
            if mark.isEnd, let left = leaving.removeValue(forKey: mark.stream) { left.closed(.complete) }
        }
    }

    /// Waits until a stream's body has mostly gone, or the stream is closed.
    func waitForRoom(of stream: HTTP2StreamID) async {
        while exchanges[stream] != nil, session.unsentBytes(of: stream) > Self.unsentLimit,
            connection.closeReason == nil
        {
            let writer = WaitingPlace()
            writers.append(writer)
            await writer.wait()
        }
    }

    private func wakeWriters() {
        let waiting = writers
        writers = []
        for writer in waiting { writer.wake() }
    }

    // MARK: Limits and stopping

    /// Sets the limit for what is waited for now.
    func watch() {
        guard connection.closeReason == nil, finishing == nil, !isWriting, !isHeld else { return }
        if connection.machine.state == .new {
            connection.watchdog.watch(.head, for: timeouts.head)
        } else if exchanges.isEmpty {
            connection.watchdog.watch(.nextRequest, for: timeouts.idle)
        } else if exchanges.values.contains(where: \.awaitsBody) {
            connection.watchdog.watch(.body, for: timeouts.body)
        } else if exchanges.keys.contains(where: { session.unsentBytes(of: $0) > 0 }) {
            connection.watchdog.watch(.write, for: timeouts.write)
        } else {
            connection.watchdog.relax()
        }
    }

    /// Says that this is the end, in HTTP/2's way, and closes once the client has had the time to read it.
    func finish(because reason: ServerCloseReason) {
        guard finishing == nil else { return }
        finishing = reason
        if session.failure == nil { session.goAway() }
        flush()
    }

    func timedOut(_ wait: ServerWait) {
        if let finishing { return connection.end(finishing) }
        // What can't be written can't be said goodbye to.
        if wait == .write, isWriting {
            connection.end(.timedOut(wait))
        } else {
            finish(because: .timedOut(wait))
        }
    }

    /// Takes what is on its way, and no more after that.
    func goAway(because reason: ServerCloseReason) {
        guard goingAway == nil else { return }
        goingAway = reason
        session.announceGoAway()
        session.ping(0)
        flush()
    }

    /// No stream is open: the end, if it was near.
    private func finishGoingAway() {
        if let reason = goingAway ?? connection.server.reasonNotToKeep { finish(because: reason) }
    }

    /// The requests that are being answered, oldest first.
    var running: [HTTP2Exchange] { exchanges.sorted { $0.key < $1.key }.map(\.value) }
}
