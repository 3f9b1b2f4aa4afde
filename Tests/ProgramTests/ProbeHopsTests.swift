import FoundationEssentials
import TestSupport
import Testing

// Redirects, cookies, codings and the event log, from the command line to servers of other makes.

@Suite("Redirects, cookies and codings of a probe", .serialized, .timeLimit(.minutes(3)))
struct ProbeHopsTests {
    @Test func `each hop is an object of its own, linked to the one before`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--json", "-L", "\(server.plain)/redirect/2")
        #expect(probe.ending == .exited(0), "\(probe.error)")
        let hops = try probe.hops
        #expect(hops.map(\.status) == [302, 302, 200])
        #expect(hops.map(\.redirectFrom) == [nil, 1, 2])
        #expect(hops.map(\.hop) == [nil, 1, 2])
        let total = try #require(hops[2].chainTotalMs)
        #expect(total >= hops.reduce(0) { $0 + $1.totalMs } - 0.001)
    }

    @Test func `a redirect is the end for who doesn't follow, and too many end with 47`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let plain = try await Probe.run("--json", "\(server.plain)/redirect/2")
        #expect(plain.ending == .exited(0))
        #expect(try plain.hops.map(\.status) == [302])
        let endless = try await Probe.run("--json", "-L", "--max-redirs", "3", "\(server.plain)/loop?token=s3cret")
        #expect(endless.ending == .exited(47))
        let hops = try endless.hops
        #expect(hops.map(\.outcome) == ["ok", "ok", "ok", "error:redirect"])
        #expect(hops.last?.error?.message.contains("leads back to itself at once") == true)
        #expect(!endless.output.contains("s3cret"))
        let bad = try await Probe.run("--json", "-L", "\(server.plain)/to?ftp://example.com/")
        #expect(bad.ending == .exited(47))
    }

    @Test func `a redirect whose body breaks off is a failure only where it does not lead on`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let led = try await Probe.run("--json", "-L", "\(server.plain)/cut-redirect")
        #expect(led.ending == .exited(0), "\(led.output)\(led.error)")
        #expect(try led.hops.map(\.outcome) == ["error:truncated", "ok"])
        #expect(try await Probe.run("--json", "\(server.plain)/cut-redirect").ending == .exited(18))
    }

    @Test func `many at once keep their numbers apart`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--json", "-L", "-n", "20", "-c", "5", "\(server.plain)/redirect/1")
        let hops = try probe.hops
        #expect(hops.count == 40)
        #expect(Set(hops.map(\.number)) == Set(1...40))
        #expect(hops.count { $0.status == 200 && $0.redirectFrom != nil } == 20)
    }

    @Test func `cookies are kept over hops, and written where curl reads them`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let file = folder.file("cookies.txt")
        let probe = try await Probe.run(
            "--json", "-L", "--cookie-jar", file, "\(server.plain)/set", "\(server.plain)/cookies", "-c", "1")
        #expect(probe.ending == .exited(0), "\(probe.error)")
        #expect(server.output.contains("cookie of /cookies: id=7"))
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("127.0.0.1\tFALSE\t/\tFALSE\t0\tid\t7\n"))
        let curl = try await ProgramRun.output(of: ["curl", "-s", "-b", file, "\(server.plain)/cookies?curl"])
        #expect(curl == "id=7")
        // And what curl wrote is read here.
        let other = folder.file("curls.txt")
        try await ProgramRun.output(of: ["curl", "-s", "-c", other, "-o", "/dev/null", "\(server.plain)/set"])
        _ = try await Probe.run("-b", other, "\(server.plain)/cookies?read")
        #expect(server.output.contains("cookie of /cookies?read: id=7"))
        _ = try await Probe.run("-b", "a=1", "\(server.plain)/cookies?given")
        #expect(server.output.contains("cookie of /cookies?given: a=1"))
        // In one field, of which this server, like many, looks at the first alone.
        _ = try await Probe.run("-b", "a=1; b=2", "-b", other, "-b", "c=3", "\(server.plain)/cookies?several")
        #expect(server.output.contains("cookie of /cookies?several: a=1; b=2; c=3; id=7"))
    }

    @Test func `a body from nginx is decoded, and its wire size told`() async throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "the same sentence again and again\n", count: 2_000)
        try folder.write("page.html", text.utf8)
        let nginx = try await Peers.nginx(folder, "gzip on; gzip_types *;")
        defer { nginx.stop() }
        let digest = try await ProgramRun.output(of: ["sha256sum", folder.file("page.html")]).prefix(64)
        let probe = try await Probe.run("--json", "--compressed", "\(nginx.plain)/page.html")
        let hop = try #require(try probe.hops.first)
        #expect(hop.bodyCoding == "gzip")
        #expect(hop.bodyLen == text.utf8.count)
        #expect(hop.bodySha256.map { $0 == digest } == true)
        #expect((1..<5_000).contains(hop.bodyWireLen ?? 0))
        let raw = try #require(
            try await Probe.run("--json", "--compressed", "--raw", "\(nginx.plain)/page.html").hops.first)
        #expect(raw.bodyLen == hop.bodyWireLen)
        #expect(raw.bodyLeftEncoded == "--raw")
        let plain = try #require(try await Probe.run("--json", "\(nginx.plain)/page.html").hops.first)
        #expect(plain.bodyCoding == nil && plain.bodyLen == text.utf8.count)
    }

    @Test(arguments: [("gzip", 2_000_000), ("deflate", 100_000), ("br", 2050), ("zstd", 2050)])
    func `every coding is taken off`(coding: String, length: Int) async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--json", "\(server.plain)/coded/\(coding)")
        #expect(probe.ending == .exited(0), "\(probe.output)")
        let hop = try #require(try probe.hops.first)
        #expect(hop.bodyCoding == coding)
        #expect(hop.bodyLen == length)
    }

    @Test func `a body that can't be decoded is a failure, with what could be`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        for name in ["cut", "damaged"] {
            let probe = try await Probe.run("--json", "\(server.plain)/coded/\(name)")
            #expect(probe.ending == .exited(61), "\(probe.output)")
            #expect(try probe.hops.first?.outcome == "error:decode")
        }
        let unknown = try await Probe.run("--json", "\(server.plain)/coded/unknown")
        #expect(unknown.ending == .exited(0))
        #expect(try unknown.hops.first?.bodyLeftEncoded == "the coding rot13 is not known")
    }

    @Test func `a bomb is stopped before it has come whole`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let probe = try await Probe.run("--json", "\(server.plain)/bomb")
        #expect(probe.ending == .exited(63), "\(probe.output)")
        let hop = try #require(try probe.hops.first)
        #expect(hop.outcome == "error:too-large")
        #expect((hop.bodyLen ?? .max) < 80 << 20)
    }

    @Test func `events come line by line while a request runs`() async throws {
        let server = try await HopServer.start()
        defer { server.stop() }
        let run = try Probe.start(["--ndjson", "\(server.plain)/hold"])
        // The server holds the answer back until the test has seen the line that says the request was sent.
        try await wait(for: "the event of sending") { run.output.contains("\"ev\":\"flushed\"") }
        #expect(!run.output.contains("\"ev\":\"responseHead\""))
        try await ProgramRun.output(of: ["curl", "-s", "\(server.plain)/release"])
        #expect(try await run.finish() == .exited(0))
        let lines = run.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("{\"schema_version\":1,\"ev\":\"log\"") == true)
        #expect(lines.contains { $0.contains("\"ev\":\"requestFinished\"") })
        #expect(lines.last { $0.contains("\"req\":1") }?.contains("\"ev\":\"body\"") == true)
        #expect(lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }
}

