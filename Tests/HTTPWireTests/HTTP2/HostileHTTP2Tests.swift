import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("Hostile HTTP/2 peers")
struct HostileHTTP2Tests {
    /// A client with one request on its way, after the server's settings.
    private func waitingClient(
        limits: HTTP2Limits = .standard, method: HTTPRequest.Method = .get
    ) throws -> HTTP2End {
        let client = HTTP2End(.client, limits: limits)
        _ = try client.session.submit(
            HTTP2RequestHead(method: method, scheme: "http", authority: "a", path: "/", fields: [:]))
        _ = client.take()
        client.receive(RawFrames.settings)
        _ = client.take()
        return client
    }

    private func end(_ bytes: [UInt8], limits: HTTP2Limits = .standard, method: HTTPRequest.Method = .get) throws
        -> (HTTP2StreamEnd?, WireError.Kind?)
    {
        let client = try waitingClient(limits: limits, method: method)
        client.receive(bytes)
        _ = client.take()
        return (client.end(of: 1), client.failure?.kind)
    }

    private func malformation(_ fields: [(String, String)], then more: [UInt8] = []) throws -> WireError? {
        guard case .malformed(let error)? = try end(RawFrames.headers(fields) + more).0 else { return nil }
        return error
    }

    @Test func `what is not HTTP-2 is told apart from what breaks its rules`() throws {
        #expect(try end(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)).1 != nil)
        let server = HTTP2End(.server)
        server.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(server.failure?.kind == .notHTTP)
        let early = HTTP2End(.client)
        _ = early.take()
        early.receive(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        _ = early.take()
        #expect(early.failure != nil)
    }

    @Test func `messages that are none end their stream, with the field as evidence`() throws {
        #expect(try malformation([("content-type", "text/plain")])?.kind == .badMessage)
        #expect(try malformation([(":status", "20")])?.kind == .badMessage)
        #expect(try malformation([(":status", "200"), (":status", "200")])?.kind == .badMessage)
        #expect(try malformation([("a", "b"), (":status", "200")])?.kind == .badMessage)
        #expect(try malformation([(":status", "101")])?.kind == .badMessage)
        for field in ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"] {
            let error = try malformation([(":status", "200"), (field, "x")])
            #expect(error?.kind == .badMessage)
            #expect(error?.evidence == "name: [\(field)]")
        }
        #expect(try malformation([(":status", "200"), ("Upper", "x")])?.kind == .badMessage)
        #expect(try malformation([(":status", "200"), ("a b", "x")])?.kind == .badFieldName)
        let split = try malformation([(":status", "200"), ("a", "x\r\nb: y")])
        #expect(split?.kind == .badFieldValue)
        // Its name only: the value may be a cookie.
        #expect(split?.evidence == "a: ...")
    }

    @Test func `blanks around a value are kept out of it`() throws {
        let client = try waitingClient()
        client.receive(RawFrames.headers([(":status", "200"), ("server", " x ")], flags: 5))
        #expect(client.end(of: 1) == .complete)
    }

    @Test func `a body that is longer or shorter than promised is no success`() throws {
        let head = [(":status", "200"), ("content-length", "3")]
        #expect(try malformation(head, then: RawFrames.data("ab", ends: true))?.kind == .lengthMismatch)
        #expect(try malformation(head, then: RawFrames.data("abcd"))?.kind == .lengthMismatch)
        #expect(try end(RawFrames.headers(head) + RawFrames.data("abc", ends: true)).0 == .complete)
        // What breaks another rule half-way has another name: here a window larger than any may be.
        let window = RawFrames.frame(8, stream: 1, RawFrames.bytes(0x7FFF_FFFF))
        #expect(try malformation(head, then: RawFrames.data("ab") + window)?.kind == .http2(.flowControlError))
        // A HEAD's answer tells what GET would get.
        #expect(try end(RawFrames.headers(head, flags: 5), method: .head).0 == .complete)
        #expect(try malformation([(":status", "204")], then: RawFrames.data("x"))?.kind != nil)
        #expect(try malformation([(":status", "200"), ("content-length", "5, 6")])?.kind == .badMessage)
    }

    @Test func `broken rules end the connection and name the code`() throws {
        func code(_ bytes: [UInt8]) throws -> WireError.Kind? { try end(bytes).1 }
        #expect(try code(RawFrames.headers([(":status", "200")], stream: 2)) == .http2(.protocolError))
        #expect(try code(RawFrames.headers([(":status", "200")], stream: 99)) == .http2(.protocolError))
        #expect(try code(RawFrames.frame(0, stream: 0, [1])) == .http2(.protocolError))
        let push = RawFrames.frame(5, flags: 4, stream: 1, [0, 0, 0, 2])
        #expect(try code(RawFrames.frame(4, flags: 1) + push) == .http2(.protocolError))
        #expect(try code(RawFrames.frame(4, [1, 2, 3])) == .http2(.frameSizeError))
        #expect(try code(RawFrames.frame(8, RawFrames.bytes(0))) == .http2(.protocolError))
        #expect(try code(RawFrames.frame(6, [1])) == .http2(.frameSizeError))
        #expect(
            try code(RawFrames.frame(1, flags: 4, stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
                == .http2(.compressionError))
        #expect(
            try code(RawFrames.frame(0, stream: 1, [UInt8](repeating: 0, count: 16_385))) == .http2(.frameSizeError))
        #expect(try code(RawFrames.frame(9, flags: 4, stream: 1, [])) == .http2(.protocolError))
    }

