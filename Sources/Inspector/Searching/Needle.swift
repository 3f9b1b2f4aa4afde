/// What is looked for. Small letters of ASCII stand for capitals too, unless a capital is among them, as with vim's
/// `smartcase`.
struct Needle: Equatable, Sendable {
    let text: String
    private let bytes: [UInt8]
    private let ignoresCase: Bool

    /// Nil for an empty text, which is everywhere.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        self.text = text
        bytes = Array(text.utf8)
        ignoresCase = !bytes.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// Of UTF-8.
    var count: Int { bytes.count }

    func isIn(_ text: String) -> Bool { first(in: Array(text.utf8)[...]) != nil }

    /// The index at which it first begins; nil where it is not in there whole.
    func first(in haystack: ArraySlice<UInt8>) -> Int? {
        let place = haystack.withUnsafeBufferPointer { haystack -> Int? in
            guard haystack.count >= bytes.count else { return nil }
            return (0...haystack.count - bytes.count).first { stands(at: $0, in: haystack) }
        }
        return place.map { haystack.startIndex + $0 }
    }

    /// The index at which it last begins; nil where it is not in there whole.
    func last(in haystack: ArraySlice<UInt8>) -> Int? {
        let place = haystack.withUnsafeBufferPointer { haystack -> Int? in
            guard haystack.count >= bytes.count else { return nil }
            return (0...haystack.count - bytes.count).last { stands(at: $0, in: haystack) }
        }
        return place.map { haystack.startIndex + $0 }
    }

    /// Every index at which it begins, also where two overlap.
    func all(in haystack: ArraySlice<UInt8>) -> [Int] {
        var places: [Int] = []
        var rest = haystack
        while let place = first(in: rest) {
            places.append(place)
            rest = haystack[(place + 1)...]
        }
        return places
    }

    private func stands(at place: Int, in haystack: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in bytes.indices {
            var byte = haystack[place + index]
            if ignoresCase, byte &- UInt8(ascii: "A") < 26 { byte |= 0x20 }
            guard byte == bytes[index] else { return false }
        }
        return true
    }
}
