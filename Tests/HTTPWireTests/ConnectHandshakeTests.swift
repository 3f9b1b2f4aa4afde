import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("CONNECT")
struct ConnectHandshakeTests {
    @Test func `the request names the target as authority and as Host`() throws {
        let bytes = try ConnectHandshake.request(
            to: "example.com:443", fields: [.proxyAuthorization: "Basic eA=="],
            userAgent: HTTPField(name: .userAgent, value: "roundtrip/1"))
        #expect(
            String(latin1: bytes)
                == "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nUser-Agent: roundtrip/1\r\n"
                + "Proxy-Authorization: Basic eA==\r\n\r\n")
    }

    @Test func `a target that is no authority is refused before a byte is sent`() {
        #expect(throws: WireError.self) {
            try ConnectHandshake.request(to: "example.com:443\r\nX: y", fields: [:])
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ])
    func `any 2xx opens the tunnel, whatever length it declares`(answer: String) throws {
        for cut in 0...answer.utf8.count {
            var handshake = ConnectHandshake()
            guard case .open(let head) = try handshake.read(answer.bytes, cut: cut) else {
                Issue.record("cut at \(cut): not open")
                return
            }
            #expect(head.status / 100 == 2)
        }
    }

    @Test func `what follows the head belongs to the tunnel`() throws {
        var handshake = ConnectHandshake()
        let head = "HTTP/1.1 200 OK\r\n\r\n"
        let (consumed, outcome) = try handshake.next((head + "SSH-2.0").bytes.span)
        #expect(consumed == head.utf8.count)
        guard case .open = outcome else {
            Issue.record("not open")
            return
        }
    }

    @Test func `a refusal comes with its body`() throws {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlogin"
        for cut in 0...answer.utf8.count {
            var handshake = ConnectHandshake()
            guard case .refused(let head, let body) = try handshake.read(answer.bytes, cut: cut) else {
                Issue.record("cut at \(cut): not refused")
                return
            }
            #expect(head.status == 407)
            #expect(body == "login".bytes)
        }
    }

    @Test func `of an endless refusal the beginning is kept`() throws {
        var handshake = ConnectHandshake()
        let endless = "HTTP/1.1 503 Busy\r\n\r\n" + String(repeating: "x", count: 20_000)
        let outcome = try handshake.next(endless.bytes.span).outcome
        guard case .refused(_, let body) = outcome else {
            Issue.record("not refused")
            return
        }
        #expect(body.count == ConnectHandshake.keptBodyBytes)
    }

    @Test func `a refusal whose body breaks off is still a refusal`() throws {
        var handshake = ConnectHandshake()
        #expect(try handshake.next("HTTP/1.1 403 No\r\nContent-Length: 50\r\n\r\nbecause".bytes.span).outcome == nil)
        guard case .refused(_, let body) = try handshake.next([UInt8]().span, isEnd: true).outcome else {
            Issue.record("not refused")
            return
        }
        #expect(body == "because".bytes)
    }

    // TestProxyWithInfiniteHeader
    @Test func `a head without end stops at the limit, over any number of early answers`() {
        var limits = HTTP1Limits()
        limits.headBytes = 1_000
        for piece in ["X-Flood: aaaaaaaaaaaaaaaaaa\r\n", "\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n"] {
            var handshake = ConnectHandshake(limits: limits)
            let flood = "HTTP/1.1 103 Early Hints\r\n" + String(repeating: piece, count: 100)
            let error = #expect(throws: WireError.self) { try handshake.next(flood.bytes.span) }
            #expect(error?.kind == .tooLarge(.headBytes))
        }
    }

    @Test(arguments: [
        ("", WireError.Kind.closedBeforeResponse), ("HTTP/1.1 200 OK\r\n", .truncated(.head)),
        ("SSH-2.0\r\n", .notHTTP),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .unaskedUpgrade),
    ])
    func `what is no answer says why`(answer: String, kind: WireError.Kind) {
        var handshake = ConnectHandshake()
        let error = #expect(throws: WireError.self) { try handshake.next(answer.bytes.span, isEnd: true) }
        #expect(error?.kind == kind)
    }
}

extension ConnectHandshake {
    /// The outcome of bytes that come in two pieces.
    fileprivate mutating func read(_ bytes: [UInt8], cut: Int) throws -> Outcome? {
        if let early = try next(Array(bytes[..<cut]).span).outcome { return early }
        return try next(Array(bytes[cut...]).span).outcome
    }
}
