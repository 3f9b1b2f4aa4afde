import HTTPTrace
import HTTPTypes
import Testing

@testable import HTTPWire

@Suite("HTTP/2 session")
struct HTTP2SessionTests {
    @Test func `a request and its response cross, however the bytes are cut`() throws {
        for pieceBytes in [Int.max, 1, 7] {
            var pair = HTTP2Pair()
            pair.pieceBytes = pieceBytes
            let id = try pair.request(fields: [.accept: "*/*"])
            #expect(pair.server.seen == [.request(1, "GET /", [.accept: "*/*"]), .ended(1)])
            try pair.respond(id, fields: [.contentType: "text/plain"], body: "hello")
            #expect(
                pair.client.seen == [
                    .response(1, 200, [.contentType: "text/plain"]), .data(1, "hello"), .ended(1),
                    .closed(1, .complete),
                ])
            #expect(pair.server.end(of: 1) == .complete)
            #expect(pair.client.session.openStreams == 0 && pair.server.session.openStreams == 0)
        }
    }

    @Test func `an upload and trailers of both sides cross`() throws {
        let pair = HTTP2Pair()
        let id = try pair.request(.post, "/in", body: .length(6))
        let checksum = HTTPField.Name("checksum")!
        pair.client.session.write(Array("abc".utf8), ends: false, on: id)
        pair.exchange()
        pair.client.session.write(Array("def".utf8), ends: true, trailers: [checksum: "1"], on: id)
        pair.exchange()
        #expect(
            pair.server.seen == [
                .request(1, "POST /in", [.contentLength: "6"]), .data(1, "abcdef"), .trailers(1, [checksum: "1"]),
                .ended(1),
            ])
        pair.server.session.submit(try HTTP2ResponseHead(status: 200, fields: [:]), hasBody: true, on: id)
        pair.server.session.write([], ends: true, trailers: [checksum: "2"], on: id)
        pair.exchange()
        #expect(
            pair.client.seen == [
                .response(1, 200, [:]), .trailers(1, [checksum: "2"]), .ended(1), .closed(1, .complete),
            ])
    }

    @Test func `a trailer that can't be sent is left out, and the stream ends all the same`() throws {
        let checksum = HTTPField.Name("checksum")!
        let bad = HTTPField(name: .accept, lenientValue: [1])
        for sent in [[checksum: "1"], [:]] as [HTTPFields] {
            let pair = HTTP2Pair()
            let id = try pair.request()
            pair.server.session.submit(try HTTP2ResponseHead(status: 200, fields: [:]), hasBody: true, on: id)
            var trailers = sent
            trailers.append(bad)
            trailers[.contentLength] = "5"
            pair.server.session.write(Array("a".utf8), ends: true, trailers: trailers, on: id)
            pair.exchange()
            var expected: [HTTP2Seen] = [.response(1, 200, [:]), .data(1, "a")]
            if !sent.isEmpty { expected.append(.trailers(1, sent)) }
            expected += [.ended(1), .closed(1, .complete)]
            #expect(pair.client.seen == expected)
        }
    }

    @Test func `interim responses come before the head`() throws {
        let pair = HTTP2Pair()
        let id = try pair.request(.post, body: .chunked)
        pair.server.session.submitInformational(try HTTP2ResponseHead(status: 103, fields: [.accept: "</a>"]), on: id)
        pair.server.session.submitInformational(try HTTP2ResponseHead(status: 100, fields: [:]), on: id)
        pair.exchange()
        pair.client.session.write([], ends: true, on: id)
        try pair.respond(id, 204)
        #expect(
            pair.client.seen == [
                .informational(1, 103, [.accept: "</a>"]), .informational(1, 100, [:]), .response(1, 204, [:]),
                .ended(1),
                .closed(1, .complete),
            ])
    }

    @Test func `many streams share the connection and end in any order`() throws {
        let pair = HTTP2Pair()
        let ids = try (0..<20).map { try pair.request(.get, "/\($0)") }
        #expect(ids.map(\.number) == (0..<20).map { Int32(2 * $0 + 1) })
        for id in ids.reversed() { try pair.respond(id, body: "for \(id.number)") }
        for id in ids { #expect(pair.client.seen.contains(.data(id.number, "for \(id.number)"))) }
        #expect(pair.client.session.openStreams == 0)
    }

    @Test func `fields about one HTTP-1 connection are not sent, and Host becomes the authority`() throws {
        let pair = HTTP2Pair()
        let host = HTTPField.Name("Host")!
        let hop = HTTPField.Name("X-Hop")!
        try pair.request(
            fields: [
                .connection: "close, X-Hop", .upgrade: "websocket", .transferEncoding: "chunked", .te: "gzip",
                host: "other.test", hop: "1", .accept: "*/*",
            ])
        #expect(pair.server.seen.first == .request(1, "GET /", [.accept: "*/*"]))
        guard case .head(_, let head)? = pair.server.events.first(where: { if case .head = $0 { true } else { false } })
        else { return #expect(Bool(false), "no head came") }
        #expect(head.authority == "other.test" && head.scheme == "http")
        #expect(head.request.authority == "other.test")
    }

    @Test func `a head that can't be sent is refused before a byte of it is written`() throws {
        func kind(_ make: () throws -> Void) -> WireError? {
            do { try make() } catch { return error as? WireError }
            return nil
        }
        func head(path: String = "/", authority: String = "a", fields: HTTPFields = [:], body: BodyFraming = .none)
            throws
        {
            _ = try HTTP2RequestHead(
                method: .get, scheme: "http", authority: authority, path: path, fields: fields, body: body)
        }
        #expect(kind { try head(path: "/a b") }?.kind == .badRequestTarget)
        #expect(kind { try head(authority: "a b") }?.kind == .badHost)
        #expect(kind { try head(fields: [.contentLength: "5"], body: .length(4)) }?.kind == .conflictingFraming)
        #expect(kind { try head(fields: [.contentLength: "4"], body: .length(4)) } == nil)
        #expect(kind { _ = try HTTP2ResponseHead(status: 101, fields: [:]) }?.fault == .ours)
    }

    @Test func `a head is told as HTTP-1 would write it`() throws {
        let head = try HTTP2RequestHead(
            method: .post, scheme: "https", authority: "a.test", path: "/x?y", fields: [.accept: "*/*"],
            defaultUserAgent: HTTPField(name: .userAgent, value: "me"), body: .length(3))
        #expect(
            String(latin1: head.lines) == """
                POST /x?y HTTP/2\r
                :authority: a.test\r
                :method: POST\r
                :path: /x?y\r
                :scheme: https\r
                accept: */*\r
                content-length: 3\r
                user-agent: me\r
                \r

                """)
    }

    @Test func `a ping is answered`() {
        let pair = HTTP2Pair()
        pair.client.session.ping(0x0102_0304_0506_0708)
        pair.exchange()
        #expect(pair.client.seen == [.pong(0x0102_0304_0506_0708)])
    }

    @Test func `each side learns the other's settings`() {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 7
        limits.streamWindowBytes = 100_000
        let pair = HTTP2Pair(server: limits)
        #expect(pair.client.session.peerSettings.concurrentStreams == 7)
        #expect(pair.client.session.peerSettings.streamWindowBytes == 100_000)
        #expect(pair.client.session.peerSettings.headBytes == 1 << 20)
        #expect(pair.client.events.contains(.settings(pair.client.session.peerSettings)))
        #expect(pair.client.events.contains(.settingsAcknowledged))
    }

    @Test func `frames are told of only where somebody asked, with the place where each ends`() throws {
        let silent = HTTP2Pair()
        try silent.respond(silent.request(), body: "x")
        let frames = silent.client.events.filter { if case .frameReceived = $0 { true } else { false } }
        #expect(frames.isEmpty)

        let client = HTTP2End(.client)
        client.session.observesFrames = true
        let bytes = client.take()
        var places: [String] = []
        for case .frameSent(let frame, let end) in client.events { places.append("\(frame) @\(end)") }
        // The preface is no frame: 24 bytes, then 9 and four settings of 6 each.
        #expect(places == ["SETTINGS the connection, 24 B @57", "WINDOW_UPDATE the connection, 4 B @70"])
        #expect(bytes.count == 70 && client.session.takenBytes == 70)
        client.receive(RawFrames.settings + RawFrames.frame(2, stream: 9, [0, 0, 0, 0, 1]))
        client.receive(RawFrames.goAway(0, 0xB))
        var received: [HTTP2Frame] = []
        for case .frameReceived(let frame) in client.events { received.append(frame) }
        #expect(
            received.map(\.description) == [
                "SETTINGS the connection", "PRIORITY stream 9, 5 B",
                "GOAWAY the connection, 8 B, \(HTTP2ErrorCode.enhanceYourCalm)",
            ])
    }
}
