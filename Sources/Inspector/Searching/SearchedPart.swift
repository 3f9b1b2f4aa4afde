import HTTPTrace
import HTTPTypes
import Sessions

/// What of an exchange a needle was found in.
enum SearchedPart: Equatable, Sendable {
    case url, failure, requestHead, responseHead, requestBody, responseBody

    /// As in *"Found in the answer's body of #3."*
    var words: String {
        switch self {
        case .url: "the URL"
        case .failure: "the failure"
        case .requestHead: "the head"
        case .responseHead: "the answer's head"
        case .requestBody: "the body"
        case .responseBody: "the answer's body"
        }
    }
}

extension Exchange {
    /// The first part that a needle is in; nil where it is in none.
    ///
    /// - Parameter spent: Goes up by the bytes that were looked at, and by what it takes to look at all.
    func part(with needle: Needle, spent: inout Int) -> SearchedPart? {
        // A row of a session of a million is unpacked first.
        spent += 1_000
        if needle.isIn("\(draft.method.rawValue) \(draft.url.description)") { return .url }
        if let failure, needle.isIn(failure.message) { return .failure }
        func holds(_ bytes: [UInt8]) -> Bool {
            spent += min(bytes.count, Self.searchedBytes)
            return needle.first(in: bytes.prefix(Self.searchedBytes)) != nil
        }
        func names(_ fields: HTTPFields) -> Bool {
            spent += 100 * fields.count
            return fields.contains { field in needle.isIn("\(field.name.rawName): \(field.value)") }
        }
        if names(draft.fields) { return .requestHead }
        if let sentHead, holds(sentHead.bytes) { return .requestHead }
        for head in informational + [response].compactMap({ $0 }) {
            if needle.isIn("\(head.version) \(head.status) \(head.reason)") { return .responseHead }
            if names(head.fields) { return .responseHead }
        }
        if holds(served?.body?.bytes ?? draft.body) { return .requestBody }
        guard let body else { return nil }
        return holds(body.bytes) ? .responseBody : nil
    }

    /// Of each body and head: as much as is kept of what comes in. A body that was typed or read from a file may be longer.
    static let searchedBytes = 1 << 20
}
