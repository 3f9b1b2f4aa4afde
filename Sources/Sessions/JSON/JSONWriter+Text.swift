internal import HTTPTrace

// Text as JSON has it: between quotes, with escapes where a character would end it, is not allowed in it, or could command or
// confuse the terminal that the output may be shown on.

extension JSONWriter {
    mutating func quote(_ text: String) {
        var text = text
        text.withUTF8 { quote($0) }
    }

    /// - Parameter bytes: UTF-8.
    mutating func quote(_ bytes: UnsafeBufferPointer<UInt8>) {
        // Nearly all text is plain and is copied in one go.
        ensure(bytes.count + 2)
        put(UInt8(ascii: "\""))
        putEscaped(bytes)
        put(UInt8(ascii: "\""))
    }

    private mutating func putEscaped(_ bytes: UnsafeBufferPointer<UInt8>) {
        if Self.isPlain(bytes) { put(bytes) } else { escape(bytes) }
    }

    /// An address as its description has it, without making that: each request has two.
    mutating func field(_ name: StaticString, _ address: NetworkAddress) {
        self.name(name)
        put(UInt8(ascii: "\""))
        if address.family == .ip6 { put(UInt8(ascii: "[")) }
        var ip = address.ip
        ip.withUTF8 { putEscaped($0) }
        if address.family == .ip6 { put(UInt8(ascii: "]")) }
        put(UInt8(ascii: ":"))
        putDigits(Int(address.port))
        put(UInt8(ascii: "\""))
        needsComma = true
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
}

extension Unicode.Scalar {
    /// - Parameter bytes: One scalar, well formed.
    fileprivate init(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        var rest = UInt32(bytes[0]) & (0x7F >> UInt32(bytes.count))
        for byte in bytes.dropFirst() { rest = rest << 6 | UInt32(byte & 0x3F) }
        self = Unicode.Scalar(rest)!
    }
}
