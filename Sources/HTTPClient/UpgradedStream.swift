public import HTTPTrace
public import Transport

/// A connection after the server agreed to speak another protocol on it (RFC 9110 §7.8): bytes both ways, nothing between.
///
/// Closed when it is no longer referred to.
@NetworkActor
public final class UpgradedStream {
    private let stream: any ByteStream
    /// What came behind the head in one go.
    private var early: [UInt8]

    init(_ stream: any ByteStream, early: [UInt8]) {
        self.stream = stream
        self.early = early
    }

    isolated deinit { stream.close() }

    public var localAddress: NetworkAddress { stream.localAddress }
    public var remoteAddress: NetworkAddress { stream.remoteAddress }

    /// Waits until the peer sends something, then takes it. One caller at a time.
    ///
    /// - Returns: At least one byte; nil when the peer has ended its side.
    /// - Throws: `.cancelled` when the task is cancelled, or when the stream is closed meanwhile.
    public func read() async throws(Failure) -> [UInt8]? {
        if !early.isEmpty {
            defer { early = [] }
            return early
        }
        let result = await withTaskCancellationHandler {
            await Result.of { () async throws(StreamError) in try await nextBytes() }
        } onCancel: {
            EventLoop.shared.execute { self.close() }
        }
        do throws(StreamError) { return try result.get() } catch { throw failure(error, during: .receive) }
    }

    /// Hands all of `bytes` to the kernel. One caller at a time, also while another reads.
    public func write(_ bytes: [UInt8]) async throws(Failure) {
        let result = await withTaskCancellationHandler {
            await Result.of { () async throws(StreamError) in try await stream.writeAll(bytes) }
        } onCancel: {
            EventLoop.shared.execute { self.close() }
        }
        do throws(StreamError) { try result.get() } catch { throw failure(error, during: .send) }
    }

    /// Says that nothing more will be written; reading goes on.
    public func closeWrite() { stream.closeWrite() }

    /// Ends both sides and whoever waits. Once is enough.
    public func close() { stream.close() }

    private func nextBytes() async throws(StreamError) -> [UInt8]? {
        while true {
            switch try stream.tryRead(into: SharedInput.shared.memory) {
            case .bytes(let count): return Array(SharedInput.shared.memory[..<count])
            case .end: return nil
            case .wouldBlock: try await stream.readable()
            }
        }
    }

    private func failure(_ error: StreamError, during phase: Phase) -> Failure {
        error == .closed ? Failure(.cancelled, phase: phase, "the stream was closed") : Failure(error, during: phase)
    }
}
