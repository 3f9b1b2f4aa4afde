/// What was kept of a body, and what is known of the rest.
public struct BodyCapture: Equatable, Sendable {
    /// The first bytes, decoded, up to the limit in force.
    public var bytes: [UInt8]
    /// All bytes of the decoded body, kept or not.
    public var totalBytes: Int
    /// Of the whole decoded body, lower-case hex.
    public var sha256: String

    /// Whether `bytes` is only the beginning.
    public var isCut: Bool { bytes.count < totalBytes }

    public init(bytes: [UInt8], totalBytes: Int, sha256: String) {
        self.bytes = bytes
        self.totalBytes = totalBytes
        self.sha256 = sha256
    }
}
