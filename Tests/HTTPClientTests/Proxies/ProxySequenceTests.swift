import HTTPTrace
import HTTPTypes
import HTTPWire
import TestSupport
import Testing
import Transport

@testable import HTTPClient

// go-semantics 4.d as whole lists, with the tunnel's start and done between Go's hooks. The scripted server is the proxy
// and, past the tunnel's mouth, the target.

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
private let established = "HTTP/1.1 200 Connection established\r\n\r\n"
private let opened: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
private let dialed = ["requestStarted", "getConn", "queued(dialing, 0)", "connectStart(1)", "connectDone(1)"]
private let handshake = ["tlsHandshakeStart", "tlsHandshakeDone"]
private let answered = [
    "dequeued(dialed)", "gotConn(c1)", "wroteHeaders", "wroteRequest", "flushed", "gotFirstResponseByte",
    "responseHead(200)", "bodyBytes(5)", "bodyEnded(complete 5)", "putIdleConn", "requestFinished",
]
private let plainTarget = RequestURL(origin: Origin(scheme: .http, host: "target.example"), target: "/a?b")
private let secureTarget = RequestURL(origin: Origin(scheme: .https, host: "localhost"))

extension EventLog {
    /// The words without the messages of handshakes.
    fileprivate var steps: [String] { words.filter { !$0.hasPrefix("tlsMessage") } }
}

extension TestClient {
    /// One that goes through `proxy` and trusts the tests' authority.
    fileprivate init(
        through proxy: ProxyServer, as credentials: Proxy.Credentials? = nil,
        _ configure: (inout ClientConfiguration) -> Void = { _ in }
    ) throws {
        let tls = try TLSContext(client: TestCertificates.trusting)
        try self.init {
            $0.tls = tls
            $0.proxies = ProxyRules(Proxy(proxy, credentials: credentials))
            configure(&$0)
        }
    }
}

@NetworkActor
@Suite("Proxies")
struct ProxySequenceTests {
    private let tls: TLSContext

    init() throws { tls = try TLSContext(server: TestCertificates.localhost) }

    // MARK: Requests that the proxy makes

