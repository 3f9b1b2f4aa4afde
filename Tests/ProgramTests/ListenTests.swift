import FoundationEssentials
import Glibc
import TestSupport
import Testing

// The program as a server: caught requests, what goes on to a server behind, and the playground, with curl and Python at
// the other end.

@Suite("The program as a server", .serialized, .timeLimit(.minutes(5)))
struct ListenTests {
    private func listen(_ arguments: String...) async throws -> PeerServer {
        try await PeerServer { port in
            [try BuiltProgram.path, "listen", "--json", "--port", "\(port)"] + arguments
        }
    }

    private func curl(_ arguments: String..., input: String = "") async throws -> String {
        try await ProgramRun.output(of: ["curl", "-sS", "-m", "60"] + arguments, input: input)
    }

    /// What the program said of one request: the names of its events.
    private func events(of request: String, in output: String) -> [String] {
        output.split(separator: "\n").filter { $0.contains("\"req\":\"\(request)\"") }.compactMap { line in
            line.components(separatedBy: "\"ev\":\"").last?.components(separatedBy: "\"").first
        }
    }

    @Test func `a caught request is answered as told, and told event by event`() async throws {
        let server = try await listen("--status", "202", "-H", "X-Answer: yes", "-d", "thanks")
        defer { server.stop() }
        let answer = try await curl("-i", "-d", "{\"event\":\"paid\"}", "\(server.plain)/hook")
        #expect(answer.hasPrefix("HTTP/1.1 202 ") && answer.contains("\r\nX-Answer: yes\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nthanks"))
        try await wait(for: "the end of the request") { server.output.contains("requestFinished") }
        #expect(
            events(of: "r1", in: server.output) == [
                "requestFirstByte", "requestHead", "handlerStart", "requestBody", "requestEnded", "responseHead",
                "responseFirstByte", "responseLastByte", "handlerDone", "requestFinished",
            ])
        #expect(server.output.contains(#""target":"/hook""#))
        let first = server.output.split(separator: "\n").first { $0.hasPrefix("{") }
        #expect(first?.hasPrefix(#"{"schema_version":1,"ev":"log","started":""#) == true)
    }

    @Test func `a name that somebody pointed at this machine is refused, unless any host will do`() async throws {
        let strict = try await listen()
        defer { strict.stop() }
        #expect(
            try await curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example", strict.plain) == "421")
        let open = try await listen("--any-host")
        defer { open.stop() }
        #expect(try await curl("-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: x.example", open.plain) == "200")
    }

    @Test func `over TLS, with a certificate to trust`() async throws {
        let folder = try TemporaryFolder()
        let server = try await listen("--tls", "--write-ca", folder.file("ca.pem"))
        defer { server.stop() }
        let status = try await curl(
            "--cacert", folder.file("ca.pem"), "-o", "/dev/null", "-w", "%{http_code}",
            server.secure.replacing("127.0.0.1", with: "localhost"))
        #expect(status == "200")
    }

    @Test func `a port in use is an error with a sentence`() async throws {
        let server = try await listen()
        defer { server.stop() }
        let run = try ProgramRun([try BuiltProgram.path, "listen", "--json", "--port", "\(server.port)"])
        #expect(try await run.finish() == .exited(3))
        #expect(run.error.contains("can't listen on 127.0.0.1:\(server.port)"))
    }

    @Test(arguments: [
        ["--status", "99"], ["--delay", "-1"], ["-H", "Content-Length: 3"], ["-H", "nonsense"],
        ["--forward", "ftp://x"], ["--forward", "http://x", "--status", "404"], ["--host", "example"], ["--cert", "x"],
        ["--write-ca", "ca.pem"], ["--status", "204", "-d", "x"],
    ])
    func `a wrong command line is refused with 2`(arguments: [String]) async throws {
        let run = try ProgramRun([try BuiltProgram.path, "listen", "--json"] + arguments)
        #expect(try await run.finish() == .exited(2))
        #expect(!run.error.isEmpty)
    }

    @Test func `a request goes on and its answer comes back`() async throws {
        let behind = try await playground()
        defer { behind.stop() }
        let server = try await listen("--forward", "\(behind.plain)/")
        defer { server.stop() }
        let echo = try await curl(
            "-X", "PUT", "-d", "hello", "-H", "X-Own: 1", "-H", "Connection: X-Hop", "-H", "X-Hop: secret",
            "-H", "X-Forwarded-For: 192.0.2.7", "\(server.plain)/echo?a=b")
        for part in [
            #""method":"PUT""#, #""target":"/echo?a=b""#, #""body":"hello""#, #"["X-Own","1"]"#,
            #"["X-Forwarded-For","192.0.2.7, 127.0.0.1"]"#, #"["X-Forwarded-Proto","http"]"#,
            #"["X-Forwarded-Host","127.0.0.1:\#(server.port)"]"#, #"["Via","1.1 roundtrip"]"#,
            #"["Forwarded","for=127.0.0.1;proto=http;host=\"127.0.0.1:\#(server.port)\""]"#,
            #"["Host","127.0.0.1:\#(behind.port)"]"#,
        ] {
            #expect(echo.contains(part), "\(part) in \(echo)")
        }
        #expect(!echo.contains("X-Hop"))
        try await wait(for: "the end of the request") { server.output.contains(#""ev":"requestFinished""#) }
        let events = events(of: "r1", in: server.output)
        #expect(events.contains("connectDone") && events.contains("gotConn"))
        #expect(events.first == "requestFirstByte" && events.last == "requestFinished")
    }

    // Test1xxResponses (ReverseProxy)
    @Test func `large bodies both ways, chunks, trailers, early hints and ranges pass`() async throws {
        let behind = try await playground()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let base = server.plain
        let outcome = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import http.client, sys
            c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
            def get(target, method="GET", body=None, headers={}):
                c.request(method, target, body, headers)
                r = c.getresponse()
                return r.status, r.read()
            assert get("/bytes/30000000")[1] == bytes(i % 251 for i in range(251)) * 119521 + bytes(range(229)), "bytes"
            assert get("/chunked/3") == (200, b"chunk 1 of 3\\nchunk 2 of 3\\nchunk 3 of 3\\n")
            assert get("/bytes/1000", "HEAD") == (200, b"")
            assert get("/status/204") == (204, b"") and get("/status/304") == (304, b"")
            status, body = get("/upload", "POST", (b"x" * 1000 for _ in range(5000)))
            assert b'"bytes":5000000,"announcedBytes":null' in body, body
            status, body = get("/upload", "POST", b"x" * 20000000)
            assert b'"bytes":20000000,"announcedBytes":20000000' in body, body
            assert get("/range/1000", headers={"Range": "bytes=990-"}) == (206, bytes(i % 251 for i in range(990, 1000)))
            print("good")
            """, "\(server.port)",
        ])
        #expect(outcome == "good\n")
        #expect(try await curl("-i", "\(base)/early-hints?gap=0").hasPrefix("HTTP/1.1 103 "))
        #expect(try await curl("-i", "--raw", "\(base)/trailers").contains("X-Sum: 1899"))
        #expect(
            try await curl("-o", "/dev/null", "-w", "%{redirect_url}", "\(base)/redirect/1") == "\(base)/echo")
    }

    @Test func `events stream through as they come`() async throws {
        let behind = try await playground()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let run = try ProgramRun(["curl", "-sSN", "-m", "60", "\(server.plain)/sse?n=3&gap=1000"])
        // The first is there long before the last is made.
        try await wait(for: "the first event") { run.output.contains("id: 1") }
        #expect(!run.output.contains("id: 3"))
        #expect(try await run.finish() == .exited(0))
        #expect(run.output.contains("id: 3"))
    }

    @Test func `an upgrade passes, and its bytes both ways`() async throws {
        let behind = try await playground()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let outcome = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
            s.sendall(b"GET /upgrade HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: upgrade\\r\\nUpgrade: echo\\r\\n\\r\\nearly ")
            data = b""
            while not data.endswith(b"early "): data += s.recv(1000)
            assert data.startswith(b"HTTP/1.1 101 "), data
            s.sendall(b"late"); s.shutdown(socket.SHUT_WR)
            rest = b""
            while part := s.recv(1000): rest += part
            print(rest.decode())
            """, "\(server.port)",
        ])
        #expect(outcome == "late\n")
        try await wait(for: "the end of the connection") { server.output.contains("ended after it was taken over") }
    }

    @Test func `what is broken behind is broken here, and what can't be reached is 502`() async throws {
        let behind = try await playground()
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let broken = try ProgramRun(["curl", "-sS", "-m", "60", "\(server.plain)/truncated"])
        let ending = try await broken.finish()
        #expect(ending == .exited(18) || ending == .exited(56))
        try await wait(for: "what happened to be told") { server.output.contains("behind: the server") }
        #expect(!server.output.contains("handler closed it"))
        behind.stop()
        let answer = try await curl("-i", "\(server.plain)/json")
        #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("no answer from http://127.0.0.1"))
    }

    @Test(arguments: ["/hang", "/hang-in-body"])
    func `a client that leaves is what ended it, and not the server behind`(target: String) async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let client = try ProgramRun(["curl", "-sSN", "-m", "60", "\(server.plain)\(target)"])
        if target == "/hang" {
            try await wait(for: "the request behind") { behind.output.contains("got /hang") }
        } else {
            try await wait(for: "what comes of the body") { client.output == "some" }
        }
        client.process.stop()
        try await wait(for: "the end of the connection") {
            // Another was that of whoever looked whether the server listens.
            server.output.split(separator: "\n").contains {
                $0.contains(#""state":"closed""#) && !$0.contains("client closed it")
            }
        }
        let lines = server.output.split(separator: "\n")
        for sign in [#""ev":"handlerDone""#, #""ev":"requestFinished""#, #""state":"closed""#] {
            // The last is the server's own.
            let line = lines.last { $0.contains(sign) }
            #expect(line?.contains("client went away") == true, "\(sign): \(line ?? "none")")
        }
        #expect(!server.output.contains("behind: ") && !server.output.contains("CancellationError"))
    }

    @Test func `a question about the server as such goes on as one`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", "\(behind.plain)/base")
        defer { server.stop() }
        #expect(try await curl("-X", "OPTIONS", "--request-target", "*", server.plain) == "hello")
        #expect(try await curl("-X", "OPTIONS", "\(server.plain)/*") == "hello")
        #expect(behind.output == "got *\ngot /base/*\n")
    }

    @Test func `an answer whose fields can't be passed on is 502 with a reason, not an empty 200`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let answer = try await curl("-i", "\(server.plain)/hostile-field")
        #expect(answer.hasPrefix("HTTP/1.1 502 "))
        #expect(answer.contains("can't be passed on: field value holds a forbidden control character"))
        #expect(answer.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\r" || $0 == "\n" })
        #expect(try await curl("\(server.plain)/ok") == "hello")
    }

    @Test func `an answer that is framed twice passes by its chunks`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let answer = try await curl("-i", "\(server.plain)/two-framings")
        #expect(answer.hasSuffix("\r\n\r\nhello") && !answer.contains("Content-Length"))
        #expect(try await curl("\(server.plain)/ok") == "hello")
    }

    @Test func `trailers that would frame or route an answer stay behind, and the others pass`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let answer = try await curl("--raw", "\(server.plain)/framing-trailers")
        #expect(answer == "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")
    }

    @Test func `early answers that can't be passed on, or do not end, are 502 with a reason`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let answer = try await curl("-i", "\(server.plain)/hostile-early")
        #expect(answer.hasPrefix("HTTP/1.1 502 "))
        #expect(answer.contains("the head of its early answer 103 can't be passed on"))
        #expect(answer.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\r" || $0 == "\n" })
        // curl has a limit of its own.
        let flood = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
            s.sendall(b"GET /early-without-end HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            data = b""
            while part := s.recv(100000): data += part
            assert data.startswith(b"HTTP/1.1 103 ") and len(data) < 2000000, len(data)
            head, body = data[data.index(b"HTTP/1.1 502 "):].split(b"\\r\\n\\r\\n")
            print(body.decode())
            """, "\(server.port)",
        ])
        #expect(flood.contains("its early answers (1xx) don't end"))
    }

    @Test func `a protocol that changes before the request has gone is 502`() async throws {
        let behind = try await OddServer.start()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        let outcome = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
            s.sendall(b"POST /switch-early HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: upgrade\\r\\nUpgrade: echo\\r\\n"
                b"Content-Length: 5\\r\\n\\r\\n")
            data = b""
            while not data.endswith(b"request\\n"): data += s.recv(1000)
            print(data.decode())
            """, "\(server.port)",
        ])
        #expect(outcome.hasPrefix("HTTP/1.1 502 "))
        #expect(outcome.contains("it changed the protocol before it had the whole request"))
    }

    @Test(arguments: ["Content_Length: 3", "Transfer_Encoding: chunked"])
    func `fields that another server could take for framing are refused`(field: String) async throws {
        let behind = try await playground()
        defer { behind.stop() }
        let server = try await listen("--forward", behind.plain)
        defer { server.stop() }
        #expect(
            try await curl("-o", "/dev/null", "-w", "%{http_code}", "-H", field, "\(server.plain)/echo") == "400")
    }

    @Test func `a reader of events that falls behind stops the clients, and misses nothing`() async throws {
        let counts = try await ProgramRun.output(of: [
            Python.plain, "-c",
            """
            import signal, socket, subprocess, sys, threading
            program = subprocess.Popen(
                [sys.argv[1], "listen", "--json", "--port", sys.argv[2]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
            assert "listening" in program.stderr.readline()
            s = socket.create_connection(("127.0.0.1", int(sys.argv[2])), 5)
            asked = 0
            def ask():
                global asked
                s.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                asked += 1
            def answer():
                data = b""
                while not data.endswith(b"\\r\\n\\r\\n"):
                    part = s.recv(1000)
                    assert part
                    data += part
            try:
                while True: ask(); answer()
            except socket.timeout: pass
            events = []
            reader = threading.Thread(target=lambda: events.extend(program.stdout))
            reader.start()
            s.settimeout(60)
            answer()
            s.close()
            program.send_signal(signal.SIGINT)
            program.wait(60)
            reader.join()
            print("asked", asked, "told", sum('"requestFinished"' in event for event in events))
            """, try BuiltProgram.path, "\(PeerServer.freePort())",
        ]).split(separator: " ")
        #expect(counts.count == 4 && counts[1] == counts[3].dropLast())
    }

    @Test func `asked to end twice, it ends at once, and says by which signal`() async throws {
        let port = try PeerServer.freePort()
        let program = try ProgramRun(
            [BuiltProgram.path, "listen", "--json", "--delay", "600000", "--port", "\(port)"])
        try await wait(for: "the server") { program.error.contains("listening") }
        let client = try ProgramRun(["curl", "-sS", "-m", "600", "http://127.0.0.1:\(port)/"])
        try await wait(for: "the request") { program.output.contains("handlerStart") }
        program.process.send(signal: SIGTERM)
        try await wait(for: "the shutdown") { program.output.contains("shutdownWaits") }
        program.process.send(signal: SIGTERM)
        #expect(try await program.finish() == .exited(128 + SIGTERM))
        client.process.stop()
    }

    @Test func `a webhook is caught, looked at, edited, sent again and compared`() async throws {
        let folder = try TemporaryFolder()
        let port = try PeerServer.freePort()
        let terminal = try Inspection.start(["listen", "--port", "\(port)"], folder: folder)
        try await terminal.wait(forText: "Waiting for requests")
        _ = try await curl("-d", "{\"event\":\"paid\"}", "http://127.0.0.1:\(port)/hook")
        try await terminal.wait(for: "the row") { $0.line(containing: "/hook")?.contains("200") == true }
        terminal.type("3")
        try await terminal.wait(forText: "{\"event\":\"paid\"}")
        terminal.type("e")
        try await terminal.wait(forText: "edit #1")
        terminal.type("\u{5}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}open\"}'\r")
        // The replay is a row of the client, and is caught as another one.
        try await terminal.wait(for: "both") { $0.requestCount == 3 }
        terminal.type("S")
        try await terminal.wait(forText: "Connections")
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
        #expect(terminal.leftovers == [])
    }

    @Test func `the demo shows the server's side of its own connections`() async throws {
        let terminal = try Inspection.start(["--demo"], folder: TemporaryFolder())
        try await terminal.wait(for: "a first request") { $0.requestCount >= 2 }
        terminal.type("S")
        try await terminal.wait(for: "the clients") { $0.contains("Clients") && $0.contains("c1 from :") }
        terminal.type("Q")
        #expect(try await terminal.finish() == .exited(0))
    }

    @Test func `the playground serves until it is told to stop`() async throws {
        let server = try await playground()
        #expect(try await curl("\(server.plain)/json").contains("Mercury"))
        server.stop()
    }

    private func playground() async throws -> PeerServer {
        try await PeerServer { port in [try BuiltProgram.path, "playground", "--port", "\(port)"] }
    }
}
