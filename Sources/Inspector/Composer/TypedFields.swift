public import HTTPTypes

// Fields as curl's `-H` has them, on the command line and in the probe line:
//
//   Name: value   sends it
//   Name:         keeps it from being sent, where another option or a default would
//   Name;         sends it empty

/// What several `-H` come to.
public struct TypedFields: Sendable {
    /// What is sent, as far as it is known by now. Other options add theirs.
    public var fields = HTTPFields()
    /// Those that a `-H` gave a value.
    private var named: Set<HTTPField.Name> = []
    private var declined: Set<HTTPField.Name> = []

    /// Why a text is no field.
    public enum Problem: Error, Equatable, Sendable {
        case noField
        /// The value holds characters that no field may have.
        case badValue(HTTPField.Name)
    }

    public init() {}

    /// Takes what stands behind one `-H`.
    public mutating func take(_ text: String) throws(Problem) {
        // By bytes, so that a mark behind the colon is not taken for a part of it.
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        guard let end = colon ?? Self.lastSemicolon(of: text), let name = HTTPField.Name(Self.trimmed(text[..<end]))
        else { throw .noField }
        let value = Self.trimmed(text[text.utf8.index(after: end)...])
        guard HTTPField.isValidValue(value) else { throw .badValue(name) }
        guard colon == nil || !value.isEmpty else {
            declined.insert(name)
            return
        }
        named.insert(name)
        fields.append(HTTPField(name: name, value: value))
    }

    /// Whether a default of this name may be added.
    public func lacks(_ name: HTTPField.Name) -> Bool { fields[name] == nil && !declined.contains(name) }

    /// The fields without those that are not wanted. An empty User-Agent stands for none, since the client has one of its own.
    public var settled: HTTPFields {
        var settled = fields
        for name in declined where !named.contains(name) { settled[name] = name == .userAgent ? "" : nil }
        return settled
    }

    /// What `take` reads as the same field.
    static func text(for field: HTTPField) -> String {
        guard field.value.isEmpty else { return "\(field.name.rawName): \(field.value)" }
        return field.name == .userAgent ? "\(field.name.rawName):" : "\(field.name.rawName);"
    }

    /// Where the text ends in a semicolon.
    private static func lastSemicolon(of text: String) -> String.Index? {
        text.utf8.last == UInt8(ascii: ";") ? text.utf8.index(before: text.utf8.endIndex) : nil
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var bytes = text.utf8.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