    @Test func `more body than the window allows is refused`() throws {
        var limits = HTTP2Limits()
        limits.streamWindowBytes = 100
        let client = try waitingClient(limits: limits)
        client.receive(RawFrames.frame(4, flags: 1))
        client.receive(RawFrames.headers([(":status", "200")]) + RawFrames.data(String(repeating: "x", count: 101)))
        _ = client.take()
        #expect(client.failure?.kind == .http2(.flowControlError) || client.end(of: 1) != nil)
    }

    @Test func `a head too large ends its stream, the next one is served`() throws {
        var limits = HTTP2Limits()
        limits.headBytes = 1_000
        let large = RawFrames.headers([(":status", "200"), ("a", String(repeating: "x", count: 1_000))])
        #expect(try end(large, limits: limits).0 == .malformed(WireError(.tooLarge(.headBytes))))
        limits.headBytes = 1 << 20
        limits.fieldCount = 10
        let many = RawFrames.headers([(":status", "200")] + (0..<10).map { ("a\($0)", "b") })
        #expect(try end(many, limits: limits).0 == .malformed(WireError(.tooLarge(.fieldCount))))

        limits.headBytes = 200
        limits.fieldCount = 100
        let interim = RawFrames.headers([(":status", "103"), ("link", "</a>")])
        #expect(
            try end(interim + interim + interim, limits: limits).0 == .malformed(WireError(.tooLarge(.headBytes))))
    }

    @Test func `CONTINUATION without end is a flood`() throws {
        let start = RawFrames.headers([(":status", "200")], flags: 0)
        let more = RawFrames.frame(9, stream: 1, RawFrames.block([("a", "b")]))
        #expect(try end(start + (0..<200).flatMap { _ in more }).1 == .tooLarge(.headBytes))
    }

    @Test func `DATA frames without data are a flood`() throws {
        let empty = RawFrames.data("")
        let head = RawFrames.headers([(":status", "200")])
        #expect(
            try end(head + (0..<200).flatMap { _ in empty }).0 == .malformed(WireError(.tooLarge(.emptyFrames))))
        #expect(try end(head + (0..<90).flatMap { _ in empty } + RawFrames.data("x", ends: true)).0 == .complete)
    }

    @Test func `pings whose answers nobody fetches are a flood`() throws {
        let client = try waitingClient()
        let ping = RawFrames.frame(6, [UInt8](repeating: 7, count: 8))
        client.receive((0..<2_000).flatMap { _ in ping })
        #expect(client.failure?.kind == .tooLarge(.controlFrames))
        let settings = try waitingClient()
        settings.receive((0..<2_000).flatMap { _ in RawFrames.settings })
        #expect(settings.failure?.kind == .tooLarge(.controlFrames))
    }

    @Test func `a client that opens and resets without end is sent away`() throws {
        let server = HTTP2End(.server)
        server.receive(RawFrames.preface + RawFrames.settings)
        let request = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
        for number in 0..<3_000 where server.failure == nil {
            let stream = UInt32(2 * number + 1)
            server.receive(RawFrames.headers(request, stream: stream, flags: 5) + RawFrames.reset(stream, 8))
            _ = server.take()
        }
        #expect(server.failure != nil)
    }

    @Test func `streams beyond our limit are refused, and refusals nobody fetches end the connection`() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 2
        limits.queuedControlFrames = 50
        let server = HTTP2End(.server, limits: limits)
        server.receive(RawFrames.preface + RawFrames.settings)
        _ = server.take()
        server.receive(RawFrames.frame(4, flags: 1))
        let request = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
        server.receive((0..<200).flatMap { RawFrames.headers(request, stream: UInt32(2 * $0 + 1), flags: 5) })
        _ = server.take()
        #expect(server.failure != nil)
        #expect(server.seen.filter { if case .request = $0 { true } else { false } }.count == 2)
    }

    @Test func `bytes at random crash nothing`() throws {
        var random = Xorshift(seed: 0x5EED)
        for round in 0..<300 {
            let client = try waitingClient()
            let server = HTTP2End(.server)
            server.receive(RawFrames.preface + RawFrames.settings)
            var bytes: [UInt8] = []
            for _ in 0..<20 {
                let payload = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                bytes += RawFrames.frame(
                    UInt8(random.next() % 11), flags: UInt8(truncatingIfNeeded: random.next()),
                    stream: UInt32(random.next() % 6), payload)
            }
            if round % 3 == 0 { bytes[Int(random.next() % UInt64(bytes.count))] ^= 0x40 }
            for end in [client, server] {
                end.receive(bytes, pieceBytes: 1 + Int(random.next() % 50))
                _ = end.take()
            }
        }
    }
}

/// The same numbers on every machine.
private struct Xorshift {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
