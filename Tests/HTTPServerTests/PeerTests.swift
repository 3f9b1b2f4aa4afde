import HTTPTrace
import HTTPTypes
import Testing
import Transport

@testable import HTTPServer

@Suite("Other people's clients", .timeLimit(.minutes(5)))
struct PeerTests {
    @Test func `Python reads bytes, chunks, trailers' bodies and lasts on one connection`() async throws {
        let log = StateLog()
        let playground = try await Playground.start(connectionState: log.observer)
        let outcome = try await Program.python(
            """
            import http.client, sys
            c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
            def get(target, method="GET", body=None, headers={}):
                c.request(method, target, body, headers)
                r = c.getresponse()
                return r.status, r.read()
            assert get("/bytes/1000000") == (200, bytes(i % 251 for i in range(1000000)))
            assert get("/chunked/3") == (200, b"chunk 1 of 3\\nchunk 2 of 3\\nchunk 3 of 3\\n")
            assert get("/trailers")[0] == 200
            assert get("/bytes/1000", "HEAD") == (200, b"")
            assert get("/status/204") == (204, b"") and get("/status/304") == (304, b"")
            status, body = get("/upload", "POST", (b"x" * 1000 for _ in range(100)))
            assert b'"bytes":100000,"announcedBytes":null' in body, body
            status, body = get("/upload", "POST", b"x" * 3000000)
            assert b'"bytes":3000000,"announcedBytes":3000000' in body, body
            c.close()
            """, "\(playground.origin.port)")
        #expect(outcome.status == 0, "\(outcome.errors)")
        await log.reaches(.closed)
        #expect(
            await log.states() == [.new, .active] + Array(repeating: [.idle, .active], count: 7).flatMap { $0 } + [
                .idle, .closed,
            ])
        await playground.close()
    }

    @Test func `Python sees a body cut short for what it is`() async throws {
        let playground = try await Playground.start()
        let outcome = try await Program.python(
            """
            import http.client, sys
            c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
            c.request("GET", "/truncated")
            try: c.getresponse().read()
            except http.client.IncompleteRead as e: print(len(e.partial), e.expected)
            """, "\(playground.origin.port)")
        #expect(outcome.output == "500 500\n", "\(outcome.errors)")
        await playground.close()
    }

    @Test func `curl keeps its connection, sends Expect and is invited`() async throws {
        let playground = try await Playground.start()
        let url = "\(playground.origin)/upload"
        let body = String(repeating: "x", count: 2_000_000)
        let outcome = try await Program.curl(
            "-v", "-H", "Expect: 100-continue", "--expect100-timeout", "15", "--data-binary", "@-", url, "-w",
            "\n%{num_connects}", input: body)
        #expect(outcome.errors.contains("HTTP/1.1 100 Continue"))
        #expect(outcome.output.contains(#""bytes":2000000"#))
        #expect(outcome.output.hasSuffix("\n1"))
        await playground.close()
    }

    @Test func `curl shows early hints, trailers and Server-Timing`() async throws {
        let playground = try await Playground.start()
        let base = "\(playground.origin)"
        #expect(
            try await Program.curl("-i", base + "/early-hints?gap=0").output.hasPrefix(
                "HTTP/1.1 103 Early Hints\r\nLink: "))
        #expect(
            try await Program.curl("-i", "--raw", base + "/trailers").output.hasSuffix(
                "\r\n0\r\nX-Length: 21\r\nX-Sum: 1899\r\n\r\n"))
        #expect(
            try await Program.curl("-i", base + "/server-timing").output.contains(
                "Server-Timing: db;desc=\"query\";dur="))
        await playground.close()
    }

    @Test func `curl over HTTP 1_0 gets bodies without chunks`() async throws {
        let playground = try await Playground.start()
        let outcome = try await Program.curl("--http1.0", "-i", "\(playground.origin)/chunked/2")
        #expect(!outcome.output.contains("Transfer-Encoding"))
        #expect(outcome.output.hasSuffix("\r\n\r\nchunk 1 of 2\nchunk 2 of 2\n"))
        await playground.close()
    }
}