    // TestTransportProxy; go-semantics 4.d.1
    @Test func `an http proxy is asked for the whole URL, and its connection serves every http target`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: server.proxy(.http))
        #expect(try await test.fetch(plainTarget) == (200, "hello"))
        #expect(test.events.steps == dialed + answered)
        #expect(test.events.all[1].event == .getConn(hostPort: server.proxy(.http).origin.hostPort))
        #expect(
            server.received[0].hasPrefix("GET http://target.example/a?b HTTP/1.1\r\nHost: target.example\r\n"),
            "\(server.received[0])")
        test.events.removeAll()
        try await test.fetch(RequestURL(origin: Origin(scheme: .http, host: "other.example")))
        #expect(test.events.steps[2] == "gotConn(c1 reused idle)")
    }

    @Test func `an https proxy is asked for the whole URL inside TLS`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], tls: tls)
        let test = try TestClient(through: server.proxy(.https))
        #expect(try await test.fetch(plainTarget) == (200, "hello"))
        #expect(test.events.steps == dialed + handshake + answered)
        #expect(server.received[0].hasPrefix("GET http://target.example/a?b HTTP/1.1\r\n"))
    }

    // TestRoundTripReturnsProxyError
    @Test func `where the rules refuse, nobody is asked for anything`() async throws {
        let test = try TestClient {
            $0.proxies = ProxyRules(environment: ["HTTP_PROXY": "http://127.0.0.1:1", "REQUEST_METHOD": "POST"])
        }
        #expect(await test.failure(of: ClientRequest(url: plainTarget))?.kind == .proxy)
        #expect(test.events.words == ["requestStarted", "requestFinished(proxy)"])
    }

    // TestProxyAuthHeader
    @Test func `who we are goes to the proxy, and into no event`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: server.proxy(.http), as: .init(user: "ada", password: "hush"))
        try await test.fetch(plainTarget)
        #expect(server.received[0].contains("\r\nProxy-Authorization: Basic YWRhOmh1c2g=\r\n"))
        let told = test.events.all + test.connections.all
        #expect(!told.contains { String(reflecting: $0).contains("YWRhOmh1c2g") })
        let head = told.compactMap { if case .wroteHeaders(let head) = $0.event { head } else { nil } }.first
        #expect(head?.lines.last?.value == "(left out)")
        let bytes = String(decoding: head?.bytes ?? [], as: UTF8.self)
        #expect(!bytes.contains("YWRhOmh1c2g"))
    }

    @Test func `without keep-alive every connection says so and serves once`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose], [.readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: server.proxy(.http)) { $0.pool.keepsAlive = false }
        try await test.fetch(plainTarget)
        try await test.fetch(plainTarget)
        #expect(server.received.count == 2)
        #expect(server.received[0].contains("\r\nConnection: close\r\n"))
    }

    // MARK: CONNECT

    // go-semantics 4.d.2
    @Test func `an https target is reached by CONNECT, and its connection serves that target alone`() async throws {
        let server = try ScriptedServer(
            [
                .readHead, .send(established), .startTLS(tls), .readHead, .send(ok), .readHead, .send(ok), .awaitClose,
            ], [.readHead, .send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), .awaitClose])
        let test = try TestClient(through: server.proxy(.http))
        #expect(try await test.fetch(secureTarget) == (200, "hello"))
        let tunnel = ["tunnelStart(localhost:443 by http)", "tunnelDone(200)"]
        #expect(test.events.steps == dialed + tunnel + handshake + answered)
        #expect(test.events.all[1].event == .getConn(hostPort: server.proxy(.http).origin.hostPort))
        #expect(
            server.received[0].hasPrefix(
                "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nUser-Agent: roundtrip/1\r\n\r\n"))
        test.events.removeAll()
        try await test.fetch(secureTarget)
        #expect(test.events.steps[2] == "gotConn(c1 reused idle)")
        let other = RequestURL(origin: Origin(scheme: .https, host: "other.example"))
        #expect(await test.failure(of: ClientRequest(url: other))?.kind == .proxy)
    }

    // go-semantics 4.d.3
    @Test func `with an https proxy there are two handshakes, the first inside the tunnel's making`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send(established), .startTLS(tls), .readHead, .send(ok), .awaitClose], tls: tls)
        let test = try TestClient(through: server.proxy(.https))
        #expect(try await test.fetch(secureTarget) == (200, "hello"))
        let tunnel = ["tunnelStart(localhost:443 by https)"] + handshake + ["tunnelDone(200)"]
        #expect(test.events.steps == dialed + tunnel + handshake + answered)
    }

    @Test func `a proxy whose certificate is not trusted makes no way`() async throws {
        let server = try ScriptedServer([.readHead, .send(established), .awaitClose], tls: tls)
        let test = try TestClient(through: server.proxy(.https)) {
            $0.proxyTLS = try! TLSContext(client: TLSContext.ClientConfiguration())
        }
        let failure = await test.failure(of: ClientRequest(url: secureTarget))
        #expect(failure?.kind == .tls)
        #expect(failure?.phase == .tunnel)
        #expect(failure?.message.hasPrefix("TLS with the proxy: ") == true)
        #expect(
            test.events.steps.suffix(5) == [
                "tlsHandshakeStart", "tlsHandshakeDone(tls)", "tunnelDone(-1)(tls)", "dequeued(failed)",
                "requestFinished(tls)",
            ])
    }

    @Test func `an http target goes through a tunnel where that is asked for`() async throws {
        let server = try ScriptedServer([.readHead, .send(established), .readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: server.proxy(.http)) { $0.proxies.tunnelsAlways = true }
        #expect(try await test.fetch(plainTarget) == (200, "hello"))
        #expect(
            test.events.steps == dialed + ["tunnelStart(target.example:80 by http)", "tunnelDone(200)"] + answered)
        #expect(server.received[0].contains("GET /a?b HTTP/1.1\r\n"))
    }

    // TestTransportProxyConnectHeader, TestTransportProxyGetConnectHeader
    @Test func `fields for the proxy go with CONNECT and not to the target`() async throws {
        let server = try ScriptedServer(
            [.readHead, .send(established), .startTLS(tls), .readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: server.proxy(.http), as: .init(user: "ada", password: "hush")) {
            $0.proxies.fields = [.userAgent: "only/the-proxy", HTTPField.Name("X-Own")!: "yes"]
        }
        try await test.fetch(secureTarget)
        let requests = server.received[0].split(separator: "\r\n\r\n")
        #expect(requests[0].contains("User-Agent: only/the-proxy\r\nX-Own: yes"))
        #expect(requests[0].contains("Proxy-Authorization: Basic YWRhOmh1c2g="))
        #expect(requests[1].contains("User-Agent: roundtrip/1"))
        #expect(!requests[1].contains("X-Own") && !requests[1].contains("Proxy-"))
        #expect(!(test.events.all + test.connections.all).contains { String(reflecting: $0).contains("YWRhOmh1c2g") })
    }

    // TestTransportCONNECTRejected, TestOnProxyConnectResponse; go-semantics 4.d.4
    @Test func `a refused tunnel is closed, and the answer is told with its body`() async throws {
        let answer = "HTTP/1.1 403 Forbidden\r\nX-Why: policy\r\nContent-Length: 7\r\n\r\nno sale"
        let server = try ScriptedServer([.readHead, .send(answer), .awaitClose])
        let test = try TestClient(through: server.proxy(.http))
        let failure = await test.failure(of: ClientRequest(url: secureTarget))
        #expect(failure == Failure(.proxy, phase: .tunnel, "the proxy refused the tunnel: 403 Forbidden"))
        #expect(
            test.events.steps == dialed + [
                "tunnelStart(localhost:443 by http)", "tunnelDone(403)(proxy)", "dequeued(failed)",
                "requestFinished(proxy)",
            ])
        let facts = test.events.all.compactMap { if case .tunnelDone(let facts, _) = $0.event { facts } else { nil } }
        #expect(facts.first?.head?.fields[HTTPField.Name("X-Why")!] == "policy")
        #expect(facts.first?.body == Array("no sale".utf8))
        await until { server.finished == 1 }
        #expect(test.client.poolSnapshot.hosts.isEmpty)
    }

    @Test(
        arguments: [
            (nil, "the proxy asks for credentials (407 Proxy Authentication Required; it takes Basic, Negotiate)"),
            (
                Proxy.Credentials("ada:hush"),
                "the proxy did not accept these credentials (407 Proxy Authentication Required; it takes Basic, Negotiate)"
            ),
        ] as [(Proxy.Credentials?, String)])
    func `407 says what is missing, or wrong`(_ credentials: Proxy.Credentials?, _ message: String) async throws {
        let answer = """
            HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="a b"\r\n\
            Proxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n
            """
        let server = try ScriptedServer([.readHead, .send(answer), .awaitClose])
        let test = try TestClient(through: server.proxy(.http), as: credentials)
        #expect(await test.failure(of: ClientRequest(url: secureTarget))?.message == message)
    }

    @Test func `a refusal whose body never ends is not waited for`() async throws {
        let answer = "HTTP/1.1 503 Busy\r\nContent-Length: 70\r\n\r\nlater"
        let server = try ScriptedServer([.readHead, .send(answer), .awaitClose])
        let test = try TestClient(through: server.proxy(.http))
        #expect(
            await test.failure(of: ClientRequest(url: secureTarget))?.message
                == "the proxy refused the tunnel: 503 Busy")
    }

    // TestProxyWithInfiniteHeader
    @Test func `an endless answer to CONNECT stops at the limit`() async throws {
        let flood = String(repeating: "X-Flood: " + String(repeating: "a", count: 1_000) + "\r\n", count: 100)
        let server = try ScriptedServer([.readHead, .send("HTTP/1.1 200 OK\r\n" + flood), .awaitClose])
        let test = try TestClient(through: server.proxy(.http)) { $0.limits.headBytes = 50_000 }
        let failure = await test.failure(of: ClientRequest(url: secureTarget))
        #expect(failure?.kind == .proxy)
        #expect(failure?.message.contains("too large") == true)
    }

    @Test(arguments: [
        ("", "the proxy closed instead of answering CONNECT"),
        (
            "SSH-2.0-x\r\n",
            "the proxy's answer to CONNECT is not HTTP as it should be: this is not HTTP/1: \"SSH-2.0-x\\x0D\\x0A\""
        ),
        (established + "220 mail", "the proxy sent bytes before anything was asked of the target"),
    ])
    func `nonsense from the proxy is told as the proxy's`(_ answer: String, _ message: String) async throws {
        let server = try ScriptedServer([.readHead, .send(answer), .close])
        let test = try TestClient(through: server.proxy(.http))
        let failure = await test.failure(of: ClientRequest(url: secureTarget))
        #expect(failure?.message == message)
        #expect(failure?.kind == .proxy)
    }

    // TestTransportProxyHTTPSConnectLeak
    @Test func `cancelling while the proxy thinks ends the request at once, and the dial when the proxy is done`()
        async throws
    {
        let gate = Gate()
        let refusal = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        let server = try ScriptedServer([.readHead, .wait(gate), .send(refusal), .awaitClose])
        let test = try TestClient(through: server.proxy(.http)) { $0.tunnelTimeout = .seconds(600) }
        let task = Task { @NetworkActor in await test.failure(of: ClientRequest(url: secureTarget)) }
        await until { server.received.first?.hasSuffix("\r\n\r\n") == true }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(
            test.events.steps == dialed + [
                "tunnelStart(localhost:443 by http)", "dequeued(cancelled)", "tunnelDone(-1)(cancelled)",
                "requestFinished(cancelled)",
            ])
        gate.open()
        await until { server.finished == 1 && test.client.poolSnapshot.hosts.isEmpty }
        #expect(test.connections.words.last == "connectionFailed(proxy)")
    }

    @Test func `what a cancelled request leaves open is closed from the inside`() async throws {
        let server = try ScriptedServer([.awaitClose])
        let test = try TestClient(through: server.proxy(.https))
        let task = Task { @NetworkActor in await test.failure(of: ClientRequest(url: secureTarget)) }
        await until { test.events.words.contains("tlsHandshakeStart") }
        task.cancel()
        // The proxy's handshake is a part of having the way made.
        #expect(await task.value == Failure(.cancelled, phase: .tunnel, "the request was cancelled"))
        #expect(
            test.events.steps == dialed + [
                "tunnelStart(localhost:443 by https)", "tlsHandshakeStart", "dequeued(cancelled)",
                "tlsHandshakeDone(cancelled)", "tunnelDone(-1)(cancelled)", "requestFinished(cancelled)",
            ])
    }

    @Test func `a silent proxy ends with the tunnel's limit, and the connection with it`() async throws {
        let server = try ScriptedServer([.readHead, .awaitClose])
        let test = try TestClient(through: server.proxy(.http)) { $0.tunnelTimeout = .milliseconds(30) }
        let failure = await test.failure(of: ClientRequest(url: secureTarget))
        #expect(failure == Failure(.timeout, phase: .tunnel, "the proxy made no way within 30 ms"))
        await until { server.finished == 1 }
    }

    // TestTransportDialPreservesNetOpProxyError
    @Test func `a proxy that can't be reached is told apart from the target`() async throws {
        let refusing = ProxyServer(.http, host: "127.0.0.7", port: 1)
        let test = try TestClient(through: refusing)
        let failure = await test.failure(of: ClientRequest(url: plainTarget))
        #expect(failure?.kind == .connect)
        #expect(failure?.message == "the proxy can't be reached: 127.0.0.7:1 refused the connection")
    }

    // MARK: SOCKS

    // TestSOCKS5Proxy; go-semantics 4.d.5
    @Test func `SOCKS5h gives the proxy the name, and nothing is looked up here`() async throws {
        let server = try ScriptedServer([
            .read(3), .sendBytes([5, 0]), .read(5 + 14 + 2), .sendBytes(opened), .readHead, .send(ok), .awaitClose,
        ])
        let test = try TestClient(through: server.proxy(.socks5h))
        #expect(try await test.fetch(plainTarget) == (200, "hello"))
        #expect(
            test.events.steps == dialed + ["tunnelStart(target.example:80 by socks5h)", "tunnelDone(0)"] + answered)
        #expect(server.received[0].contains("target.example\0P"))
        #expect(server.received[0].contains("GET /a?b HTTP/1.1\r\n"))
    }

    @Test func `SOCKS5 looks the name up here, and TLS runs inside`() async throws {
        let server = try ScriptedServer([
            .read(3), .sendBytes([5, 0]), .read(10), .sendBytes(opened), .startTLS(tls), .readHead, .send(ok),
            .awaitClose,
        ])
        let test = try TestClient(through: server.proxy(.socks5)) { $0.resolver = FixedResolver() }
        #expect(try await test.fetch(secureTarget) == (200, "hello"))
        #expect(
            test.events.steps == dialed + ["tunnelStart(localhost:443 by socks5)", "tunnelDone(0)"] + handshake
                + answered)
    }

    @Test func `the tunnel's limit holds while the target's name is looked up, too`() async throws {
        let server = try ScriptedServer([.awaitClose])
        let test = try TestClient(through: server.proxy(.socks5)) {
            $0.tunnelTimeout = .milliseconds(30)
            $0.resolver = SilentResolver()
        }
        let failure = await test.failure(of: ClientRequest(url: plainTarget))
        #expect(failure == Failure(.timeout, phase: .tunnel, "the proxy made no way within 30 ms"))
        await until { server.finished == 1 }
    }

    @Test func `SOCKS5 with user and password`() async throws {
        let server = try ScriptedServer([
            .read(4), .sendBytes([5, 2]), .read(3 + 3 + 4), .sendBytes([1, 0]), .read(21), .sendBytes(opened),
            .readHead, .send(ok), .awaitClose,
        ])
        let test = try TestClient(through: server.proxy(.socks5h), as: .init(user: "ada", password: "hush"))
        #expect(try await test.fetch(plainTarget) == (200, "hello"))
        #expect(server.received[0].contains("\u{1}\u{3}ada\u{4}hush"))
        #expect(!(test.events.all + test.connections.all).contains { String(reflecting: $0).contains("hush") })
    }

    @Test(
        arguments: [
            ([5, 0xFF], "the proxy asks for a user and password"),
            ([4, 0], "the proxy does not speak SOCKS5 (its first byte is 4)"),
            ([5, 0, 5, 4, 0, 1], "the proxy can't reach the target"),
            ([5], "the proxy closed in the middle of the SOCKS handshake"),
            ([5, 0] + opened, "the proxy sent bytes before anything was asked of the target"),
            ([5, 0] + opened + [1], "the proxy sent bytes before anything was asked of the target"),
        ] as [([UInt8], String)])
    func `what a SOCKS proxy refuses or gets wrong is told in words`(_ bytes: [UInt8], _ message: String) async throws {
        let server = try ScriptedServer([.read(3), .sendBytes(bytes), .close])
        let test = try TestClient(through: server.proxy(.socks5h))
        let failure = await test.failure(of: ClientRequest(url: plainTarget))
        #expect(failure?.message == message)
        #expect(failure?.kind == .proxy)
        #expect(failure?.phase == .tunnel)
    }

    @Test func `a host that is excepted is reached directly`() async throws {
        let server = try ScriptedServer([.readHead, .send(ok), .awaitClose])
        let test = try TestClient(through: ProxyServer(.http, host: "127.0.0.7", port: 1)) {
            $0.proxies.exceptions = ProxyExceptions("127.0.0.0/8")
        }
        #expect(try await test.fetch(server.url()) == (200, "hello"))
        #expect(server.received[0].hasPrefix("GET / HTTP/1.1\r\n"))
    }
}

/// Says 192.0.2.1 for any name.
@NetworkActor
private final class FixedResolver: Resolver {
    nonisolated init() {}

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        Resolution(addresses: [NetworkAddress(family: .ip4, ip: "192.0.2.1", port: query.port)])
    }
}

/// Never answers.
@NetworkActor
private final class SilentResolver: Resolver {
    nonisolated init() {}

    func resolve(
        _ query: NameQuery, tell: @escaping @NetworkActor (ResolvedPart) -> Void
    ) async throws(ResolverError) -> Resolution {
        try? await Pause.wait(for: .seconds(3_600))
        throw .cancelled
    }
}
