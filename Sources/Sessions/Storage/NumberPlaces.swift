/// Where things stand that are numbered in ascending order and soon gone: a window over their numbers, in which nothing
/// need be hashed. Four bytes for each number from the first that is here to the last.
struct NumberPlaces: Sendable {
    private var window: [Int32] = []
    private var first = 0

    private static let nowhere: Int32 = -1

    /// Nil where none is.
    subscript(number: Int) -> Int? {
        get {
            let index = number &- first
            guard index >= 0, index < window.count, window[index] != Self.nowhere else { return nil }
            return Int(window[index])
        }
        set {
            if window.isEmpty { first = number }
            if number < first {
                window.insert(contentsOf: repeatElement(Self.nowhere, count: first - number), at: 0)
                first = number
            }
            while window.count <= number &- first { window.append(Self.nowhere) }
            window[number &- first] = newValue.map { Int32($0) } ?? Self.nowhere
        }
    }

    /// Lets go of the room before the first that is here. To be called now and then.
    mutating func trim() {
        let gone = window.firstIndex { $0 != Self.nowhere } ?? window.count
        window.removeFirst(gone)
        first += gone
    }
}
