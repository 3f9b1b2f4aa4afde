internal import HTTPTrace
internal import Transport

// A connection that a handler took over, followed to its end: Go's server loses sight of it (golang/go#43585). It passes
// everything on and notices one thing, that it was closed or dropped.

@NetworkActor
final class HijackedStream: ByteStream {
    private let inner: any ByteStream
    private var onEnd: (@NetworkActor () -> Void)?

    /// - Parameter onEnd: Called once.
    init(_ inner: any ByteStream, onEnd: @escaping @NetworkActor () -> Void) {
        self.inner = inner
        self.onEnd = onEnd
    }

    isolated deinit { close() }

    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome {
        try inner.tryRead(into: buffer)
    }

    func readable() async throws(StreamError) { try await inner.readable() }

    func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int { try inner.tryWrite(bytes) }

    func writable() async throws(StreamError) { try await inner.writable() }

    var onReadableWhileIdle: (@NetworkActor () -> Void)? {
        get { inner.onReadableWhileIdle }
        set { inner.onReadableWhileIdle = newValue }
    }

    func closeWrite() { inner.closeWrite() }

    func close() {
        inner.close()
        onEnd.take()?()
    }

    var carrier: TCPStream? { inner.carrier }
    var localAddress: NetworkAddress { inner.localAddress }
    var remoteAddress: NetworkAddress { inner.remoteAddress }
    var bytesReceived: Int { inner.bytesReceived }
    var bytesSent: Int { inner.bytesSent }
}
