import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

@Suite("TLS", .timeLimit(.minutes(5)))
@NetworkActor
struct SecureServerTests {
    private let log = StateLog()
    private let authority = CertificateAuthority()

    private func server(
        _ change: (inout ServerConfiguration) -> Void = { _ in },
        handler: @escaping ServerHandler = { _, responder in try await responder.send(.text(), Array("ok".utf8)) }
    ) async throws -> Server {
        var configuration = ServerConfiguration()
        configuration.tls = try TLSContext(server: authority.issue(for: ["localhost"]))
        // As long as a busy machine needs.
        configuration.timeouts.handshake = .seconds(120)
        change(&configuration)
        return try await Server.logged(log, configuration, handler: handler)
    }

    private func connect(to server: Server, trusting authority: CertificateAuthority) async throws -> RawClient {
        var configuration = TLSContext.ClientConfiguration()
        configuration.extraRoots = authority.certificatePEM
        let stream = try TLSStream(
            over: try await TCPStream.connect(to: server.address), client: try TLSContext(client: configuration),
            host: "localhost")
        try await stream.handshake()
        return RawClient(stream)
    }

    @Test func `a connection is new before its handshake and active after its first head`() async throws {
        let server = try await server()
        let client = try await connect(to: server, trusting: authority)
        #expect(try await client.get("/").body == "ok")
        #expect(try await client.get("/").body == "ok")
        client.close()
        #expect(await log.closing() == .clientClosed)
        #expect(log.states() == [.new, .active, .idle, .active, .idle, .closed])
        server.close()
    }

    @Test func `a client that does not trust us: new, closed, and why`() async throws {
        let server = try await server()
        await #expect(throws: TLSError.self) { try await connect(to: server, trusting: CertificateAuthority()) }
        guard case .handshakeFailed? = await log.closing() else {
            Issue.record("closed: \(log.changes)")
            return
        }
        #expect(log.states() == [.new, .closed])
        server.close()
    }

    @Test func `plain HTTP on the TLS port is told so: new, closed`() async throws {
        let server = try await server()
        let client = try await RawClient.connect(to: server)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(try await client.rest() == "HTTP/1.0 400 Bad Request\r\n\r\nThis port speaks TLS: use https.\n")
        client.close()
        _ = await log.closing()
        #expect(log.states() == [.new, .closed])
        server.close()
    }

    @Test func `shutdown spares a connection that has only shaken hands, but not for long`() async throws {
        let server = try await server {
            $0.timeouts.untouched = .milliseconds(30)
            $0.timeouts.head = .seconds(600)
        }
        let client = try await connect(to: server, trusting: authority)
        await log.reaches(.new)
        let connection = try #require(server.connections.values.first)
        while !connection.isSecured { await Task.yield() }
        #expect(await server.shutdown(within: .seconds(60)))
        #expect(log.states() == [.new, .closed])
        client.close()
    }

    @Test func `a handshake that ends late in a shutdown is spared no longer than others`() async throws {
        let server = try await server {
            $0.timeouts.untouched = .milliseconds(30)
            $0.timeouts.head = .seconds(600)
        }
        let early = try await connect(to: server, trusting: authority)
        let late = try await TCPStream.connect(to: server.address)
        await log.reaches(.new, 2)
        let connections = server.connections.values.sorted { $0.id < $1.id }
        let connection = try #require(connections.first)
        while !connection.isSecured { await Task.yield() }
        async let isInTime = server.shutdown(within: .seconds(100))
        // By now the others have had their time.
        _ = try? await early.rest()
        var configuration = TLSContext.ClientConfiguration()
        configuration.extraRoots = authority.certificatePEM
        let stream = try TLSStream(over: late, client: try TLSContext(client: configuration), host: "localhost")
        try await stream.handshake()
        #expect(await isInTime)
        #expect(log.states(of: 2) == [.new, .closed])
        early.close()
        stream.close()
    }

    @Test func `a handshake that doesn't come is not waited for long`() async throws {
        // TestTLSHandshakeTimeout
        let server = try await server { $0.timeouts.handshake = .milliseconds(20) }
        let client = try await RawClient.connect(to: server)
        #expect(try await client.rest() == "")
        #expect(await log.closing() == .timedOut(.handshake))
        #expect(log.states() == [.new, .closed])
        server.close()
    }

    @Test func `a body until close ends TLS properly, one cut short doesn't`() async throws {
        let server = try await server({ _ in }) { request, responder in
            try await responder.start(.text(), .untilClose)
            try await responder.write(Array("all of it".utf8))
            if request.target == "/cut" { responder.abort() }
        }
        let whole = try await connect(to: server, trusting: authority)
        #expect(try await whole.get("/").body == "all of it")
        let cut = try await connect(to: server, trusting: authority)
        await #expect(throws: StreamError.truncated) { try await cut.get("/cut") }
        server.close()
    }

    @Test func `a client that goes away cancels the handler`() async throws {
        let server = try await server({ _ in }) { _, _ in try await Pause.wait(for: .seconds(600)) }
        let client = try await connect(to: server, trusting: authority)
        try await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await log.reaches(.active)
        client.close()
        #expect(await log.closing() == .clientGone)
        server.close()
    }
}
