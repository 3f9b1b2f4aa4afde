public import HTTPTrace

/// What a look for bytes found.
public enum ReadOutcome: Equatable, Sendable {
    /// This many were stored, at least 1.
    case bytes(Int)
    /// None yet: `readable()` waits for them.
    case wouldBlock
    /// The peer ended its side; more reads say the same.
    case end
}

/// Bytes in order, both ways: TCP, TLS over another stream, a tunnel.
///
/// One task may wait to read while another waits to write. The `try…` calls never wait. A task's cancellation is not
/// watched here: who wants to end a wait closes the stream.
@NetworkActor
public protocol ByteStream: AnyObject, Sendable {
    /// Takes what is there, without waiting.
    ///
    /// - Parameter buffer: Room for at least one byte. A roomy one saves system calls: a read that doesn't fill it
    ///   proves that there is no more.
    func tryRead(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> ReadOutcome

    /// Waits until `tryRead` may say something other than `wouldBlock`; now and then it still won't.
    ///
    /// - Throws: `.closed` as soon as the stream is closed.
    func readable() async throws(StreamError)

    /// Hands bytes over, without waiting.
    ///
    /// - Returns: How many were taken, from the front; 0 means that none can be taken now. After a 0 the next call must
    ///   offer the same bytes again (or more): TLS may have encrypted them already.
    func tryWrite(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> Int

    /// Waits until `tryWrite` may take something.
    ///
    /// - Throws: `.closed` as soon as the stream is closed.
    func writable() async throws(StreamError)

    /// Called when bytes, the end or an error arrive while nobody waits in `readable()`; also soon after it was set,
    /// when they are there already. The pool's watch over idle connections: no task, and nothing to pay per request.
    var onReadableWhileIdle: (@NetworkActor () -> Void)? { get set }

    /// Says that nothing more will be written; reading goes on.
    func closeWrite()

    /// Closes both sides and ends waits with `.closed`. What was not yet handed to the kernel is lost. Once is enough.
    func close()

    /// The TCP connection that carries it all; nil where that is not known.
    var carrier: TCPStream? { get }

    var localAddress: NetworkAddress { get }
    var remoteAddress: NetworkAddress { get }

    /// As counted by this layer: over TLS, what was decrypted.
    var bytesReceived: Int { get }
    /// As counted by this layer: over TLS, before encryption.
    var bytesSent: Int { get }
}

extension ByteStream {
    public var carrier: TCPStream? { nil }

    /// As counted by the lowest layer that is known. Over TLS some of what `tryWrite` did not take yet may be in it.
    public var wireBytesSent: Int { carrier?.bytesSent ?? bytesSent }

    /// Waits until the peer sends something, then takes it.
    ///
    /// - Returns: 1 to `buffer.count` bytes, or 0 at the end of the stream.
    public func read(into buffer: UnsafeMutableRawBufferPointer) async throws(StreamError) -> Int {
        while true {
            switch try tryRead(into: buffer) {
            case .bytes(let count): return count
            case .end: return 0
            case .wouldBlock: try await readable()
            }
        }
    }

    /// Writes all of `bytes`, which must stay valid meanwhile. Returns when the kernel has them.
    public func writeAll(_ bytes: UnsafeRawBufferPointer) async throws(StreamError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try tryWrite(rest)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if count == 0 { try await writable() }
        }
    }

    /// Writes all of `bytes`. Returns when the kernel has them.
    public func writeAll(_ bytes: [UInt8]) async throws(StreamError) {
        var offset = 0
        while offset < bytes.count {
            // Typed throws don't pass through withUnsafeBytes.
            let result = bytes.withUnsafeBytes { all in
                Result { () throws(StreamError) in try tryWrite(UnsafeRawBufferPointer(rebasing: all[offset...])) }
            }
            let count = try result.get()
            offset += count
            if count == 0 { try await writable() }
        }
    }
}
