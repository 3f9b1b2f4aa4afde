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

/// One connection of a server, numbered in the order of accepting: `s7`.
public struct ServerConnectionID: Hashable, Sendable, Comparable, Codable {
    /// Counted from 1.
    public var number: Int

    public init(_ number: Int) { self.number = number }

    public static func < (left: ServerConnectionID, right: ServerConnectionID) -> Bool { left.number < right.number }
}

/// One request that a server received, numbered in the order of first bytes over all connections: `r12`.
public struct ServerRequestID: Hashable, Sendable, Comparable, Codable {
    /// Counted from 1.
    public var number: Int

    public init(_ number: Int) { self.number = number }

    public static func < (left: ServerRequestID, right: ServerRequestID) -> Bool { left.number < right.number }
}

extension ExchangeID: CustomStringConvertible {
    public var description: String { "#\(number)" }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { "c\(number)" }
}

extension ServerConnectionID: CustomStringConvertible {
    public var description: String { "s\(number)" }
}

extension ServerRequestID: CustomStringConvertible {
    public var description: String { "r\(number)" }
}
