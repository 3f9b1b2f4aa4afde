internal import HTTPTrace
internal import HTTPWire
internal import Transport

// One connection that carries HTTP/1.1 exchanges, one after the other. Between them it rests in the pool, and watches
// for a peer that closes or speaks out of turn, which no request must ever see.

@NetworkActor
final class HTTP1Connection {
    let id: ConnectionID
    let facts: ConnectionFacts
    /// What every request is told of it.
    let ends: ConnectionEnds
    let stream: any ByteStream
    /// Where the responses on this connection stand; used by one exchange at a time.
    @exclusivity(unchecked) var reader: HTTP1ResponseReader
    /// Requests it has carried, the present one included.
    private(set) var uses = 0
    /// Go's meaning for the present use: it had been in the pool before.
    private(set) var isReused = false

    /// The exchange that waits for bytes, and where its task does.
    var waiting: HTTP1Exchange?
    private let place = WaitingPlace()

    /// At the bottom of `stream`.
    private let carrier: TCPStream?
    /// `stream` itself, where it is a TCP connection with nothing over it, as most are: what is done for every request
    /// need not go through a table then.
    private let plain: TCPStream?
    /// Asking for the one of all costs a call each time.
    let input = SharedInput.shared
    private var wireBytesBefore = WireBytes(sent: 0, received: 0)
    private var nextMeasurement = Timestamp.zero

    /// See `PoolSettings`.
    let settlingTime: Duration

    /// It holds this as well, until it has closed it: at the latest when the client goes.
    private let pool: ConnectionPool
    private var isResting = true

    init(
        id: ConnectionID, stream: any ByteStream, facts: ConnectionFacts, pool: ConnectionPool,
        configuration: ClientConfiguration
    ) {
        self.id = id
        self.stream = stream
        carrier = stream.carrier
        plain = stream as? TCPStream
        self.facts = facts
        ends = ConnectionEnds(id, local: facts.local, remote: facts.remote)
        self.pool = pool
        settlingTime = configuration.pool.settlingTime
        reader = HTTP1ResponseReader(limits: configuration.limits)
        // Until the stream is closed, as every connection's is: by the pool, or by `abort`. A weak reference would
        // make each counting of this object's references a slow one.
        stream.onReadableWhileIdle = { self.noticeReadable() }
    }

    func beginUse(reused: Bool) {
        uses += 1
        // What setting up cost, a handshake above all, belongs to the first use.
        if uses > 1, let carrier { wireBytesBefore = carrier.wireBytes }
        isReused = reused
        isResting = false
    }

    /// How often exchanges on one connection have the kernel asked. Asking costs most of a microsecond: nothing at this
    /// pace, and a tenth of a request when each of many thousand a second did it.
    nonisolated static let measurementInterval = Duration.milliseconds(50)

    /// Whether the exchange that runs may ask the kernel, at its first byte and at its end.
    func mayMeasure(at now: Timestamp) -> Bool {
        guard now >= nextMeasurement, carrier != nil else { return false }
        nextMeasurement = now + Self.measurementInterval
        return true
    }

    // MARK: Waiting

    // Not by way of `place`, which would be counted for each call.

    /// See `WaitingPlace`.
    @inline(never)
    func mustPark() -> Bool { place.mustPark() }

    /// See `WaitingPlace`.
    @inline(never)
    func wake() { place.wake() }

    // MARK: Bytes

    /// False where reading is known to find nothing now.
    var mayRead: Bool { if let plain { plain.mayRead } else { true } }

    /// Reads to the beginning of `input`, without waiting.
    func tryRead() throws(StreamError) -> ReadOutcome {
        if plain != nil { try plain!.tryRead(into: input.memory) } else { try stream.tryRead(into: input.memory) }
    }

    /// Understands what stands there next, in `range` of `input`.
    ///
    /// - Parameter isEnd: The peer closed: nothing will come after that.
    func nextStep(_ range: Range<Int>, isEnd: Bool) throws(ExchangeProblem) -> HTTP1ResponseReader.Step {
        do throws(WireError) {
            return try reader.next(input.bytes.span.extracting(range), isEnd: isEnd, knowing: &input.knownHeads)
        } catch {
            throw .wire(error)
        }
    }

    /// Writes without waiting, see `ByteStream`.
    func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        if plain != nil { try plain!.tryWrite(bytes) } else { try stream.tryWrite(bytes) }
    }

    // MARK: Figures

    /// Bytes the kernel has taken, on all layers.
    var wireBytesSent: Int { if let carrier { carrier.bytesSent } else { stream.bytesSent } }

    /// Whether the kernel is asked when bytes arrived.
    func noteArrivals(_ isWanted: Bool) { carrier?.notesArrivals = isWanted }

    /// When the bytes that were read last had arrived; nil where the kernel doesn't tell.
    var arrival: Timestamp? { carrier?.arrival }

    /// Whether the peer can't send for what has arrived and was not read.
    var isFull: Bool { carrier?.isFull ?? false }

    /// What the kernel knows now; nil once the connection is closed.
    func tcpFacts(at moment: TCPFacts.Moment) -> TCPFacts? {
        guard let carrier, var facts = carrier.facts(at: moment) else { return nil }
        var exchange = carrier.wireBytes - wireBytesBefore
        // An upload that was answered early leaves megabytes in the kernel's hands, which are on no wire.
        if let left = facts.distinctBytesSent {
            exchange.sent = max(0, min(carrier.bytesSent, left) - wireBytesBefore.sent)
        }
        facts.exchange = exchange
        return facts
    }

    // MARK: Ending a use

    /// The response ended well: back to the pool, which may hand it on before this returns.
    func release(_ tracer: Tracer) {
        isResting = true
        pool.release(self, tracer: tracer)
    }

    /// Closes it and has the pool forget it.
    func discard(because reason: CloseReason) { pool.discard(id, because: reason) }

    /// Leaves the stream to the caller, and has the pool forget it: it speaks another protocol now.
    ///
    /// - Parameter early: What has come of that already.
    func handOver(_ early: [UInt8]) -> UpgradedStream {
        stream.onReadableWhileIdle = nil
        pool.letGo(self, because: .switchedProtocols)
        return UpgradedStream(stream, early: early)
    }

    /// Closes the stream at once; whoever waits on it is resumed with an error.
    func abort() {
        stream.close()
        waiting?.noticeReadable()
    }

    private func noticeReadable() {
        if let waiting { return waiting.noticeReadable() }
        guard isResting, let reason = reasonNotToRest() else { return }
        discard(because: reason)
    }

    /// Whether these are the first bytes of an HTTP/1 response with status 408.
    static func isRequestTimeout(_ bytes: some Collection<UInt8>) -> Bool {
        // The minor version is any.
        let (version, status) = (Array("HTTP/1.".utf8), Array(" 408".utf8))
        return bytes.starts(with: version) && bytes.dropFirst(version.count + 1).starts(with: status)
    }

    /// What the peer did while nothing was asked of it; nil when it kept still. Costs no system call unless something
    /// has arrived.
    func reasonNotToRest() -> CloseReason? {
        guard mayRead else { return nil }
        do throws(StreamError) {
            switch try tryRead() {
            case .wouldBlock: return nil  // TLS may have had something to say that is not data: a session ticket.
            case .end: return .peerClosedIdle
            // Servers that give up on an idle connection may say so first; that is an ordinary close.
            case .bytes(let count) where Self.isRequestTimeout(input.memory[..<count]): return .peerClosedIdle
            case .bytes: return .unsolicitedBytes
            }
        } catch {
            // Closed between two requests, however rudely: nothing was lost.
            return .peerClosedIdle
        }
    }
}
