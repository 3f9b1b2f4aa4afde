internal import TextScreen

// Bytes from the terminal become keys. We read them ourselves instead of through wgetch(3x): that one can't tell "no key
// now" from "no key ever", takes escape sequences inside a paste for keys, and needs a terminal to be tested.
//
//   bytes ──▶ pending ──▶ terminfo's sequences ──▶ CSI, SS3, mouse, Alt ──▶ UTF-8 ──▶ keys
//                │
//                └── ESC[200~ … ESC[201~ ──▶ one paste
//
// What ends in the middle of a sequence is kept for the next bytes. Only the caller's clock can tell Esc from the start
// of a sequence: it calls `flush` when nothing followed in time.

/// Turns the bytes a terminal sends into keys.
struct KeyDecoder {
    /// The most bytes of one paste that are kept; the rest is dropped and counted. Room for a generous request body.
    static let pasteLimit = 1 << 20
    /// No terminal sends a longer sequence; whatever does is not worth waiting for.
    static let sequenceLimit = 64

    private let sequences: [[UInt8]: Key]
    private let longestSequence: Int
    private var pending: [UInt8] = []
    private var paste: [UInt8]?
    /// Bytes of pastes that exceeded the limit, since they were last asked for.
    private(set) var droppedPasteBytes = 0

    /// - Parameter sequences: The terminal's own, which win over xterm's.
    init(sequences: [[UInt8]: Key] = [:]) {
        self.sequences = sequences
        longestSequence = sequences.keys.reduce(0) { max($0, $1.count) }
    }

    /// Whether an Esc, or a sequence begun, waits for its rest. A paste does not count: it ends when it ends.
    var isWaiting: Bool { paste == nil && !pending.isEmpty }

    mutating func takeDroppedPasteBytes() -> Int {
        defer { droppedPasteBytes = 0 }
        return droppedPasteBytes
    }

    /// The keys that are complete with `bytes`.
    mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        return keys(isFinal: false)
    }

    /// The keys in what is kept, nothing having followed in time: a lone Esc is the key.
    mutating func flush() -> [Key] { keys(isFinal: true) }

    private mutating func keys(isFinal: Bool) -> [Key] {
        var keys: [Key] = []
        var rest = pending[...]
        while !rest.isEmpty {
            if paste != nil {
                guard let key = readPaste(&rest) else { break }
                keys.append(key)
                continue
            }
            let step = KeyParser(sequences: sequences, longest: longestSequence).step(rest, isFinal: isFinal)
            switch step {
            case .incomplete:
                pending = Array(rest)
                return keys
            case .key(let key, let length):
                keys.append(key)
                rest = rest.dropFirst(length)
            case .ignored(let length):
                rest = rest.dropFirst(length)
            case .pasteStart(let length):
                rest = rest.dropFirst(length)
                paste = []
            }
        }
        pending = Array(rest)
        return keys
    }

    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// Moves bytes into the paste; the key when its end is reached.
    private mutating func readPaste(_ rest: inout ArraySlice<UInt8>) -> Key? {
        let end = KeyDecoder.pasteEnd
        var index = rest.startIndex
        while index < rest.endIndex {
            if rest[index] == 0x1B {
                let candidate = rest[index...].prefix(end.count)
                if candidate.elementsEqual(end) {
                    keep(rest[..<index])
                    rest = rest[(index + end.count)...]
                    defer { paste = nil }
                    return .paste(String(decoding: paste ?? [], as: UTF8.self))
                }
                if candidate.count < end.count, end.starts(with: candidate) { break }
            }
            index += 1
        }
        keep(rest[..<index])
        rest = rest[index...]
        return nil
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        let room = KeyDecoder.pasteLimit - (paste?.count ?? 0)
        paste?.append(contentsOf: bytes.prefix(room))
        droppedPasteBytes += max(0, bytes.count - room)
    }
}
