import HTTPTrace
import TestSupport
import Testing

@testable import Transport

// A client's context costs the program's start 3 ms and 2 MB: it waits until somebody wants it, where nothing can be wrong
// with its settings.

@Suite("TLS contexts that are made late", .timeLimit(.minutes(5)))
struct LateContextTests {
    @Test func `one that trusts the system is made when handshakes are waited for`() async throws {
        let context = try TLSContext(client: TLSContext.ClientConfiguration())
        #expect(!context.isMade)
        await context.ready()
        #expect(context.isMade)
        #expect(context.systemRoots?.areRead == true)
    }

    @Test func `many who wait get the same one`() async throws {
        let context = try TLSContext(client: TLSContext.ClientConfiguration())
        context.warmUp()
        let waiting = (0..<20).map { _ in
            Task {
                await context.ready()
                return ObjectIdentifier(try context.openSSL)
            }
        }
        var made: Set<ObjectIdentifier> = []
        for task in waiting { made.insert(try await task.value) }
        #expect(made.count == 1)
    }

    @Test func `who sees a request coming has it made, and leaves the roots unread`() async throws {
        let context = try TLSContext(client: TLSContext.ClientConfiguration())
        context.warmUp()
        while !context.isMade { await Task.yield() }
        #expect(context.systemRoots?.areRead == false)
    }

    @Test func `a session that is begun without waiting makes it`() async throws {
        var settings = TLSContext.ClientConfiguration()
        settings.verify = false
        let context = try TLSContext(client: settings)
        try await Task.onNetwork {
            let pair = try await TLSPair(context, try TLSContext(server: TestCertificates.localhost))
            #expect(context.isMade)
            try await pair.connect()
        }.value
    }

    @Test func `what can be wrong is found at once`() {
        let changes: [(inout TLSContext.ClientConfiguration) -> Void] = [
            { $0.caFile = "/nonexistent.pem" }, { $0.extraRoots = Array("-----BEGIN CERTIFICATE-----\n".utf8) },
            { $0.identity = TLSIdentity(certificatePEM: [], keyPEM: []) }, { $0.ciphers = "no cipher" },
            { $0.tls13Ciphers = "no cipher" }, { $0.groups = "no group" }, { $0.keyLogFile = "/nonexistent/keys" },
            { $0.applicationProtocols = [""] },
            {
                $0.oldestVersion = .tls13
                $0.newestVersion = .tls12
            },
        ]
        for change in changes {
            var settings = TLSContext.ClientConfiguration()
            change(&settings)
            #expect(throws: TLSError.self, "\(settings)") { try TLSContext(client: settings) }
        }
    }
}
