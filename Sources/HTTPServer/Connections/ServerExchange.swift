internal import HTTPTrace
internal import HTTPTypes
internal import Transport

/// One request and its response, whatever the connection speaks: what a handler's `ServerRequest` and `ServerResponder`
/// stand for. The words are theirs.
@NetworkActor
protocol ServerExchange: AnyObject {
    var connection: ServerConnection { get }
    var id: ServerRequestID { get }
    /// Which request on the connection this is, from 1.
    var number: Int { get }

    // MARK: the request

    var method: HTTPRequest.Method { get }
    var target: String { get }
    var version: String { get }
    var request: HTTPRequest { get }
    /// HTTP/2's is written out, see `IncomingHead`.
    var headBytes: [UInt8] { get }
    var bodyLength: Int? { get }
    var trailers: HTTPFields? { get }
    func firstValue(_ name: StaticString) -> String?
    func readBody() async throws -> [UInt8]?

    // MARK: the response

    func inform(_ response: HTTPResponse) async throws
    func send(_ response: HTTPResponse, _ body: [UInt8]) async throws
    func start(_ response: HTTPResponse, _ body: ResponseBody) async throws
    func write(_ bytes: [UInt8]) async throws
    func finish(trailers: HTTPFields) async throws
    func sendRaw(_ bytes: [UInt8]) async throws
    func hijack() -> (stream: any ByteStream, received: [UInt8])
    func switchProtocols(_ response: HTTPResponse) async throws -> (stream: any ByteStream, received: [UInt8])
    /// Ends it so that the client sees the end where it expects more.
    func abort(because words: String?)
    /// Ends it rudely: over HTTP/1 with a TCP reset.
    func reset()
}
