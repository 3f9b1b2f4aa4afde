/// Bytes on their way to the peer: appended at one end, taken at the other.
struct HTTP2Output {
    private var bytes: [UInt8] = []
    private var offset = 0
    /// Taken since the connection began.
    private(set) var taken = 0

    /// What a socket takes in a few calls; more would only grow old here.
    private static let fullBytes = 65_536

    var isEmpty: Bool { offset == bytes.count }

    var isFull: Bool { bytes.count - offset >= Self.fullBytes }

    /// Where the last byte ends, counted from the connection's first.
    var end: Int { taken + bytes.count - offset }

    mutating func append(_ more: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: more) }

    mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

    mutating func lend<Problem>(
        to send: (UnsafeRawBufferPointer) throws(Problem) -> Int
    ) throws(Problem) {
        // Typed throws don't pass through withUnsafeBytes.
        let result = bytes.withUnsafeBytes { all in
            Result { () throws(Problem) in try send(UnsafeRawBufferPointer(rebasing: all[offset...])) }
        }
        let count = try result.get()
        offset += count
        taken += count
        if offset == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 2 * Self.fullBytes)
            offset = 0
        } else if offset >= Self.fullBytes {
            bytes.removeFirst(offset)
            offset = 0
        }
    }
}
