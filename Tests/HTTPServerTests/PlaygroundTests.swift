import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

@Suite("Playground", .timeLimit(.minutes(5)))
struct PlaygroundTests {
    @Test(arguments: PlaygroundRoute.all.map(\.example))
    func `every route answers as its index says`(example: String) async throws {
        let route = try #require(PlaygroundRoute.all.first { $0.example == example })
        let playground = try await Playground.start()
        let limit = route.outcome == .silence ? "0.2" : "120"
        let answer = try await Program.curl(
            "-m", limit, "-o", "/dev/null", "-w", "%{http_code}", "\(playground.origin)\(example)")
        switch route.outcome {
        case .status(let status):
            #expect(answer.output == String(status))
            #expect(answer.status == 0)
        case .broken:
            // Partial file, reset, a reply that is not HTTP, or one that contradicts itself.
            #expect([18, 56, 1, 8].contains(answer.status), "\(answer.status) \(answer.errors)")
        case .silence:
            #expect(answer.status == 28)
        }
        await playground.close()
    }

    @Test(arguments: PlaygroundRoute.all.filter { $0.outcome == .status(200) }.map(\.example))
    func `over TLS the same routes say the same`(example: String) async throws {
        // Patience beyond what a busy machine can take away: curl may be given no processor for seconds.
        var patient = ServerConfiguration()
        patient.timeouts.handshake = .seconds(600)
        patient.timeouts.head = .seconds(600)
        let playground = try await Playground.start(patient)
        let roots = String(decoding: playground.certificateAuthorityPEM, as: UTF8.self)
        let answer = try await Program.curl(
            "--cacert", "/dev/stdin", "--http1.1", "-o", "/dev/null", "-w", "%{http_code} %{ssl_verify_result}",
            "\(playground.secureOrigin)\(example)", input: roots)
        #expect(answer.output == "200 0", "\(answer.errors)")
        await playground.close()
    }

    @Test func `the index lists every route`() async throws {
        let playground = try await Playground.start()
        let index = try await Program.curl("\(playground.origin)/").output
        for route in PlaygroundRoute.all { #expect(index.contains(">\(route.path)</a>")) }
        await playground.close()
    }

    @Test func `echo says what was received`() async throws {
        let playground = try await Playground.start()
        let answer = try await Program.curl(
            "-X", "PUT", "-H", "X-Note: \"a\\b\"", "-d", "hello", "\(playground.origin)/echo?x=1")
        for part in [
            #""method":"PUT""#, #""target":"/echo?x=1""#, #"["X-Note","\"a\\b\""]"#, #""body":"hello""#,
            #""bodyBytes":5"#,
            #""connection":"s1","requestOnConnection":1"#,
        ] {
            #expect(answer.output.contains(part), "\(answer.output)")
        }
        await playground.close()
    }

    @Test(arguments: [
        "/delay/x", "/delay/-1", "/delay/120001", "/bytes/17179869185", "/status/99", "/status/101", "/redirect/0",
        "/redirect-to",
        "/redirect-to?url=/&status=200", "/drip?chunks=0", "/sse?n=100001", "/headers?Content-Length=3",
        "/headers?a%20b=3",
    ]) func `figures out of range are answered with 400`(target: String) async throws {
        let playground = try await Playground.start()
        let answer = try await Program.curl("-o", "/dev/null", "-w", "%{http_code}", "\(playground.origin)\(target)")
        #expect(answer.output == "400")
        await playground.close()
    }

    @Test(arguments: ["gzip", "deflate", "br", "zstd"])
    func `a coded body is what curl, brotli and zstd decode to the same text`(coding: String) async throws {
        let playground = try await Playground.start()
        let decoders = ["br": "brotli -d -c", "zstd": "zstd -d -c"]
        let url = "\(playground.origin)/\(coding)"
        let command =
            decoders[coding].map { "curl -sS -m 120 '\(url)' | \($0)" } ?? "curl -sS -m 120 --compressed '\(url)'"
        let outcome = try await Program.run("/bin/sh", ["-c", command])
        let line = "All happy round trips are alike; each unhappy one is unhappy in its own way.\n"
        #expect(outcome.output == String(repeating: line, count: 40), "\(outcome.errors)")
        await playground.close()
    }

    @Test(arguments: [
        ("0-9", "206 bytes 0-9/1000"), ("990-", "206 bytes 990-999/1000"), ("-3", "206 bytes 997-999/1000"),
        ("500-5000", "206 bytes 500-999/1000"), ("1000-", "416 bytes */1000"), ("9-1", "200 "), ("0-1,4-5", "200 "),
    ])
    func `a range of bytes is what was asked for`(wanted: String, expected: String) async throws {
        let playground = try await Playground.start()
        let outcome = try await Program.curl(
            "-H", "Range: bytes=\(wanted)", "-w", "%{http_code} %header{content-range}", "-o", "/dev/null",
            "\(playground.origin)/range/1000")
        #expect(outcome.output == expected, "\(outcome.errors)")
        await playground.close()
    }

    @NetworkActor
    @Test func `an upgrade gives every byte back`() async throws {
        let server = try await Playground.start()
        let client = RawClient(
            try await TCPStream.connect(
                to: NetworkAddress(family: .ip4, ip: "127.0.0.1", port: server.origin.port)))
        try await client.send(
            "GET /upgrade HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly ")
        try await client.send("and late")
        client.stream.closeWrite()
        #expect(try await client.rest().hasSuffix("\r\n\r\nearly and late"))
        server.close()
    }

    @NetworkActor
    @Test func `interim responses go out as they are given, each before the next`() async throws {
        // TestEarlyHints, TestProcessing
        let server = try await Playground.start()
        let client = RawClient(
            try await TCPStream.connect(
                to: NetworkAddress(family: .ip4, ip: "127.0.0.1", port: server.origin.port)))
        try await client.send("GET /interim HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(
            try await client.rest().hasPrefix(
                "HTTP/1.1 102 Processing\r\n\r\n"
                    + "HTTP/1.1 103 Early Hints\r\nLink: </image>; rel=preload\r\n\r\n"
                    + "HTTP/1.1 103 Early Hints\r\nLink: </json>; rel=preload\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\n"))
        server.close()
    }

    @Test func `what is no route is answered with 404`() async throws {
        let playground = try await Playground.start()
        let answer = try await Program.curl("-w", "%{http_code}", "\(playground.origin)/delay/1/2")
        #expect(answer.output.hasSuffix("404"))
        await playground.close()
    }

    @Test func `redirects lead to echo on one connection`() async throws {
        let playground = try await Playground.start()
        let answer = try await Program.curl(
            "-L", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects} %{num_connects}",
            "\(playground.origin)/redirect/5")
        #expect(answer.output == "200 5 1")
        await playground.close()
    }

    @Test func `plain and secure connections are numbered together`() async throws {
        let log = StateLog()
        let playground = try await Playground.start(connectionState: log.observer)
        _ = try await Program.curl("\(playground.origin)/json")
        _ = try await Program.curl("-k", "\(playground.secureOrigin)/json")
        await log.reaches(.closed, 2)
        #expect(await log.states(of: 1) == [.new, .active, .idle, .closed])
        // HTTP/2, by ALPN: its preface alone makes a connection active and idle.
        #expect(await log.states(of: 2) == [.new, .active, .idle, .active, .idle, .closed])
        #expect(await playground.shutdown())
    }
}
