public import HTTPTypes

// What HTTP/2 puts on the wire, as small values: for observing a connection, never for framing one.

/// One HTTP/2 stream: a request and its response on a connection that carries many (RFC 9113 §5.1.1).
public struct HTTP2StreamID: Hashable, Sendable, Comparable, Codable {
    /// Odd where the client opened it; 0 is the connection itself.
    public var number: Int32

    public init(_ number: Int32) { self.number = number }

    /// Frames on it are about the whole connection.
    public static let connection = HTTP2StreamID(0)

    public static func < (left: HTTP2StreamID, right: HTTP2StreamID) -> Bool { left.number < right.number }
}

extension HTTP2StreamID: CustomStringConvertible {
    public var description: String { number == 0 ? "the connection" : "stream \(number)" }
}

/// A frame as it crossed the wire, without its payload (RFC 9113 §4.1).
public struct HTTP2Frame: Hashable, Sendable {
    public var type: Kind
    public var flags: UInt8
    public var stream: HTTP2StreamID
    /// Payload bytes, padding included; the nine of the frame's head are not.
    public var length: Int
    /// What RST_STREAM and GOAWAY give as their reason; nil in other frames.
    public var errorCode: HTTP2ErrorCode?

    public init(
        type: Kind, flags: UInt8, stream: HTTP2StreamID, length: Int, errorCode: HTTP2ErrorCode? = nil
    ) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.length = length
        self.errorCode = errorCode
    }

    /// The type, by its number: those without a name here are extensions.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        public var rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let data = Kind(rawValue: 0)
        public static let headers = Kind(rawValue: 1)
        public static let priority = Kind(rawValue: 2)
        public static let resetStream = Kind(rawValue: 3)
        public static let settings = Kind(rawValue: 4)
        public static let pushPromise = Kind(rawValue: 5)
        public static let ping = Kind(rawValue: 6)
        public static let goAway = Kind(rawValue: 7)
        public static let windowUpdate = Kind(rawValue: 8)
        public static let continuation = Kind(rawValue: 9)
    }

    /// For a head in several frames its first says so, and CONTINUATION frames follow.
    public var endsStream: Bool { (type == .data || type == .headers) && flags & 0x1 != 0 }

    /// Whether a head is complete with it.
    public var endsHead: Bool { (type == .headers || type == .continuation) && flags & 0x4 != 0 }

    public var isAcknowledgement: Bool { (type == .settings || type == .ping) && flags & 0x1 != 0 }

    /// The names of the flags that are set and mean something in this type: `END_STREAM`.
    public var flagNames: [String] {
        let names: [(UInt8, String)] =
            switch type {
            case .data: [(0x1, "END_STREAM"), (0x8, "PADDED")]
            case .headers: [(0x1, "END_STREAM"), (0x4, "END_HEADERS"), (0x8, "PADDED"), (0x20, "PRIORITY")]
            case .settings, .ping: [(0x1, "ACK")]
            case .pushPromise: [(0x4, "END_HEADERS"), (0x8, "PADDED")]
            case .continuation: [(0x4, "END_HEADERS")]
            default: []
            }
        return names.filter { flags & $0.0 != 0 }.map(\.1)
    }
}

extension HTTP2Frame.Kind: CustomStringConvertible {
    /// As RFC 9113 §6 writes it: `WINDOW_UPDATE`.
    public var description: String {
        let names = [
            "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
            "CONTINUATION",
        ]
        return Int(rawValue) < names.count ? names[Int(rawValue)] : "type \(rawValue)"
    }
}

extension HTTP2Frame: CustomStringConvertible {
    /// `RST_STREAM stream 3, CANCEL`.
    public var description: String {
        var words = ["\(type) \(stream)"]
        if length > 0 { words.append("\(length) B") }
        if let errorCode { words.append("\(errorCode)") }
        return (words + flagNames).joined(separator: ", ")
    }
}
