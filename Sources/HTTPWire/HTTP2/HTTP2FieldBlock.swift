internal import HTTPTypes

/// Fields in their order, pseudo-fields (`:path`) first: all names and values in one array, and where each stands.
struct HTTP2FieldBlock: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    private(set) var entries: [FieldRange] = []
    /// As RFC 9113 §6.5.2 counts a head: 32 bytes more for each field.
    private(set) var size = 0

    static func == (left: HTTP2FieldBlock, right: HTTP2FieldBlock) -> Bool {
        left.bytes == right.bytes
            && left.entries.elementsEqual(right.entries) { $0.name == $1.name && $0.value == $1.value }
    }

    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        if entries.isEmpty {
            // A usual head, so that it doesn't grow step by step.
            bytes.reserveCapacity(512)
            entries.reserveCapacity(16)
        }
        let start = bytes.count
        bytes.append(contentsOf: name)
        let middle = bytes.count
        bytes.append(contentsOf: value)
        note(start, middle)
    }

    /// Appends a field of ours: its name in lower case, as HTTP/2 demands.
    ///
    /// - Throws: `badFieldName` or `badFieldValue`, `ours`; the block is of no further use then.
    mutating func append(_ field: HTTPField) throws(WireError) {
        let start = bytes.count
        let name = field.name.canonicalName
        guard HeadWriter.append(name, to: &bytes, while: \.isTokenCharacter), !name.isEmpty else {
            throw .ours(.badFieldName, field.name.rawName)
        }
        let middle = bytes.count
        field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
        for index in middle..<bytes.count where bytes[index].isForbiddenControl {
            throw .ours(.badFieldValue, field.name.rawName)
        }
        note(start, middle)
    }

    /// Appends a pseudo-field of ours.
    ///
    /// - Throws: `kind`, `ours`, when the value has characters that no request target may have.
    mutating func append(_ name: StaticString, _ value: String, else kind: WireError.Kind) throws(WireError) {
        let start = bytes.count
        HeadWriter.append(name, to: &bytes)
        let middle = bytes.count
        guard HeadWriter.append(value, to: &bytes, while: \.isTargetCharacter) else {
            throw .ours(kind, requestLine: value)
        }
        note(start, middle)
    }

    private mutating func note(_ start: Int, _ middle: Int) {
        entries.append(
            FieldRange(
                nameStart: UInt32(truncatingIfNeeded: start), nameEnd: UInt32(truncatingIfNeeded: middle),
                valueStart: UInt32(truncatingIfNeeded: middle), valueEnd: UInt32(truncatingIfNeeded: bytes.count)))
        size += bytes.count - start + 32
    }

    func isPseudo(_ entry: FieldRange) -> Bool { !entry.name.isEmpty && bytes[entry.name.lowerBound] == .colon }

    /// The value of the first field of this name, in lower case.
    func firstValue(_ name: StaticString) -> String? {
        let span = bytes.span
        for entry in entries where span.extracting(entry.name).count == name.utf8CodeUnitCount {
            if span.extracting(entry.name).agrees(with: name) { return text(entry.value) }
        }
        return nil
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The fields without the pseudo-fields.
    var fields: HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(entries.count)
        for entry in entries where !isPseudo(entry) {
            // nghttp2 let only tokens pass, `append` too.
            guard let name = HTTPField.Name(text(entry.name)) else { continue }
            fields.append(HTTPField(name: name, lenientValue: bytes[entry.value]))
        }
        return fields
    }

    /// One line a field, `name: value`, ended as in HTTP/1: for people and hooks.
    var lines: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 4 * entries.count)
        for entry in entries {
            text += bytes[entry.name]
            text.append(.colon)
            text.append(.space)
            text += bytes[entry.value]
            HeadWriter.endLine(&text)
        }
        return text
    }
}
