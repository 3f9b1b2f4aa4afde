// JSON as bytes, written straight into one buffer: an export of a million entries makes no tree and no Double. Names are
// static and need no escaping; times are whole microseconds or nanoseconds written as decimals, so NaN can't occur and
// sums stay exact.

/// Writes JSON text (RFC 8259), compact, commas and escapes included.
///
/// Besides what JSON asks for, characters that could command or confuse a terminal are escaped too: the output may well
/// be shown on one.
package struct JSONWriter: Sendable {
    // Longer than what is written in it: an array that grows asks at each byte whether it has room and is nobody else's.
    private var room: [UInt8] = []
    /// How many bytes have been written since they were last taken.
    package private(set) var count = 0
    private var needsComma = false

    package init() {}

    /// The bytes so far; the writer goes on with an empty buffer.
    package mutating func takeBytes() -> [UInt8] {
        defer { count = 0 }
        return bytes(from: 0)
    }

    /// The bytes so far as text; the writer goes on with the same buffer, emptied.
    package mutating func takeText() -> String {
        defer { clear() }
        return String(decoding: room[..<count], as: UTF8.self)
    }

    /// Lets `body` look at the bytes so far, which are UTF-8; the writer goes on with the same buffer, emptied.
    package mutating func takeBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        room.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        clear()
    }

    /// What was written since `count` was `start`.
    package func bytes(from start: Int) -> [UInt8] { Array(room[start..<count]) }

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
        separate()
        quote(text)
    }

    package mutating func value(_ number: Int) {
        separate()
        digits(UInt64(number.magnitude), isNegative: number < 0)
    }

    package mutating func value(_ flag: Bool) {
        separate()
        put(flag ? "true" : "false")
    }

    /// `units` divided by 10 to the power of `decimals`, trailing zeros left out: 1500 with 3 decimals is `1.5`.
    package mutating func value(_ units: Int64, decimals: Int) {
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

    package mutating func field(_ name: StaticString, _ text: String) {
        self.name(name)
        value(text)
    }

    /// The text is ASCII and has nothing to escape.
    package mutating func field(_ name: StaticString, plain text: StaticString) {
        self.name(name)
        put(UInt8(ascii: "\""))
        put(text)
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// The text is `bytes[range]`, UTF-8.
    package mutating func field(_ name: StaticString, _ bytes: [UInt8], _ range: Range<Int>) {
        self.name(name)
        needsComma = true
        bytes.withUnsafeBufferPointer { quote(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    package mutating func field(_ name: StaticString, _ number: Int) {
        self.name(name)
        value(number)
    }

    package mutating func field(_ name: StaticString, _ number: Int64) { field(name, Int(number)) }
    package mutating func field(_ name: StaticString, _ number: UInt16) { field(name, Int(number)) }

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
    package mutating func name(_ name: StaticString) {
        let hasComma = needsComma
        extend(by: name.utf8CodeUnitCount + 4) { place in
            var end = place
            if hasComma {
                end[0] = UInt8(ascii: ",")
                end += 1
            }
            end[0] = UInt8(ascii: "\"")
            end += 1
            end.update(from: name.utf8Start, count: name.utf8CodeUnitCount)
            end += name.utf8CodeUnitCount
            end[0] = UInt8(ascii: "\"")
            end[1] = UInt8(ascii: ":")
            return end - place + 2
        }
        needsComma = false
    }

    /// The same with a name from elsewhere.
    package mutating func name(text: String) {
        separate()
        quote(text)
        put(UInt8(ascii: ":"))
        needsComma = false
    }
}

extension JSONWriter {
    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        put(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        put(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { put(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: numbers

    private mutating func decimal(_ units: Int64, _ decimals: Int) {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: scale)
        digits(whole, isNegative: units < 0)
        guard rest > 0 else { return }
        var (shown, places) = (rest, decimals)
        while shown.isMultiple(of: 10) {
            shown /= 10
            places -= 1
        }
        extend(by: places + 1) { place in
            place[0] = UInt8(ascii: ".")
            Self.write(shown, width: places, at: place + 1)
            return places + 1
        }
    }

    private mutating func digits(_ number: UInt64, isNegative: Bool) {
        if isNegative { put(UInt8(ascii: "-")) }
        var width = 1
        var limit: UInt64 = 10
        // 2^64 has 20 digits.
        while width < 20, number >= limit {
            width += 1
            limit &*= 10
        }
        extend(by: width) { place in
            Self.write(number, width: width, at: place)
            return width
        }
    }

    private static func write(_ number: UInt64, width: Int, at place: UnsafeMutablePointer<UInt8>) {
        var rest = number
        for index in stride(from: width - 1, through: 0, by: -1) {
            place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    // MARK: text

    private mutating func quote(_ text: String) {
        var text = text
        text.withUTF8 { quote($0) }
    }

    /// - Parameter bytes: UTF-8.
    private mutating func quote(_ bytes: UnsafeBufferPointer<UInt8>) {
        put(UInt8(ascii: "\""))
        // Nearly all text is plain and is copied in one go.
        if Self.isPlain(bytes) { put(bytes) } else { escape(bytes) }
        put(UInt8(ascii: "\""))
    }

    /// Whether all bytes are. Eight at a time: of each that is not, the subtraction or addition sets the top bit, or it was set.
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let each: UInt64 = 0x0101_0101_0101_0101
        let raw = UnsafeRawBufferPointer(bytes)
        var (place, odd) = (0, UInt64(0))
        while place + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let (quote, backslash) = (word ^ each &* 0x22, word ^ each &* 0x5C)
            odd |= word | (word &+ each) | (word &- each &* 0x20)
            odd |= ((quote &- each) & ~quote) | ((backslash &- each) & ~backslash)
            place += 8
        }
        guard odd & (each &* 0x80) == 0 else { return false }
        return bytes[place...].allSatisfy { isPlain($0) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte &- 0x20 < 0x5F && byte != 0x22 && byte != 0x5C }

    /// Copies what may stay from one character that may not to the next.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var (copied, index) = (0, 0)
        while index < text.count {
            let byte = text[index]
            var (length, scalar) = (1, Unicode.Scalar(byte))
            if byte >= 0x80 {
                length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
                scalar = Unicode.Scalar(utf8: UnsafeBufferPointer(rebasing: text[index..<index + length]))
            }
            if !(byte < 0x80 ? Self.isPlain(byte) : Self.isHarmless(scalar)) {
                put(UnsafeBufferPointer(rebasing: text[copied..<index]))
                escape(scalar)
                copied = index + length
            }
            index += length
        }
        put(UnsafeBufferPointer(rebasing: text[copied...]))
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": put("\\\"")
        case "\\": put("\\\\")
        case "\n": put("\\n")
        case "\r": put("\\r")
        case "\t": put("\\t")
        default: for unit in UTF16.encode(scalar)! { escape(unit) }
        }
    }

    // Controls (C1 included), bidi overrides, zero-width characters, tags and line separators: valid in JSON, but not on
    // a terminal.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        guard !properties.isDefaultIgnorableCodePoint else { return false }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: return false
        default: return true
        }
    }

    private mutating func escape(_ unit: UInt16) {
        put("\\u")
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(unit >> UInt16(shift) & 15)
            put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    // MARK: bytes

    private mutating func put(_ byte: UInt8) {
        extend(by: 1) { place in
            place[0] = byte
            return 1
        }
    }

    private mutating func put(_ text: StaticString) {
        put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        extend(by: bytes.count) { place in
            place.update(from: start, count: bytes.count)
            return bytes.count
        }
    }

    /// Lets `write` put up to `most` bytes behind those that are there; it says how many.
    @inline(__always)
    private mutating func extend(by most: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        let end = count
        if room.count - end < most { grow(by: most) }
        count = end + room.withUnsafeMutableBufferPointer { write($0.baseAddress! + end) }
    }

    @inline(never)
    private mutating func grow(by most: Int) {
        let (old, used) = (room, count)
        room = Array(unsafeUninitializedCapacity: max(2 * old.count, used + most, 256)) { bytes, size in
            bytes.initialize(repeating: 0)
            for index in 0..<used { bytes[index] = old[index] }
            size = bytes.count
        }
    }
}

extension Unicode.Scalar {
    /// - Parameter bytes: One scalar, well formed.
    fileprivate init(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        var rest = UInt32(bytes[0]) & (0x7F >> UInt32(bytes.count))
        for byte in bytes.dropFirst() { rest = rest << 6 | UInt32(byte & 0x3F) }
        self = Unicode.Scalar(rest)!
    }
}
