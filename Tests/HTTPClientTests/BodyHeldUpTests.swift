import HTTPServer
import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPClient

@NetworkActor
@Suite("A body's reader who is away")
struct BodyHeldUpTests {
    /// Larger than all buffers on the way.
    private static let size = 64 << 20

    private func server() async throws -> Server {
        try await Server.start { _, responder in
            try await responder.send(HTTPResponse(status: .ok), Array(repeating: 7, count: Self.size))
        }
    }

    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `is told of what he held up, and how long`(versions: HTTPVersions) async throws {
        let server = try await server()
        defer { server.close() }
        let test = try TestClient { $0.versions = versions }
        let response = try await withClientTrace(test.events.trace) {
            try await test.client.send(ClientRequest(url: RequestURL(origin: server.origin)))
        }
        var bytes = 0
        while let piece = try await response.body.next() {
            bytes += piece.count
            // Away until that was long enough for the buffers to fill: once is enough.
            if !test.events.words.contains("bodyHeldUp") { try await Pause.wait(for: .milliseconds(20)) }
        }
        #expect(bytes == Self.size)
        let held = test.events.all.compactMap { record -> Duration? in
            if case .bodyHeldUp(let duration) = record.event { duration } else { nil }
        }
        #expect(held.first.map { $0 >= .milliseconds(20) } == true)
    }

    @Test(arguments: [HTTPVersions.http1Only, .http2Only])
    func `holds nothing up where there is room for what the server has sent`(versions: HTTPVersions) async throws {
        let gate = Gate()
        let server = try await Server.start { _, responder in
            try await responder.start(HTTPResponse(status: .ok))
            try await responder.write(Array(repeating: 7, count: 1_000))
            await gate.pass()
            try await responder.write(Array(repeating: 7, count: 1_000))
            try await responder.finish()
        }
        defer { server.close() }
        let test = try TestClient { $0.versions = versions }
        let response = try await withClientTrace(test.events.trace) {
            try await test.client.send(ClientRequest(url: RequestURL(origin: server.origin)))
        }
        #expect(try await response.body.next()?.count == 1_000)
        try await Pause.wait(for: .milliseconds(20))
        gate.open()
        #expect(try await response.body.collect(upTo: 2_000).count == 1_000)
        #expect(!test.events.words.contains("bodyHeldUp"))
    }
}
