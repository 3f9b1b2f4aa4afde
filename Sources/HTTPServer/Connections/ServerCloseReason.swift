public import HTTPTypes

/// Why a connection is closed. Go's ConnState keeps this to itself, and people build it by hand.
public enum ServerCloseReason: Hashable, Sendable {
    /// The client closed it while no request was under way: the proper way.
    case clientClosed
    /// The client closed it in the middle of its request, or before it had the whole response.
    case clientGone
    /// The client, or the handler, said `Connection: close`.
    case clientSaidClose, weSaidClose
    /// HTTP/1.0 without keep-alive.
    case http10
    /// The response had no other end than the close.
    case bodyUntilClose
    /// The handler answered and left more of the request's body unread than is worth discarding.
    case bodyNotRead
    /// A wait took too long.
    case timedOut(ServerWait)
    /// The request could not be read, or may not be served; it was answered with `status`.
    case refused(HTTPResponse.Status, String)
    /// The TLS handshake failed. The text may quote the client.
    case handshakeFailed(String)
    /// The handler threw; the response is missing or cut short.
    case handlerFailed(String)
    /// The handler sent raw bytes, cut the response short or reset the connection on purpose.
    case handlerClosed
    /// The handler returned before it had written the body it had announced.
    case responseCutShort
    /// The server is shutting down, or was closed.
    case serverStopped
    /// Reading or writing failed.
    case broken(String)
}

/// What a server waits for, each with a limit of its own in `ServerTimeouts`.
public enum ServerWait: String, Hashable, Sendable {
    case handshake = "TLS handshake"
    case head = "request head"
    case body = "request body"
    case nextRequest = "next request"
    case write = "client to take the response"
}

extension ServerCloseReason: CustomStringConvertible {
    /// A few words for a narrow column.
    public var description: String {
        switch self {
        case .clientClosed: "client closed it"
        case .clientGone: "client went away"
        case .clientSaidClose: "client said Connection: close"
        case .weSaidClose: "we said Connection: close"
        case .http10: "HTTP/1.0 without keep-alive"
        case .bodyUntilClose: "body ended by close"
        case .bodyNotRead: "request body not read to its end"
        case .timedOut(let wait): "waited too long for the \(wait.rawValue)"
        case .refused(let status, let words): "refused with \(status.code): \(words)"
        case .handshakeFailed(let words): "TLS handshake: \(words)"
        case .handlerFailed(let words): "handler failed: \(words)"
        case .handlerClosed: "handler closed it"
        case .responseCutShort: "handler did not finish its response"
        case .serverStopped: "server stopped"
        case .broken(let words): words
        }
    }
}
