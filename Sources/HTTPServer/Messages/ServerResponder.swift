internal import HTTPTrace
public import HTTPTypes
public import Transport

/// Answers one request. Good until the handler returns; a handler that returns without answering has answered 200 with
/// no body.
///
/// Writing out of turn (a second response, a body before its head, more bytes than announced) is a programming error
/// and traps. Date, Server, Connection and the framing fields are added; the response must not name framing fields
/// itself. To HEAD and for 204 and 304 the body is dropped. A head with a control character in it throws
/// `ServerError.unsendable`, and the request is as unanswered as before.
@NetworkActor
public struct ServerResponder {
    let exchange: any ServerExchange

    /// Sends an interim response, any number of times before the final one: 103 Early Hints, mostly. Dropped for
    /// HTTP/1.0 clients.
    ///
    /// - Throws: `ServerError.unsendable` as well; nothing was sent then.
    public func inform(_ status: HTTPResponse.Status, _ fields: HTTPFields = [:]) async throws {
        try await exchange.inform(HTTPResponse(status: status, headerFields: fields))
    }

    /// Sends a whole response. A small one is a single write.
    public func send(_ response: HTTPResponse, _ body: [UInt8] = []) async throws {
        try await exchange.send(response, body)
    }

    /// Sends a head at once; `write` and `finish` follow.
    public func start(_ response: HTTPResponse, _ body: ResponseBody = .chunked) async throws {
        try await exchange.start(response, body)
    }

    /// Sends a piece of the body, and returns when the kernel has it: a slow client slows its handler down.
    public func write(_ bytes: [UInt8]) async throws { try await exchange.write(bytes) }

    /// Ends the body. Trailers go with a chunked body and are dropped otherwise.
    ///
    /// A body that was announced longer than what was written is cut short by closing the connection.
    ///
    /// - Throws: `ServerError.unsendable` for trailers that hold control characters, or would frame or route the message
    ///   (RFC 9110 §6.5.1). The body has not ended then: finish it without them.
    public func finish(trailers: HTTPFields = [:]) async throws { try await exchange.finish(trailers: trailers) }

    /// Sends bytes as they are, HTTP or not, any number of times; the connection is closed when the handler returns.
    ///
    /// - Precondition: No response was begun with the other calls, unless it is a body that is to be spoiled.
    /// - Throws: `ServerError.notOverHTTP2` as well.
    public func sendRaw(_ bytes: [UInt8]) async throws { try await exchange.sendRaw(bytes) }

    /// Takes the connection over: the server neither reads, nor writes, nor closes it any more (RFC 9110 §7.8, §9.3.6).
    /// Observers are told when it ends: when the stream is closed or dropped.
    ///
    /// - Precondition: No response was begun, or one with `sendRaw`; and not over HTTP/2.
    /// - Returns: The stream, and what the client sent beyond the request's head (or beyond what was read of its body).
    public func hijack() -> (stream: any ByteStream, received: [UInt8]) { exchange.hijack() }

    /// Accepts an upgrade: sends this head (101, or 2xx to CONNECT) and takes the connection over, as `hijack`.
    public func switchProtocols(
        _ response: HTTPResponse
    ) async throws -> (stream: any ByteStream, received: [UInt8]) {
        try await exchange.switchProtocols(response)
    }

    /// Closes at once, so that the client sees the end where it expects more. Over HTTP/2 it ends the stream.
    ///
    /// - Parameter words: How that broke which the handler passes on, for observers; nil where it means it.
    public func abort(because words: String? = nil) { exchange.abort(because: words) }

    /// Closes at once with a TCP reset: what the client has not read yet is lost. Over HTTP/2 it ends the stream.
    public func reset() { exchange.reset() }
}
