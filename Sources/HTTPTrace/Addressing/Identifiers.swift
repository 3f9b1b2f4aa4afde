/// One request and its response. Small numbers in the order of asking, since people read them: `#14`.
public struct ExchangeID: Hashable, Sendable, Comparable, Codable {
    /// Counted from 1.
    public var number: Int

    public init(_ number: Int) { self.number = number }

    public static func < (left: ExchangeID, right: ExchangeID) -> Bool { left.number < right.number }
}

/// One connection, from its first dial to its close. Numbered by the client that opened it: `c3`.
public struct ConnectionID: Hashable, Sendable, Comparable, Codable {
    /// Counted from 1.
    public var number: Int

    public init(_ number: Int) { self.number = number }

    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.number < right.number }
}

extension ExchangeID: CustomStringConvertible {
    public var description: String { "#\(number)" }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { "c\(number)" }
}
