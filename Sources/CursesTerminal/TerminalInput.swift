internal import Glibc
internal import TextScreen

/// The keyboard's descriptor and what has been read of it.
struct TerminalInput {
    let descriptor: Int32
    /// Whether it was opened here, and is closed here.
    let isOwn: Bool
    /// Nothing will ever come: the terminal was closed, or taken from us for good.
    private(set) var hasEnded = false
    private var decoder: KeyDecoder

    init(descriptor: Int32, isOwn: Bool, sequences: [[UInt8]: Key]) {
        self.descriptor = descriptor
        self.isOwn = isOwn
        decoder = KeyDecoder(sequences: sequences)
    }

    func close() { if isOwn { _ = Glibc.close(descriptor) } }

    // As long as ESCDELAY should be: longer than the gap inside a sequence over a slow line, shorter than a person notices.
    private static let escapeDelayMilliseconds: Int32 = 25

    // A flood of input must not keep the screen from being drawn; the rest is there at the next call. Several turns of
    // the wheel fit; a paste counts as one.
    static let keysPerRead = 512

    /// The keys typed since the last call. Waits only for the rest of an escape sequence that has begun.
    mutating func read() -> [TerminalEvent] {
        guard !hasEnded else { return [] }
        var keys: [Key] = []
        while keys.count < TerminalInput.keysPerRead,
            hasBytes(within: decoder.isWaiting ? TerminalInput.escapeDelayMilliseconds : 0)
        {
            guard let bytes = readBytes() else {
                hasEnded = true
                break
            }
            keys += decoder.decode(bytes)
        }
        // Where the flood ends in an Esc, nobody calls again before the next key.
        if decoder.isWaiting,
            keys.count < TerminalInput.keysPerRead || !hasBytes(within: TerminalInput.escapeDelayMilliseconds)
        {
            keys += decoder.flush()
        }
        var events: [TerminalEvent] = keys.map { .key($0) }
        let dropped = decoder.takeDroppedPasteBytes()
        if dropped > 0 { events.append(.pasteCut(droppedBytes: dropped)) }
        if hasEnded { events.append(.inputEnded) }
        return events
    }

    // poll and not a non-blocking read: that mode would belong to the terminal, and so to the shell as well.
    private func hasBytes(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, milliseconds) > 0
    }

    /// `nil` at the end of the input, which on a terminal that hung up is EIO.
    private func readBytes() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil }
        return Array(bytes.prefix(count))
    }
}
