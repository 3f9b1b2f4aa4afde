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

    /// Of a response: all before its content, and what the content depends on.
    struct Response {
        var part: Part?
        var coding: String
        var mimeType: String
        var redirectURL: String
    }

    private struct Request {
        // Held, so that no other head gets its place in memory and passes for it.
        var head: SentHead
        var draft: RequestDraft
        var version: String
        var part: Part
    }

    // Past the limit all are forgotten: a session where heads don't repeat pays for little more than looking.
    private static let limit = 256

    private var requests: [ObjectIdentifier: Request] = [:]
    private var responses: [ObjectIdentifier: (head: ResponseHead, version: String, response: Response)] = [:]

    func request(_ head: SentHead, _ draft: RequestDraft, _ version: String) -> Part? {
        guard let request = requests[ObjectIdentifier(head)], request.version == version, request.draft == draft
        else { return nil }
        return request.part
    }

    mutating func keep(_ part: Part, _ head: SentHead, _ draft: RequestDraft, _ version: String) {
        if requests.count >= Self.limit { requests.removeAll(keepingCapacity: true) }
        requests[ObjectIdentifier(head)] = Request(head: head, draft: draft, version: version, part: part)
    }

    func response(_ head: ResponseHead, _ version: String) -> Response? {
        guard let known = responses[ObjectIdentifier(head)], known.version == version else { return nil }
        return known.response
    }

    mutating func keep(_ response: Response, _ head: ResponseHead, _ version: String) {
        if responses.count >= Self.limit { responses.removeAll(keepingCapacity: true) }
        responses[ObjectIdentifier(head)] = (head, version, response)
    }
}
