internal import HTTPTrace
internal import Sessions

/// Parts of entries that will be written again as they were: most requests of a load have the same head, and answers of the
/// same second too. The bytes of a head are copied then, instead of being read, classified and escaped.
struct WrittenParts {
    struct Part {
        var bytes: [UInt8]
        /// What was left out in it.
        var redacted: Redaction.Counts
    }

    /// Of a response: all before its content, and what the rest depends on.
    struct Response {
        /// Nil as long as it was written once.
        var part: Part?
        var mimeType: String
        var redirectURL: String
    }

    private struct Request {
        // Held, so that no other head gets its place in memory and passes for it.
        var head: SentHead
        var draft: RequestDraft
        var version: String
        /// Nil as long as it was written once.
        var part: Part?
    }

    // A part is kept when its head comes for the second time, and past the limit all are forgotten: a session where heads
    // don't repeat pays for little more than looking.
    private static let limit = 256

    private var requests: [ObjectIdentifier: Request] = [:]
    private var responses: [ObjectIdentifier: (head: ResponseHead, version: String, response: Response)] = [:]

    func request(_ head: SentHead, _ draft: RequestDraft, _ version: String) -> Part? {
        guard let request = requests[ObjectIdentifier(head)], request.version == version, request.draft == draft
        else { return nil }
        return request.part
    }

    /// Whether it was written before: once more, and it is worth keeping.
    func knows(_ head: SentHead, _ draft: RequestDraft, _ version: String) -> Bool {
        requests[ObjectIdentifier(head)].map { $0.version == version && $0.draft == draft } ?? false
    }

    /// The request was written.
    mutating func note(_ head: SentHead, _ draft: RequestDraft, _ version: String, _ part: Part?) {
        if requests.count >= Self.limit { requests.removeAll(keepingCapacity: true) }
        requests[ObjectIdentifier(head)] = Request(head: head, draft: draft, version: version, part: part)
    }

    /// Nil unless all of it can be written again.
    func response(_ head: ResponseHead, _ version: String) -> Response? {
        guard let known = responses[ObjectIdentifier(head)], known.version == version, known.response.part != nil
        else { return nil }
        return known.response
    }

    func knows(_ head: ResponseHead, _ version: String) -> Bool {
        responses[ObjectIdentifier(head)]?.version == version
    }

    /// The response was written.
    mutating func note(_ response: Response, _ head: ResponseHead, _ version: String) {
        if responses.count >= Self.limit { responses.removeAll(keepingCapacity: true) }
        responses[ObjectIdentifier(head)] = (head, version, response)
    }
}
