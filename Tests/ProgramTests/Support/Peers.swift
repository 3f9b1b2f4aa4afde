import FoundationEssentials
import TestSupport

/// Python, plain and with the readers of HAR files.
enum Python {
    /// The system's own where there is one: others may be scripts that take a second to find their interpreter.
    static let plain = (try? ChildProcess.path(of: "/usr/bin/python3")).flatMap(existing) ?? "python3"

    /// The folder of programs of the environment that `.ci/setup test` makes.
    static var readers: String {
        get throws {
            let root = #filePath.components(separatedBy: "/Tests/")[0]
            let python =
                ProcessInfo.processInfo.environment["ROUNDTRIP_TEST_PYTHON"] ?? "\(root)/.build/test-python/bin/python"
            guard existing(python) != nil else {
                throw HarnessError(
                    "\(python) is missing; `.ci/setup test` makes it, or ROUNDTRIP_TEST_PYTHON names another.")
            }
            return python.components(separatedBy: "/").dropLast().joined(separator: "/")
        }
    }

    private static func existing(_ path: String) -> String? {
        FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

/// Servers in wide use, each with the least configuration that runs in a folder of its own without rights.
enum Peers {
    /// nginx on the files in `folder`.
    ///
    /// - Parameter directives: Further ones for its server.
    static func nginx(_ folder: TemporaryFolder, _ directives: String = "") async throws -> PeerServer {
        try await PeerServer { port in
            let scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
            let configuration = """
                daemon off; master_process off; pid \(folder.path)/nginx.pid;
                events { worker_connections 512; }
                http {
                  access_log off; \(scratch)
                  server { listen 127.0.0.1:\(port); root \(folder.path); \(directives) }
                }
                """
            let file = try folder.write("nginx.conf", configuration.utf8)
            return ["nginx", "-e", "stderr", "-p", folder.path, "-c", file]
        }
    }

    /// haproxy in front of another server; `/own` it answers itself.
    static func haproxy(before other: PeerServer, _ folder: TemporaryFolder) async throws -> PeerServer {
        try await PeerServer { port in
            let configuration = """
                defaults
                  mode http
                  timeout client 30s
                  timeout connect 30s
                  timeout server 30s
                frontend front
                  bind 127.0.0.1:\(port)
                  http-request return status 200 content-type text/plain string "haproxy itself" if { path /own }
                  default_backend back
                backend back
                  server one 127.0.0.1:\(other.port)

                """
            return ["haproxy", "-db", "-f", try folder.write("haproxy.cfg", configuration.utf8)]
        }
    }

    /// tinyproxy: HTTP, and CONNECT to any port.
    ///
    /// - Parameter login: `user password`, asked of everybody; nil lets anybody in.
    static func tinyproxy(_ folder: TemporaryFolder, login: String? = nil) async throws -> PeerServer {
        try await PeerServer { port in
            let configuration = """
                Port \(port)
                Listen 127.0.0.1
                Timeout 600
                MaxClients 50
                Allow 127.0.0.1
                \(login.map { "BasicAuth \($0)" } ?? "")

                """
            return ["tinyproxy", "-d", "-c", try folder.write("tinyproxy.conf", configuration.utf8)]
        }
    }

    /// haproxy as the TLS in front of a proxy that has none.
    static func encrypted(
        _ proxy: PeerServer, _ identity: Certificates.Identity, _ folder: TemporaryFolder
    ) async throws -> PeerServer {
        try await PeerServer { port in
            let both = try [identity.certificate, identity.key].map { try String(contentsOfFile: $0, encoding: .utf8) }
            let pem = try folder.write("proxy.pem", both.joined().utf8)
            let configuration = """
                defaults
                  mode tcp
                  timeout client 600s
                  timeout connect 600s
                  timeout server 600s
                frontend front
                  bind 127.0.0.1:\(port) ssl crt \(pem)
                  default_backend back
                backend back
                  server one 127.0.0.1:\(proxy.port)

                """
            return ["haproxy", "-db", "-f", try folder.write("encrypted.cfg", configuration.utf8)]
        }
    }

    /// microsocks: SOCKS5.
    ///
    /// - Parameter login: User and password, asked of everybody; nil lets anybody in.
    static func socks(login: (user: String, password: String)? = nil) async throws -> PeerServer {
        try await PeerServer { port in
            ["microsocks", "-i", "127.0.0.1", "-p", "\(port)"]
                + (login.map { ["-u", $0.user, "-P", $0.password] } ?? [])
        }
    }

    /// nghttpd on the files in `folder`, which speaks HTTP/2 and nothing else.
    static func nghttpd(_ folder: TemporaryFolder, _ identity: Certificates.Identity?) async throws -> PeerServer {
        try await PeerServer { port in
            let tls = identity.map { [String(port), $0.key, $0.certificate] } ?? ["--no-tls", String(port)]
            return ["nghttpd", "--address=127.0.0.1", "--htdocs=\(folder.path)"] + tls
        }
    }

    /// `openssl s_server -www`, which answers every request with a page about the connection.
    static func openssl(_ identity: Certificates.Identity, _ options: String...) async throws -> PeerServer {
        try await PeerServer { port in
            [
                "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-www", "-quiet", "-cert", identity.certificate,
                "-key", identity.key,
            ] + options
        }
    }
}

/// A certificate authority made by OpenSSL's own command.
struct Certificates {
    struct Identity {
        var certificate: String
        var key: String
    }

    let folder: TemporaryFolder
    /// The file that `--cacert` names.
    var authority: String { folder.file("ca.pem") }

    init(_ folder: TemporaryFolder) async throws {
        self.folder = folder
        try await ProgramRun.output(
            of: Self.request("ca", in: folder) + [
                "-x509", "-days", "2", "-subj", "/CN=Tests", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            ])
    }

    /// A server certificate for these names: `DNS:localhost,IP:127.0.0.1`.
    func identity(_ names: String) async throws -> Identity {
        try await ProgramRun.output(
            of: Self.request("server", in: folder) + [
                "-x509", "-CA", authority, "-CAkey", folder.file("ca.key"), "-days", "2", "-subj", "/CN=server",
                "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE",
                "-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=serverAuth",
            ])
        return Identity(certificate: folder.file("server.pem"), key: folder.file("server.key"))
    }

    static func request(_ name: String, in folder: TemporaryFolder) -> [String] {
        [
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout",
            folder.file("\(name).key"), "-out", folder.file("\(name).pem"),
        ]
    }
}
