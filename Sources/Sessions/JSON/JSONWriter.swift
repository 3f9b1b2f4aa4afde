// JSON as bytes, written straight into one buffer: an export of a million entries makes no tree and no Double. Names are
// static and need no escaping; times are whole microseconds or nanoseconds written as decimals, so NaN can't occur and
// sums stay exact.

/// Writes JSON text (RFC 8259), compact, commas and escapes included.
///
/// Besides what JSON asks for, characters that could command or confuse a terminal are escaped too: the output may well
/// be shown on one.
package struct JSONWriter: Sendable {
    /// What has been written since the last `takeBytes`.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// The bytes so far; the writer goes on with an empty buffer.
    package mutating func takeBytes() -> [UInt8] {
        let taken = bytes
        bytes = []
        bytes.reserveCapacity(taken.count)
        return taken
    }

    /// The bytes so far as text; the writer goes on with the same buffer, emptied.
    package mutating func takeText() -> String {
        defer {
            bytes.removeAll(keepingCapacity: true)
            needsComma = false
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Bytes that are JSON already, or stand between documents.
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = false
    }

    /// Members that were written before, in the same kind of place: from what `bytes` held then.
    package mutating func splice(_ members: [UInt8]) {
        bytes.append(contentsOf: members)
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
        bytes.append(contentsOf: flag ? [0x74, 0x72, 0x75, 0x65] : [0x66, 0x61, 0x6C, 0x73, 0x65])
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
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The same with a name from elsewhere.
    package mutating func name(text: String) {
        separate()
        quote(text)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }
}

extension JSONWriter {
    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func decimal(_ units: Int64, _ decimals: Int) {
        var scale: UInt64 = 1
        for _ in 0..<decimals { scale *= 10 }
        let magnitude = units.magnitude
        digits(magnitude / scale, isNegative: units < 0)
        var rest = magnitude % scale
        guard rest > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        while rest > 0 {
            scale /= 10
            bytes.append(UInt8(ascii: "0") + UInt8(rest / scale))
            rest %= scale
        }
    }

    private mutating func digits(_ number: UInt64, isNegative: Bool) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        var scale: UInt64 = 1
        while number / scale > 9 { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly all text is plain and is copied in one go.
        var text = text
        let isPlain = text.withUTF8 { buffer in
            // No early exit, so that the loop is vectorised.
            var isPlain = true
            for byte in buffer { isPlain = isPlain && byte &- 0x20 < 0x5F && byte != 0x22 && byte != 0x5C }
            if isPlain { bytes.append(contentsOf: buffer) }
            return isPlain
        }
        if !isPlain {
            for scalar in text.unicodeScalars { append(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": bytes.append(contentsOf: [0x5C, 0x22])
        case "\\": bytes.append(contentsOf: [0x5C, 0x5C])
        case "\n": bytes.append(contentsOf: [0x5C, 0x6E])
        case "\r": bytes.append(contentsOf: [0x5C, 0x72])
        case "\t": bytes.append(contentsOf: [0x5C, 0x74])
        case " "..."~": bytes.append(UInt8(ascii: scalar))
        default:
            if JSONWriter.isHarmless(scalar) {
                bytes.append(contentsOf: UTF8.encode(scalar)!)
            } else {
                for unit in UTF16.encode(scalar)! { escape(unit) }
            }
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
        bytes.append(contentsOf: [0x5C, 0x75])
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(unit >> UInt16(shift) & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }
}
