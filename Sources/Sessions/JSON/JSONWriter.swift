// JSON as bytes, written straight into one buffer: an export of a million entries makes no tree and no Double. Names are
// static and need no escaping; times are whole microseconds or nanoseconds written as decimals, so NaN can't occur and
// sums stay exact.

/// Writes JSON text (RFC 8259), compact, commas and escapes included.
///
/// Besides what JSON asks for, characters that could command or confuse a terminal are escaped too: the output may well
/// be shown on one.
package struct JSONWriter: ~Copyable, @unchecked Sendable {
    // Plain memory that is this writer's alone: an array asks at each byte whether it has room and is nobody else's.
    private var room: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// How many bytes have been written since they were last taken.
    package private(set) var count = 0
    var needsComma = false

    package init() {
        capacity = 256
        room = .allocate(capacity: capacity)
    }

    deinit { room.deallocate() }

    /// The bytes so far; the writer goes on with the same buffer, emptied, also in the middle of a document.
    package mutating func takeBytes() -> [UInt8] {
        defer { count = 0 }
        return bytes(from: 0)
    }

    /// The bytes so far as text; the writer goes on with the same buffer, emptied.
    package mutating func takeText() -> String {
        defer { clear() }
        return String(decoding: UnsafeBufferPointer(start: room, count: count), as: UTF8.self)
    }

    /// Lets `body` look at the bytes so far, which are UTF-8 and stay until something else is written; the writer goes on
    /// with the same buffer, emptied.
    package mutating func takeBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        body(UnsafeRawBufferPointer(start: room, count: count))
        clear()
    }

    /// What was written since `count` was `start`.
    package func bytes(from start: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: room + start, count: count - start))
    }

    private mutating func clear() {
        count = 0
        needsComma = false
    }

    /// Bytes that are JSON already, or stand between documents.
    package mutating func raw(_ text: StaticString) {
        put(text)
        needsComma = false
    }

    /// Members that were written before, in the same kind of place: from what `bytes` held then.
    package mutating func splice(_ members: [UInt8]) {
        members.withUnsafeBufferPointer { put($0) }
        needsComma = true
    }

    // MARK: values

    // Opened and closed by hand: a closure in between could not change what else its owner holds.

    package mutating func openObject() { open("{") }
    package mutating func closeObject() { close("}") }
    package mutating func openArray() { open("[") }
    package mutating func closeArray() { close("]") }

    // Strings and Ints, no generics: those would stay unspecialised across modules, at twice the cost of the whole.

    package mutating func value(_ text: String) {
        ensure(1)
        separate()
        quote(text)
    }

    package mutating func value(_ number: Int) {
        ensure(Self.mostDigits + 1)
        separate()
        digits(number)
    }

    package mutating func value(_ flag: Bool) {
        ensure(1)
        separate()
        put(flag ? "true" : "false")
    }

    /// `units` divided by 10 to the power of `decimals`, trailing zeros left out: 1500 with 3 decimals is `1.5`.
    package mutating func value(_ units: Int64, decimals: Int) {
        ensure(1)
        separate()
        decimal(units, decimals)
    }

    // MARK: members of an object

    package mutating func openObject(_ name: StaticString) {
        self.name(name)
        openObject()
    }

    package mutating func openArray(_ name: StaticString) {
        self.name(name)
        openArray()
    }

    @inline(__always)
    package mutating func field(_ name: StaticString, _ text: String) {
        self.name(name)
        value(text)
    }

    /// The text is ASCII and has nothing to escape.
    @inline(__always)
    package mutating func field(_ name: StaticString, plain text: StaticString) {
        self.name(name, andRoomFor: text.utf8CodeUnitCount + 2)
        room[count] = UInt8(ascii: "\"")
        (room + count + 1).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount + 2
        room[count - 1] = UInt8(ascii: "\"")
        needsComma = true
    }

    /// The text is `bytes[range]`, UTF-8.
    package mutating func field(_ name: StaticString, _ bytes: [UInt8], _ range: Range<Int>) {
        self.name(name)
        needsComma = true
        bytes.withUnsafeBufferPointer { quote(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    @inline(__always)
    package mutating func field(_ name: StaticString, _ number: Int) {
        self.name(name, andRoomFor: Self.mostDigits)
        needsComma = true
        digits(number)
    }

    package mutating func field(_ name: StaticString, _ number: Int64) { field(name, Int(number)) }
    package mutating func field(_ name: StaticString, _ number: UInt16) { field(name, Int(number)) }

    @inline(__always)
    package mutating func field(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        value(flag)
    }

    package mutating func field(_ name: StaticString, _ units: Int64, decimals: Int) {
        self.name(name)
        value(units, decimals: decimals)
    }

    /// Leaves the member out when there is no value.
    package mutating func field(_ name: StaticString, ifPresent text: String?) {
        if let text { field(name, text) }
    }

    package mutating func field(_ name: StaticString, ifPresent number: Int?) {
        if let number { field(name, number) }
    }

    /// A member whose value comes next.
    @inline(__always)
    package mutating func name(_ name: StaticString) { self.name(name, andRoomFor: 0) }

    // Inlined, so that a name is a few words written and not a call with a length.
    @inline(__always)
    private mutating func name(_ name: StaticString, andRoomFor more: Int) {
        let length = name.utf8CodeUnitCount
        ensure(length + 4 + more)
        var end = room + count
        end[0] = UInt8(ascii: ",")
        end += needsComma ? 1 : 0
        end[0] = UInt8(ascii: "\"")
        (end + 1).update(from: name.utf8Start, count: length)
        end[length + 1] = UInt8(ascii: "\"")
        end[length + 2] = UInt8(ascii: ":")
        count = end - room + length + 3
        needsComma = false
    }

    /// The same with a name from elsewhere.
    package mutating func name(text: String) {
        ensure(1)
        separate()
        quote(text)
        put(UInt8(ascii: ":"))
        needsComma = false
    }
}

extension JSONWriter {
    @inline(__always)
    private mutating func open(_ bracket: Unicode.Scalar) {
        ensure(2)
        separate()
        room[count] = UInt8(ascii: bracket)
        count += 1
        needsComma = false
    }

    @inline(__always)
    private mutating func close(_ bracket: Unicode.Scalar) {
        put(UInt8(ascii: bracket))
        needsComma = true
    }

    /// There must be room for a byte.
    @inline(__always)
    private mutating func separate() {
        room[count] = UInt8(ascii: ",")
        count += needsComma ? 1 : 0
        needsComma = true
    }

    // MARK: numbers

    /// 2^64 has 20, and a sign may stand before them.
    private static let mostDigits = 21

    private mutating func decimal(_ units: Int64, _ decimals: Int) {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: scale)
        ensure(2 * Self.mostDigits)
        if units < 0 { put(UInt8(ascii: "-")) }
        digits(whole)
        guard rest > 0 else { return }
        var (shown, places) = (rest, decimals)
        while shown.isMultiple(of: 10) {
            shown /= 10
            places -= 1
        }
        room[count] = UInt8(ascii: ".")
        Self.write(shown, width: places, at: room + count + 1)
        count += places + 1
    }

    /// There must be room for `mostDigits`.
    @inline(__always)
    private mutating func digits(_ number: Int) {
        // Uses, statuses, sizes: most numbers have one digit or are longer.
        if number >= 0, number < 10 {
            room[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number)
            count += 1
        } else {
            manyDigits(number)
        }
    }

    mutating func putDigits(_ number: Int) {
        ensure(Self.mostDigits)
        digits(number)
    }

    @inline(never)
    private mutating func manyDigits(_ number: Int) {
        if number < 0 {
            room[count] = UInt8(ascii: "-")
            count += 1
        }
        digits(UInt64(number.magnitude))
    }

    private mutating func digits(_ number: UInt64) {
        // What is longer than small counts is mostly a time in nanoseconds.
        var (width, limit): (Int, UInt64) = number < 100_000 ? (1, 10) : (6, 1_000_000)
        while width < 20, number >= limit {
            width += 1
            limit &*= 10
        }
        Self.write(number, width: width, at: room + count)
        count += width
    }

    /// All two-digit numbers: half the divisions.
    private static var pairs: StaticString {
        """
        0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
        5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
        """
    }

    /// With zeros in front, where `number` is shorter than `width`.
    private static func write(_ number: UInt64, width: Int, at place: UnsafeMutablePointer<UInt8>) {
        let pairs = pairs.utf8Start
        var (rest, end) = (number, place + width)
        while end - place >= 2 {
            let (left, pair) = rest.quotientAndRemainder(dividingBy: 100)
            end -= 2
            end.update(from: pairs + 2 * Int(truncatingIfNeeded: pair), count: 2)
            rest = left
        }
        if end > place { place[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10) }
    }

    // MARK: bytes

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        ensure(1)
        room[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        ensure(bytes.count)
        (room + count).update(from: start, count: bytes.count)
        count += bytes.count
    }

    /// Makes room for so many bytes behind those that are there.
    @inline(__always)
    mutating func ensure(_ more: Int) { if capacity - count < more { grow(by: more) } }

    @inline(never)
    private mutating func grow(by more: Int) { room.grow(&capacity, holding: count, by: more) }
}
