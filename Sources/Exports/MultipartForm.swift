// multipart/form-data (RFC 7578), as far as leaving out secrets asks for it. Lenient: what some server may take for a part
// is one, since a part that is not seen keeps its secret.
//
//   --boundary
//   Content-Disposition: form-data; name="password"
//
//   what it holds
//   --boundary--

/// The parts of a form's body: what each is called, and where what it holds lies.
struct MultipartForm {
    struct Part {
        var name: String
        /// Whether it is a field that was filled in, and no file.
        var isText: Bool
        /// Places in the body.
        var content: Range<Int>
    }

    /// In their order; those without a name, which mean nothing in a form, left out.
    private(set) var parts: [Part] = []

    /// - Parameter boundary: What `boundary(in:)` said.
    init(_ bytes: [UInt8], boundary: String) {
        let delimiter = Array("--\(boundary)".utf8)
        // Of the part that is being read; nil before the first.
        var start: Int?
        var line = 0
        while line < bytes.count {
            let next = Self.nextLine(after: line, in: bytes[...])
            if bytes[line..<next].starts(with: delimiter) {
                if let start { add(bytes[start..<line]) }
                start = next
            }
            line = next
        }
        if let start { add(bytes[start...]) }
    }

    /// What parts the parts, by the value of Content-Type; nil for all that is no form of this kind.
    static func boundary(in type: String) -> String? {
        guard type.lowercased().hasPrefix("multipart/form-data") else { return nil }
        return parameter("boundary", of: type[...]).flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func add(_ part: ArraySlice<UInt8>) {
        var (name, isText) = (String?.none, true)
        var field = ""
        var line = part.startIndex
        while line < part.endIndex {
            let next = Self.nextLine(after: line, in: part)
            let text = String(decoding: Self.withoutLineEnd(part[line..<next]), as: UTF8.self)
            line = next
            if text.isEmpty { break }
            var value = text[...]
            if text.utf8.first == 0x20 || text.utf8.first == 0x09 {
                // A folded line goes on with the field before it, mostly with a parameter.
                value = ";" + value
            } else {
                field = value.take(upTo: ":").trimmed.lowercased()
                _ = value.takeMark()
            }
            switch field {
            case "content-disposition":
                name = Self.parameter("name", of: value) ?? name
                if ["filename", "filename*"].contains(where: { Self.parameter($0, of: value) != nil }) {
                    isText = false
                }
            case "content-type" where !value.hasPrefix(";"):
                if !value.trimmed.lowercased().hasPrefix("text/plain") { isText = false }
            default: break
            }
        }
        guard let name else { return }
        // The line break before a delimiter is the delimiter's.
        let content = Self.withoutLineEnd(part[line...])
        parts.append(Part(name: name, isText: isText, content: content.startIndex..<content.endIndex))
    }

    private static func nextLine(after line: Int, in bytes: ArraySlice<UInt8>) -> Int {
        bytes[line...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.endIndex
    }

    private static func withoutLineEnd(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.last == 0x0A else { return bytes }
        let line = bytes.dropLast()
        return line.last == 0x0D ? line.dropLast() : line
    }

    /// A parameter of a field's value (RFC 9110 §5.6.6); nil without it.
    ///
    /// - Parameter name: In lower case.
    private static func parameter(_ name: String, of value: Substring) -> String? {
        var rest = value
        _ = rest.take(upTo: ";")
        while !rest.isEmpty {
            _ = rest.takeMark()
            let key = rest.take(upTo: "=;").trimmed.lowercased()
            guard rest.utf8.first == UInt8(ascii: "=") else { continue }
            _ = rest.takeMark()
            rest = rest.trimmed
            let value = rest.utf8.first == UInt8(ascii: "\"") ? quoted(&rest) : String(rest.take(upTo: ";").trimmed)
            if key == name { return value }
            _ = rest.take(upTo: ";")
        }
        return nil
    }

    /// Cuts off a text in quotes and returns it without them. A backslash escapes a quote and itself; before anything else
    /// it is one, as in the paths that browsers of old send.
    private static func quoted(_ rest: inout Substring) -> String {
        var bytes: [UInt8] = []
        var left = rest.utf8.dropFirst()
        while let byte = left.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let next = left.first, next == UInt8(ascii: "\"") || next == byte {
                bytes.append(next)
                left.removeFirst()
            } else {
                bytes.append(byte)
            }
        }
        rest = rest[left.startIndex...]
        return String(decoding: bytes, as: UTF8.self)
    }
}
