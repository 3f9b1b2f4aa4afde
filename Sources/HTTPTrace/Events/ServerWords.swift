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
    /// What the handler passed on broke off, and its response with it; the text says how, and may quote a peer.
    case sourceBroke(String)
    /// The handler returned before it had written the body it had announced.
    case responseCutShort
    /// Keeping connections was switched off.
    case keepAliveOff
    /// The server is shutting down, or was closed.
    case serverStopped
    /// Reading or writing failed, or the client broke the protocol.
    case broken(String)
    /// The handler that took the connection over ended it, or its client did.
    case hijackEnded
}

extension ServerCloseReason {
    /// What it means for a request that was under way.
    public var failure: Failure {
        let kind: Failure.Kind =
            switch self {
            case .timedOut: .timeout
            case .refused(.contentTooLarge, _), .refused(.requestHeaderFieldsTooLarge, _), .refused(.uriTooLong, _):
                .tooLarge
            case .refused, .broken: .protocol
            case .handshakeFailed: .tls
            case .handlerFailed, .handlerClosed, .sourceBroke, .responseCutShort, .bodyNotRead: .truncated
            case .serverStopped: .cancelled
            default: .reset
            }
        return Failure(kind, description)
    }
}

/// What a server waits for, each with a limit of its own in `ServerTimeouts`.
public enum ServerWait: String, Hashable, Sendable {
    case handshake = "TLS handshake"
    case head = "request head"
    case body = "request body"
    case nextRequest = "next request"
    case write = "client to take the response"
}

/// A server that shuts down waits for this connection: who it is and what it is waited for.
public struct ServerWaiting: Hashable, Sendable {
    public var connection: ServerConnectionID
    public var client: NetworkAddress
    public var reason: Reason
    /// Since when it has been doing that.
    public var since: Timestamp

    public enum Reason: Hashable, Sendable {
        /// It has sent nothing yet: its first request may be on the way. Spared until then.
        case untouched(until: Timestamp)
        case handshaking
        /// A request has begun to arrive.
        case readingHead
        /// So many requests are being answered; the oldest is `method target`, which is untrusted text.
        case answering(Int, oldest: String)
        /// The response is written; what is left of the request, or the client's close, is awaited.
        case closing
    }

    public init(connection: ServerConnectionID, client: NetworkAddress, reason: Reason, since: Timestamp) {
        self.connection = connection
        self.client = client
        self.reason = reason
        self.since = since
    }
}

extension ServerWaiting: CustomStringConvertible {
    /// *"s3 127.0.0.1:51234: GET /delay/4000 is being answered"*.
    public var description: String {
        switch reason {
        case .untouched: "\(connection) \(client): has sent nothing yet, its first request may be on the way"
        case .handshaking: "\(connection) \(client): is in its TLS handshake"
        case .readingHead: "\(connection) \(client): its request is arriving"
        case .answering(1, let oldest): "\(connection) \(client): \(oldest) is being answered"
        case .answering(let count, let oldest):
            "\(connection) \(client): \(oldest) and \(count - 1) more are being answered"
        case .closing: "\(connection) \(client): is being closed"
        }
    }
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
        case .sourceBroke(let words): "behind: \(words)"
        case .responseCutShort: "handler did not finish its response"
        case .keepAliveOff: "keep-alive is off"
        case .serverStopped: "server stopped"
        case .broken(let words): words
        case .hijackEnded: "ended after it was taken over"
        }
    }
}