extension Probe {
    /// What `--json` says of hops and codings.
    struct Hop: Decodable {
        struct Problem: Decodable { var message: String }

        var number: Int
        var outcome: String
        var error: Problem?
        var status: Int?
        var totalMs: Double
        var redirectFrom: Int?
        var hop: Int?
        var chainTotalMs: Double?
        var bodyLen: Int?
        var bodySha256: String?
        var bodyCoding: String?
        var bodyWireLen: Int?
        var bodyLeftEncoded: String?
    }

    var hops: [Hop] {
        get throws {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try output.split(separator: "\n").map { try decoder.decode(Hop.self, from: Data($0.utf8)) }
        }
    }
}

/// Redirects, cookies and codings, in Python, so that none of our own code judges our own code.
private enum HopServer {
    static func start() async throws -> PeerServer {
        try await PeerServer { [Python.plain, "-u", "-c", source, "\($0)"] }
    }

    private static let source = #"""
        import gzip, sys, threading, zlib
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        raw = zlib.compressobj(9, zlib.DEFLATED, -15)
        coded = {
            "gzip": ("gzip", gzip.compress(b"a" * 2000000)),
            "deflate": ("deflate", raw.compress(b"b" * 100000) + raw.flush()),
            "br": ("br", bytes.fromhex("1f010800046a72fe4207f44681b5df9216041b70e0902730d1a88bc9b031f6e5bb8a1fa526742f894dfa36bfc4d0b709e1935b32")),
            "zstd": ("zstd", bytes.fromhex("28b52ffd04686501003202080ec0eb6168cab654fa058e00218705200c733624dc7b50ade526f7ebe1d722020200d633f5718a9527177f874b")),
            "cut": ("gzip", gzip.compress(b"c" * 1000)[:-8]),
            "damaged": ("gzip", b"\x1f\x8b\x08\x00" + b"not gzip at all, by no means"),
            "unknown": ("rot13", b"uryyb"),
        }
        release = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *_): pass
            def answer(self, status, body=b"", **fields):
                self.send_response(status)
                for name, value in fields.items(): self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                path = self.path.split("?")[0]
                cookie = self.headers.get("Cookie", "")
                if path.startswith("/redirect/"):
                    left = int(path.split("/")[2])
                    self.answer(302, b"moved", Location="/redirect/%d" % (left - 1) if left > 1 else "/cookies")
                elif path == "/loop": self.answer(301, Location=self.path)
                elif path == "/to": self.answer(302, Location=self.path.split("?", 1)[1])
                elif path == "/set": self.answer(302, Location="/after", Set_Cookie="id=7; Path=/")
                elif path == "/cookies":
                    print("cookie of %s: %s" % (self.path, cookie))
                    self.answer(200, cookie.encode())
                elif path.startswith("/coded/"):
                    coding, body = coded[path.split("/")[2]]
                    self.answer(200, body, Content_Encoding=coding)
                elif path == "/bomb":
                    self.send_response(200)
                    self.send_header("Content-Encoding", "gzip")
                    self.send_header("Connection", "close")
                    self.end_headers()
                    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
                    piece = bytes(1 << 20)
                    try:
                        for _ in range(4096): self.wfile.write(bomb.compress(piece) + bomb.flush(zlib.Z_FULL_FLUSH))
                    except OSError: pass
                    self.close_connection = True
                elif path == "/cut-redirect":
                    self.send_response(302)
                    self.send_header("Location", "/cookies")
                    self.send_header("Content-Length", "100")
                    self.end_headers()
                    self.wfile.write(b"short")
                    self.close_connection = True
                elif path == "/hold": release.wait(60); self.answer(200, b"held")
                elif path == "/release": release.set(); self.answer(200)
                else: self.answer(200, b"here")

        class Server(ThreadingHTTPServer): daemon_threads = True
        Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """#
}
