internal import CLinux
internal import Glibc
public import HTTPTrace

/// A TCP connection.
///
/// Non-blocking, without Nagle's delay. Dropping the last reference closes it.
@NetworkActor
public final class TCPStream: ByteStream {
    let descriptor: Descriptor
    public let localAddress: NetworkAddress
    public let remoteAddress: NetworkAddress
    @exclusivity(unchecked) public private(set) var bytesReceived = 0
    @exclusivity(unchecked) public private(set) var bytesSent = 0

    /// Takes over a connected descriptor.
    init(_ descriptor: Descriptor, remote: NetworkAddress) {
        self.descriptor = descriptor
        remoteAddress = remote
        var local = SocketAddress()
        _ = local.withMutableBytes { getsockname(descriptor.number, $0, $1) }
        localAddress = local.networkAddress ?? NetworkAddress(family: remote.family, ip: "?", port: 0)
    }

    isolated deinit { descriptor.close() }

    /// Opens a connection to one address.
    ///
    /// - Parameters:
    ///   - localEnd: Where it starts from; nil leaves it to the kernel.
    ///   - timeout: Nil leaves it to the kernel, which gives up after about two minutes.
    /// - Throws: `.failed` with connect's result, ETIMEDOUT also for `timeout`; `.closed` as soon as the task is
    ///   cancelled.
    @inline(__always)
    public static func connect(
        to address: NetworkAddress, from localEnd: LocalEnd? = nil, timeout: Duration? = nil
    ) async throws(StreamError) -> TCPStream {
        let descriptor = try startConnecting(to: address, from: localEnd)
        let deadline = timeout.map { EventLoop.shared.now + $0 }
        let timer = deadline.map { EventLoop.shared.schedule(at: $0) { descriptor.close() } }
        let wakening = await withTaskCancellationHandler {
            await descriptor.waitUntilWritable()
        } onCancel: {
            EventLoop.shared.execute { descriptor.close() }
        }
        if let timer { EventLoop.shared.cancel(timer) }
        return try finishConnecting(descriptor, to: address, wakening, deadline)
    }

    @inline(never)
    private static func finishConnecting(
        _ descriptor: Descriptor, to address: NetworkAddress, _ wakening: Descriptor.Wakening, _ deadline: Timestamp?
    ) throws(StreamError) -> TCPStream {
        // A cancellation that comes just after the connection stood still counts: nobody would take the stream.
        guard wakening == .ready, !descriptor.isClosed, !Task.isCancelled else {
            descriptor.close()
            let isTimeout = !Task.isCancelled && deadline.map { EventLoop.shared.now >= $0 } == true
            throw isTimeout ? .failed(call: "connect", code: ETIMEDOUT) : .closed
        }
        let code = descriptor.pendingError()
        guard code == 0 else {
            descriptor.close()
            throw .failed(call: "connect", code: code)
        }
        return TCPStream(descriptor, remote: address)
    }

    @inline(never)
    private static func startConnecting(
        to address: NetworkAddress, from localEnd: LocalEnd?
    ) throws(StreamError) -> Descriptor {
        guard let target = SocketAddress(address) else { throw .failed(call: "connect", code: EINVAL) }
        let descriptor = try Descriptor.makeSocket(family: target.family)
        do throws(StreamError) {
            if let localEnd { try descriptor.start(from: localEnd, toward: address.family) }
        } catch {
            descriptor.close()
            throw error
        }
        // EINTR leaves the attempt running, like EINPROGRESS. Loopback may be connected, or refuse, on the spot.
        if target.withBytes({ Glibc.connect(descriptor.number, $0, $1) }) < 0, errno != EINPROGRESS, errno != EINTR {
            let code = errno
            descriptor.close()
            throw .failed(call: "connect", code: code)
        }
        return descriptor
    }

    // MARK: ByteStream

    public var carrier: TCPStream? { self }

    /// Whether `arrival` is kept. Costs a read about a tenth of a microsecond.
    public var notesArrivals: Bool {
        get { descriptor.notesArrivals }
        set { if descriptor.notesArrivals != newValue { descriptor.notesArrivals = newValue } }
    }

    /// When the last byte of the latest read reached this machine, by the kernel's stamp; nil without one.
    public var arrival: Timestamp? { descriptor.arrival }

    /// So far, in both directions.
    public var wireBytes: WireBytes { WireBytes(sent: bytesSent, received: bytesReceived) }

    /// What the kernel knows of this connection now; nil once it is closed. One system call, less than a microsecond.
    public func facts(at moment: TCPFacts.Moment) -> TCPFacts? { descriptor.tcpFacts(at: moment) }

    /// Whether so much has arrived unread that the peer is kept from sending more. Two system calls.
    public var isFull: Bool { descriptor.isFull }

    /// False where `tryRead` is known to find nothing now.
    public var mayRead: Bool { descriptor.isClosed || descriptor.readiness.mayRead }

    public func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome {
        let outcome = try descriptor.read(into: buffer)
        if case .bytes(let count) = outcome { bytesReceived += count }
        return outcome
    }

    public func readable() async throws(StreamError) {
        guard await descriptor.waitUntilReadable() == .ready else { throw .closed }
    }

    public func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        let count = try descriptor.write(bytes)
        bytesSent += count
        return count
    }

    public func writable() async throws(StreamError) {
        guard await descriptor.waitUntilWritable() == .ready else { throw .closed }
    }

    public var onReadableWhileIdle: (@NetworkActor () -> Void)? {
        get { descriptor.onReadableWhileIdle }
        set { descriptor.onReadableWhileIdle = newValue }
    }

    public func closeWrite() {
        if !descriptor.isClosed { shutdown(descriptor.number, Int32(SHUT_WR)) }
    }

    public func close() { descriptor.close() }

    /// Closes with a reset instead of an orderly end: what either side has not read yet is lost.
    public func reset() {
        descriptor.resetOnClose()
        descriptor.close()
    }
}
