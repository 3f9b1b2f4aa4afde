// Cutting by bytes. As Characters, "=" and a combining accent are one: a parameter's value could then hide in its name,
// and a secret with it.

extension Substring {
    /// Cuts off what stands before the first of the ASCII characters in `marks` and returns it; all when there is none.
    mutating func take(upTo marks: StaticString) -> Substring {
        let end = marks.withUTF8Buffer { marks in utf8.firstIndex { marks.contains($0) } } ?? endIndex
        defer { self = self[end...] }
        return self[..<end]
    }

    /// Cuts off the ASCII character in front, which is known to be there when the text is not empty.
    mutating func takeMark() -> Substring {
        guard !isEmpty else { return "" }
        let end = utf8.index(after: startIndex)
        defer { self = self[end...] }
        return self[..<end]
    }

    /// `name=value` in two; no value without `=`.
    var nameAndValue: (name: Substring, value: Substring?) {
        var value = self
        let name = value.take(upTo: "=")
        guard !value.isEmpty else { return (name, nil) }
        _ = value.takeMark()
        return (name, value)
    }

    /// The parts between the ASCII characters in `marks`, empty ones too.
    func parts(between marks: StaticString) -> [Substring] {
        var rest = self
        var parts: [Substring] = []
        while true {
            parts.append(rest.take(upTo: marks))
            guard !rest.isEmpty else { return parts }
            _ = rest.takeMark()
        }
    }

    /// Without spaces and tabs around.
    var trimmed: Substring {
        var text = utf8[...]
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return self[text.startIndex..<text.endIndex]
    }
}
