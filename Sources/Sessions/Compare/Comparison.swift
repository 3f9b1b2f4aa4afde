public import HTTPTrace
internal import HTTPTypes

/// What differs between two exchanges, apart from their times: those stand in their phases.
public struct Comparison: Equatable, Sendable {
    /// Which two, the reference first, and how far each had come: a comparison is made anew when this changes.
    public struct Subject: Equatable, Sendable {
        public var before: ExchangeID
        public var after: ExchangeID
        private var progress: [Bool]

        public init(_ before: Exchange, _ after: Exchange) {
            self.before = before.id
            self.after = after.id
            progress = [before, after].flatMap { exchange in
                [
                    !exchange.draft.body.isEmpty, exchange.sentHead != nil, exchange.response != nil,
                    exchange.body != nil, exchange.isRunning,
                ]
            }
        }
    }

    /// How two bodies stand to each other.
    public enum BodyChange: Equatable, Sendable {
        /// Neither has one, or at least one is not there (yet).
        case nothingToCompare
        /// By their digests, so also where only the beginning was kept.
        case same
        /// Text, line by line. Kept bytes only.
        case lines([LineEdit<ArraySlice<UInt8>>])
        /// No text, or too different to be shown by lines: the first byte that differs, among those kept.
        case differs(fromByte: Int)
        /// By their digests or lengths; the beginnings, which are all that was kept, are alike.
        case differsBehind(keptBytes: Int)
    }

    public let subject: Subject
    /// Method and URL, then the fields as sent (as asked for, before that).
    public let request: [LineEdit<String>]
    public let requestBody: BodyChange
    /// Status, then the fields; empty unless both have a response.
    public let response: [LineEdit<String>]
    public let body: BodyChange

    public init(_ before: Exchange, _ after: Exchange) {
        subject = Subject(before, after)
        request = Self.edits(Self.requestLines(before), Self.requestLines(after))
        if let old = before.served?.body, let new = after.served?.body {
            // Of what came in, the draft may have the beginning alone.
            requestBody = Self.compare(old, new)
        } else {
            requestBody = Self.compare(before.draft.body, after.draft.body)
        }
        if let old = before.response, let new = after.response {
            response = Self.edits(Self.lines(of: old), Self.lines(of: new))
        } else {
            response = []
        }
        body = Self.compare(before.body, after.body)
    }

    /// Heads are bounded, so their lines mostly are within the limit; past it, all went and all came.
    private static func edits(_ old: [String], _ new: [String]) -> [LineEdit<String>] {
        LineDiff.edits(from: old, to: new) ?? old.map { .removed($0) } + new.map { .added($0) }
    }

    private static func requestLines(_ exchange: Exchange) -> [String] {
        let draft = exchange.draft
        let fields =
            exchange.sentHead?.lines.map { "\($0.name): \($0.value)" }
            ?? draft.fields.map { "\($0.name.rawName): \($0.value)" }
        return ["\(draft.method.rawValue) \(draft.url)"] + fields
    }

    private static func lines(of head: ResponseHead) -> [String] {
        ["\(head.version) \(head.status) \(head.reason)"] + head.fields.map { "\($0.name.rawName): \($0.value)" }
    }

    private static func compare(_ old: BodyCapture?, _ new: BodyCapture?) -> BodyChange {
        guard let old, let new, old.totalBytes + new.totalBytes > 0 else { return .nothingToCompare }
        guard old.sha256 != new.sha256 || old.totalBytes != new.totalBytes else { return .same }
        guard old.bytes != new.bytes else { return .differsBehind(keptBytes: old.bytes.count) }
        return changes(from: old.bytes, to: new.bytes)
    }

    private static func compare(_ old: [UInt8], _ new: [UInt8]) -> BodyChange {
        guard !old.isEmpty || !new.isEmpty else { return .nothingToCompare }
        return old == new ? .same : changes(from: old, to: new)
    }

    private static func changes(from old: [UInt8], to new: [UInt8]) -> BodyChange {
        if !BodyCapture.isBinary(old), !BodyCapture.isBinary(new) {
            let newline = UInt8(ascii: "\n")
            let lines = { (bytes: [UInt8]) in bytes.split(separator: newline, omittingEmptySubsequences: false) }
            if let edits = LineDiff.edits(from: lines(old), to: lines(new)) { return .lines(edits) }
        }
        let first = zip(old, new).enumerated().first { $1.0 != $1.1 }?.offset
        return .differs(fromByte: first ?? min(old.count, new.count))
    }
}
