internal import HTTPTrace
public import HTTPTypes

/// The head of a response or request as it was received over HTTP/2. It keeps the bytes of names and values; words and
/// fields are made when asked for.
public struct HTTP2Head: Sendable, Equatable {
    // Behind a reference, so that a head is passed on through events as one word.
    private let storage: Storage

    private final class Storage: Sendable {
        let block: HTTP2FieldBlock
        let status: Int?

        init(_ block: HTTP2FieldBlock) {
            self.block = block
            // nghttp2 let only three digits pass.
            status = block.firstValue(":status").flatMap { Int($0) }
        }
    }

    init(_ block: HTTP2FieldBlock) { storage = Storage(block) }

    /// 100 to 999; nil in requests and trailers.
    public var status: Int? { storage.status }

    public var method: String? { storage.block.firstValue(":method") }
    public var scheme: String? { storage.block.firstValue(":scheme") }
    /// Nil where the request has only a Host field.
    public var authority: String? { storage.block.firstValue(":authority") }
    /// Nil for CONNECT.
    public var path: String? { storage.block.firstValue(":path") }

    /// All fields but the pseudo-fields, in the order they came, names in lower case. Made anew on every call.
    public var fields: HTTPFields { storage.block.fields }

    public var fieldCount: Int { storage.block.entries.count }

    /// As RFC 9113 §6.5.2 counts: the bytes of names and values, and 32 more for each.
    public var size: Int { storage.block.size }

    /// The value of the first field of this name, or nil.
    ///
    /// - Parameter name: In lower case; with its colon for a pseudo-field.
    public func firstValue(_ name: StaticString) -> String? { storage.block.firstValue(name) }

    /// One line a field, pseudo-fields included: `:status: 200`.
    public var lines: [UInt8] { storage.block.lines }

    public static func == (left: HTTP2Head, right: HTTP2Head) -> Bool {
        left.storage === right.storage || left.storage.block == right.storage.block
    }
}

extension HTTP2Head {
    /// The request in the words other modules use. Cookies that came in several fields are one again (RFC 9113 §8.2.3).
    public var request: HTTPRequest {
        var fields = fields
        fields.joinCookies()
        return HTTPRequest(
            // nghttp2 let only tokens pass.
            method: HTTPRequest.Method(method ?? "") ?? .get, scheme: scheme,
            authority: authority ?? firstValue("host"), path: path, headerFields: fields)
    }
}
