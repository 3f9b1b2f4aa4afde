import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

@NetworkActor
@Suite("Request bodies that come piece by piece")
struct RequestBodyStreamTests {
    /// Gives each piece once.
    private func body(_ pieces: [String], announcing length: Int?) -> RequestBodyStream {
        let source = PieceSource(pieces)
        return RequestBodyStream(length: length) { source.next() }
    }

    // Further bytes would be the beginning of another request to the server.
    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `a body longer than announced fails before a byte too many has gone`(versions: HTTPVersions) async throws {
        let server = try ScriptedServer([.awaitClose])
        let test = try TestClient { $0.versions = versions }
        var request = ClientRequest(method: .put, url: server.url())
        request.bodyStream = body(["first", "GET / HTTP/1.1"], announcing: 10)
        let failure = await test.failure(of: request)
        #expect(
            failure
                == Failure(
                    .cancelled, phase: .send,
                    "the request's body broke off: it is longer than the 10 bytes announced"))
        test.client.shutDown()
        await until { server.finished == 1 }
        #expect(server.received[0].contains("first") && !server.received[0].contains("GET /"))
    }

    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `a body shorter than announced is not waited with`(versions: HTTPVersions) async throws {
        let server = try ScriptedServer([.awaitClose])
        let test = try TestClient { $0.versions = versions }
        var request = ClientRequest(method: .put, url: server.url())
        request.bodyStream = body(["first"], announcing: 10)
        let failure = await test.failure(of: request)
        #expect(failure?.message == "the request's body broke off: 5 of the 10 bytes announced are missing")
    }

    // go-semantics 3: "If the reader of the body fails, WroteRequest gets the reader's error"
    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `what broke the body is told where the request would have been written`(versions: HTTPVersions) async throws {
        struct SourceFailed: Error {}
        let server = try ScriptedServer([.awaitClose])
        let test = try TestClient { $0.versions = versions }
        var request = ClientRequest(method: .put, url: server.url())
        request.bodyStream = RequestBodyStream(length: nil) { throw SourceFailed() }
        let failure = await test.failure(of: request)
        let told = test.events.all.compactMap { if case .wroteRequest(let failure) = $0.event { failure } else { nil } }
        #expect(failure != nil && told.count == 1 && told.first == failure)
    }

    @Test func `a body as long as announced goes out, and the connection is kept`() async throws {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let server = try ScriptedServer([.readHead, .read(10), .send(ok), .awaitClose])
        let test = try TestClient()
        var request = ClientRequest(method: .put, url: server.url())
        request.bodyStream = body(["first", "other"], announcing: 10)
        #expect(try await test.fetch(request) == (200, "hello"))
        #expect(test.events.words.contains("putIdleConn"))
    }
}

@NetworkActor
private final class PieceSource {
    private var pieces: [String]

    init(_ pieces: [String]) { self.pieces = pieces }

    func next() -> [UInt8]? { pieces.isEmpty ? nil : Array(pieces.removeFirst().utf8) }
}
