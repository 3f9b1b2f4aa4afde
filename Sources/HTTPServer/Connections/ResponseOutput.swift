internal import HTTPTrace
internal import Transport

// A small response is put together in a buffer that goes from connection to connection: nothing is allocated for it,
// and an idle connection owns none. Only a response the client does not take at once keeps the buffer, and the next one
// makes a new one.

/// Bytes on their way to one client.
@NetworkActor
struct ResponseOutput {
    // Above this a buffer is freed rather than passed on, lest one large response stay in memory.
    private static let keptBytes = 64 << 10
    private static var spare: [UInt8] = []

    private var buffer: [UInt8] = []
    private var sent = 0

    init() {}

    /// What has not been handed over.
    var waiting: ArraySlice<UInt8> { buffer[sent...] }

    /// Appends to what the next `write` sends.
    mutating func append<Failure: Error>(_ write: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        if buffer.isEmpty { swap(&buffer, &Self.spare) }
        try write(&buffer)
    }

    /// Hands over what the client takes now.
    ///
    /// - Returns: Whether that was all; otherwise wait until the stream is writable and call again.
    mutating func write(to stream: any ByteStream) throws -> Bool {
        while sent < buffer.count {
            let count = try buffer.withUnsafeBytes {
                try stream.tryWrite(UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            guard count > 0 else { return false }
            sent += count
        }
        sent = 0
        if buffer.capacity <= Self.keptBytes {
            buffer.removeAll(keepingCapacity: true)
            swap(&buffer, &Self.spare)
        }
        buffer = []
        return true
    }
}
