import Glibc
import HTTPTrace
import HTTPTypes
import TestSupport
import Testing
import Transport

@testable import HTTPClient

// Servers of other makes: both ends of a test must not be our own mistakes.

@NetworkActor
@Suite("HTTP/2 with other servers")
struct HTTP2InteropTests {
    private static let page = String(repeating: "roundtrip\n", count: 30_000)

    /// A folder with a page, a certificate and its key.
    private func makeFolder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("page.txt", Self.page.utf8)
        try folder.write("cert.pem", TestCertificates.localhost.certificatePEM)
        try folder.write("key.pem", TestCertificates.localhost.keyPEM)
        return folder
    }

    /// Ten requests at once and one after them, over one connection, all whole.
    private func check(_ url: String, prior: Bool = false) async throws {
        let test = try TestClient {
            $0.tls = try! TLSContext(client: TestCertificates.trusting)
            if prior { $0.versions = .http2Only }
        }
        let url = try TypedURL.parse(url)
        let bodies = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<10 { group.addTask { try? await test.fetch(url).body } }
            var all: [String?] = []
            for await one in group { all.append(one) }
            return all
        }
        #expect(bodies.allSatisfy { $0 == Self.page } && bodies.count == 10)
        test.events.removeAll()
        #expect(try await test.fetch(url).body == Self.page)
        #expect(test.events.words.contains("gotConn(c1 reused idle)"))
        for case .responseHead(let head) in test.events.all.map(\.event) { #expect(head.version == "HTTP/2") }
        #expect(test.connections.words.filter { $0 == "connectionDialing" }.count == 1)
        test.client.shutDown()
    }

    @Test func nginx() async throws {
        let folder = try makeFolder()
        let server = try await PeerServer { port in
            let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
            let configuration = """
                daemon off; master_process off; pid \(folder.path)/nginx.pid;
                events { worker_connections 512; }
                http {
                  access_log off; \(scratch)
                  server {
                    listen 127.0.0.1:\(port) ssl http2; root \(folder.path);
                    ssl_certificate \(folder.path)/cert.pem; ssl_certificate_key \(folder.path)/key.pem;
                  }
                }
                """
            return [
                "nginx", "-e", "stderr", "-p", folder.path, "-c", try folder.write("nginx.conf", configuration.utf8),
            ]
        }
        defer { server.stop() }
        try await check("\(server.secure)/page.txt")
    }

    @Test func `nginx without TLS`() async throws {
        let folder = try makeFolder()
        let server = try await PeerServer { port in
            let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
            let configuration = """
                daemon off; master_process off; pid \(folder.path)/nginx.pid;
                events { worker_connections 512; }
                http {
                  access_log off; \(scratch)
                  server { listen 127.0.0.1:\(port) http2; root \(folder.path); }
                }
                """
            return [
                "nginx", "-e", "stderr", "-p", folder.path, "-c", try folder.write("nginx.conf", configuration.utf8),
            ]
        }
        defer { server.stop() }
        try await check("\(server.plain)/page.txt", prior: true)
    }

    @Test func nghttpd() async throws {
        let folder = try makeFolder()
        let server = try await PeerServer { port in
            [
                "nghttpd", "--address=127.0.0.1", "--htdocs=\(folder.path)", "\(port)", folder.file("key.pem"),
                folder.file("cert.pem"),
            ]
        }
        defer { server.stop() }
        try await check("\(server.secure)/page.txt")
    }

    @Test func `nghttpd without TLS`() async throws {
        let folder = try makeFolder()
        let server = try await PeerServer { port in
            ["nghttpd", "--address=127.0.0.1", "--htdocs=\(folder.path)", "--no-tls", "\(port)"]
        }
        defer { server.stop() }
        try await check("\(server.plain)/page.txt", prior: true)
    }

    @Test func haproxy() async throws {
        let folder = try makeFolder()
        try folder.write("both.pem", TestCertificates.localhost.certificatePEM + TestCertificates.localhost.keyPEM)
        let server = try await PeerServer { port in
            let configuration = """
                global
                  tune.bufsize 400000
                defaults
                  mode http
                  timeout client 30s
                  timeout connect 30s
                  timeout server 30s
                frontend front
                  bind 127.0.0.1:\(port) ssl crt \(folder.file("both.pem")) alpn h2,http/1.1
                  http-request return status 200 content-type text/plain file \(folder.file("page.txt"))

                """
            return ["haproxy", "-db", "-f", try folder.write("haproxy.cfg", configuration.utf8)]
        }
        defer { server.stop() }
        try await check("\(server.secure)/page.txt")
    }

    @Test func h2o() async throws {
        let folder = try makeFolder()
        let server = try await PeerServer { port in
            // Else it would become nobody, who may not read the folder.
            let user = getuid() == 0 ? "user: root" : ""
            let configuration = """
                \(user)
                num-threads: 1
                hosts:
                  default:
                    listen:
                      host: 127.0.0.1
                      port: \(port)
                      ssl:
                        certificate-file: \(folder.file("cert.pem"))
                        key-file: \(folder.file("key.pem"))
                    paths:
                      /:
                        file.dir: \(folder.path)

                """
            return ["h2o", "--conf", try folder.write("h2o.conf", configuration.utf8)]
        }
        defer { server.stop() }
        try await check("\(server.secure)/page.txt")
    }
}
