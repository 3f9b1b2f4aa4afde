public import HTTPTrace

/// What was kept of a body, and what is known of the rest.
public struct BodyCapture: Equatable, Sendable {
    /// The first bytes, decoded, up to the limit in force.
    public var bytes: [UInt8]
    /// All bytes of the decoded body, kept or not.
    public var totalBytes: Int
    /// Of the whole decoded body, lower-case hex.
    public var sha256: String
    /// The codings that were taken off, in the order of the field: `gzip`. Empty when there were none, or were left on.
    public var codings: [String]
    /// Why codings were left on, so that `bytes` are as they came; nil when there were none to leave.
    public var reasonLeftEncoded: String?
    /// Why the exchange is a failure though it ended well: its body can't be decoded to the end, or its redirect leads
    /// nowhere. What was decoded until then is here.
    public var problem: Failure?

    /// Whether `bytes` is only the beginning.
    public var isCut: Bool { bytes.count < totalBytes }

    /// Whether `bytes` is better shown as numbers than as text.
    public var isBinary: Bool { Self.isBinary(bytes) }

    /// Zero bytes, or much that is not UTF-8, near the beginning.
    public static func isBinary(_ bytes: [UInt8]) -> Bool {
        let start = bytes.prefix(4096)
        if start.contains(0) { return true }
        // A character may be cut in half at the end.
        let damaged = String(decoding: start, as: UTF8.self).unicodeScalars.count { $0 == "\u{FFFD}" }
        return damaged * 20 > start.count
    }

    public init(
        bytes: [UInt8], totalBytes: Int, sha256: String, codings: [String] = [], reasonLeftEncoded: String? = nil,
        problem: Failure? = nil
    ) {
        self.bytes = bytes
        self.totalBytes = totalBytes
        self.sha256 = sha256
        self.codings = codings
        self.reasonLeftEncoded = reasonLeftEncoded
        self.problem = problem
    }
}
