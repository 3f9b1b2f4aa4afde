public import HTTPTrace

/// What was kept of a body, and what is known of the rest.
public struct BodyCapture: Sendable {
    // One reference instead of five: each body's capture is handed around a dozen times.
    private var parts: Parts

    public init(
        bytes: [UInt8], totalBytes: Int, sha256: String, codings: [String] = [], reasonLeftEncoded: String? = nil,
        problem: Failure? = nil
    ) {
        parts = Parts(bytes, totalBytes, sha256, codings, reasonLeftEncoded, problem)
    }

    /// Of a request that got no answer: there is no body, not even an empty one. Told all the same, since nothing more comes.
    public static let ofNoAnswer = BodyCapture(bytes: [], totalBytes: 0, sha256: "")

    /// Whether it is `ofNoAnswer`.
    public var isOfNoAnswer: Bool { parts === BodyCapture.ofNoAnswer.parts }

    /// The first bytes, decoded, up to the limit in force.
    public var bytes: [UInt8] { parts.bytes }
    /// All bytes of the decoded body, kept or not.
    public var totalBytes: Int { parts.totalBytes }
    /// Of the whole decoded body, lower-case hex.
    public var sha256: String { parts.sha256 }
    /// The codings that were taken off, in the order of the field: `gzip`. Empty when there were none, or were left on.
    public var codings: [String] { parts.codings }
    /// Why codings were left on, so that `bytes` are as they came; nil when there were none to leave.
    public var reasonLeftEncoded: String? { parts.reasonLeftEncoded }
    /// Why the exchange is a failure though it ended well: its body can't be decoded to the end, or its redirect leads
    /// nowhere. What was decoded until then is here.
    public var problem: Failure? { parts.problem }

    /// Why only its beginning could be decoded; nil where all was, or nothing had to be.
    public var damage: Failure? { problem.flatMap { $0.kind == .decode || $0.kind == .tooLarge ? $0 : nil } }

    /// The same with another problem, or without one.
    public func with(problem: Failure?) -> BodyCapture {
        BodyCapture(
            bytes: bytes, totalBytes: totalBytes, sha256: sha256, codings: codings,
            reasonLeftEncoded: reasonLeftEncoded, problem: problem)
    }

    /// The same with none of its bytes kept.
    func withoutBytes() -> BodyCapture {
        BodyCapture(
            bytes: [], totalBytes: totalBytes, sha256: sha256, codings: codings,
            reasonLeftEncoded: reasonLeftEncoded, problem: problem)
    }

    private final class Parts: Sendable {
        let bytes: [UInt8]
        let totalBytes: Int
        let sha256: String
        let codings: [String]
        let reasonLeftEncoded: String?
        let problem: Failure?

        init(
            _ bytes: [UInt8], _ totalBytes: Int, _ sha256: String, _ codings: [String], _ reasonLeftEncoded: String?,
            _ problem: Failure?
        ) {
            self.bytes = bytes
            self.totalBytes = totalBytes
            self.sha256 = sha256
            self.codings = codings
            self.reasonLeftEncoded = reasonLeftEncoded
            self.problem = problem
        }
    }

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
}

extension BodyCapture: Equatable {
    public static func == (left: BodyCapture, right: BodyCapture) -> Bool {
        left.parts === right.parts
            || (left.totalBytes == right.totalBytes && left.sha256 == right.sha256
                && left.bytes.isSame(as: right.bytes)
                && left.codings == right.codings && left.reasonLeftEncoded == right.reasonLeftEncoded
                && left.problem == right.problem)
    }
}
