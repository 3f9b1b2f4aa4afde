// Numbers in as few bytes as they need (LEB128): seven bits a byte, lowest first, the top bit set on all but the last.

/// Packs numbers, one after the other.
struct PackedWriter: ~Copyable {
    // Plain memory that is this writer's alone: an array asks at each byte whether it has room and is nobody else's.
    private var room: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    /// 64 bits in sevens.
    private static let mostBytes = 10

    init(capacity: Int) {
        self.capacity = max(capacity, Self.mostBytes)
        room = .allocate(capacity: self.capacity)
    }

    deinit { room.deallocate() }

    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: room, count: count)) }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        ensure(1)
        room[count] = byte
        count += 1
    }

    mutating func append(_ bytes: [UInt8]) {
        ensure(bytes.count)
        bytes.withUnsafeBufferPointer { bytes in
            if let start = bytes.baseAddress { (room + count).update(from: start, count: bytes.count) }
        }
        count += bytes.count
    }

    @inline(__always)
    mutating func pack(_ number: UInt64) {
        ensure(Self.mostBytes)
        var rest = number
        while rest >= 0x80 {
            room[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        room[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    @inline(__always)
    mutating func pack(_ number: Int) { pack(UInt64(bitPattern: Int64(number))) }

    /// Either sign; small ones of both take few bytes.
    @inline(__always)
    mutating func pack(signed number: Int64) { pack(UInt64(bitPattern: number << 1 ^ number >> 63)) }

    @inline(__always)
    private mutating func ensure(_ more: Int) { if capacity - count < more { grow(by: more) } }

    @inline(never)
    private mutating func grow(by more: Int) { room.grow(&capacity, holding: count, by: more) }
}

/// Reads what was packed, in the order in which it was. A borrower of the page's bytes, so that reading copies nothing.
struct PackedReader {
    private let bytes: [UInt8]
    private var index: Int

    init(_ bytes: [UInt8], at index: Int) {
        self.bytes = bytes
        self.index = index
    }

    mutating func byte() -> UInt8 {
        defer { index += 1 }
        return bytes[index]
    }

    mutating func number() -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = byte()
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
    }

    mutating func int() -> Int { Int(truncatingIfNeeded: number()) }

    mutating func signed() -> Int64 {
        let number = number()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }
}
