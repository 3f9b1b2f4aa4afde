public import HTTPTrace
public import HTTPTypes
public import Transport

/// A request as a handler sees it. Good until the handler returns.
@NetworkActor
public struct ServerRequest {
    let exchange: any ServerExchange

    public var method: HTTPRequest.Method { exchange.method }

    /// As sent, in any form (RFC 9112 §3.2): `/search?q=a%20b`, mostly.
    public var target: String { exchange.target }

    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    public var version: String { exchange.version }

    /// Method, target taken apart and fields in the words of HTTPTypes. Made anew at each call.
    public var httpRequest: HTTPRequest { exchange.request }

    /// The first value of a field, or nil; cheaper than making all fields.
    ///
    /// - Parameter name: In lower case.
    public func firstValue(_ name: StaticString) -> String? { exchange.firstValue(name) }

    /// The head as it came, from the method to the blank line; HTTP/2's is written out, see `IncomingHead`.
    public var headBytes: [UInt8] { exchange.headBytes }

    /// Bytes of body the client announced; nil where it did not, 0 for none.
    public var bodyLength: Int? { exchange.bodyLength }

    /// Waits for the next piece of the body; nil after the last. A client that waits for `100 Continue` gets it with
    /// the first call, so that a handler which refuses by the head alone spares the upload.
    ///
    /// What the handler does not read slows the client down: nothing is read ahead. Pieces are at most 64 KiB.
    ///
    /// - Throws: `ServerError.bodyBroken` when the client stopped in the middle, sent nonsense or took too long;
    ///   `.bodyNotInvited` when the response began before the client was told to send the body: it may never send it.
    public func readBody() async throws -> [UInt8]? { try await exchange.readBody() }

    /// The trailers of a chunked body, once `readBody` has returned nil; nil without any.
    public var trailers: HTTPFields? { exchange.trailers }

    /// How observers name it.
    public var id: ServerRequestID { exchange.id }
    /// The connection it came on.
    public var connection: ServerConnectionID { exchange.connection.id }
    /// Which request on its connection this is, from 1.
    public var number: Int { exchange.number }
    public var clientAddress: NetworkAddress { exchange.connection.tcp.remoteAddress }
    public var serverAddress: NetworkAddress { exchange.connection.tcp.localAddress }
    /// What the connection speaks: `https` over TLS.
    public var scheme: Scheme { exchange.connection.scheme }
}

/// What reading a request's body and writing a response can fail with.
public enum ServerError: Error, Equatable, Sendable {
    /// The rest of the body will not come.
    case bodyBroken(String)
    /// See `ServerRequest.readBody`.
    case bodyNotInvited
    /// The head or the trailers of a response can't be written, as the text says. Nothing of them was sent: others may be.
    case unsendable(String)
    /// Raw bytes, or the whole connection, were asked for; HTTP/2's streams have neither.
    case notOverHTTP2
    /// The client is gone, or takes nothing any more, or the connection was closed.
    case clientGone
}

extension ServerError: CustomStringConvertible {
    /// A clause for people, where a handler lets it pass.
    public var description: String {
        switch self {
        case .bodyBroken(let words): "the request's body can't be read: \(words)"
        case .bodyNotInvited: "the request's body was not asked for before the answer began"
        case .unsendable(let words): "the answer can't be sent: \(words)"
        case .notOverHTTP2: "HTTP/2 streams have no bytes of their own"
        case .clientGone: "client went away"
        }
    }
}
