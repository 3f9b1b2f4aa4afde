import HTTPTrace
import TestSupport
import Testing

@testable import Transport

/// A client and a server over loopback, and what the client was told of messages.
@NetworkActor
final class TLSPair {
    let client: TLSStream
    let server: TLSStream
    private(set) var messages: [TLSMessage] = []

    /// - Parameter key: Under which tickets are kept; nil keeps none.
    init(
        _ client: TLSContext, _ server: TLSContext, host: String = "localhost", resuming key: String? = nil
    ) async throws {
        let below = try await LoopbackPair()
        self.client = try TLSStream(over: below.client, client: client, host: host, resuming: key)
        self.server = try TLSStream(over: below.server, server: server)
        self.client.onMessage = { [unowned self] in messages.append($0) }
    }

    /// Shakes hands on both sides, and lets a byte follow so that tickets have come as well.
    func connect() async throws {
        async let serving = server.handshake()
        try await client.handshake()
        _ = try await serving
        try await server.write("!")
        #expect(try await client.readSome() == Array("!".utf8))
    }

    /// How the handshake ends on both sides, which then close.
    func failure() async -> (client: TLSError?, server: TLSError?) {
        let serving = Task.onNetwork { [self] in await Self.problem(of: server) }
        let ours = await Self.problem(of: client)
        // A client of TLS 1.3 is done before the server has seen its certificate.
        if ours == nil { _ = try? await client.readSome() }
        client.close()
        let theirs = await serving.value
        server.close()
        return (ours, theirs)
    }

    private static func problem(of stream: TLSStream) async -> TLSError? {
        do throws(TLSError) {
            try await stream.handshake()
            return nil
        } catch {
            return error
        }
    }

    /// `> ClientHello`, `< ServerHello`.
    var words: [String] { messages.map { "\($0.direction == .sent ? ">" : "<") \($0.name)" } }
}

extension TLSContext.ServerConfiguration {
    static var localhost: Self { Self(identity: TestCertificates.localhost) }
}
