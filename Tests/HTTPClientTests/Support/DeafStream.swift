import HTTPTrace
import Transport

@testable import HTTPClient

/// A stream to nobody. It takes a part of what it is given and says nothing of it, as TLS does while the kernel is full.
@NetworkActor
final class DeafStream: ByteStream {
    let localAddress = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 1)
    let remoteAddress = NetworkAddress(family: .ip4, ip: "127.0.0.1", port: 2)
    let bytesReceived = 0
    private(set) var bytesSent = 100
    private(set) var isClosed = false
    /// What there is to read.
    var reading = ReadOutcome.wouldBlock
    var onReadableWhileIdle: (@NetworkActor () -> Void)?

    var facts: ConnectionFacts { ConnectionFacts(local: localAddress, remote: remoteAddress) }

    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome { reading }

    func readable() async throws(StreamError) { throw .closed }

    func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int {
        bytesSent += bytes.count / 2
        return 0
    }

    func writable() async throws(StreamError) { throw .closed }

    func closeWrite() {}

    func close() { isClosed = true }
}

extension ConnectionPool {
    /// One that nobody has asked for anything.
    convenience init(_ configuration: ClientConfiguration) {
        self.init(
            settings: configuration.pool, factory: ConnectionFactory(configuration: configuration), observer: nil,
            buffer: nil)
    }
}
