internal import HTTPTypes

// The fields of a head where they stand in its bytes: an export reads two heads an entry, and making names and values of
// each field takes as long as all the rest. Only of heads of which bytes and text are the same; nearly all are.

/// A head of printable ASCII, each line of it whole.
struct PlainHead {
    struct Field {
        /// Places in the head's bytes.
        var name: Range<Int>
        /// Without blanks around.
        var value: Range<Int>
        var kind = Redaction.FieldKind.plain
    }

    let bytes: [UInt8]
    private(set) var fields: [Field] = []

    /// - Parameters:
    ///   - bytes: From the first line to the blank line.
    ///   - redaction: Knows what kinds of fields there are.
    /// - Returns: Nil where they hold anything but `Name: value` lines: other bytes, folded lines, an HTTP/2 head's `:path`.
    init?(_ bytes: [UInt8], _ redaction: inout Redaction) {
        self.bytes = bytes
        fields.reserveCapacity(8)
        let isPlain = bytes.withUnsafeBufferPointer { bytes in
            guard var line = bytes.firstIndex(of: 0x0A).map({ $0 + 1 }) else { return false }
            while line < bytes.count {
                if bytes[line] == 0x0D { return line + 2 == bytes.count && bytes[line + 1] == 0x0A }
                guard var field = Self.field(at: &line, in: bytes) else { return false }
                field.kind = redaction.kind(of: UnsafeBufferPointer(rebasing: bytes[field.name]))
                fields.append(field)
            }
            return false
        }
        guard isPlain else { return nil }
    }

    /// Moves `line` to the next one.
    private static func field(at line: inout Int, in bytes: UnsafeBufferPointer<UInt8>) -> Field? {
        var place = line
        while place < bytes.count, isInName[Int(bytes[place])] { place += 1 }
        let name = line..<place
        guard !name.isEmpty, place < bytes.count, bytes[place] == UInt8(ascii: ":") else { return nil }
        place += 1
        while place < bytes.count, bytes[place] == 0x20 { place += 1 }
        let start = place
        while place < bytes.count, bytes[place] &- 0x20 < 0x5F { place += 1 }
        var end = place
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        guard place + 1 < bytes.count, bytes[place] == 0x0D, bytes[place + 1] == 0x0A else { return nil }
        line = place + 2
        return Field(name: name, value: start..<end)
    }

    // RFC 9110 §5.6.2.
    private static let isInName: [Bool] = (0..<256).map { byte in
        byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(UInt8(byte))
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The value of the first field of this name, which is in lower case; nil without one.
    func value(of name: StaticString) -> String? {
        let field = fields.first { field in
            field.name.count == name.utf8CodeUnitCount
                && field.name.indices.allSatisfy { bytes[$0].lowercased == name.utf8Start[$0 - field.name.lowerBound] }
        }
        return field.map { text($0.value) }
    }
}

extension UInt8 {
    fileprivate var lowercased: UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self ? self | 0x20 : self
    }
}
