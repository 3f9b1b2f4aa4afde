internal import HTTPWire
internal import Transport

/// Where all connections read to, one after the other: what is read is understood before the next read, so ten thousand idle
/// connections need no ten thousand buffers.
@NetworkActor
final class SharedInput {
    static let shared = SharedInput()

    /// 64 KiB is what a fast peer has ready at once.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// The response heads that came lately, on any connection: the next one is most often one of them.
    @exclusivity(unchecked) var knownHeads = KnownHeads()

    private init() {}

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(memory.assumingMemoryBound(to: UInt8.self)) }
}
