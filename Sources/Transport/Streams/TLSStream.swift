public import HTTPTrace

// TLS over any stream: moves ciphertext between the stream below and a `TLSSession`, plain bytes between the session
// and the caller.
//
// A write counts as done only when its ciphertext went below. When that blocks half-way, `tryWrite` says 0 and keeps
// in mind how many plain bytes are encrypted already; the next call, with the same bytes, reports them.

/// An encrypted stream over another one, which it owns from then on.
@NetworkActor
public final class TLSStream: ByteStream {
    private let lower: any ByteStream
    private let session: TLSSession
    private var encryptedAhead = 0
    /// Whether the session may hold plain bytes that nobody has asked for.
    private var mayHavePlaintext = false
    private var hasLowerEnded = false
    private var isClosed = false
    /// Whether another thread has the session.
    private var isElsewhere = false
    public private(set) var bytesReceived = 0
    public private(set) var bytesSent = 0

    /// One TLS record holds at most 16 KiB: encrypting four at a time fills the socket's buffer without hoarding.
    private static let writeLimit = 65_536

    /// Where ciphertext is read before it is fed to a session. One for all streams, as nothing stays in it between two
    /// calls. Room for two full records, so that a read seldom fills it.
    private static let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 34_816, alignment: 16)

    /// A client's side.
    ///
    /// - Parameters:
    ///   - host: The name, or address literal, that the certificate must be for.
    ///   - key: Whose earlier session may be resumed, and under which name this one's is kept: the host with its port. Nil
    ///     resumes none.
    ///   - applicationProtocols: Offered by ALPN, the favourite first, empty for none; nil offers what the context says.
    /// - Throws: `.unusable` for a host that no certificate can be for, or a protocol's name that is none.
    public init(
        over lower: any ByteStream, client context: TLSContext, host: String, resuming key: String? = nil,
        applicationProtocols: [String]? = nil
    ) throws(TLSError) {
        self.lower = lower
        session = try TLSSession(context, host: host, ticketKey: key)
        if let applicationProtocols { try session.offer(applicationProtocols) }
    }

    /// A server's side.
    public init(over lower: any ByteStream, server context: TLSContext) throws(TLSError) {
        self.lower = lower
        session = try TLSSession(context, host: nil)
    }

    /// Told of each message of the handshake, and of what comes before the first bytes from above: tickets, mostly. Set it
    /// before the handshake.
    public var onMessage: (@NetworkActor (TLSMessage) -> Void)? {
        didSet { session.messages.areKept = onMessage != nil }
    }

    /// What the handshake agreed on, or had seen when it failed. Not to be asked while it runs.
    public var facts: TLSFacts { session.facts }

    // MARK: Handshake

    /// Agrees on keys with the peer and checks its certificate. Call it once, before anything else.
    ///
    /// - Throws: Why not, after the peer was told; `.stream(.closed)` as soon as the stream is closed. Close it then.
    @discardableResult
    public func handshake() async throws(TLSError) -> TLSFacts {
        do throws(TLSError) {
            while try await step() == .needsInput {
                try await flush()
                guard try await pull() else { throw .closedByPeer }
            }
            try await flush()
            // Tickets, or the first bytes of an eager server, may have come along.
            mayHavePlaintext = true
            // A server's tickets have gone by now. A client's come with the first bytes, or before them.
            if onMessage == nil { session.stopWatchingMessages() }
            return session.facts
        } catch {
            // The alert that says why; when it can't be sent, the reason is still the better thing to report.
            flushIfPossible()
            throw error
        }
    }

    private func step() async throws(TLSError) -> TLSSession.Progress {
        defer { tellMessages() }
        if HandshakeThreads.mayStepOnLoop(session) { return try session.handshake() }
        isElsewhere = true
        let result = await HandshakeThreads.step(session)
        isElsewhere = false
        guard !isClosed else { throw .stream(.closed) }
        return try result.get()
    }

    private func tellMessages() {
        guard let onMessage else { return }
        for message in session.messages.take() { onMessage(message) }
    }

    private func flush() async throws(TLSError) {
        do throws(StreamError) {
            while try !flushWithoutWaiting() { try await lower.writable() }
        } catch {
            throw .stream(error)
        }
    }

    /// Waits for ciphertext and feeds it. False at the end.
    private func pull() async throws(TLSError) -> Bool {
        do throws(StreamError) {
            while try !pullWithoutWaiting() { try await lower.readable() }
            return !hasLowerEnded
        } catch {
            throw .stream(error)
        }
    }

    // MARK: Reading

    public func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome {
        guard !isClosed else { throw .closed }
        while true {
            switch try decrypt(into: buffer) {
            case .bytes(let count):
                bytesReceived += count
                return .bytes(count)
            case .end: return .end
            case .needsInput:
                mayHavePlaintext = false
                if hasLowerEnded { throw .truncated }
                guard try pullWithoutWaiting() else { return .wouldBlock }
            }
        }
    }

    public func readable() async throws(StreamError) {
        guard !isClosed else { throw .closed }
        if mayHavePlaintext || hasLowerEnded { return }
        try await lower.readable()
    }

    private func decrypt(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> TLSSession.Plaintext {
        do throws(TLSError) {
            defer { if onMessage != nil { tellMessages() } }
            let outcome = try session.read(into: buffer)
            if case .bytes = outcome, onMessage != nil { endMessages() }
            // A KeyUpdate may have asked for an answer. What doesn't go out now goes with the next write.
            if session.hasOutput { flushIfPossible() }
            return outcome
        } catch {
            flushIfPossible()
            throw .tls(error)
        }
    }

    // All tickets of the handshake come before the first bytes. From here on OpenSSL would call for every record.
    private func endMessages() {
        tellMessages()
        session.stopWatchingMessages()
        onMessage = nil
    }

    /// Feeds what is there below. False when there is nothing yet.
    private func pullWithoutWaiting() throws(StreamError) -> Bool {
        switch try lower.tryRead(into: Self.scratch) {
        case .bytes(let count):
            session.feed(UnsafeRawBufferPointer(rebasing: Self.scratch[..<count]))
            mayHavePlaintext = true
        case .end: hasLowerEnded = true
        case .wouldBlock: return false
        }
        return true
    }

    // Below, tickets and key updates arrive as well, which are no business of an idle connection's owner.
    public var onReadableWhileIdle: (@NetworkActor () -> Void)? {
        didSet {
            guard onReadableWhileIdle != nil else {
                lower.onReadableWhileIdle = nil
                return
            }
            lower.onReadableWhileIdle = { [unowned self] in reportPlaintext() }
            guard mayHavePlaintext || hasLowerEnded else { return }
            EventLoop.shared.execute { [weak self] in self?.reportPlaintext() }
        }
    }

    private func reportPlaintext() {
        guard let onReadableWhileIdle, !isClosed else { return }
        defer { tellMessages() }
        do {
            repeat {
                if try hasLowerEnded || session.hasPlaintext() {
                    onReadableWhileIdle()
                    return
                }
                mayHavePlaintext = false
            } while try pullWithoutWaiting()
        } catch {
            onReadableWhileIdle()  // who reads then gets the error
        }
    }

    // MARK: Writing

    public func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard !isClosed else { throw .closed }
        if encryptedAhead == 0, !bytes.isEmpty {
            // What a read left behind goes first; more would only pile up in memory.
            guard try flushWithoutWaiting() else { return 0 }
            do throws(TLSError) {
                encryptedAhead = try session.write(UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.writeLimit)))
            } catch {
                throw .tls(error)
            }
        }
        guard try flushWithoutWaiting() else { return 0 }
        defer { encryptedAhead = 0 }
        bytesSent += encryptedAhead
        return encryptedAhead
    }

    public func writable() async throws(StreamError) {
        guard !isClosed else { throw .closed }
        try await lower.writable()
    }

    /// False when some must wait until the stream below is writable.
    private func flushWithoutWaiting() throws(StreamError) -> Bool {
        while session.hasOutput {
            var taken = 0
            try session.withOutput { (ciphertext) throws(StreamError) in
                taken = try lower.tryWrite(ciphertext)
                return taken
            }
            if taken == 0 { return false }
        }
        return true
    }

    // For last words and answers to key updates: a broken stream below tells its own story to whoever reads or writes.
    private func flushIfPossible() {
        guard !isElsewhere else { return }
        _ = try? flushWithoutWaiting()
    }

    // MARK: Closing

    /// Says close_notify and ends the stream below in this direction.
    public func closeWrite() {
        guard !isClosed else { return }
        sayCloseNotify()
        lower.closeWrite()
    }

    /// Says close_notify if that can be sent at once, and closes the stream below.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        sayCloseNotify()
        lower.close()
    }

    private func sayCloseNotify() {
        guard !isElsewhere else { return }
        session.closeWrite()
        flushIfPossible()
    }

    public var carrier: TCPStream? { lower.carrier }
    public var localAddress: NetworkAddress { lower.localAddress }
    public var remoteAddress: NetworkAddress { lower.remoteAddress }
}
