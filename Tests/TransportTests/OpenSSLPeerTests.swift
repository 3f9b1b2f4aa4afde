import Glibc
import HTTPTrace
import TestSupport
import Testing

@testable import Transport

@Suite("OpenSSL's own programs as peers", .timeLimit(.minutes(5)))
struct OpenSSLPeerTests {
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `s_server is understood, also when it renews its keys in the middle of our writing`(
        version: String
    ) async throws {
        let files = try CertificateFiles(TestCertificates.localhost)
        let peer = PeerProcess(
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate, "-key", files.key, version,
            "-num_tickets", "0")
        let address = try await port(of: peer)
        let (tcp, stream) = try await Task.onNetwork {
            let tcp = try await TCPStream.connect(to: address)
            let context = try TLSContext(client: TestCertificates.trusting)
            let stream = try TLSStream(over: tcp, client: context, host: "localhost")
            let facts = try await stream.handshake()
            #expect(facts.version == (version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
            try await stream.write("first line\n")
            return (tcp, stream)
        }.value
        #expect(await peer.output(until: "first line\n").hasSuffix("first line\n"))

        let reading = Task.onNetwork { try await stream.readSome() }
        if version == "-tls1_3" {
            // "K" makes s_server update its keys and ask for ours: our answer is a write inside a read. Nothing but a
            // few bytes below tells that it came.
            let before = await tcp.bytesReceived
            peer.type("K\n")
            await Task.onNetwork { while tcp.bytesReceived == before { await Task.yield() } }.value
        }
        try await Task.onNetwork { try await stream.write("last line\n") }.value
        #expect(await peer.output(until: "last line\n").contains("last line\n"))
        peer.type("typed by the peer\n")
        #expect(try await reading.value == Array("typed by the peer\n".utf8))
        await Task.onNetwork { stream.close() }.value
    }

    @Test func `a server that asks to renegotiate is declined and the connection lives on`() async throws {
        let files = try CertificateFiles(TestCertificates.localhost)
        let peer = PeerProcess(
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate, "-key", files.key, "-tls1_2")
        let address = try await port(of: peer)
        let stream = try await Task.onNetwork {
            let tcp = try await TCPStream.connect(to: address)
            let context = try TLSContext(client: TestCertificates.trusting)
            let stream = try TLSStream(over: tcp, client: context, host: "localhost")
            try await stream.handshake()
            try await stream.write("before\n")
            return stream
        }.value
        await peer.output(until: "before\n")
        peer.type("r\n")
        let reading = Task.onNetwork { try await stream.readSome() }
        // s_server gives up on a client that says no; what counts is that we neither hang nor crash, nor call it data.
        #expect((try? await reading.value) == nil)
        await Task.onNetwork { stream.close() }.value
    }

    @Test func `s_client verifies our server and hears close_notify`() async throws {
        let authority = try CertificateFiles(
            TLSIdentity(certificatePEM: TestCertificates.authority.certificatePEM, keyPEM: []))
        let listener = try await Task.onNetwork { try TCPListener(.loopback) }.value
        let peer = PeerProcess(
            "openssl", "s_client", "-connect", "\(await listener.address)", "-CAfile", authority.certificate,
            "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost", "-alpn", "h2,http/1.1",
            "-quiet")
        peer.type("hello\n")
        try await Task.onNetwork {
            let tcp = try await listener.accept()
            let stream = try TLSStream(over: tcp, server: TLSContext(server: TestCertificates.localhost))
            let facts = try await stream.handshake()
            #expect(facts.serverName == "localhost" && facts.alpn == "http/1.1")
            #expect(try await stream.readSome() == Array("hello\n".utf8))
            try await stream.write("good bye\n")
            stream.close()
        }.value
        // Ends by itself: to its end, there is nothing but our words and its verification.
        let output = await peer.output(until: "an end that never comes")
        #expect(output.contains("good bye\n") && !output.lowercased().contains("error"))
    }

    private func port(of peer: PeerProcess) async throws -> NetworkAddress {
        var text = await peer.output(until: "ACCEPT 127.0.0.1:")
        if !text.hasSuffix("\n") { text += await peer.output(until: "\n") }
        let digits = text.components(after: "ACCEPT 127.0.0.1:").prefix { $0.isNumber }
        return NetworkAddress(family: .ip4, ip: "127.0.0.1", port: try #require(UInt16(digits)))
    }
}

extension String {
    fileprivate func components(after mark: String) -> Substring {
        firstRange(of: mark).map { self[$0.upperBound...] } ?? ""
    }
}

/// An identity as files, which OpenSSL's programs want. Removed with the last reference.
private final class CertificateFiles {
    private let folder: String
    var certificate: String { folder + "/certificate.pem" }
    var key: String { folder + "/key.pem" }

    init(_ identity: TLSIdentity) throws {
        var template = Array("/tmp/roundtrip-test-XXXXXX".utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
        for (file, bytes) in [(certificate, identity.certificatePEM), (key, identity.keyPEM)] {
            let descriptor = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            #expect(write(descriptor, bytes, bytes.count) == bytes.count)
            close(descriptor)
        }
    }

    deinit {
        unlink(certificate)
        unlink(key)
        rmdir(folder)
    }
}
