import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("HTTP/2 flow control and endings")
struct HTTP2FlowTests {
    private var small: HTTP2Limits {
        var limits = HTTP2Limits()
        limits.streamWindowBytes = 1_000
        return limits
    }

    @Test func `a reader who sleeps stops the sender of its stream, and no other`() throws {
        let pair = HTTP2Pair(client: small)
        pair.client.consumes = false
        let slow = try pair.request()
        try pair.respond(slow, body: String(repeating: "s", count: 5_000))
        #expect(pair.client.bodyBytes == 1_000)
        #expect(pair.server.session.unsentBytes(of: slow) == 4_000)

        let quick = try pair.request()
        pair.client.consumes = true
        try pair.respond(quick, body: String(repeating: "q", count: 5_000))
        #expect(pair.client.end(of: quick.number) == .complete)
        #expect(pair.client.end(of: slow.number) == nil)

        pair.client.session.consumed(1_000, of: slow)
        pair.exchange()
        #expect(pair.client.end(of: slow.number) == .complete)
        #expect(pair.client.bodyBytes == 10_000)
    }

    @Test func `more than the connection's window in all is given back as it arrives`() throws {
        var limits = HTTP2Limits()
        limits.connectionWindowBytes = 65_535
        let pair = HTTP2Pair(client: limits)
        let id = try pair.request()
        try pair.respond(id, body: String(repeating: "x", count: 1_000_000))
        #expect(pair.client.bodyBytes == 1_000_000)
        #expect(pair.client.end(of: 1) == .complete)
    }

    @Test func `a body of many small pieces goes out in their order, however it is taken`() {
        var body = HTTP2Body()
        var (given, taken): ([UInt8], [UInt8]) = ([], [])
        for number in 0..<65_000 {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 3)
            given += piece
            body.append(piece)
            // Some go while others still come.
            if number % 1_000 == 999 { body.remove(body.count / 2) { taken += $0 } }
        }
        while body.count > 0 { body.remove(min(body.count, 777)) { taken += $0 } }
        #expect(taken == given)
    }

    @Test func `a body waits for the writer, and the output holds little of it`() throws {
        let pair = HTTP2Pair()
        let id = try pair.request(.put, body: .length(1_000_000))
        pair.client.session.write([UInt8](repeating: 1, count: 1_000_000), ends: true, on: id)
        _ = pair.client.session.fill()
        var waiting = 0
        pair.client.session.withOutput {
            waiting = $0.count; return 0
        }
        #expect(65_536..<100_000 ~= waiting)
        #expect(pair.client.session.unsentBytes(of: id) > 900_000)
        pair.exchange()
        #expect(pair.server.bodyBytes == 1_000_000)
    }

    @Test func `a reset ends the stream on both sides and spares the others`() throws {
        let pair = HTTP2Pair()
        let one = try pair.request(), two = try pair.request()
        pair.client.session.reset(one, .cancel)
        pair.exchange()
        #expect(pair.client.end(of: 1) == .reset(.cancel, by: .us))
        #expect(pair.server.end(of: 1) == .reset(.cancel, by: .peer))
        try pair.respond(two, body: "still here")
        #expect(pair.client.end(of: 3) == .complete)
        pair.server.session.reset(one, .internalError)
        pair.server.session.write([1], ends: true, on: one)
        pair.exchange()
        #expect(pair.client.failure == nil)
    }

    @Test func `a server may answer before the upload has ended and then stop it`() throws {
        let pair = HTTP2Pair()
        let id = try pair.request(.put, body: .chunked)
        try pair.respond(id, 413, body: "no")
        #expect(pair.client.seen == [.response(1, 413, [:]), .data(1, "no"), .ended(1)])
        pair.server.session.reset(id, .noError)
        pair.exchange()
        #expect(pair.client.seen.last == .closed(1, .reset(.noError, by: .peer)))
    }

    @Test func `a GOAWAY names what was not processed`() throws {
        let client = HTTP2End(.client)
        let head = try HTTP2RequestHead(method: .get, scheme: "http", authority: "a", path: "/", fields: [:])
        for _ in 0..<3 { _ = try client.session.submit(head) }
        _ = client.take()
        client.receive(RawFrames.settings + RawFrames.goAway(3, 0, "moving\n"))
        #expect(
            client.seen == [.closed(5, .unprocessed), .goAway(3, .noError, "moving\\x0A")]
                || client.seen == [.goAway(3, .noError, "moving\\x0A"), .closed(5, .unprocessed)])
        #expect(client.session.openStreams == 2 && client.session.isOfUse)
        _ = client.take()
        client.receive(RawFrames.headers([(":status", "200")], stream: 1, flags: 5))
        client.receive(RawFrames.reset(3, 7))
        #expect(client.end(of: 1) == .complete)
        #expect(client.end(of: 3) == .reset(.refusedStream, by: .peer))
        #expect(!client.session.isOfUse)
        // It takes no more, and says so at once or by closing the stream as unprocessed.
        if let late = try? client.session.submit(head) {
            _ = client.take()
            #expect(client.end(of: late.number) == .unprocessed)
        }
    }

    @Test func `our own GOAWAY lets what runs come to its end`() throws {
        let pair = HTTP2Pair()
        let id = try pair.request()
        pair.server.session.announceGoAway()
        pair.exchange()
        pair.server.session.goAway()
        pair.exchange()
        #expect(pair.client.seen.last == .goAway(1, .noError, ""))
        try pair.respond(id, body: "last")
        #expect(pair.client.end(of: 1) == .complete)
        #expect(pair.client.failure == nil && pair.server.failure == nil)
        #expect(!pair.server.session.isOfUse)
    }

    @Test func `requests beyond the server's limit wait their turn`() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 2
        let pair = HTTP2Pair(server: limits)
        let ids = try (0..<3).map { _ in try pair.request() }
        #expect(pair.server.seen.filter { if case .request = $0 { true } else { false } }.count == 2)
        try pair.respond(ids[0])
        #expect(pair.server.seen.filter { if case .request = $0 { true } else { false } }.count == 3)
    }

    @Test func `a message ends with its last frame, which in a long head says nothing of it`() {
        var ends = HTTP2MessageEnds()
        func isLast(_ type: HTTP2Frame.Kind, _ flags: UInt8) -> Bool {
            ends.isLast(HTTP2Frame(type: type, flags: flags, stream: HTTP2StreamID(1), length: 0))
        }
        let (endStream, endHeaders): (UInt8, UInt8) = (0x1, 0x4)
        #expect(isLast(.headers, endStream | endHeaders))
        // A head of three frames, and nothing more.
        #expect(!isLast(.headers, endStream))
        #expect(!isLast(.continuation, 0))
        #expect(isLast(.continuation, endHeaders))
        // A head of two frames, and a body.
        #expect(!isLast(.headers, 0))
        #expect(!isLast(.continuation, endHeaders))
        #expect(!isLast(.data, 0))
        #expect(isLast(.data, endStream))
    }
}
