// Bodies are kept as they are, except for forms: what is secret in a JSON document, nobody can tell from outside.

extension Redaction {
    /// A request's body as it may be written.
    ///
    /// - Parameter type: The value of its Content-Type.
    mutating func body(_ bytes: [UInt8], of type: String) -> [UInt8] {
        guard mode == .secrets else { return bytes }
        if Self.isEncodedForm(type) { return form(bytes) }
        guard let boundary = MultipartForm.boundary(in: type) else { return bytes }
        var result: [UInt8] = []
        var copied = 0
        for part in MultipartForm(bytes, boundary: boundary).parts {
            guard let shown = replacement(of: part, holding: bytes[part.content]) else { continue }
            result += bytes[copied..<part.content.lowerBound]
            result += shown.utf8
            copied = part.content.upperBound
        }
        return result + bytes[copied...]
    }

    /// Whether a body of that type is one text of the form `a=1&b=2`.
    static func isEncodedForm(_ type: String) -> Bool {
        type.lowercased().hasPrefix("application/x-www-form-urlencoded")
    }

    /// Nil where a part may stay as it is.
    private mutating func replacement(of part: MultipartForm.Part, holding bytes: ArraySlice<UInt8>) -> String? {
        if SecretNames.isParameter(part.name) {
            count(Counts(parameters: 1))
            return Self.mark
        }
        // As in other forms, what was filled in may be a URL.
        guard part.isText, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let shown = url(text)
        return shown == text ? nil : shown
    }

    private mutating func form(_ bytes: [UInt8]) -> [UInt8] {
        if let text = String(validating: bytes, as: UTF8.self) { return Array(form(text).utf8) }
        // As Latin-1 each byte is a character, and comes back as it was.
        let text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        return form(text).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
