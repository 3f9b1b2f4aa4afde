internal import CLinux
internal import Glibc
internal import HTTPTrace

// One non-blocking socket on the event loop: system calls, and who waits for them. `Readiness` decides whether a call
// is worth making; nothing here interprets the bytes. Streams, listeners and dials each own one.

/// A socket's descriptor number, registered with the loop until it is closed.
@NetworkActor
final class Descriptor {
    /// How a wait ended.
    enum Wakening: Sendable { case ready, closed }

    /// As the kernel numbers it; -1 once closed, so that no call can hit a socket that got the number later.
    private(set) var number: Int32
    private(set) var readiness: Readiness
    private var ticket: Poller.Ticket?
    // Made for the first who waits: most connections of a crowd never have one.
    private var reader: WaitingPlace?
    private var writer: WaitingPlace?
    private var hasReader = false

    /// Takes over `number`, also when it throws.
    ///
    /// - Parameter mayWrite: False while a connect is under way.
    init(adopting number: Int32, mayWrite: Bool) throws(StreamError) {
        self.number = number
        readiness = Readiness(mayWrite: mayWrite)
        do {
            ticket = try EventLoop.shared.register(self, number: number)
        } catch {
            _ = Glibc.close(number)
            throw error
        }
    }

    var isClosed: Bool { number < 0 }

    // MARK: Waiting

    /// Until reading is worth a try. One task at a time.
    func waitUntilReadable() async -> Wakening {
        let place = reader ?? WaitingPlace()
        reader = place
        hasReader = true
        defer { hasReader = false }
        while !isClosed, !readiness.mayRead { await place.wait() }
        return isClosed ? .closed : .ready
    }

    /// Until writing is worth a try. One task at a time; another may wait to read meanwhile.
    func waitUntilWritable() async -> Wakening {
        let place = writer ?? WaitingPlace()
        writer = place
        while !isClosed, !readiness.mayWrite { await place.wait() }
        return isClosed ? .closed : .ready
    }

    /// Called when something to read arrives (bytes, the end, an error) while nobody waits for it.
    ///
    /// What is there already when it is set counts as arriving: it is called soon after, never inside the setter.
    var onReadableWhileIdle: (@NetworkActor () -> Void)? {
        didSet {
            guard onReadableWhileIdle != nil, readiness.mayRead, hasSomethingToRead() else { return }
            EventLoop.shared.execute { [self] in
                if !hasReader { onReadableWhileIdle?() }
            }
        }
    }

    /// Edges from the loop.
    func arrived(_ events: UInt32) {
        let (reading, writing) = readiness.arrived(events)
        if writing { writer?.wake() }
        guard reading else { return }
        if hasReader { reader?.wake() } else { onReadableWhileIdle?() }
    }

    /// Closes the socket and wakes those who wait, with `.closed`. Once is enough, more is harmless.
    func close() {
        guard !isClosed else { return }
        if let ticket { EventLoop.shared.unregister(ticket) }
        // Linux releases the number even where close(2) reports EINTR or EIO: never try again.
        _ = Glibc.close(number)
        number = -1
        onReadableWhileIdle = nil
        reader?.wake()
        writer?.wake()
    }

    // MARK: Arrivals

    /// Whether reads tell when their bytes had arrived. Stays off where the kernel doesn't offer it. The first packets after
    /// the first socket asked still come without a stamp: the kernel takes a moment to begin.
    var notesArrivals = false {
        didSet {
            arrival = nil
            guard notesArrivals, !hasArrivalStamps else { return }
            hasArrivalStamps = stamp_arrivals(number) == 0
            if !hasArrivalStamps { notesArrivals = false }
        }
    }

    private var hasArrivalStamps = false

    /// When the last byte of the latest read reached this machine; nil when nobody wanted to know, or the kernel didn't
    /// say. However long the network thread was busy or off the processor, this moment stays.
    private(set) var arrival: Timestamp?

    private func receiveStamped(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var stamp = timespec()
        let count = receive_stamped(number, buffer.baseAddress, buffer.count, &stamp)
        let code = errno
        arrival = stamp.tv_sec == 0 ? nil : Self.moment(of: stamp)
        errno = code
        return count
    }

    /// The kernel stamps by the wall clock, so the stamp's age is what carries over. Asked in this order, so that whatever
    /// comes between the two looks makes it younger: at worst it is now, which is what we would say without it.
    private static func moment(of stamp: timespec) -> Timestamp? {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        let now = EventLoop.shared.now
        let age = Int64(wall.tv_sec - stamp.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec - stamp.tv_nsec)
        // Otherwise somebody has set the clock meanwhile.
        guard (0..<oldestArrivalNanoseconds).contains(age) else { return nil }
        return Timestamp(nanoseconds: now.nanoseconds - age)
    }

    private static let oldestArrivalNanoseconds: Int64 = 60_000_000_000

    // MARK: System calls

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome {
        guard !isClosed else { throw .closed }
        precondition(!buffer.isEmpty, "a read needs room for at least one byte")
        guard readiness.mayRead else { return .wouldBlock }
        while true {
            let count =
                notesArrivals ? receiveStamped(into: buffer) : recv(number, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                readiness.didRead(count, of: buffer.count)
                return .bytes(count)
            }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                readiness.readWouldBlock()
                return .wouldBlock
            case let code: throw .failed(call: "read", code: code)
            }
        }
    }

    /// - Returns: How many bytes the kernel took; 0 when it takes none now.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        guard !isClosed else { throw .closed }
        guard readiness.mayWrite, !bytes.isEmpty else { return 0 }
        while true {
            // Without MSG_NOSIGNAL a peer that closed would end the whole program by SIGPIPE.
            let count = send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                readiness.didWrite(count, of: bytes.count)
                return count
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                readiness.writeWouldBlock()
                return 0
            case let code: throw .failed(call: "write", code: code)
            }
        }
    }

    /// Somebody else's write to it would have blocked: the next wait is a real one.
    func noteFull() { readiness.writeWouldBlock() }

    /// Takes a connection off a listening socket's queue; nil when it is empty.
    func accept(into address: inout SocketAddress) throws(StreamError) -> Int32? {
        guard !isClosed else { throw .closed }
        guard readiness.mayRead else { return nil }
        while true {
            let accepted = address.withMutableBytes { pointer, length in
                accept4(number, pointer, length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            }
            if accepted >= 0 { return accepted }
            switch errno {
            // The peer gave up while it stood in the queue (accept(2) lists the network errors): take the next.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH:
                continue
            case EAGAIN:
                readiness.readWouldBlock()
                return nil
            case let code: throw .failed(call: "accept", code: code)
            }
        }
    }

    /// Looks without taking, to tell "may try" from "there is".
    private func hasSomethingToRead() -> Bool {
        var byte: UInt8 = 0
        if recv(number, &byte, 1, Int32(MSG_PEEK)) < 0, errno == EAGAIN {
            readiness.readWouldBlock()
            return false
        }
        return true
    }
}
