internal import HTTPTypes

// Appends the parts of a head to a buffer and refuses whatever would change their meaning: a CR or LF in a value
// begins a field, or a request, that nobody meant (request splitting, RFC 9112 §11.1). `HTTPField` turns CR, LF and
// NUL in values into spaces already; this is the second lock on values and the only one on targets, authorities and
// reasons.

/// The lowest layer of writing. A function that throws has appended part of its text; its caller cuts the buffer back.
enum HeadWriter {
    /// `name: value`, with the value's own bytes, UTF-8 or not.
    static func append(_ field: HTTPField, to buffer: inout [UInt8]) throws(WireError) {
        let name = field.name.rawName
        guard append(name, to: &buffer, while: \.isTokenCharacter), !name.isEmpty else {
            throw .ours(.badFieldName, name)
        }
        buffer.append(.colon)
        buffer.append(.space)
        let start = buffer.count
        field.withUnsafeBytesOfValue { buffer.append(contentsOf: $0) }
        for index in start..<buffer.count where buffer[index].isForbiddenControl {
            throw .ours(.badFieldValue, name)
        }
        endLine(&buffer)
    }

    /// Appends `text`.
    ///
    /// - Returns: Whether every byte of it is allowed.
    @inline(__always)
    static func append(_ text: String, to buffer: inout [UInt8], while isAllowed: (UInt8) -> Bool) -> Bool {
        let start = buffer.count
        buffer.append(contentsOf: text.utf8)
        for index in start..<buffer.count where !isAllowed(buffer[index]) { return false }
        return true
    }

    static func append(_ text: StaticString, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    static func endLine(_ buffer: inout [UInt8]) {
        buffer.append(.carriageReturn)
        buffer.append(.lineFeed)
    }

    /// Runs `write`, and leaves `buffer` as it was when that fails.
    static func wholeOrNothing(
        _ buffer: inout [UInt8], _ write: (inout [UInt8]) throws(WireError) -> Void
    ) throws(WireError) {
        let count = buffer.count
        do {
            try write(&buffer)
        } catch {
            buffer.removeLast(buffer.count - count)
            throw error
        }
    }
}

/// What the writer does with one of the caller's fields, by its name.
enum FieldRole {
    case host, userAgent, connection, contentLength, transferEncoding, other

    // The length tells nearly all names apart before a letter is compared.
    init(_ name: HTTPField.Name) {
        let canonical = name.canonicalName
        self =
            switch canonical.utf8.count {
            case 4 where canonical == "host": .host
            case 10 where canonical == "user-agent": .userAgent
            case 10 where canonical == "connection": .connection
            case 14 where canonical == "content-length": .contentLength
            case 17 where canonical == "transfer-encoding": .transferEncoding
            default: .other
            }
    }
}

/// One name and all values written under it, in order: what Go's `WroteHeaderField` is told.
public struct WrittenField: Equatable, Sendable {
    public var name: String
    public var values: [String]

    public init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}
