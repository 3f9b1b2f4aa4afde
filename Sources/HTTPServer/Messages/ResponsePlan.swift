internal import HTTPTypes
internal import HTTPWire

/// How the end of a response's body is told to the client.
public enum ResponseBody: Equatable, Sendable {
    /// Exactly this many bytes will be written.
    case length(Int)
    /// Any number of bytes; each write becomes a chunk. To an HTTP/1.0 client, which knows no chunks, it becomes
    /// `untilClose`.
    case chunked
    /// Any number of bytes, ended by closing the connection. The client can't tell it from a body cut short.
    case untilClose
}

/// What is decided about a response before its head is written (RFC 9112 §6.1, §6.3 and §9.3).
struct ResponsePlan: Equatable {
    var framing: BodyFraming
    /// False for HEAD, 204 and 304: what the handler writes is dropped.
    var sendsBody: Bool
    /// Whether the connection may serve another request. `Connection: close` is written if not.
    var isKept: Bool
    /// Whether the client has to be told that the connection stays open, which HTTP/1.0 doesn't take for granted.
    var saysKeepAlive: Bool

    /// - Parameters:
    ///   - isHTTP10: What the request was.
    ///   - mayBeKept: What request, handler and server allow.
    init(status: Int, body: ResponseBody, to method: HTTPRequest.Method, isHTTP10: Bool, mayBeKept: Bool) {
        let hasNoBody = status == 204 || status == 304 || status < 200 || (method == .connect && status < 300)
        sendsBody = !hasNoBody && method != .head
        framing =
            switch body {
            case _ where hasNoBody: .none
            case .length(let count): .length(Int64(count))
            case .chunked where isHTTP10: .untilClose
            case .chunked: .chunked
            case .untilClose: .untilClose
            }
        isKept = mayBeKept && !(framing == .untilClose && sendsBody)
        saysKeepAlive = isKept && isHTTP10
        // After HEAD nothing comes, so that the connection can stay; but the head of a body until close would say
        // `close`.
        if framing == .untilClose, !sendsBody { framing = .none }
    }
}
